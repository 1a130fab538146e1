//! The loop of a run: replay, compute what is short, start workers for the rest, listen, publish, replay again.

mod jobs;
mod publish;

use super::elsewhere;
use super::error::RunError;
use super::events::{Event, Events, StageProgress};
use super::inline::{Computed, Inline};
use super::job::{Assignment, FORMAT, Line, exit};
use super::known::StoreKnown;
use super::observe;
use super::packs::Packs;
use super::prepare::Prepared;
use super::supernet::Spaces;
use super::worker::read_result;
use super::workers::{Heard, Worker, Workers, ended};
use crate::base::Digest;
use crate::nn::DeviceChoice;
use crate::plan::{Engine, State, View, Work};
use crate::store::{Attempt, Store};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How to run: nothing here changes a bit of any result, except that `executor` names the numerics class.
#[derive(Clone, Debug)]
pub struct Options {
    /// Worker processes at a time.
    pub jobs: usize,
    /// Threads of each.
    pub threads: usize,
    /// The executor, and its device.
    pub executor: DeviceChoice,
    /// Kill an attempt that takes longer.
    pub timeout: Option<Duration>,
    /// Attempts of a trial before it counts as failed.
    pub attempts: usize,
    /// Pause after so long.
    pub until: Option<Duration>,
    /// Longest time between checkpoints.
    pub checkpoint_seconds: f64,
    /// The binary whose `worker` command works.
    pub program: PathBuf,
    /// How often the user asked to stop.
    pub stop: Arc<AtomicUsize>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left to do.
    Finished,
    /// The user asked to stop.
    Interrupted,
    /// The time given by `--for` is over.
    Paused,
}

/// What a run did.
pub struct Report {
    /// The last replay.
    pub view: View,
    /// How it ended.
    pub ended: Ended,
    /// Actions computed by this run: kind → how many.
    pub executed: BTreeMap<&'static str, usize>,
    /// Trials out of attempts. A run with any is not reproducible.
    pub given_up: Vec<GivenUp>,
}

/// A trial that is out of attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenUp {
    /// The key of its action.
    pub key: Digest,
    /// For people.
    pub label: String,
    /// Why the last attempt failed.
    pub reason: String,
}

/// Runs a pipeline to its end, as far as it is not interrupted.
pub fn run(prepared: &Prepared, store: &Store, options: &Options, events: &mut dyn Events) -> Result<Report, RunError> {
    let numerics = options.executor.numerics();
    let engine = Engine::new(&prepared.pipeline, &prepared.data, &prepared.spaces, numerics.to_string()).with_tables(&prepared.tables);
    events.on(Event::Begin {
        pipeline: prepared.pipeline.name.clone(),
        numerics: numerics.to_string(),
        jobs: options.jobs,
        threads: options.threads,
        store: store.root().display().to_string(),
    });
    Coordinator {
        prepared,
        store,
        options,
        events,
        engine,
        known: StoreKnown::new(Some(store)),
        workers: Workers::new(options.program.clone(), options.threads),
        packs: Packs::default(),
        spaces: Spaces::default(),
        inline: Inline::default(),
        tasks: HashMap::new(),
        attempts: HashMap::new(),
        executed: BTreeMap::new(),
        given_up: Vec::new(),
        begun: Instant::now(),
        stopping: None,
        told: Vec::new(),
    }
    .run()
}

/// What a worker was started for.
enum Task {
    Work(Work),
    Observation { weights: Digest, label: String },
}

struct Coordinator<'a> {
    prepared: &'a Prepared,
    store: &'a Store,
    options: &'a Options,
    events: &'a mut dyn Events,
    engine: Engine<'a>,
    known: StoreKnown<'a>,
    workers: Workers,
    packs: Packs,
    spaces: Spaces,
    inline: Inline,
    tasks: HashMap<u64, Task>,
    attempts: HashMap<Digest, usize>,
    executed: BTreeMap<&'static str, usize>,
    given_up: Vec<GivenUp>,
    begun: Instant,
    stopping: Option<Ended>,
    told: Vec<StageProgress>,
}

impl Coordinator<'_> {
    fn run(mut self) -> Result<Report, RunError> {
        let stored = |e: crate::store::StoreError| RunError::Store(e.to_string());
        let mut first = true;
        loop {
            let view = self.engine.replay(&mut self.known);
            if let Some(error) = self.known.error.take() {
                return Err(RunError::Store(error));
            }
            self.tell(&view);
            if first && let Some(message) = elsewhere::note(&view.works, self.store, self.options.executor.numerics()).map_err(stored)? {
                self.events.on(Event::Note { message });
            }
            first = false;
            if self.stopping.is_none() && self.options.stop.load(Ordering::Relaxed) > 0 {
                self.stopping = Some(Ended::Interrupted);
                self.events.on(Event::Stopping);
                self.workers.stop();
            }
            if self.stopping.is_none() {
                // Asked to stop while computing: what is left undone is no bug.
                if self.compute(&view)? || self.options.stop.load(Ordering::Relaxed) > 0 {
                    continue;
                }
                self.start(&view)?;
                if self.workers.len() == 0 {
                    if !view.finished() {
                        return Err(RunError::Stuck(stuck(&view)));
                    }
                    if !self.measure(&view)? {
                        return Ok(self.report(view, Ended::Finished));
                    }
                }
            } else if self.workers.len() == 0 {
                let ended = self.stopping.unwrap_or(Ended::Interrupted);
                return Ok(self.report(view, ended));
            }
            self.wait()?;
        }
    }

    fn report(self, view: View, ended: Ended) -> Report {
        Report { view, ended, executed: self.executed, given_up: self.given_up }
    }

    /// Computes what is short; true where anything was.
    fn compute(&mut self, view: &View) -> Result<bool, RunError> {
        let mut any = false;
        for work in view.works.iter().filter(|w| Inline::takes(w)) {
            if self.options.stop.load(Ordering::Relaxed) > 0 {
                break;
            }
            let begun = Instant::now();
            match self.inline.compute(work, self.prepared, self.store)? {
                Computed::Done(result) => {
                    self.count(work);
                    let (key, label) = (work.key().hex(), work.label());
                    self.events.on(Event::Finished { key, label, result, seconds: begun.elapsed().as_secs_f64() });
                }
                Computed::InputGone => self.forget_all(&work.label()),
            }
            self.known.forget(work.key());
            any = true;
        }
        Ok(any)
    }

    /// Starts workers until `jobs` of them run.
    fn start(&mut self, view: &View) -> Result<(), RunError> {
        for work in &view.works {
            if self.workers.len() >= self.options.jobs {
                break;
            }
            let lock = match work {
                Work::Train(w) => w.chain,
                other => other.key(),
            };
            if Inline::takes(work) || self.workers.holds(lock) {
                continue;
            }
            let Some((job, from)) = self.job(work)? else { continue };
            let key = work.key();
            let assignment = Assignment { format: FORMAT, key, lock, executor: self.options.executor, job };
            let id = self.workers.start(self.store, &assignment, None)?;
            let attempt = self.attempts.get(&key).copied().unwrap_or(0) + 1;
            self.events.on(Event::Started { key: key.hex(), label: work.label(), attempt, from });
            self.tasks.insert(id, Task::Work(work.clone()));
        }
        Ok(())
    }

    /// Starts one measurement, alone, with all processors; false where none is wanted.
    fn measure(&mut self, view: &View) -> Result<bool, RunError> {
        let wanted = observe::wanted(&self.prepared.pipeline, view, self.store, self.options.executor);
        let Some(next) = wanted.into_iter().find(|w| self.attempts.get(&w.key).copied().unwrap_or(0) < self.options.attempts) else {
            return Ok(false);
        };
        let threads = self.options.jobs * self.options.threads;
        let id = self.workers.start(self.store, &next.assignment, Some(threads))?;
        self.tasks.insert(id, Task::Observation { weights: next.weights, label: next.label });
        Ok(true)
    }

    /// Listens until something changes what can be done.
    fn wait(&mut self) -> Result<(), RunError> {
        loop {
            if self.options.stop.load(Ordering::Relaxed) > 1 {
                self.workers.kill();
                self.stopping = Some(Ended::Interrupted);
                return Ok(());
            }
            let over = self.options.until.is_some_and(|limit| self.begun.elapsed() > limit);
            if self.stopping.is_none() && (over || self.options.stop.load(Ordering::Relaxed) > 0) {
                self.stopping = Some(if over { Ended::Paused } else { Ended::Interrupted });
                self.events.on(Event::Stopping);
                self.workers.stop();
            }
            if let Some(limit) = self.options.timeout {
                self.workers.enforce(limit);
            }
            match self.workers.listen(Duration::from_millis(100)) {
                None => {}
                Some(Heard::Line(id, line)) => {
                    let done = matches!(line, Line::Done { .. });
                    self.said(id, line);
                    // A worker that stays says that it has finished; others end.
                    if done && matches!(self.tasks.get(&id), Some(Task::Work(Work::Subnet(_)))) {
                        return self.settled(id);
                    }
                }
                Some(Heard::Exit(id)) => {
                    if let Some((worker, status)) = self.workers.reap(id) {
                        self.left(worker, status)?;
                    }
                    return Ok(());
                }
            }
        }
    }

    fn said(&mut self, id: u64, line: Line) {
        let label = self.tasks.get(&id).map(Task::label).unwrap_or_default();
        let Some(worker) = self.workers.get(id) else { return };
        let key = worker.key.hex();
        match line {
            Line::Iteration { done, of, loss } => self.events.on(Event::Progress { key, label, done, of, loss: Some(loss) }),
            Line::Images { done, of } => self.events.on(Event::Progress { key, label, done: done as u64, of: of as u64, loss: None }),
            Line::Waiting => self.events.on(Event::Note { message: format!("{label}: another run computes it; waiting for its result") }),
            Line::Note { message } => self.events.on(Event::Note { message: format!("{label}: {message}") }),
            Line::Checkpoint { .. } => {}
            Line::Began => worker.begun = Some(Instant::now()),
            Line::Done { seconds, count } => worker.done = Some((seconds, count)),
            Line::Failed { message } => {
                worker.failure.get_or_insert((message, false));
            }
            Line::Broken { message } => worker.failure = Some((message, true)),
        }
    }

    /// A worker ended: publish what it left, or count an attempt.
    fn left(&mut self, worker: Worker, status: Option<std::process::ExitStatus>) -> Result<(), RunError> {
        let Some(task) = self.tasks.remove(&worker.id) else { return Ok(()) };
        let code = status.and_then(|s| s.code());
        if code == Some(exit::STOPPED) {
            return Ok(());
        }
        if let Some((message, true)) = &worker.failure {
            return Err(RunError::Worker(format!("{}: {message}", task.label())));
        }
        let attempt = Attempt::open(&self.store.blobs(), worker.lock).map_err(|e| RunError::Store(e.to_string()))?;
        let result =
            if code == Some(exit::DONE) { read_result(&attempt, worker.key).map_err(|e| RunError::Store(e.to_string()))? } else { None };
        match (task, result) {
            (Task::Observation { weights, .. }, Some(result)) => {
                attempt.remove(&super::worker::result_file(worker.key)).map_err(|e| RunError::Store(e.to_string()))?;
                observe::keep(self.store, self.options.executor, weights, &result).map_err(|e| RunError::Store(e.to_string()))
            }
            (Task::Work(work), Some(result)) => self.publish(&work, &result, worker.done),
            (task, None) => {
                self.failed(&task, &worker, status);
                Ok(())
            }
        }
    }

    /// A worker that stays has finished: publish what it left.
    fn settled(&mut self, id: u64) -> Result<(), RunError> {
        let (Some(Task::Work(work)), Some(worker)) = (self.tasks.remove(&id), self.workers.get(id)) else { return Ok(()) };
        worker.idle = true;
        let (key, done) = (worker.key, worker.done.take());
        let attempt = Attempt::open(&self.store.blobs(), worker.lock).map_err(|e| RunError::Store(e.to_string()))?;
        match read_result(&attempt, key).map_err(|e| RunError::Store(e.to_string()))? {
            Some(result) => self.publish(&work, &result, done),
            None => Err(RunError::Worker(format!("{}: its worker has finished and left no result", work.label()))),
        }
    }

    fn failed(&mut self, task: &Task, worker: &Worker, status: Option<std::process::ExitStatus>) {
        let how = match (&worker.failure, worker.timed_out) {
            (_, true) => format!("timed out after {:.0} s", worker.begun.map_or(0.0, |b| b.elapsed().as_secs_f64())),
            (Some((said, _)), _) => said.clone(),
            (None, _) => ended(status),
        };
        if self.stopping.is_some() {
            return;
        }
        let count = self.attempts.entry(worker.key).or_default();
        *count += 1;
        let (attempt, again) = (*count, *count < self.options.attempts);
        let label = task.label();
        if let Task::Work(work) = task {
            if !again {
                let reason = format!("{attempt} attempts failed: {how}");
                self.known.give_up(work.key(), reason.clone());
                self.given_up.push(GivenUp { key: work.key(), label: label.clone(), reason });
            }
            // What an input was may be gone: look again.
            self.packs.forget();
            self.known.forget_all();
        }
        self.events.on(Event::AttemptFailed { key: worker.key.hex(), label, attempt, reason: how, again });
    }

    fn count(&mut self, work: &Work) {
        *self.executed.entry(work.action().kind.word()).or_default() += 1;
    }

    fn forget_all(&mut self, label: &str) {
        self.known.forget_all();
        self.packs.forget();
        self.events.on(Event::Note { message: format!("{label}: an input is gone or damaged; it is made again") });
    }

    fn tell(&mut self, view: &View) {
        let progress: Vec<StageProgress> = self
            .prepared
            .pipeline
            .stages
            .iter()
            .zip(&view.stages)
            .map(|(stage, seen)| StageProgress {
                stage: stage.name.value.clone(),
                done: seen.slots.iter().filter(|s| s.state != State::Pending).count(),
                known: seen.slots.len(),
                complete: seen.complete,
            })
            .collect();
        if progress != self.told {
            self.told.clone_from(&progress);
            self.events.on(Event::Stages { stages: progress });
        }
    }
}

impl Task {
    fn label(&self) -> String {
        match self {
            Task::Work(work) => work.label(),
            Task::Observation { label, .. } => label.clone(),
        }
    }
}

fn stuck(view: &View) -> String {
    let open: Vec<usize> = view.stages.iter().enumerate().filter(|(_, s)| !s.complete).map(|(i, _)| i).collect();
    format!("stages {open:?} are open and there is no work among {}", view.works.len())
}
