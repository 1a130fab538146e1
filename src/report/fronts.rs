//! The lines under the table of a stage that several objectives read: the Pareto front of every search, and its hypervolume.
//!
//! Hypervolumes are shares of one box, so that searches of one stage's objectives can be compared: from the reference point, the worst values
//! that any of them met or what the file says, to the best values that any of them met.

use super::number;
use crate::document::{Metric, Objective, Pipeline, Stage};
use crate::metrics::hypervolume;
use crate::plan::choose::{pareto, value_of};
use crate::plan::{Replay, State};

/// A search among those that are compared.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Front {
    /// The `sample`.
    pub sample: String,
    /// The stage that measured it.
    pub stage: String,
    /// Trials that have a value of every objective.
    pub measured: usize,
    /// How many of them no other of this search dominates.
    pub front: usize,
    /// What they dominate, as a share of the box between `reference` and `best`.
    pub hypervolume: f64,
    /// The objectives in the order of the file.
    pub objectives: Vec<Metric>,
    /// The worst corner of the box.
    pub reference: Vec<f64>,
    /// The best.
    pub best: Vec<f64>,
}

/// What a search's trials have scored, more being better.
struct Scored<'a> {
    sample: &'a str,
    stage: &'a str,
    points: Vec<Vec<f64>>,
}

/// The fronts of a stage that is an objective of several metrics: of the search, and beside it those of other searches of the pipeline by whose
/// trials the same metrics are measured (a random one, say).
pub fn fronts(pipeline: &Pipeline, replay: &Replay, stage: &str) -> Vec<Front> {
    let guided = pipeline.stages.iter().filter_map(|s| s.sample()?.objective.as_ref().filter(|o| !o.also.is_empty()));
    let Some(objective) = guided.into_iter().find(|o| o.stage.value == stage) else { return Vec::new() };
    let goals: Vec<(&Metric, bool)> = objective.goals().map(|(metric, maximize)| (&metric.value, maximize)).collect();
    let mut all: Vec<Scored> = Vec::new();
    // The search itself first.
    let measuring = pipeline.stages.iter().enumerate().filter(|(_, s)| measures(s, &goals));
    let (own, others): (Vec<_>, Vec<_>) = measuring.partition(|(_, s)| s.name.value == stage);
    for (index, at) in own.into_iter().chain(others) {
        for slot in replay.stages.get(index).into_iter().flat_map(|seen| &seen.slots).filter(|s| s.state == State::Ready) {
            let sign = |(metric, maximize): &(&Metric, bool)| value_of(&slot.model, metric) * if *maximize { 1.0 } else { -1.0 };
            let point: Vec<f64> = goals.iter().map(sign).collect();
            if point.iter().any(|x| !x.is_finite()) {
                continue;
            }
            let sample = slot.model.origin.0.as_str();
            match all.iter_mut().find(|s| s.sample == sample) {
                // A search is measured where it is measured first.
                Some(known) if known.stage == at.name.value => known.points.push(point),
                Some(_) => {}
                None => all.push(Scored { sample, stage: &at.name.value, points: vec![point] }),
            }
        }
    }
    shares(objective, &goals, &all)
}

/// An `evaluate` of all these metrics.
fn measures(stage: &Stage, goals: &[(&Metric, bool)]) -> bool {
    stage.evaluate().is_some_and(|e| goals.iter().all(|(goal, _)| e.metrics.iter().any(|m| m.value == **goal)))
}

fn shares(objective: &Objective, goals: &[(&Metric, bool)], all: &[Scored]) -> Vec<Front> {
    let points = || all.iter().flat_map(|s| &s.points);
    let corner = |o: usize, worse: fn(f64, f64) -> f64| points().map(|p| p[o]).reduce(worse).unwrap_or(0.0);
    let signed = |values: &[f64]| values.iter().zip(goals).map(|(x, (_, maximize))| if *maximize { *x } else { 0.0 - x }).collect();
    let worst: Vec<f64> = match objective.reference.as_slice() {
        [] => (0..goals.len()).map(|o| corner(o, f64::min)).collect(),
        stated => signed(stated),
    };
    let best: Vec<f64> = (0..goals.len()).map(|o| corner(o, f64::max)).collect();
    let box_of: f64 = best.iter().zip(&worst).map(|(b, w)| (b - w).max(0.0)).product();
    let front = |scored: &Scored| {
        let costs: Vec<Vec<f64>> = scored.points.iter().map(|p| p.iter().map(|x| -x).collect()).collect();
        let held = pareto(&costs);
        let kept: Vec<Vec<f64>> = held.iter().map(|&i| scored.points[i].clone()).collect();
        Front {
            sample: scored.sample.to_string(),
            stage: scored.stage.to_string(),
            measured: scored.points.len(),
            front: held.len(),
            // Where nothing is better than the reference point, nothing is dominated.
            hypervolume: if box_of > 0.0 { hypervolume(&kept, &worst) / box_of } else { 0.0 },
            objectives: goals.iter().map(|(metric, _)| (*metric).clone()).collect(),
            reference: signed(&worst),
            best: signed(&best),
        }
    };
    all.iter().map(front).collect()
}

/// The lines under the table of a stage; empty where it is no search's by several objectives, or nothing is measured.
pub fn lines(pipeline: &Pipeline, replay: &Replay, stage: &str) -> String {
    let all = fronts(pipeline, replay, stage);
    let Some(first) = all.first() else { return String::new() };
    let corner = |values: &[f64]| {
        let shown = first.objectives.iter().zip(values).map(|(metric, x)| format!("{metric} {}", number::value(metric, *x)));
        shown.collect::<Vec<_>>().join(", ")
    };
    let line = |front: &Front| {
        let on = if front.front == 1 { "1 is".to_string() } else { format!("{} are", number::grouped(front.front as u64)) };
        let trials = number::counted(front.measured, "trial");
        format!("  {}: of {trials} {on} on the Pareto front; hypervolume {}\n", front.sample, crate::base::fixed(front.hypervolume, 3))
    };
    let measured = format!("  hypervolume: the share of the box from {} to {}\n", corner(&first.reference), corner(&first.best));
    all.iter().map(line).collect::<String>() + &measured
}
