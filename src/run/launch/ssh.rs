//! Machines that are reached by `ssh`, with the same store under the same path: for those without a queue. A job is an `ssh` that
//! starts the worker there; whether it still lives says whether the job does. A worker whose connection broke goes on, and is
//! followed over its files; what cannot be told to end finds that it is not wanted.

use super::remote::queue::{How, Queue, Refusal, Row, Sending, State};
use super::remote::{Remote, Use};
use crate::document::launchers::Host;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What people call it.
pub const WORD: &str = "ssh";
/// A job that has worked for less takes another attempt.
const BUNDLE: Duration = Duration::from_secs(600);
/// How long files may take to arrive over the network file system.
const GRACE: Duration = Duration::from_secs(10);
/// The exit code of an `ssh` that could not connect, or lost its connection.
const NO_CONNECTION: i32 = 255;

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
    /// The exit code, once it has ended.
    code: Option<i32>,
}

impl Job {
    fn lives(&mut self) -> bool {
        if self.code.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            self.code = Some(status.code().unwrap_or(NO_CONNECTION));
        }
        self.code.is_none()
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
        let Some(host) = (0..self.hosts.len()).filter(|at| room(at) > 0).max_by_key(|at| (room(at), usize::MAX - at)) else {
            return Err(Refusal::Full);
        };
        let mut command = Command::new(&self.client);
        command.args(["-T", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=15", "--", &self.hosts[host].name, "exec sh -s"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|e| Refusal::Never(format!("`{}` cannot be started: {e}", self.client.display())))?;
        // In one braced command, so that all of it has arrived before any of it is done.
        let script = format!("{{\n{}{}}}\n", job.script.arrive, job.script.work);
        let stdin = child.stdin.take();
        std::thread::spawn(move || drop(stdin.map(|mut pipe| pipe.write_all(script.as_bytes()))));
        let name = job.about.rsplit_once('#').map_or(String::new(), |(_, name)| name.to_string());
        jobs.push(Job { host, name: name.clone(), child, code: None });
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
                NO_CONNECTION => "no connection".to_string(),
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
