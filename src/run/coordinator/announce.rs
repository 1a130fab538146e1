//! What the listener is told: how far stages and run are, and what became of each piece of work.

use crate::base::without_numbers;
use crate::document::Pipeline;
use crate::plan::answer::{Baseline, answered};
use crate::plan::model::Trained;
use crate::plan::{Figure, Replay, State, Work, best, winner};
use crate::run::estimate::rate;
use crate::run::events::{Best, Compared, Event, Events, StageProgress, Subject, Time, Whole};
use crate::run::options::Options;
use crate::run::prepare::Prepared;
use crate::run::reliability::{Progress, score};
use crate::run::todo::{Speed, Todo, expected};
use crate::store::Store;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// How long rates are believed before they are looked up again.
const FRESH: Duration = Duration::from_secs(5);

type Rates = (Option<f64>, Option<f64>, Option<f64>);

/// What was announced already.
pub struct Announced {
    jobs: usize,
    stages: Vec<StageProgress>,
    notes: HashSet<String>,
    /// The stages of whose scores was looked what they are worth.
    scores: HashSet<(usize, Progress)>,
    /// Those that were warned of.
    warned: HashSet<usize>,
    /// When they were looked up, and multiply-adds a second of trainings and of evaluations.
    rates: Option<(Instant, Rates)>,
    alike: HashMap<String, usize>,
}

impl Announced {
    /// Nothing yet, by a run with so many workers.
    pub fn new(jobs: usize) -> Self {
        Announced {
            jobs,
            stages: Vec::new(),
            notes: HashSet::new(),
            scores: HashSet::new(),
            warned: HashSet::new(),
            rates: None,
            alike: HashMap::new(),
        }
    }

    /// How many failures of this kind were announced before. Numbers in a reason (iterations, losses) make no difference.
    pub fn alike(&mut self, reason: &str) -> usize {
        let count = self.alike.entry(without_numbers(reason)).or_default();
        *count += 1;
        *count - 1
    }

    /// Says how far stages and run are, where that has changed, and what a search has to say of its space.
    pub fn announce(&mut self, prepared: &Prepared, store: &Store, replay: &Replay, events: &mut dyn Events) {
        let pipeline = &prepared.pipeline;
        for (stage, seen) in pipeline.stages.iter().zip(&replay.stages) {
            for note in seen.notes.iter().filter(|_| stage.sample().is_some() || stage.train().is_some_and(|t| t.budget.is_some())) {
                let message = format!("{}: {note}", stage.name.value);
                if self.notes.insert(message.clone()) {
                    events.on(Event::Note { message });
                }
            }
        }
        self.warn_of_luck(pipeline, replay, events);
        let stages: Vec<StageProgress> = pipeline
            .stages
            .iter()
            .zip(&replay.stages)
            .map(|(stage, seen)| {
                let known = seen.slots.len();
                let points = stage.evaluate().map_or(1, |e| e.at.len().max(1));
                let of = if seen.complete { known } else { (expected(pipeline, &stage.name.value) * points).max(known) };
                let done = seen.slots.iter().filter(|s| s.state != State::Pending).count();
                StageProgress { stage: stage.name.value.clone(), done, known, of, complete: seen.complete }
            })
            .collect();
        if stages != self.stages {
            self.stages.clone_from(&stages);
            let whole = self.whole(prepared, store, replay, &stages);
            events.on(Event::Stages { stages, whole });
        }
    }

    /// Says of a score that is mostly luck that it is, once, as soon as that is known.
    fn warn_of_luck(&mut self, pipeline: &Pipeline, replay: &Replay, events: &mut dyn Events) {
        for (index, stage) in pipeline.stages.iter().enumerate() {
            let Some(far) = Progress::of(replay, index, stage).map(|far| (index, far)).filter(|far| !self.scores.contains(far)) else {
                continue;
            };
            // Of too few networks nothing is known yet.
            let Some(score) = score(pipeline, replay, index) else { continue };
            self.scores.insert(far);
            if score.is_luck() && !self.warned.contains(&index) {
                self.warned.insert(index);
                events.on(Event::Note { message: format!("{}: {}; {}", score.stage, score.sentence(), score.advice()) });
            }
        }
    }

    fn whole(&mut self, prepared: &Prepared, store: &Store, replay: &Replay, stages: &[StageProgress]) -> Whole {
        let pipeline = &prepared.pipeline;
        let works = |i: &usize| pipeline.stages[*i].train().is_some() || pipeline.stages[*i].evaluate().is_some();
        let counted = || (0..stages.len()).filter(works).map(|i| &stages[i]);
        let rates = match self.rates {
            Some((when, rates)) if when.elapsed() < FRESH => rates,
            _ => {
                let rates = (rate(store, "train-time"), rate(store, "predict-time"), rate(store, "runner-time"));
                self.rates = Some((Instant::now(), rates));
                rates
            }
        };
        Whole {
            done: counted().map(|s| s.done).sum(),
            of: counted().map(|s| s.of).sum(),
            best: best(pipeline, replay).map(|(stage, model, metric, value)| Best {
                stage: stage.to_string(),
                model: model.label(),
                metric: metric.name(),
                value,
            }),
            seconds_left: seconds_left(&Todo::of(prepared, replay, self.jobs), rates),
        }
    }
}

/// Seconds that a run still needs, at what this machine reached before; none where a rate that it takes is not known.
fn seconds_left(todo: &Todo, (train, predict, runner): Rates) -> Option<f64> {
    let part = |load: f64, rate: Option<f64>| if load > 0.0 { Some(load / rate?) } else { Some(0.0) };
    Some(part(todo.training, train)? + part(todo.commanded, runner)? + part(todo.evaluation, predict)?)
}

/// Says how much there is to do, and how long that takes.
pub fn estimate(prepared: &Prepared, store: &Store, replay: &Replay, options: &Options, events: &mut dyn Events) {
    let todo = Todo::of(prepared, replay, options.jobs);
    if !todo.is_nothing() {
        let speed = Speed::of(prepared, Some(store), options.executor);
        events.on(Event::Estimate { todo, time: speed.and_then(|speed| Some(Time { seconds: speed.seconds(&todo)?, speed })) });
    }
}

/// Says what the pipeline ends in.
pub fn answer(pipeline: &Pipeline, replay: &Replay, events: &mut dyn Events) {
    let Some(model) = winner(pipeline, replay) else { return };
    let answered = answered(pipeline, replay);
    let last = pipeline.stages.iter().rfind(|s| s.select().is_some());
    let decided = last.and_then(|s| s.select()?.metric()).or_else(|| best(pipeline, replay).map(|(_, _, metric, _)| metric)).cloned();
    let metric = answered.as_ref().map(|a| a.metric.clone()).or(decided);
    let figure = answered.as_ref().map(|a| a.figure.clone()).or_else(|| model.figures.get(metric.as_ref()?).cloned());
    let weights = |t: &Trained| t.runs.iter().map(|r| r.weights.hex()).collect();
    let compared = |b: &Baseline| Compared {
        name: b.name.clone(),
        value: Some(b.figure.mean()).filter(|v| v.is_finite()),
        difference: Some(b.difference).filter(|d| d.is_finite()),
        low: b.interval().map(|i| i.0),
        high: b.interval().map(|i| i.1),
        verdict: b.verdict.clone(),
    };
    let baselines = answered.iter().flat_map(|a| &a.baselines).map(compared).collect();
    events.on(Event::Answer {
        stage: answered.map(|a| a.name).or(last.map(|s| s.name.value.clone())).unwrap_or_default(),
        model: model.label(),
        architecture: model.candidate.digest.hex(),
        weights: model.trained.as_ref().map(weights).unwrap_or_default(),
        supernet: model.subnet.as_ref().map(|s| weights(&s.supernet)).unwrap_or_default(),
        metric: metric.map(|m| m.name()),
        value: figure.as_ref().map(Figure::mean).filter(|v| v.is_finite()),
        deviation: figure.as_ref().and_then(Figure::deviation),
        baselines,
    });
}

/// What a work is, for the listener.
pub fn subject(work: &Work) -> Subject {
    let request = work.request();
    Subject {
        key: request.key.hex(),
        kind: request.action.kind.word(),
        stage: request.name.clone(),
        model: request.model.clone(),
        label: request.label(),
    }
}

/// What to say of a run that can neither go on nor end, which is a bug.
pub fn stuck(replay: &Replay) -> String {
    let open: Vec<usize> = replay.stages.iter().enumerate().filter(|(_, s)| !s.complete).map(|(i, _)| i).collect();
    format!("stages {open:?} are open and there is no work among {}", replay.works.len())
}

#[cfg(test)]
mod tests {
    use super::Announced;

    #[test]
    fn failures_that_differ_in_numbers_are_alike() {
        let mut announced = Announced::new(1);
        let reasons = [
            "diverged at iteration 3: loss NaN",
            "diverged at iteration 1017: loss NaN",
            "killed (signal 9)",
            "diverged at iteration 9: loss 12.5",
        ];
        assert_eq!(reasons.map(|s| announced.alike(s)), [0, 1, 0, 0]);
    }
}
