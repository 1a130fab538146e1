//! Workers on other machines, which no pipe reaches, as jobs of a [`Queue`].
//!
//! The queue is believed in nothing but that a job is there or gone: it may forget, be late, or launch a job twice. What a worker
//! has done, its files say. An attempt is written down before its job is sent ([`intents`]), and has a name that nobody had or
//! will have, under which one process works at most ([`crate::run::job::follow`]). So a run that was killed leaves nothing that the next
//! one could not take up or call off. A job whose attempt is done takes another one, for as long as it has not worked for long.

mod clerk;
mod earlier;
pub mod intents;
mod job;
mod polls;
pub mod queue;
mod script;
mod talk;

use super::launcher::{Ended, Heard, Id, LaunchError, Launcher, Start, Whose};
use super::local::{Follow, Local};
use crate::base::Digest;
use crate::run::job::follow::{self, Next};
use crate::store::{Store, StoreError, unique_name};
use clerk::{Answer, Clerk};
use intents::{Intent, Intents, tag};
use job::{Job, Seen, Sent, Told, Work};
use polls::Polls;
use queue::{Queue, Sending};
pub use script::quoted;
use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often files are looked at: a short trial is over soon, and its worker waits until that is noticed.
const SOON: Duration = Duration::from_millis(20);
/// At the least.
const SELDOM: Duration = Duration::from_secs(10);
/// A look takes one part in so many of the time, at most: those of a thousand jobs on a network file system take a while.
const SHARE: u32 = 10;
/// How long a run that has ended waits for workers that it lets go.
const FAREWELL: Duration = Duration::from_secs(1);
/// How often in a row the jobs of an attempt may end before it begins.
const VAIN: u32 = 3;

/// How jobs are used.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    /// A job that has worked for less takes another attempt.
    pub bundle: Duration,
    /// How long the files of a job that is gone may take to arrive.
    pub grace: Duration,
}

/// Workers as jobs of a queue.
pub struct Remote {
    queue: Arc<dyn Queue>,
    clerk: Clerk,
    program: PathBuf,
    used: Use,
    /// For what has to run on this machine, and its numbers by those that it gave.
    local: Local,
    locals: HashMap<Id, Id>,
    whose: Option<Whose>,
    intents: Option<Intents>,
    tag: String,
    ids: Id,
    numbers: u64,
    jobs: Vec<Job>,
    /// What earlier runs have left and nobody has asked for yet.
    left: Vec<Intent>,
    /// Attempts that were called off, by the name with which their jobs began: a job that comes all the same is cancelled.
    off: HashSet<String>,
    /// Attempts by key, and those in a row that ended before they began.
    tries: HashMap<Digest, u32>,
    vain: HashMap<Digest, u32>,
    /// Keys by attempt.
    keys: HashMap<Id, Digest>,
    heard: VecDeque<Heard>,
    said: HashSet<String>,
    polls: Polls,
    looked: Instant,
    /// When files are looked at again, from then on.
    look_after: Duration,
}

impl Remote {
    /// Workers are `program worker …`, on machines of this queue.
    pub fn new(program: PathBuf, queue: Arc<dyn Queue>, used: Use) -> Remote {
        Remote {
            clerk: Clerk::new(queue.clone()),
            queue,
            local: Local::new(program.clone(), Follow::Pipes),
            locals: HashMap::new(),
            program,
            used,
            whose: None,
            intents: None,
            tag: String::new(),
            ids: 0,
            numbers: 0,
            jobs: Vec::new(),
            left: Vec::new(),
            off: HashSet::new(),
            tries: HashMap::new(),
            vain: HashMap::new(),
            keys: HashMap::new(),
            heard: VecDeque::new(),
            said: HashSet::new(),
            polls: Polls::new(),
            looked: Instant::now(),
            look_after: SOON,
        }
    }

    fn intents(&self) -> Result<&Intents, LaunchError> {
        let none = || StoreError::Invalid { message: "an attempt is to start before its run began".into() };
        Ok(self.intents.as_ref().ok_or_else(none)?)
    }

    /// Written down as under way.
    fn keep(&self, start: &Start, name: &str, home: (Digest, String), job: Option<String>) -> Result<Intent, LaunchError> {
        let run = self.whose.as_ref().map_or_else(String::new, |w| w.token.clone());
        let (name, lock, key) = (name.to_string(), start.lock, start.key);
        let intent = Intent { name, lock, key, assignment: start.assignment, threads: start.threads, home, job, run };
        self.intents()?.keep(&intent)?;
        Ok(intent)
    }

    fn forget(&self, name: &str) {
        if let Some(intents) = &self.intents {
            intents.forget(name);
        }
    }

    /// A name for the next attempt on a key.
    fn name(&mut self, key: Digest) -> String {
        let count = self.tries.entry(key).or_default();
        *count += 1;
        format!("{count}-{}", unique_name())
    }

    /// Sends a job that begins with an attempt.
    fn send(&mut self, start: &Start, id: Id) -> Result<(), LaunchError> {
        let name = self.name(start.key);
        let invalid = |message| LaunchError::from(StoreError::Invalid { message });
        let script = script::script(&self.program, start, &name, self.used.bundle.as_secs_f64()).map_err(invalid)?;
        let intent = self.keep(start, &name, (start.lock, name.clone()), None)?;
        let about = format!("{}#{name}", &start.key.hex()[..16]);
        let sending = Sending { tag: self.tag.clone(), about, script, threads: start.threads.max(1) };
        let number = self.numbers;
        self.numbers += 1;
        let at = (start.attempt.clone(), name);
        let mut job = Job::new(number, at.clone(), at, start.threads, Work::new(id), Sent::Now(Instant::now()));
        (job.sending, job.intent, job.start) = (Some(sending.clone()), Some(intent), Some(start.clone()));
        self.jobs.push(job);
        self.clerk.send(number, sending);
        Ok(())
    }

    /// Gives an attempt to a job whose worker waits for one; whether there was one.
    fn hand_over(&mut self, start: &Start, id: Id) -> Result<bool, LaunchError> {
        let fits = |job: &Job| job.waits && job.told == Told::Nothing && job.threads == start.threads && job.id.is_some();
        while let Some(at) = self.jobs.iter().position(|job| fits(job) && !matches!(job.seen, Seen::Gone(..))) {
            let name = self.name(start.key);
            let job = &self.jobs[at];
            let intent = self.keep(start, &name, (job.home.lock(), job.name.clone()), job.id.clone())?;
            let next = Next::Work { lock: start.lock, key: start.key, name: name.clone() };
            let given = follow::decide(&job.now, &job.now_name, &next);
            let job = &mut self.jobs[at];
            job.waits = false;
            if given? {
                job.turn_to(start.attempt.clone(), name, Work::new(id));
                job.intent = Some(intent);
                return Ok(true);
            }
            self.forget(&name);
        }
        Ok(false)
    }

    /// Looks at the files of all jobs.
    fn look(&mut self) {
        let (grace, word, begun) = (self.used.grace, self.queue.word(), Instant::now());
        let mut at = 0;
        while at < self.jobs.len() {
            let job = &mut self.jobs[at];
            let name = job.now_name.clone();
            let mut ended = job.read(&mut self.heard);
            if let Some((id, how)) = job.ended(grace, word) {
                // What the queue knows is heard before its last words are read for good.
                let how = match how {
                    Ended::Interrupted(why) if !job.begun() => Remote::in_vain(&mut self.vain, self.keys.get(&id), why),
                    how => how,
                };
                self.heard.push_back(Heard::Ended(id, how));
                ended = Some(id);
            }
            if let Some(id) = ended {
                if job.begun() {
                    self.keys.get(&id).map(|key| self.vain.remove(key));
                }
                self.keys.remove(&id);
                self.forget(&name);
            }
            let job = &mut self.jobs[at];
            if job.work.is_none() && job.has_left(grace) {
                job.clear(follow::left(&job.home, &job.name).is_none());
                self.jobs.swap_remove(at);
            } else {
                at += 1;
            }
        }
        self.looked = Instant::now();
        self.look_after = (begun.elapsed() * SHARE).clamp(SOON, SELDOM);
    }

    /// An attempt that ended before it began is no trial's fault: again, but not for ever. A controller that was killed may have given a
    /// number twice, so that a machine refuses a job; one that lacks the store refuses all.
    fn in_vain(vain: &mut HashMap<Digest, u32>, key: Option<&Digest>, why: String) -> Ended {
        let Some(key) = key else { return Ended::Interrupted(why) };
        let count = vain.entry(*key).or_default();
        *count += 1;
        if *count < VAIN { Ended::Interrupted(why) } else { Ended::Broken(format!("{why}, for the {count}rd time in a row")) }
    }

    /// Ends an attempt whose worker has not begun.
    fn withdraw(&mut self, at: usize, how: Ended) {
        let mut job = self.jobs.swap_remove(at);
        if let Some(work) = job.work.take() {
            self.keys.remove(&work.id);
            self.heard.push_back(Heard::Ended(work.id, how));
        }
        job.clear(true);
        self.forget(&job.now_name);
        self.off.insert(job.name.clone());
        self.clerk.cancel(job.id.into_iter().collect());
    }

    /// Lets workers go that wait for another attempt.
    fn dismiss(&mut self) {
        for job in self.jobs.iter_mut().filter(|job| job.waits) {
            job.waits = false;
            let _ = follow::decide(&job.now, &job.now_name, &Next::Leave);
        }
    }

    fn note(&mut self, once: &str, message: String) {
        if self.said.insert(once.to_string()) {
            self.heard.push_back(Heard::Note(message));
        }
    }
}

impl Launcher for Remote {
    fn begin(&mut self, whose: &Whose) -> Result<(), LaunchError> {
        let intents = Intents::open(self.queue.word(), whose)?;
        self.left = intents.all()?;
        self.tag = tag(&whose.root, &whose.pipeline);
        (self.intents, self.whose) = (Some(intents), Some(whose.clone()));
        Ok(())
    }

    fn left(&self, lock: Digest, key: Digest) -> bool {
        self.left.iter().any(|intent| intent.lock == lock && intent.key == key)
    }

    fn outlives(&self) -> bool {
        true
    }

    fn wanted(&mut self, keys: &HashSet<Digest>) {
        let Some(whose) = self.whose.clone() else { return };
        let alive = |run: &str| run != whose.token && Store::is_alive(&whose.root, &whose.pipeline, run).unwrap_or(true);
        let (kept, unwanted) = std::mem::take(&mut self.left).into_iter().partition(|i| keys.contains(&i.key) || alive(&i.run));
        self.left = kept;
        let unwanted: Vec<Intent> = unwanted;
        unwanted.iter().for_each(|intent| self.call_off(intent));
    }

    fn start(&mut self, start: &Start) -> Result<Id, LaunchError> {
        let id = self.ids;
        if start.here {
            let local = self.local.start(start)?;
            self.locals.insert(local, id);
            self.ids += 1;
            return Ok(id);
        }
        let left = self.left.iter().position(|intent| intent.lock == start.lock && intent.key == start.key);
        let left = left.map(|at| self.left.swap_remove(at));
        match left {
            Some(intent) if intent.assignment == start.assignment => self.take_up(intent, start, id)?,
            other => {
                other.iter().for_each(|intent| self.call_off(intent));
                if !self.hand_over(start, id)? {
                    self.send(start, id)?;
                }
            }
        }
        self.ids += 1;
        self.keys.insert(id, start.key);
        self.polls.soon();
        Ok(id)
    }

    fn listen(&mut self, wait: Duration) -> Option<Heard> {
        let until = Instant::now() + wait;
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Some(heard);
            }
            let now = Instant::now();
            if !self.locals.is_empty() {
                match self.local.listen(Duration::ZERO) {
                    Some(Heard::Line(id, line)) => return Some(Heard::Line(*self.locals.get(&id)?, line)),
                    Some(Heard::Ended(id, how)) => return Some(Heard::Ended(self.locals.remove(&id)?, how)),
                    Some(Heard::Note(note)) => return Some(Heard::Note(note)),
                    None => {}
                }
            }
            if now.duration_since(self.looked) >= self.look_after {
                self.look();
            }
            self.talk(now);
            if !self.heard.is_empty() {
                continue;
            }
            if now >= until {
                return None;
            }
            let next = self.look_after.saturating_sub(now.duration_since(self.looked)).min(until - now).max(Duration::from_millis(1));
            if let Some(answer) = self.clerk.answer(next) {
                self.answered(answer);
            }
        }
    }

    fn stop(&mut self) {
        self.dismiss();
        for at in (0..self.jobs.len()).rev() {
            let job = &mut self.jobs[at];
            if job.work.is_none() {
                continue;
            }
            job.told = Told::Stop;
            let _ = follow::stop(&job.now, &job.now_name);
            if job.seen != Seen::Working && !job.begun() {
                self.withdraw(at, Ended::Stopped);
            }
        }
        self.local.stop();
    }

    fn kill(&mut self, id: Id) {
        if let Some((local, _)) = self.locals.iter().find(|(_, remote)| **remote == id) {
            return self.local.kill(*local);
        }
        let Some(at) = self.jobs.iter().position(|job| job.work.as_ref().is_some_and(|work| work.id == id)) else { return };
        let job = &mut self.jobs[at];
        job.told = Told::Kill;
        let _ = follow::stop(&job.now, &job.now_name);
        if job.begun() {
            self.clerk.cancel(job.id.iter().cloned().collect());
        } else {
            self.withdraw(at, Ended::Killed("ended".into()));
        }
    }

    fn memory(&mut self, id: Id) -> Option<u64> {
        let (local, _) = self.locals.iter().find(|(_, remote)| **remote == id)?;
        self.local.memory(*local)
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.dismiss();
        // What they have said goes with them.
        let begun = Instant::now();
        while self.jobs.iter().any(|job| job.work.is_none()) && begun.elapsed() < FAREWELL {
            self.look();
            std::thread::sleep(Duration::from_millis(10));
        }
        let off = &self.off;
        let names: HashMap<u64, String> = self.jobs.iter().map(|job| (job.number, job.name.clone())).collect();
        self.clerk.finish(|answer| match answer {
            // A job that was sent meanwhile, and is not wanted.
            Answer::Sent(number, Ok(id)) if names.get(&number).is_none_or(|name| off.contains(name)) => vec![id],
            _ => Vec::new(),
        });
    }
}
