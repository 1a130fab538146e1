//! Workers as processes of this machine: this program's `worker` command, followed over pipes, with which they die; or over
//! files, as a cluster's would be.

use super::launcher::{Ended, Heard, Id, LastWords, LaunchError, Launcher, Start};
use super::resident::resident;
use super::status;
use crate::run::job::WorkerMessage;
use crate::run::job::follow::{self, Tail};
use crate::store::{Attempt, unique_name};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// How workers are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// Over their input and output.
    Pipes,
    /// Over files of their attempts.
    Files,
}

/// Processes of this machine.
pub struct Local {
    program: PathBuf,
    follow: Follow,
    /// Unique among all that ever shared an attempt's folder: process numbers recur, on other machines and in containers, and a
    /// worker that finds an old `stop` ends at once.
    name: String,
    /// Numbers given to attempts so far.
    ids: Id,
    /// Numbers given to processes so far.
    processes: u64,
    running: Vec<Process>,
    heard: VecDeque<Heard>,
    /// How long a worker waits for another assignment.
    idle: Duration,
    sender: Sender<(u64, Said)>,
    receiver: Receiver<(u64, Said)>,
}

/// What is heard of a process.
enum Said {
    Line(WorkerMessage),
    /// It has closed its output; the last line of its log.
    End(Option<String>),
}

/// A process, and the attempt that it works on.
struct Process {
    number: u64,
    child: Child,
    channel: Channel,
    /// None while it waits for another assignment.
    work: Option<Work>,
    /// Since when it waits for one.
    waits: Option<Instant>,
}

struct Work {
    id: Id,
    small: bool,
    last_words: LastWords,
}

enum Channel {
    Pipes(Option<ChildStdin>),
    Files { name: String, attempt: Attempt, tail: Tail },
}

/// How long a worker waits for another assignment before it ends. The next one starts in a tenth of a second, and reads what it needs.
const IDLE: Duration = Duration::from_secs(5);
/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(50);

impl Local {
    /// Workers are `program worker …`.
    pub fn new(program: PathBuf, follow: Follow) -> Local {
        let (sender, receiver) = channel();
        Local {
            program,
            follow,
            name: unique_name(),
            ids: 0,
            processes: 0,
            running: Vec::new(),
            heard: VecDeque::new(),
            idle: IDLE,
            sender,
            receiver,
        }
    }

    fn command(&self, start: &Start) -> Command {
        let threads = start.threads.max(1).to_string();
        let mut command = Command::new(&self.program);
        command.arg("worker").arg("--cache").arg(&start.root).arg(start.lock.hex()).arg(start.key.hex());
        command.env("RAYON_NUM_THREADS", &threads).env("CANDLE_NUM_THREADS", &threads).stderr(Stdio::piped());
        // Out of the terminal's foreground group: the keyboard's interrupt reaches the parent alone.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }

    fn spawn(&mut self, start: &Start) -> Result<(), LaunchError> {
        let number = self.processes;
        self.processes += 1;
        let mut command = self.command(start);
        let name = format!("{}-{number}", self.name);
        match self.follow {
            Follow::Pipes => command.stdin(Stdio::piped()).stdout(Stdio::piped()),
            Follow::Files => command.arg("--files").arg(&name).stdin(Stdio::null()).stdout(Stdio::null()),
        };
        let mut child = command.spawn().map_err(|source| LaunchError::Program { program: self.program.clone(), source })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (sender, attempt) = (self.sender.clone(), start.attempt.clone());
        std::thread::spawn(move || {
            // Errors come after what was said on the way: read to the end, then tell of the end.
            let log = std::thread::spawn(move || keep_log(stderr, &attempt));
            for line in stdout.map(|o| BufReader::new(o).lines()).into_iter().flatten().map_while(Result::ok) {
                if let Ok(line) = serde_json::from_str::<WorkerMessage>(&line)
                    && sender.send((number, Said::Line(line))).is_err()
                {
                    return;
                }
            }
            let _ = sender.send((number, Said::End(log.join().ok().flatten())));
        });
        let channel = match self.follow {
            Follow::Pipes => Channel::Pipes(child.stdin.take()),
            Follow::Files => Channel::Files { tail: Tail::new(start.attempt.clone(), &name), attempt: start.attempt.clone(), name },
        };
        let work = Some(Work { id: self.ids, small: start.small, last_words: LastWords::default() });
        self.running.push(Process { number, child, channel, work, waits: None });
        Ok(())
    }

    /// Gives an attempt to a worker that waits for one; whether there was one.
    fn hand_over(&mut self, start: &Start) -> bool {
        let words = format!("next {} {}\n", start.lock.hex(), start.key.hex());
        let waiting = |p: &&mut Process| p.work.is_none() && matches!(p.channel, Channel::Pipes(Some(_)));
        let Some(process) = self.running.iter_mut().find(waiting) else { return false };
        let Channel::Pipes(Some(stdin)) = &mut process.channel else { return false };
        if stdin.write_all(words.as_bytes()).and_then(|()| stdin.flush()).is_err() {
            // It has ended, and its end is on the way.
            return false;
        }
        process.work = Some(Work { id: self.ids, small: true, last_words: LastWords::default() });
        process.waits = None;
        true
    }

    /// Closes the input of workers that have waited so long for another small assignment, with which they end: they hold a supernet
    /// and packs in memory, which is for others now.
    fn dismiss(&mut self, waited: Duration) {
        let idle = |p: &&mut Process| p.work.is_none() && p.waits.is_none_or(|since| since.elapsed() >= waited);
        for process in self.running.iter_mut().filter(idle) {
            if let Channel::Pipes(stdin) = &mut process.channel {
                stdin.take();
            }
        }
    }

    /// What a process said, or that it has closed its output.
    fn take(&mut self, number: u64, said: Said) {
        let Some(at) = self.running.iter().position(|p| p.number == number) else { return };
        match said {
            Said::Line(line) => self.line(at, line),
            Said::End(log) => {
                let mut process = self.running.remove(at);
                let status = process.child.wait().ok();
                // Files may hold more than was read of them.
                if let (Channel::Files { name, tail, .. }, Some(work)) = (&mut process.channel, &mut process.work) {
                    for line in tail.lines().unwrap_or_default() {
                        work.last_words.hear(&line);
                        self.heard.push_back(Heard::Line(work.id, line));
                    }
                    tail.remove(name);
                }
                if let Some(work) = process.work {
                    self.heard.push_back(Heard::Ended(work.id, work.last_words.ended(by_status(status, log))));
                }
            }
        }
    }

    fn line(&mut self, at: usize, line: WorkerMessage) {
        let process = &mut self.running[at];
        let Some(work) = &mut process.work else { return };
        work.last_words.hear(&line);
        // A worker that stays says that it has finished; others end.
        let finished = work.small && matches!(line, WorkerMessage::Done { .. }) && matches!(process.channel, Channel::Pipes(_));
        self.heard.push_back(Heard::Line(work.id, line));
        if finished && let Some(work) = process.work.take() {
            process.waits = Some(Instant::now());
            self.heard.push_back(Heard::Ended(work.id, work.last_words.ended(Ended::Done { seconds: 0.0, count: 0 })));
        }
    }

    /// Reads what workers have said in files.
    fn look(&mut self) {
        for at in 0..self.running.len() {
            if let Channel::Files { tail, .. } = &mut self.running[at].channel {
                for line in tail.lines().unwrap_or_default() {
                    self.line(at, line);
                }
            }
        }
    }
}

impl Launcher for Local {
    fn start(&mut self, start: &Start) -> Result<Id, LaunchError> {
        if !start.small {
            self.dismiss(Duration::ZERO);
        }
        if !(start.small && self.hand_over(start)) {
            self.spawn(start)?;
        }
        self.ids += 1;
        Ok(self.ids - 1)
    }

    fn listen(&mut self, wait: Duration) -> Option<Heard> {
        let until = Instant::now() + wait;
        self.dismiss(self.idle);
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Some(heard);
            }
            let left = until.saturating_duration_since(Instant::now());
            let left = if self.follow == Follow::Files { left.min(LOOK) } else { left };
            if let Ok((number, said)) = self.receiver.recv_timeout(left) {
                self.take(number, said);
            }
            if self.follow == Follow::Files {
                self.look();
            }
            if self.heard.is_empty() && Instant::now() >= until {
                return None;
            }
        }
    }

    fn stop(&mut self) {
        for process in &mut self.running {
            match &mut process.channel {
                Channel::Pipes(Some(stdin)) => drop(stdin.write_all(b"stop\n").and_then(|()| stdin.flush())),
                Channel::Pipes(None) => {}
                Channel::Files { name, attempt, .. } => drop(follow::stop(attempt, name)),
            }
        }
    }

    fn kill(&mut self, id: Id) {
        for process in self.running.iter_mut().filter(|p| p.work.as_ref().is_some_and(|w| w.id == id)) {
            let _ = process.child.kill();
        }
    }

    fn memory(&mut self, id: Id) -> Option<u64> {
        self.running.iter().find(|p| p.work.as_ref().is_some_and(|w| w.id == id)).and_then(|p| resident(p.child.id()))
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        for process in &mut self.running {
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
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

/// How a process ended: its status decides, and the last line of its log says why.
fn by_status(ended: Option<ExitStatus>, log: Option<String>) -> Ended {
    #[cfg(unix)]
    if let Some(signal) = ended.and_then(|s| std::os::unix::process::ExitStatusExt::signal(&s)) {
        return status::by_signal(signal, log);
    }
    match ended.and_then(|s| s.code()) {
        Some(code) => status::by_code(code, log),
        None => Ended::Lost(status::with_log("its process cannot be waited for", &log)),
    }
}

#[cfg(all(test, unix))]
mod tests;
