//! The stages that measured models, as columns for charts.

use super::beside::Beside;
use super::contributed::contributed;
use super::facts::{Axis, Measured, Quantity, Searched, Trial};
use super::random::random_search;
use crate::document::{Metric, Pipeline, Stage, Unit};
use crate::plan::unguided::is_random;
use crate::report::fronts::fronts;
use crate::report::headline::headline;
use crate::report::rows::{Row, distinct};
use crate::run::Prepared;
use crate::run::kept::Kept;
use crate::run::reliability::score;
use crate::space::costs;
use std::collections::{BTreeMap, HashMap};

/// A metric as the page needs it.
pub fn quantity(metric: &Metric) -> Quantity {
    let unit = match metric.unit() {
        Unit::Share => "share",
        Unit::Count => "count",
        Unit::Bytes => "bytes",
        Unit::Milliseconds => "ms",
        Unit::PerSecond => "per-second",
        Unit::Nats | Unit::Number => "number",
    };
    Quantity { name: metric.name(), higher: metric.higher_is_better(), unit, of_network: metric.is_of_network() }
}

/// Every stage that has rows, in the order of the file.
pub fn stages(beside: &Beside) -> Vec<Measured> {
    let pipeline = &beside.prepared.pipeline;
    pipeline.stages.iter().enumerate().filter_map(|(index, stage)| one(beside, index, stage)).collect()
}

fn one(beside: &Beside, index: usize, stage: &Stage) -> Option<Measured> {
    let (pipeline, name) = (&beside.prepared.pipeline, &stage.name.value);
    let rows: Vec<&Row> = beside.rows.iter().filter(|r| r.stage == *name).collect();
    if rows.is_empty() {
        return None;
    }
    let head = headline(pipeline, name);
    let metrics = metrics(&rows, head.as_ref());
    let samples: Vec<&String> = distinct(rows.iter().map(|r| &r.sample));
    let choices = axes(beside.prepared, &rows);
    let trials = trials(&rows, &metrics, &samples, &choices, beside.kept);
    let objectives = pipeline.stages.iter().filter_map(|s| s.sample()?.objective.as_ref()).find(|o| o.stage.value == *name);
    let worth = score(pipeline, beside.replay, index);
    let (importance, importance_note) =
        contributed(&trials, &choices, head.as_ref().and_then(|m| metrics.iter().position(|x| x == m)), &metrics, worth.as_ref());
    Some(Measured {
        name: name.clone(),
        about: about(stage, &rows),
        headline: head.as_ref().and_then(|m| metrics.iter().position(|x| x == m)),
        metrics: metrics.iter().map(quantity).collect(),
        searches: samples.iter().map(|s| searched(beside.prepared, s)).collect(),
        random: head.as_ref().and_then(|metric| random_search(beside, stage, metric)),
        importance,
        importance_note,
        luck: worth.as_ref().is_some_and(|w| w.is_luck()),
        worth: worth.map(|w| w.sentence()),
        fronts: fronts(pipeline, beside.replay, name),
        objectives: objectives.map(|o| o.goals().map(|(metric, _)| metric.value.name()).collect()).unwrap_or_default(),
        rungs: rungs(&rows),
        rows: trials,
        choices,
    })
}

/// Measured metrics, the headline first, then what follows from the network, then what the machine said.
fn metrics(rows: &[&Row], head: Option<&Metric>) -> Vec<Metric> {
    let mut measured: Vec<Metric> = distinct(rows.iter().flat_map(|r| r.metrics.keys())).into_iter().cloned().collect();
    measured.sort_by_key(|m| (Some(m) != head, m.is_of_network()));
    let counted = [costs::FLOPS.metric(), costs::PARAMS.metric()].into_iter().filter(|m| !measured.contains(m)).collect::<Vec<_>>();
    let observed: Vec<Metric> = distinct(rows.iter().flat_map(|r| r.observations.keys())).into_iter().cloned().collect();
    measured.extend(counted);
    let fresh: Vec<Metric> = observed.into_iter().filter(|m| !measured.contains(m)).collect();
    measured.extend(fresh);
    measured
}

fn about(stage: &Stage, rows: &[&Row]) -> String {
    let mut parts = Vec::new();
    if let Some((data, split)) = stage.evaluate().and_then(|e| e.data.as_ref()) {
        parts.push(format!("on `{}` of `{}`", split.value, data.value));
    }
    let epochs: Vec<usize> = rows.iter().filter_map(|r| r.epochs).collect();
    if let (Some(least), Some(most)) = (epochs.iter().min(), epochs.iter().max()) {
        let span = if least == most { format!("{most}") } else { format!("{least} to {most}") };
        parts.push(format!("after {span} {}", if *most == 1 { "epoch" } else { "epochs" }));
    }
    if stage.evaluate().is_some_and(|e| e.table.is_some()) {
        parts.push("looked up in a table".into());
    }
    parts.join(", ")
}

fn searched(prepared: &Prepared, name: &str) -> Searched {
    let pipeline = &prepared.pipeline;
    let stage = pipeline.stages.iter().find(|s| s.name.value == name);
    let Some((stage, sample)) = stage.and_then(|s| Some((s, s.sample()?))) else {
        return Searched { name: name.to_string(), strategy: String::new(), trials: 0, space: String::new(), size: None, random: false };
    };
    let words: Vec<&str> = sample.strategies().map(|(chosen, _)| chosen.name()).collect();
    let space = space_of(pipeline, stage).unwrap_or_default();
    Searched {
        name: name.to_string(),
        strategy: words.join(", then "),
        trials: sample.trials,
        size: prepared.spaces.get(&space).map(|s| s.size()),
        space,
        random: is_random(sample),
    }
}

/// The space that a sample draws from, directly or by its supernet.
pub fn space_of(pipeline: &Pipeline, stage: &Stage) -> Option<String> {
    crate::plan::lead::spaces_of(pipeline, &stage.name.value).into_iter().next()
}

/// The choices of all rows: options as their space has them, else as they are met.
fn axes(prepared: &Prepared, rows: &[&Row]) -> Vec<Axis> {
    let mut axes: Vec<Axis> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut known: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for decision in prepared.spaces.values().flat_map(|s| s.decisions()) {
        let options = known.entry(&decision.label).or_default();
        let fresh: Vec<String> = decision.options.iter().filter(|o| !options.contains(o)).cloned().collect();
        options.extend(fresh);
    }
    let mut met: Vec<std::collections::HashSet<String>> = Vec::new();
    for (label, value) in rows.iter().flat_map(|r| &r.choices) {
        let place = *places.entry(label).or_insert_with(|| {
            axes.push(Axis { label: label.clone(), options: known.get(label.as_str()).cloned().unwrap_or_default(), ordered: false });
            met.push(axes[axes.len() - 1].options.iter().cloned().collect());
            axes.len() - 1
        });
        if met[place].insert(value.clone()) {
            axes[place].options.push(value.clone());
        }
    }
    for axis in &mut axes {
        let numbers: Vec<f64> = axis.options.iter().filter_map(|o| o.parse().ok()).filter(|x: &f64| x.is_finite()).collect();
        if numbers.len() == axis.options.len() && axis.options.len() > 2 {
            axis.ordered = true;
            axis.options.sort_by(|a, b| a.parse::<f64>().unwrap_or(0.0).total_cmp(&b.parse::<f64>().unwrap_or(0.0)));
        }
    }
    axes
}

fn trials(rows: &[&Row], metrics: &[Metric], samples: &[&String], axes: &[Axis], kept: &Kept) -> Vec<Trial> {
    let labels: HashMap<&str, usize> = axes.iter().enumerate().map(|(i, a)| (a.label.as_str(), i)).collect();
    let options: Vec<HashMap<&str, i32>> =
        axes.iter().map(|a| a.options.iter().enumerate().map(|(i, o)| (o.as_str(), i as i32)).collect()).collect();
    let sound = |x: f64| Some(x).filter(|x| x.is_finite());
    let one = |r: &&Row| {
        let mut c = vec![-1; axes.len()];
        for (label, value) in &r.choices {
            if let Some(&at) = labels.get(label.as_str()) {
                c[at] = options[at].get(value.as_str()).copied().unwrap_or(-1);
            }
        }
        let deviations: Vec<Option<f64>> = metrics.iter().map(|m| r.metrics.get(m).and_then(|f| f.deviation()).and_then(sound)).collect();
        let cost = kept.trained.get(&(r.stage.clone(), r.sample.clone(), r.trial, r.epochs));
        let value = |m: &Metric| r.observations.get(m).map_or_else(|| r.value(m), |seen| seen.median);
        Trial {
            model: r.model.clone(),
            s: samples.iter().position(|s| **s == r.sample).unwrap_or(0),
            t: r.trial,
            state: r.state,
            v: metrics.iter().map(|m| sound(value(m))).collect(),
            d: if deviations.iter().any(Option::is_some) { deviations } else { Vec::new() },
            c,
            e: r.epochs,
            it: cost.map(|c| c.0),
            w: cost.and_then(|c| sound(c.1)),
            why: r.reason.clone(),
            a: r.architecture.chars().take(8).collect(),
        }
    };
    rows.iter().map(one).collect()
}

/// Where trials of a search that stops early stand.
fn rungs(rows: &[&Row]) -> Vec<(usize, usize)> {
    if !rows.iter().any(|r| r.state == "stopped") {
        return Vec::new();
    }
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for epochs in rows.iter().filter(|r| ["stopped", "ready"].contains(&r.state)).filter_map(|r| r.epochs) {
        *counts.entry(epochs).or_default() += 1;
    }
    counts.into_iter().collect()
}
