//! A job of the queue, and the attempt that its worker is on: what its files and the queue say of it.

use super::intents::Intent;
use super::queue::{How, Sending};
use crate::run::job::WorkerMessage;
use crate::run::job::exit;
use crate::run::job::follow::{self, Tail};
use crate::run::launch::launcher::{Ended, Heard, Id, LastWords, Start};
use crate::run::launch::status;
use crate::store::Attempt;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Bytes of the end of a log that are looked at.
const LOG: u64 = 4096;

/// What the queue said last.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Nothing yet.
    Nothing,
    /// It waits.
    Waiting,
    /// It works.
    Working,
    /// It has ended: how, why and where, in the queue's words; when this was heard first.
    Gone(How, String, String, Instant),
}

/// What it was told by this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Nothing.
    Nothing,
    /// To write a checkpoint and end.
    Stop,
    /// To end at once.
    Kill,
}

/// Whether the queue has it.
pub enum Sent {
    /// It is being sent, since then.
    Now(Instant),
    /// It was not accepted: since then; it is sent again then, for this many-th time. `unsure`: perhaps it was accepted all the same,
    /// which the queue has to be asked first.
    Refused { since: Instant, again: Instant, times: u32, unsure: bool },
    /// Since then.
    Since(Instant),
}

/// An attempt that this run follows.
pub struct Work {
    /// Its number.
    pub id: Id,
    last_words: LastWords,
    /// Whether it has left a checkpoint since it was started.
    moved: bool,
    /// When it was heard of last.
    heard: Instant,
}

/// A job.
pub struct Job {
    /// Its number in this run.
    pub number: u64,
    /// The folder of the attempt that it began with.
    pub home: Attempt,
    /// The name of that.
    pub name: String,
    /// Its processors.
    pub threads: usize,
    /// What is sent.
    pub sending: Option<Sending>,
    /// The attempt for which it is sent, while it is not accepted.
    pub start: Option<Start>,
    /// What is written down of the attempt that it is on.
    pub intent: Option<Intent>,
    /// How often it was not accepted.
    pub vain: u32,
    /// Whether the queue has it.
    pub sent: Sent,
    /// What the queue calls it.
    pub id: Option<String>,
    /// What the queue said last.
    pub seen: Seen,
    /// What it was told.
    pub told: Told,
    /// The folder of the attempt that it is on, or has finished last.
    pub now: Attempt,
    /// The name of that.
    pub now_name: String,
    /// None while it waits for another one, and when it has left.
    pub work: Option<Work>,
    /// Whether it waits for another one.
    pub waits: bool,
    tail: Tail,
    /// Finished attempts, whose files go when the job has left.
    finished: Vec<(Attempt, String)>,
}

impl Work {
    /// An attempt that begins, or is taken up.
    pub fn new(id: Id) -> Work {
        Work { id, last_words: LastWords::default(), moved: false, heard: Instant::now() }
    }
}

impl Job {
    /// That begins with an attempt.
    pub fn new(number: u64, home: (Attempt, String), now: (Attempt, String), threads: usize, work: Work, sent: Sent) -> Job {
        Job {
            number,
            home: home.0,
            name: home.1,
            threads,
            sending: None,
            start: None,
            intent: None,
            vain: 0,
            sent,
            id: None,
            seen: Seen::Nothing,
            told: Told::Nothing,
            tail: Tail::new(now.0.clone(), &now.1),
            now: now.0,
            now_name: now.1,
            work: Some(work),
            waits: false,
            finished: Vec::new(),
        }
    }

    /// Goes on with another attempt.
    pub fn turn_to(&mut self, attempt: Attempt, name: String, work: Work) {
        self.tail = Tail::new(attempt.clone(), &name);
        let before = (std::mem::replace(&mut self.now, attempt), std::mem::replace(&mut self.now_name, name));
        self.finished.push(before);
        (self.work, self.waits) = (Some(work), false);
    }

    /// Whether the worker has begun with the attempt.
    pub fn begun(&self) -> bool {
        follow::taken(&self.now, &self.now_name)
    }

    /// Reads what the worker has said. Done is said when the result is there: then the attempt has ended, and its number is returned.
    pub fn read(&mut self, heard: &mut VecDeque<Heard>) -> Option<Id> {
        let mut done = None;
        for line in self.tail.lines().unwrap_or_default() {
            if matches!(line, WorkerMessage::Waits) {
                self.waits = self.work.is_none();
                continue;
            }
            let Some(work) = &mut self.work else { continue };
            work.heard = Instant::now();
            work.moved |= matches!(line, WorkerMessage::Checkpoint { .. });
            work.last_words.hear(&line);
            let finished = matches!(line, WorkerMessage::Done { .. });
            heard.push_back(Heard::Line(work.id, line));
            if finished && let Some(work) = self.work.take() {
                heard.push_back(Heard::Ended(work.id, work.last_words.ended(Ended::Done { seconds: 0.0, count: 0 })));
                done = Some(work.id);
            }
        }
        done
    }

    /// Whether the job has left, by its own word or by the queue's and a while without any other.
    pub fn has_left(&self, grace: Duration) -> bool {
        follow::left(&self.home, &self.name).is_some() || self.is_gone(grace)
    }

    fn is_gone(&self, grace: Duration) -> bool {
        let Seen::Gone(_, _, _, since) = &self.seen else { return false };
        // Who still says something is not gone, whatever the queue says.
        let last = self.work.as_ref().map_or(*since, |work| work.heard.max(*since));
        last.elapsed() >= grace
    }

    /// How its attempt ended, where the job has left. `stopping`: the run has told all attempts to stop.
    pub fn ended(&mut self, grace: Duration, queue: &str) -> Option<(Id, Ended)> {
        if self.work.is_none() || !self.has_left(grace) {
            return None;
        }
        let (begun, log) = (self.begun(), self.log());
        let left = follow::left(&self.home, &self.name);
        let work = self.work.take()?;
        if !begun {
            return Some((work.id, self.not_begun(left, &log, queue)));
        }
        let moved = work.moved;
        let (how, why) = match &self.seen {
            Seen::Gone(how, reason, machine, _) => (Some(*how), self.gone(*how, reason, machine, queue)),
            _ => (None, format!("its {} was told to end", self.called(queue))),
        };
        let ended = match left {
            Some(exit::STOPPED) => None,
            Some(code) => Some(work.last_words.ended(status::by_shell_code(code, log))),
            None => None,
        };
        let taken_away = || match how {
            _ if moved => Ended::Interrupted(why.clone()),
            Some(How::OutOfMemory) => Ended::OutOfMemory(why.clone()),
            Some(How::TimedOut) => Ended::TimedOut,
            _ => Ended::Lost(why.clone()),
        };
        let ended = match (ended, self.told) {
            (Some(Ended::Done { seconds, count }), _) => Ended::Done { seconds, count },
            (_, Told::Kill) => Ended::Killed("ended".into()),
            (None | Some(Ended::Killed(_)), Told::Stop) => Ended::Stopped,
            (Some(ended), _) => ended,
            (None, Told::Nothing) => taken_away(),
        };
        Some((work.id, ended))
    }

    /// An attempt that nobody has begun with: a machine that cannot run workers is no trial's fault.
    fn not_begun(&self, left: Option<i32>, log: &Option<String>, queue: &str) -> Ended {
        let (how, reason, machine) = match &self.seen {
            Seen::Gone(how, reason, machine, _) => (*how, reason.as_str(), machine.as_str()),
            _ => (How::Itself, "", ""),
        };
        match self.told {
            Told::Stop => return Ended::Stopped,
            Told::Kill => return Ended::Killed("ended".into()),
            Told::Nothing => {}
        }
        if self.now_name == self.name && how == How::Itself {
            let code = left.map_or(String::new(), |code| format!(" with code {code}"));
            let said = log.as_ref().map_or(String::new(), |line| format!(": {line}"));
            return Ended::Interrupted(format!(
                "its {} ended{code} before its worker began{said} (the store and this program have to be there, under the same paths, \
                 on every machine)",
                self.at(reason, machine, queue)
            ));
        }
        Ended::Interrupted(format!("{}, before its worker began", self.gone(how, reason, machine, queue)))
    }

    /// `job 17`, as people call it.
    fn called(&self, queue: &str) -> String {
        self.id.as_ref().map_or_else(|| format!("{queue} job"), |id| format!("{queue} job {id}"))
    }

    fn at(&self, reason: &str, machine: &str, queue: &str) -> String {
        let machine = if machine.is_empty() { String::new() } else { format!(" on {machine}") };
        let reason = if reason.is_empty() || reason == "None" { String::new() } else { format!(" ({reason})") };
        format!("{}{machine}{reason}", self.called(queue))
    }

    fn gone(&self, how: How, reason: &str, machine: &str, queue: &str) -> String {
        let job = self.at(reason, machine, queue);
        match how {
            How::Itself => format!("its {job} ended without a result"),
            How::Cancelled => format!("its {job} was cancelled"),
            How::TimedOut => format!("the time of its {job} was over"),
            How::OutOfMemory => format!("its {job} had not the memory that it needed"),
            How::Taken => format!("the machine of its {job} failed or was taken away"),
            How::Forgotten => format!("its {job} is not in the queue any more"),
        }
    }

    /// The last line of the log, which says what went wrong.
    fn log(&self) -> Option<String> {
        let size = std::fs::metadata(self.home.file("log")).map_or(0, |m| m.len());
        let bytes = self.home.read_from("log", size.saturating_sub(LOG)).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let last = text.lines().rev().map(str::trim).find(|l| !l.is_empty() && !l.starts_with("note: "))?;
        Some(last.chars().filter(|c| !c.is_control()).take(300).collect())
    }

    /// Removes what was said of its attempts. Where the job may still come, it finds that it is not wanted.
    pub fn clear(&mut self, may_come: bool) {
        for (attempt, name) in self.finished.drain(..) {
            Tail::new(attempt, &name).remove(&name);
        }
        if may_come {
            let _ = follow::stop(&self.now, &self.now_name);
            self.tail.remove_but_stop(&self.now_name);
        } else {
            self.tail.remove(&self.now_name);
        }
    }
}
