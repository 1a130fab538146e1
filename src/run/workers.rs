//! The parent's side of worker processes: start, listen, tell to stop, kill.

use super::error::RunError;
use super::job::{Assignment, Line};
use super::worker::assignment_file;
use crate::base::Digest;
use crate::store::{Attempt, Store};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Something that a worker said or did.
pub enum Heard {
    /// A line.
    Line(u64, Line),
    /// It ended.
    Exit(u64),
}

/// A running worker.
pub struct Worker {
    /// Its number in this run.
    pub id: u64,
    /// The key that it works on.
    pub key: Digest,
    /// The lock that it holds.
    pub lock: Digest,
    child: Child,
    stdin: Option<ChildStdin>,
    /// When it began to work, once it holds its lock: waiting for another run is not its fault.
    pub begun: Option<Instant>,
    /// What it said last of why it cannot go on, and whether the run cannot.
    pub failure: Option<(String, bool)>,
    /// Seconds and count of its last `done` line.
    pub done: Option<(f64, u64)>,
    /// Set when it was killed for taking too long.
    pub timed_out: bool,
    /// Set when it has finished and waits for another assignment.
    pub idle: bool,
}

/// All running workers.
pub struct Workers {
    program: PathBuf,
    threads: usize,
    next: u64,
    running: Vec<Worker>,
    sender: Sender<Heard>,
    receiver: Receiver<Heard>,
}

impl Workers {
    /// Workers are this program's `worker` command with so many threads each.
    pub fn new(program: PathBuf, threads: usize) -> Self {
        let (sender, receiver) = channel();
        Workers { program, threads, next: 0, running: Vec::new(), sender, receiver }
    }

    /// How many work.
    pub fn len(&self) -> usize {
        self.running.iter().filter(|w| !w.idle).count()
    }

    /// Whether one holds this lock.
    pub fn holds(&self, lock: Digest) -> bool {
        self.running.iter().any(|w| !w.idle && w.lock == lock)
    }

    /// The worker of a number.
    pub fn get(&mut self, id: u64) -> Option<&mut Worker> {
        self.running.iter_mut().find(|w| w.id == id)
    }

    /// Starts a worker on an assignment, or gives it to one that has finished and stays.
    pub fn start(&mut self, store: &Store, assignment: &Assignment, threads: Option<usize>) -> Result<u64, RunError> {
        let broken = |e: &dyn std::fmt::Display| RunError::Worker(format!("a worker could not be started: {e}"));
        let attempt = Attempt::open(&store.blobs(), assignment.lock).map_err(|e| RunError::Store(e.to_string()))?;
        let bytes = serde_json::to_vec_pretty(assignment).map_err(|e| broken(&e))?;
        attempt.write(&assignment_file(assignment.key), &bytes).map_err(|e| RunError::Store(e.to_string()))?;
        if assignment.job.stays()
            && let Some(id) = self.continue_with(assignment)
        {
            return Ok(id);
        }
        let threads = threads.unwrap_or(self.threads).max(1).to_string();
        let mut command = Command::new(&self.program);
        command
            .arg("worker")
            .arg("--cache")
            .arg(store.root())
            .arg(assignment.lock.hex())
            .arg(assignment.key.hex())
            .env("RAYON_NUM_THREADS", &threads)
            .env("CANDLE_NUM_THREADS", &threads)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Out of the terminal's foreground group: the keyboard's interrupt reaches the parent alone (invariant 16).
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|e| broken(&e))?;
        let id = self.next;
        self.next += 1;
        let stdin = child.stdin.take();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            // Errors come after what was said on the way: read to the end, then tell of the end.
            let log = std::thread::spawn(move || keep_log(stderr, &attempt));
            for line in stdout.map(|o| BufReader::new(o).lines()).into_iter().flatten().map_while(Result::ok) {
                if let Ok(line) = serde_json::from_str::<Line>(&line)
                    && sender.send(Heard::Line(id, line)).is_err()
                {
                    return;
                }
            }
            if let Ok(Some(message)) = log.join() {
                let _ = sender.send(Heard::Line(id, Line::Failed { message }));
            }
            let _ = sender.send(Heard::Exit(id));
        });
        self.running.push(Worker {
            id,
            key: assignment.key,
            lock: assignment.lock,
            child,
            stdin,
            begun: None,
            failure: None,
            done: None,
            timed_out: false,
            idle: false,
        });
        Ok(id)
    }

    /// Gives an assignment to a worker that waits for one; none where nobody does.
    fn continue_with(&mut self, assignment: &Assignment) -> Option<u64> {
        let words = format!("next {} {}\n", assignment.lock.hex(), assignment.key.hex());
        let worker = self.running.iter_mut().find(|w| w.idle)?;
        let stdin = worker.stdin.as_mut()?;
        if stdin.write_all(words.as_bytes()).and_then(|()| stdin.flush()).is_err() {
            // It has ended, and its end is on the way.
            return None;
        }
        (worker.key, worker.lock) = (assignment.key, assignment.lock);
        (worker.idle, worker.begun, worker.failure, worker.done) = (false, None, None, None);
        Some(worker.id)
    }

    /// Waits for the next thing that a worker says, at most so long.
    pub fn listen(&self, wait: Duration) -> Option<Heard> {
        self.receiver.recv_timeout(wait).ok()
    }

    /// Takes a worker that has closed its output out of the list and waits for its end.
    pub fn reap(&mut self, id: u64) -> Option<(Worker, Option<ExitStatus>)> {
        let at = self.running.iter().position(|w| w.id == id)?;
        let mut worker = self.running.remove(at);
        let status = worker.child.wait().ok();
        Some((worker, status))
    }

    /// Tells all workers to write a checkpoint and end.
    pub fn stop(&mut self) {
        for worker in &mut self.running {
            if let Some(stdin) = &mut worker.stdin {
                let _ = stdin.write_all(b"stop\n").and_then(|()| stdin.flush());
            }
        }
    }

    /// Kills those that run longer than `limit`.
    pub fn enforce(&mut self, limit: Duration) {
        for worker in self.running.iter_mut().filter(|w| !w.idle && !w.timed_out && w.begun.is_some_and(|b| b.elapsed() > limit)) {
            worker.timed_out = true;
            let _ = worker.child.kill();
        }
    }

    /// Kills all and waits.
    pub fn kill(&mut self) {
        for worker in &mut self.running {
            let _ = worker.child.kill();
            let _ = worker.child.wait();
        }
        self.running.clear();
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Appends what a worker wrote to its error stream to the attempt's log; returns the last line, which says what went wrong.
fn keep_log(stderr: Option<impl Read>, attempt: &Attempt) -> Option<String> {
    let mut last = None;
    for line in stderr.map(|e| BufReader::new(e).lines()).into_iter().flatten().map_while(Result::ok) {
        let _ = attempt.append("log", format!("{line}\n").as_bytes());
        let said = line.trim();
        if !said.is_empty() && !said.starts_with("note: ") {
            last = Some(said.to_string());
        }
    }
    last
}

/// Why a process ended, in words.
pub fn ended(status: Option<ExitStatus>) -> String {
    #[cfg(unix)]
    if let Some(signal) = status.and_then(|s| std::os::unix::process::ExitStatusExt::signal(&s)) {
        return match signal {
            9 => "killed (signal 9): out of memory?".into(),
            6 => "aborted (signal 6)".into(),
            11 => "crashed (signal 11)".into(),
            other => format!("ended by signal {other}"),
        };
    }
    match status.and_then(|s| s.code()) {
        Some(101) => "panicked".into(),
        Some(code) => format!("ended with code {code} and no result"),
        None => "ended without a result".into(),
    }
}
