//! The attempts that run, and how often each key has failed.

use crate::base::{Digest, units};
use crate::document::Metric;
use crate::plan::Work;
use crate::run::error::RunError;
use crate::run::events::{Event, Subject};
use crate::run::job::files::{assignment_file, read_result, result_file};
use crate::run::job::{Assignment, Job, JobResult, WorkerMessage};
use crate::run::launch::{Ended, Id, Launcher, Start};
use crate::store::{Attempt, Blobs, Store, StoreError};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use super::announce::subject;
use super::gather;

/// What an attempt was started for.
pub enum Purpose {
    /// A work of the plan.
    Work(Work),
    /// A measurement of trained weights on this machine.
    Observation {
        /// The weights.
        weights: Digest,
        /// The metrics that are asked for.
        metrics: Vec<Metric>,
        /// What is measured, for the listener.
        subject: Subject,
    },
}

impl Purpose {
    /// What it is, for the listener.
    pub fn subject(&self) -> Subject {
        match self {
            Purpose::Work(work) => subject(work),
            Purpose::Observation { subject, .. } => subject.clone(),
        }
    }
}

/// An attempt that runs.
pub struct Running {
    /// What it was started for.
    pub purpose: Purpose,
    /// What it was given.
    pub assignment: Assignment,
    /// When it began to work, once it holds its lock: waiting for another run is not its fault.
    begun: Option<Instant>,
    folder: Attempt,
    /// Why this run ended it, where it did.
    ended_for: Option<String>,
}

impl Running {
    /// It says something on its way: what the listener hears of it.
    pub fn hear(&mut self, line: WorkerMessage) -> Option<Event> {
        let subject = self.purpose.subject();
        let label = &subject.label;
        match line {
            WorkerMessage::Iteration { done, of, loss } => Some(Event::Progress { subject, done, of, loss: Some(loss) }),
            WorkerMessage::Images { done, of } => Some(Event::Progress { subject, done: done as u64, of: of as u64, loss: None }),
            WorkerMessage::Waiting => Some(Event::Note { message: format!("{label}: another run computes it; waiting for its result") }),
            WorkerMessage::Note { message } => Some(Event::Note { message: format!("{label}: {message}") }),
            WorkerMessage::Began => {
                self.begun = Some(Instant::now());
                None
            }
            // What these mean is said by how the attempt ends.
            WorkerMessage::Checkpoint { .. }
            | WorkerMessage::Done { .. }
            | WorkerMessage::Waits
            | WorkerMessage::Failed { .. }
            | WorkerMessage::Full { .. }
            | WorkerMessage::Broken { .. } => None,
        }
    }

    /// The result that it left, where it has all that was asked for. One that ended without a word may have left a result all the same.
    pub fn result(&self, how: &Ended, blobs: &Blobs) -> Result<Option<JobResult>, StoreError> {
        let result = read_result(&self.folder, self.assignment.key)?;
        match how {
            Ended::Done { .. } | Ended::Lost(_) | Ended::Interrupted(_) | Ended::Killed(_) | Ended::OutOfMemory(_) | Ended::TimedOut => {
                // A measurement of this machine answers only whoever has waited for it.
                let measured = |r: &JobResult| matches!((how, r), (Ended::Done { .. }, JobResult::Measured(_)));
                let Some(result) = result.filter(|r| r.answers(&self.assignment.job) || measured(r)) else { return Ok(None) };
                Ok(blobs.has_all(&result.outputs())?.then_some(result))
            }
            Ended::Stopped | Ended::Broken(_) | Ended::Full { .. } | Ended::Failed(_) => Ok(None),
        }
    }

    /// Removes its result file.
    pub fn forget_result(&self) -> Result<(), StoreError> {
        self.folder.remove(&result_file(self.assignment.key))
    }

    /// Why it failed, in words.
    pub fn reason(&self, how: &Ended) -> String {
        self.ended_for.clone().unwrap_or_else(|| how.to_string())
    }
}

/// A result that an attempt has left.
pub struct Left {
    /// Of what.
    pub work: Work,
    /// The result.
    pub result: JobResult,
    /// Seconds of work.
    pub seconds: f64,
    /// Iterations or images; 0 where the result was there already.
    pub count: u64,
}

/// Whether a work may begin beside those that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It may.
    Now,
    /// Not this one: others may.
    Later,
    /// Nothing may begin before those that run have ended.
    Alone,
}

/// All attempts of a run.
#[derive(Default)]
pub struct Attempts {
    running: BTreeMap<Id, Running>,
    failed: HashMap<Digest, usize>,
}

impl Attempts {
    /// How many run.
    pub fn len(&self) -> usize {
        self.running.len()
    }

    /// Whether one holds this lock.
    pub fn holds(&self, lock: Digest) -> bool {
        self.running.values().any(|r| r.assignment.lock == lock)
    }

    /// The keys of all that is computed now.
    pub fn keys(&self) -> HashSet<Digest> {
        let works = self.running.values().filter_map(|r| if let Purpose::Work(work) = &r.purpose { Some(work) } else { None });
        works.flat_map(gather::keys).collect()
    }

    /// A command measures one network at a time, because what it measures on may be one; where it says so, nothing else goes on.
    pub fn admits(&self, work: &Work) -> Admitted {
        let commands =
            || self.running.values().filter_map(|r| if let Purpose::Work(Work::Command(w)) = &r.purpose { Some(w) } else { None });
        if commands().any(|w| w.alone) {
            return Admitted::Alone;
        }
        match work {
            Work::Command(w) if w.alone && !self.running.is_empty() => Admitted::Alone,
            Work::Command(w) if commands().any(|other| other.metric == w.metric) => Admitted::Later,
            _ => Admitted::Now,
        }
    }

    /// How often this key has failed.
    pub fn failed(&self, key: Digest) -> usize {
        self.failed.get(&key).copied().unwrap_or(0)
    }

    /// Counts a failure; how many there are.
    pub fn count_failure(&mut self, key: Digest) -> usize {
        let count = self.failed.entry(key).or_default();
        *count += 1;
        *count
    }

    /// One that runs.
    pub fn get(&mut self, id: Id) -> Option<&mut Running> {
        self.running.get_mut(&id)
    }

    /// Takes one out that has ended.
    pub fn remove(&mut self, id: Id) -> Option<Running> {
        self.running.remove(&id)
    }

    /// Takes all out.
    pub fn drain(&mut self) -> Vec<Id> {
        std::mem::take(&mut self.running).into_keys().collect()
    }

    /// Those that have worked for longer than `limit`; each is named once.
    pub fn overdue(&mut self, limit: Duration) -> Vec<Id> {
        let mut found = Vec::new();
        for (id, running) in self.running.iter_mut().filter(|(_, r)| r.ended_for.is_none()) {
            if let Some(time) = running.begun.map(|b| b.elapsed()).filter(|t| *t > limit) {
                running.ended_for = Some(format!("timed out after {:.0} s", time.as_secs_f64()));
                found.push(*id);
            }
        }
        found
    }

    /// Those that take more bytes of memory than `limit`; each is named once.
    pub fn too_large(&mut self, limit: u64, launcher: &mut dyn Launcher) -> Vec<Id> {
        let mut found = Vec::new();
        for (id, running) in self.running.iter_mut().filter(|(_, r)| r.ended_for.is_none()) {
            if let Some(bytes) = launcher.memory(*id).filter(|bytes| *bytes > limit) {
                let (took, most) = (units::shown(bytes), units::shown(limit));
                running.ended_for = Some(format!("out of memory: it took {took}, more than the {most} of `--memory`"));
                found.push(*id);
            }
        }
        found
    }

    /// Writes an assignment into its folder and starts an attempt on it.
    pub fn start(
        &mut self,
        launcher: &mut dyn Launcher,
        store: &Store,
        assignment: Assignment,
        purpose: Purpose,
        threads: usize,
    ) -> Result<(), RunError> {
        let folder = Attempt::open(&store.blobs(), assignment.lock)?;
        let bytes = serde_json::to_vec_pretty(&assignment)
            .map_err(|e| RunError::Stuck(format!("the assignment of {} cannot be written: {e}", assignment.key.short())))?;
        let name = assignment_file(assignment.key);
        // What no attempt outlives needs no disk: the next start of the machine writes it anew.
        if launcher.outlives() {
            folder.write(&name, &bytes)?
        } else {
            folder.write_passing(&name, &bytes)?
        }
        let id = launcher.start(&Start {
            root: store.root().to_path_buf(),
            attempt: folder.clone(),
            lock: assignment.lock,
            key: assignment.key,
            threads,
            small: assignment.job.small(),
            here: matches!(assignment.job, Job::Latency(_)),
            assignment: Digest::of(&bytes),
        })?;
        self.running.insert(id, Running { purpose, assignment, begun: None, folder, ended_for: None });
        Ok(())
    }
}
