//! A command as a process: its lines, its log, and its end.

use super::folder::Folder;
use super::guard::Guard;
use crate::document::plain;
use crate::run::worker::context::Context;
use crate::run::worker::failure::Failure;
use crate::store::Attempt;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// How long a command may take to end once it was asked to.
const GRACE: Duration = Duration::from_secs(10);
/// How long is waited for lines of a command that has ended, where something holds its pipes open.
const AFTER: Duration = Duration::from_secs(2);
/// Bytes of a line; the rest of a longer one is passed over.
const LINE: u64 = 64 << 10;
/// Bytes of the log that a command may write in one attempt.
const LOG: usize = 16 << 20;
/// The last lines that are told of a command that failed, and characters of each.
const TOLD: (usize, usize) = (5, 300);

/// What becomes of a command after a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It was for nasflow.
    Taken,
    /// It was for people: it goes to the log.
    Log,
    /// The command is ended.
    Enough,
}

/// How it ended.
pub enum End {
    /// Well.
    Done,
    /// By [`Heard::Enough`].
    Enough,
}

enum Line {
    Out(String),
    Error(String),
}

/// Runs a command in its folder to its end; `hear` is given every line of its output.
pub fn run(
    words: &[String],
    folder: &Folder,
    context: &mut Context,
    hear: &mut dyn FnMut(&str, &mut Context) -> Heard,
) -> Result<End, Failure> {
    let name = words.first().map_or("", String::as_str);
    let mut log = Log { attempt: context.attempt.clone(), left: LOG, last: VecDeque::new() };
    let (ended, told) = {
        let mut guard = Guard::new().map_err(|e| Failure::Attempt(format!("`sh`, which watches over commands, does not start: {e}")))?;
        let mut command = command(words, folder)?;
        guard.guards(&mut command);
        let mut child = command.spawn().map_err(|e| match e.kind() {
            ErrorKind::NotFound => Failure::Attempt(format!("`{name}` is no program that is found here")),
            _ => Failure::Attempt(format!("`{name}` does not start: {e}")),
        })?;
        let (sender, lines) = sync_channel(1024);
        read(child.stdout.take(), sender.clone(), Line::Out);
        read(child.stderr.take(), sender, Line::Error);
        let mut told: Option<Instant> = None;
        let ended = loop {
            match lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => {
                    if log.hear(line, context, hear) == Heard::Enough {
                        break None;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(10)),
            }
            match child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) => {}
                Err(e) => return Err(Failure::Attempt(format!("`{name}` cannot be waited for: {e}"))),
            }
            match told {
                None if context.stopped() => {
                    guard.ask();
                    told = Some(Instant::now());
                }
                Some(asked) if asked.elapsed() > GRACE => return Err(Failure::Stopped),
                _ => {}
            }
        };
        // Whatever it has started and not waited for ends with it.
        drop(guard);
        let _ = child.wait();
        if ended.is_some() && told.is_none() {
            let enough = drain(&lines, &mut |line| log.hear(line, context, hear));
            if enough {
                return Ok(End::Enough);
            }
        }
        (ended, told)
    };
    match ended {
        // One that was asked to end has not done what it was to do, whatever it says.
        _ if told.is_some() => Err(Failure::Stopped),
        None => Ok(End::Enough),
        Some(status) if status.success() => Ok(End::Done),
        Some(status) => Err(Failure::Attempt(format!("`{name}` {}{}", how(status), log.told()))),
    }
}

fn command(words: &[String], folder: &Folder) -> Result<Command, Failure> {
    let Some((program, arguments)) = words.split_first() else { return Err(Failure::Broken("a command of no words".into())) };
    // A program with `/` in its name is one of the folder's; others are looked for where the shell would.
    let own = Path::new(program).is_relative() && program.contains('/');
    let mut command = if own { Command::new(folder.path().join(program)) } else { Command::new(program) };
    let job = folder.path().join("job.json");
    let stdin = std::fs::File::open(&job).map_err(|e| Failure::Attempt(format!("{}: {e}", job.display())))?;
    command.args(arguments).current_dir(folder.path()).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("NASFLOW_JOB", job).env("NASFLOW_OUT", folder.out()).env("NASFLOW_CHECKPOINTS", folder.checkpoints());
    // Others may be at work beside it; and what Python prints is to come when it is printed.
    command.env("OMP_NUM_THREADS", rayon::current_num_threads().to_string()).env("PYTHONUNBUFFERED", "1");
    Ok(command)
}

/// Lines that come after its end; whether one of them was enough.
fn drain(lines: &Receiver<Line>, hear: &mut dyn FnMut(Line) -> Heard) -> bool {
    let until = Instant::now() + AFTER;
    while let Ok(line) = lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
        if hear(line) == Heard::Enough {
            return true;
        }
    }
    false
}

/// Sends the lines of a pipe, each cut where it is too long.
fn read(pipe: Option<impl Read + Send + 'static>, sender: SyncSender<Line>, of: fn(String) -> Line) {
    let Some(pipe) = pipe else { return };
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        loop {
            let mut line = Vec::new();
            match reader.by_ref().take(LINE).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let whole = line.last() == Some(&b'\n');
            if !whole && skip_line(&mut reader).is_err() {
                return;
            }
            let text = String::from_utf8_lossy(&line);
            if sender.send(of(text.trim_end_matches(['\n', '\r']).to_string())).is_err() {
                return;
            }
        }
    });
}

/// Passes over what is left of a line.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let (used, done) = {
            let bytes = reader.fill_buf()?;
            match bytes.iter().position(|&b| b == b'\n') {
                Some(at) => (at + 1, true),
                None => (bytes.len(), bytes.is_empty()),
            }
        };
        reader.consume(used);
        if done {
            return Ok(());
        }
    }
}

fn how(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return if signal == 9 { "was killed (signal 9): out of memory?".into() } else { format!("was ended by signal {signal}") };
    }
    status.code().map_or("ended".into(), |code| format!("ended with code {code}"))
}

/// What a command says to people: the attempt's log, and its last lines.
struct Log {
    attempt: Attempt,
    left: usize,
    last: VecDeque<String>,
}

impl Log {
    fn hear(&mut self, line: Line, context: &mut Context, hear: &mut dyn FnMut(&str, &mut Context) -> Heard) -> Heard {
        let (heard, text) = match line {
            Line::Out(text) => (hear(&text, context), text),
            Line::Error(text) => (Heard::Log, text),
        };
        if heard == Heard::Log {
            self.keep(&text);
        }
        heard
    }

    fn keep(&mut self, text: &str) {
        if self.left > text.len() {
            self.left -= text.len() + 1;
            let _ = self.attempt.append("log", format!("{text}\n").as_bytes());
        } else if self.left > 0 {
            self.left = 0;
            let _ = self.attempt.append("log", b"(more was said than is kept)\n");
        }
        if !text.trim().is_empty() {
            self.last.push_back(plain(text.trim()).chars().take(TOLD.1).collect());
            if self.last.len() > TOLD.0 {
                self.last.pop_front();
            }
        }
    }

    /// Its last lines, for the message of a failure.
    fn told(&self) -> String {
        let log = self.attempt.path().join("log");
        if self.last.is_empty() {
            return ", and said nothing".into();
        }
        let lines: Vec<&str> = self.last.iter().map(String::as_str).collect();
        format!("; its last lines: {} (all of them: {})", lines.join(" / "), log.display())
    }
}
