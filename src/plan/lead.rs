//! Which stages lead to one.

use crate::document::{Init, Pipeline, StageKind};
use std::collections::BTreeSet;

/// The index of a stage.
pub fn position(pipeline: &Pipeline, name: &str) -> Option<usize> {
    pipeline.stages.iter().position(|s| s.name.value == name)
}

/// The supernets among the stages that lead to one.
pub fn supernets(pipeline: &Pipeline, stage: usize) -> Vec<usize> {
    leading_to(pipeline, stage).into_iter().filter(|&i| pipeline.supernet(&pipeline.stages[i]).is_some()).collect()
}

/// A stage with all that led to it: what it reads, what told its searches how good their proposals were, and the supernets
/// that others started from.
pub fn leading_to(pipeline: &Pipeline, stage: usize) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    let mut open = vec![stage];
    while let Some(index) = open.pop() {
        if !all.insert(index) {
            continue;
        }
        let stage = &pipeline.stages[index];
        let mut names: Vec<&str> = stage.from.iter().map(|f| f.value.as_str()).collect();
        match &stage.kind {
            StageKind::Sample(sample) => names.extend(sample.objective.iter().map(|o| o.stage.value.as_str())),
            StageKind::Train(train) => {
                if let Init::From(other) = &train.init {
                    names.push(&other.value);
                }
            }
            _ => {}
        }
        open.extend(names.into_iter().filter_map(|name| position(pipeline, name)));
    }
    all
}
