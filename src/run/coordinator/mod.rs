//! The loop of a run: replay, compute what is short, start workers for the rest, listen, publish, replay again.

mod announce;
mod attempts;
mod commands;
mod computing;
mod ended;
mod ending;
mod fits;
mod gather;
mod jobs;
mod left;
mod publish;
mod reasons;
mod searches;
mod share;
mod shared;
mod sound;
mod space;
mod waits;

#[cfg(test)]
mod tests;

use super::elsewhere;
use super::error::RunError;
use super::events::{Event, Events};
use super::inline::Inline;
use super::known::StoreKnown;
use super::launch::{Heard, Launcher, Whose};
use super::live::Live;
use super::observe;
use super::options::{Options, Report, RunEnd};
use super::packs::Waiting;
use super::prepare::Prepared;
use super::recording::Recording;
use crate::plan::{Engine, Replay, Work};
use crate::results::GivenUp;
use crate::store::Store;
use announce::{Announced, subject};
use attempts::{Admitted, Attempts, Left, Purpose};
use jobs::Jobs;
use shared::Shared;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use waits::Waits;

/// Attempts that have ended are taken together for so long, before workers that wait are given new ones.
const TOGETHER: Duration = Duration::from_secs(2);

/// Runs a pipeline to its end, as far as it is not interrupted.
///
/// # Errors
/// What stops the run as a whole; a trial that fails is a result or is counted in the report.
pub fn run(
    prepared: &Prepared,
    store: &Store,
    options: &Options,
    launcher: &mut dyn Launcher,
    events: &mut dyn Events,
) -> Result<Report, RunError> {
    let mut live = Live::new(store, &prepared.pipeline.name, events)?;
    let numerics = options.executor.numerics();
    launcher.begin(&Whose { root: store.root().to_path_buf(), pipeline: prepared.pipeline.name.clone(), token: live.token() })?;
    let recording = Recording::new(prepared, store, numerics, observe::now(), live.token());
    let events: &mut dyn Events = &mut live;
    let engine = prepared.engine(numerics);
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
        launcher,
        events,
        engine,
        known: StoreKnown::new(Some(store)),
        jobs: Jobs::default(),
        inline: Inline::default(),
        attempts: Attempts::default(),
        executed: BTreeMap::new(),
        given_up: Vec::new(),
        begun: Instant::now(),
        stopping: None,
        announced: Announced::new(options.jobs),
        noticed: BTreeSet::new(),
        recording,
        waits: Waits::default(),
        introduced: false,
        weighed: Instant::now(),
        shared: Shared::default(),
        left: Vec::new(),
    }
    .run()
}

struct Coordinator<'a> {
    prepared: &'a Prepared,
    store: &'a Store,
    options: &'a Options,
    launcher: &'a mut dyn Launcher,
    events: &'a mut dyn Events,
    engine: Engine<'a>,
    known: StoreKnown<'a>,
    jobs: Jobs,
    inline: Inline,
    attempts: Attempts,
    executed: BTreeMap<&'static str, usize>,
    given_up: Vec<GivenUp>,
    begun: Instant,
    stopping: Option<RunEnd>,
    announced: Announced,
    /// What the store had to say so far.
    noticed: BTreeSet<String>,
    recording: Recording<'a>,
    waits: Waits,
    /// Whether it was said what is to be done.
    introduced: bool,
    /// When workers' memory was last looked at.
    weighed: Instant,
    shared: Shared,
    /// What attempts have left that is not published yet.
    left: Vec<Left>,
}

impl<'a> Coordinator<'a> {
    fn run(mut self) -> Result<Report, RunError> {
        let driven = loop {
            match self.drive() {
                Err(error) if self.has_waited(&error) => {}
                driven => break driven,
            }
        };
        self.keep_searches(true);
        match driven {
            Ok((replay, ended)) => {
                self.end_sharing(ended)?;
                let report = self.report(replay, ended);
                loop {
                    match self.recording.end(&report, None).map_err(RunError::from) {
                        Ok(()) => return Ok(report),
                        Err(error) if self.due().is_none() && self.has_waited(&error) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => {
                self.wind_down();
                let replay = self.engine.replay(&mut self.known);
                let report = self.report(replay, RunEnd::Interrupted);
                // What ended the run may keep its record from being written, too; it is what has to be said.
                let _ = self.recording.end(&report, Some(error.to_string()));
                Err(error)
            }
        }
    }

    /// Until nothing is left to do, or the run is to end: the last replay, and how it ended.
    fn drive(&mut self) -> Result<(Replay, RunEnd), RunError> {
        loop {
            self.publish_left()?;
            let replay = self.engine.replay(&mut self.known);
            if let Some(error) = self.known.error.take() {
                return Err(error.into());
            }
            if self.fetch(&replay)? {
                continue;
            }
            let first = !std::mem::replace(&mut self.introduced, true);
            self.pass_on_notices();
            self.keep_searches(false);
            self.announced.announce(self.prepared, self.store, &replay, self.events);
            if first && let Some(message) = elsewhere::note(&replay.works, self.store, self.options.executor.numerics())? {
                self.events.on(Event::Note { message });
            }
            if first {
                self.tell_of_strangers(&replay);
                self.launcher.wanted(&replay.works.iter().map(Work::key).collect());
                announce::estimate(self.prepared, self.store, &replay, self.options, self.events);
            }
            if self.stopping.is_none()
                && let Some(why) = self.due()
            {
                self.stop(why);
            }
            if self.stopping.is_none() {
                // To end while computing or decoding: what is left undone is no bug.
                if self.compute(&replay)? || self.due().is_some() {
                    self.keep_record(&replay)?;
                    continue;
                }
                if self.start(&replay)? {
                    continue;
                }
                if self.attempts.len() == 0 {
                    if self.due().is_some() {
                        continue;
                    }
                    if !replay.finished() {
                        return Err(RunError::Stuck(announce::stuck(&replay)));
                    }
                    if let Some(label) = sound::damaged(self.prepared, self.store, &replay)? {
                        self.forget_all(&label);
                        continue;
                    }
                    if !self.measure(&replay)? {
                        announce::answer(&self.prepared.pipeline, &replay, self.events);
                        return Ok((replay, RunEnd::Finished));
                    }
                }
            } else if self.attempts.len() == 0 {
                return Ok((replay, self.stopping.unwrap_or(RunEnd::Interrupted)));
            }
            self.keep_record(&replay)?;
            self.wait()?;
        }
    }

    /// What the store has noticed meanwhile, such as a row that was damaged.
    fn pass_on_notices(&mut self) {
        for message in self.store.notices() {
            if self.noticed.insert(message.clone()) {
                self.events.on(Event::Note { message });
            }
        }
    }

    fn report(&mut self, replay: Replay, ended: RunEnd) -> Report {
        Report { replay, ended, executed: std::mem::take(&mut self.executed), given_up: std::mem::take(&mut self.given_up) }
    }

    /// Starts workers until `jobs` of them run; true where a trial was given up instead, which changes what is to be done.
    fn start(&mut self, replay: &Replay) -> Result<bool, RunError> {
        // What is trained is measured before more is trained: a search hears early how good its proposals are.
        let works = gather::gathered(&replay.works, &self.attempts.keys(), self.options.jobs);
        // What an earlier run has begun elsewhere is taken up before anything new begins.
        let (left, others): (Vec<&Work>, Vec<&Work>) =
            works.iter().map(AsRef::as_ref).partition(|w| self.launcher.left(jobs::lock(w), w.key()));
        let (measured, trained): (Vec<&Work>, Vec<&Work>) = others.into_iter().partition(|w| !matches!(w, Work::Train(_)));
        for work in left.into_iter().chain(measured).chain(trained) {
            if self.attempts.len() >= self.options.jobs || self.due().is_some() {
                break;
            }
            if Inline::takes(work) || self.attempts.holds(jobs::lock(work)) {
                continue;
            }
            match self.attempts.admits(work) {
                Admitted::Now => {}
                Admitted::Later => continue,
                Admitted::Alone => break,
            }
            if let Work::Train(training) = work
                && let Some(why) = fits::too_large(training, self.options)
            {
                self.refuse(work, why);
                return Ok(true);
            }
            let (options, begun) = (self.options, self.begun);
            let mut waiting = Waiting { events: self.events, stop: &|| options.due(begun).is_some() };
            let made = self.jobs.make(work, self.prepared, self.store, self.options, &mut waiting)?;
            let Some((assignment, from)) = made else { continue };
            self.starts(work, replay)?;
            let started = Event::Started { subject: subject(work), attempt: self.attempts.failed(work.key()) + 1, from };
            let purpose = Purpose::Work(work.clone());
            self.attempts.start(self.launcher, self.store, assignment, purpose, self.options.threads)?;
            self.events.on(started);
        }
        Ok(false)
    }

    /// Starts one measurement, alone, with all processors; false where none is wanted.
    fn measure(&mut self, replay: &Replay) -> Result<bool, RunError> {
        let wanted = observe::wanted(&self.prepared.pipeline, replay, self.store, self.options.executor);
        let Some(next) = wanted.into_iter().find(|w| self.attempts.failed(w.key) < self.options.attempts) else {
            return Ok(false);
        };
        let threads = self.options.jobs * self.options.threads;
        let started = Event::Started { subject: next.subject.clone(), attempt: self.attempts.failed(next.key) + 1, from: 0 };
        let purpose = Purpose::Observation { weights: next.weights, metrics: next.metrics, subject: next.subject };
        self.attempts.start(self.launcher, self.store, next.assignment, purpose, threads)?;
        self.events.on(started);
        Ok(true)
    }

    /// Listens until something changes what can be done.
    fn wait(&mut self) -> Result<(), RunError> {
        loop {
            if self.asked() > 1 {
                self.kill_all();
                self.stopping = Some(RunEnd::Interrupted);
                return Ok(());
            }
            if self.stopping.is_none()
                && let Some(why) = self.due()
            {
                self.stop(why);
            }
            self.hold_limits();
            let Some(heard) = self.launcher.listen(Duration::from_millis(100)) else { continue };
            if self.hear(heard)? {
                // What else has ended by now changes what can be done just as well: a replay for each would take longer than all else,
                // and what they have left is made durable together.
                let begun = Instant::now();
                while begun.elapsed() < TOGETHER
                    && let Some(heard) = self.launcher.listen(Duration::ZERO)
                {
                    self.hear(heard)?;
                }
                return Ok(());
            }
        }
    }

    /// Takes note of what was heard; whether an attempt ended.
    fn hear(&mut self, heard: Heard) -> Result<bool, RunError> {
        match heard {
            Heard::Line(id, line) => {
                let event = self.attempts.get(id).and_then(|running| running.hear(line));
                event.into_iter().for_each(|event| self.events.on(event));
                Ok(false)
            }
            Heard::Note(message) => {
                self.events.on(Event::Note { message });
                Ok(false)
            }
            Heard::Ended(id, how) => self.ended(id, how).map(|()| true),
        }
    }

    fn count(&mut self, work: &Work) {
        *self.executed.entry(work.action().kind.word()).or_default() += gather::keys(work).len();
    }

    fn forget_all(&mut self, label: &str) {
        self.known.forget_all();
        self.jobs.forget();
        self.shared.ask_again();
        self.events.on(Event::Note { message: format!("{label}: an input is gone or damaged; it is made again") });
    }
}
