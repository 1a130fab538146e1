//! Machines that are reached by `ssh`, with the same store under the same path: for those without a queue. A job is an `ssh` that
//! starts the worker there; whether it still lives says whether the job does. A worker whose connection broke goes on, and is
//! followed over its files; what cannot be told to end finds that it is not wanted.

use super::remote::queue::{How, Queue, Refusal, Row, Sending, State};
use super::remote::{Remote, Use};
use crate::document::launchers::Host;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What people call it.
pub const WORD: &str = "ssh";
/// A job that has worked for less takes another attempt.
const BUNDLE: Duration = Duration::from_secs(600);
/// How long files may take to arrive over the network file system.
const GRACE: Duration = Duration::from_secs(10);
/// The exit code of an `ssh` that could not connect, or lost its connection.
const NO_CONNECTION: i32 = 255;
/// A machine without a connection is left alone for so long, as long as there are others.
const LEFT_ALONE: Duration = Duration::from_secs(60);
/// Characters of the line that is kept of what an `ssh` says.
const WORDS: usize = 300;

/// Workers on these machines.
pub fn ssh(program: PathBuf, hosts: Vec<Host>) -> Remote {
    let client = std::env::var_os("NASFLOW_SSH").filter(|name| !name.is_empty()).map_or_else(|| "ssh".into(), PathBuf::from);
    let ssh = Ssh { client, hosts, jobs: Mutex::default() };
    Remote::new(program, Arc::new(ssh), Use { bundle: BUNDLE, grace: GRACE })
}

struct Ssh {
    client: PathBuf,
    hosts: Vec<Host>,
    jobs: Mutex<Vec<Job>>,
}

struct Job {
    host: usize,
    name: String,
    child: Child,
    /// The exit code, once it has ended, and when that was seen.
    code: Option<i32>,
    ended: Option<Instant>,
    /// The last line that it said itself.
    said: Arc<Mutex<String>>,
}

impl Job {
    fn lives(&mut self) -> bool {
        if self.code.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            (self.code, self.ended) = (Some(status.code().unwrap_or(NO_CONNECTION)), Some(Instant::now()));
        }
        self.code.is_none()
    }

    fn failed_lately(&self) -> bool {
        self.code == Some(NO_CONNECTION) && self.ended.is_some_and(|ended| ended.elapsed() < LEFT_ALONE)
    }
}

impl Queue for Ssh {
    fn word(&self) -> &'static str {
        WORD
    }

    fn send(&self, job: &Sending) -> Result<String, Refusal> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut busy = vec![0; self.hosts.len()];
        jobs.iter_mut().filter_map(|j| j.lives().then_some(j.host)).for_each(|host| busy[host] += 1);
        // The one with most room, so that all have something to do.
        let room = |at: &usize| self.hosts[*at].jobs.saturating_sub(busy[*at]);
        let mut good: Vec<usize> = (0..self.hosts.len()).filter(|at| !jobs.iter().any(|j| j.host == *at && j.failed_lately())).collect();
        if good.is_empty() {
            good = (0..self.hosts.len()).collect();
        }
        let Some(host) = good.into_iter().filter(|at| room(at) > 0).max_by_key(|at| (room(at), usize::MAX - at)) else {
            return Err(Refusal::Full);
        };
        let mut command = Command::new(&self.client);
        command.args(["-T", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=15", "--", &self.hosts[host].name, "exec sh -s"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|e| Refusal::Never(format!("`{}` cannot be started: {e}", self.client.display())))?;
        // In one braced command, so that all of it has arrived before any of it is done.
        let script = format!("{{\n{}{}}}\n", job.script.arrive, job.script.work);
        let stdin = child.stdin.take();
        std::thread::spawn(move || drop(stdin.map(|mut pipe| pipe.write_all(script.as_bytes()))));
        let said: Arc<Mutex<String>> = Arc::default();
        if let Some(words) = child.stderr.take() {
            let said = Arc::clone(&said);
            std::thread::spawn(move || keep_last_line(words, &said));
        }
        let name = job.about.rsplit_once('#').map_or(String::new(), |(_, name)| name.to_string());
        jobs.push(Job { host, name: name.clone(), child, code: None, ended: None, said });
        Ok(name)
    }

    fn look(&self, _: &str) -> Result<Vec<Row>, String> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let row = |job: &mut Job| {
            let state = match (job.lives(), job.code) {
                (true, _) => State::Working,
                (false, Some(NO_CONNECTION) | None) => State::Gone(How::Taken),
                (false, Some(_)) => State::Gone(How::Itself),
            };
            let reason = job.code.map_or(String::new(), |code| match code {
                NO_CONNECTION => match job.said.lock().unwrap_or_else(PoisonError::into_inner).as_str() {
                    "" => "no connection".to_string(),
                    said => format!("no connection: {said}"),
                },
                code => format!("code {code}"),
            });
            Row { id: job.name.clone(), name: job.name.clone(), state, reason, machine: self.hosts[job.host].name.clone(), since: None }
        };
        Ok(jobs.iter_mut().map(row).collect())
    }

    fn cancel(&self, ids: &[String]) -> Result<(), String> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        for job in jobs.iter_mut().filter(|job| ids.contains(&job.name)) {
            if job.lives() {
                let _ = job.child.kill();
            }
        }
        Ok(())
    }

    fn waits(&self, _: &str) -> Option<String> {
        None
    }
}

/// Reads to the end, and keeps the last line that says something.
fn keep_last_line(words: impl Read, said: &Mutex<String>) {
    let mut lines = BufReader::new(words);
    let mut line = Vec::new();
    while lines.by_ref().take(1 << 16).read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
        let text: String = String::from_utf8_lossy(&line).trim().chars().filter(|c| !c.is_control()).take(WORDS).collect();
        if !text.is_empty() {
            *said.lock().unwrap_or_else(PoisonError::into_inner) = text;
        }
        line.clear();
    }
}
