//! `trust`: the networks that two stages both measure, with what each says of them. The correlation is `run`'s to compute.

use super::choose::value_of;
use super::engine::{Replay, StageReplay};
use super::model::{Model, State};
use crate::base::Digest;
use crate::document::{Metric, Pipeline, Trust};
use crate::space::costs;
use std::collections::BTreeMap;

/// The networks that both stages of a `trust` line have measured, in the order of their digests. More is better in `ranked`
/// and `truth`, whatever the metric's side.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired {
    /// The stage whose ranking is in doubt.
    pub ranking: String,
    /// The stage that is taken for the truth.
    pub truth: String,
    /// The metric.
    pub metric: Metric,
    /// The metric that ranks.
    pub using: Metric,
    /// Canonical architectures.
    pub architectures: Vec<Digest>,
    /// What `ranking` says.
    pub ranked: Vec<f64>,
    /// What `truth` says.
    pub true_values: Vec<f64>,
    /// Trainable parameters.
    pub params: Vec<f64>,
    /// FLOPs of one image.
    pub flops: Vec<f64>,
    /// Networks that only one of the two has measured, or that failed in one.
    pub left_out: usize,
    /// Whether nothing more can come.
    pub complete: bool,
}

/// Every `trust` line of the answer, as far as both stages have come.
pub fn paired(pipeline: &Pipeline, replay: &Replay) -> Vec<Paired> {
    let lines = pipeline.answer.iter().flat_map(|a| &a.trust);
    let links = pipeline.links.answer.iter().flat_map(|a| &a.trust);
    lines.zip(links).filter_map(|(line, (ranking, truth))| pair(line, replay.stages.get(*ranking)?, replay.stages.get(*truth)?)).collect()
}

/// Whether the answer rests on a ranking by shared weights that no `trust` line checks.
pub fn unchecked(pipeline: &Pipeline) -> bool {
    let checked = pipeline.answer.as_ref().is_none_or(|a| !a.trust.is_empty());
    !checked && pipeline.stages.iter().any(|s| pipeline.supernet(s).is_some())
}

fn pair(line: &Trust, ranking: &StageReplay, truth: &StageReplay) -> Option<Paired> {
    let by = &line.by.value;
    let (ours, theirs) = (measured(ranking, &line.using.value), measured(truth, by));
    let mut pair = Paired {
        ranking: line.ranking.value.clone(),
        truth: line.truth.value.clone(),
        metric: by.clone(),
        using: line.using.value.clone(),
        architectures: Vec::new(),
        ranked: Vec::new(),
        true_values: Vec::new(),
        params: Vec::new(),
        flops: Vec::new(),
        left_out: 0,
        complete: ranking.complete && truth.complete,
    };
    let all: std::collections::BTreeSet<&Digest> = ours.keys().chain(theirs.keys()).collect();
    for digest in all {
        let both = (ours.get(digest).and_then(Measured::mean), theirs.get(digest).and_then(Measured::mean), theirs.get(digest));
        let (Some(ranked), Some(truth), Some(theirs)) = both else {
            pair.left_out += 1;
            continue;
        };
        pair.architectures.push(*digest);
        pair.ranked.push(ranked);
        pair.true_values.push(truth);
        pair.params.push(value_of(theirs.model, &costs::PARAMS.metric()));
        pair.flops.push(flops(theirs.model));
    }
    Some(pair)
}

/// What a table says comes first, be it of `flops` or of `macs`.
fn flops(model: &Model) -> f64 {
    let (flops, macs) = (costs::FLOPS.metric(), costs::MACS.metric());
    let table = model.figures.get(&macs).filter(|_| !model.figures.contains_key(&flops));
    table.map_or_else(|| value_of(model, &flops), |macs| 2.0 * macs.mean())
}

/// The models of one architecture at a stage.
struct Measured<'v> {
    model: &'v Model,
    values: Vec<f64>,
}

impl Measured<'_> {
    /// The mean over an architecture's models; none where one failed or has no value.
    fn mean(&self) -> Option<f64> {
        let mean = self.values.iter().sum::<f64>() / self.values.len() as f64;
        (!mean.is_nan()).then_some(mean)
    }
}

fn measured<'v>(replay: &'v StageReplay, by: &Metric) -> BTreeMap<Digest, Measured<'v>> {
    let mut all: BTreeMap<Digest, Measured> = BTreeMap::new();
    for slot in &replay.slots {
        // Figures at different epochs say nothing of an order.
        let value = if slot.state == State::Ready && slot.model.reach() == usize::MAX { value_of(&slot.model, by) } else { f64::NAN };
        let value = -by.as_cost(value);
        let model = &slot.model;
        all.entry(model.candidate.digest).or_insert_with(|| Measured { model, values: Vec::new() }).values.push(value);
    }
    all
}
