//! How many trials are trained once more, before that is known.

use super::budget::affordable;
use super::engine::Replay;
use crate::document::{Pipeline, Sample, StageId};

/// How many of a search's trials are trained once more.
pub fn asked(pipeline: &Pipeline, index: StageId, sample: &Sample) -> usize {
    sample.replicate.as_ref().map_or(0, |asked| asked.value.min(affordable(pipeline, index, sample)))
}

/// The searches whose trials come through a stage once more: how many, and the search.
pub fn through<'p>(pipeline: &'p Pipeline, replay: &'p Replay, stage: StageId) -> impl Iterator<Item = (usize, StageId)> + 'p {
    let asks = move |index: StageId| {
        let sample = pipeline.stages[index].sample().filter(|s| s.replicate.is_some())?;
        let known = replay.replicas.iter().find(|r| r.sample == index).map(|r| r.of);
        let of = known.unwrap_or_else(|| asked(pipeline, index, sample));
        pipeline.links.way(index).contains(&stage).then_some((of, index))
    };
    (0..pipeline.stages.len()).filter_map(asks)
}
