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

/// The spaces that the models of a stage come from.
pub fn spaces_of(pipeline: &Pipeline, name: &str) -> Vec<String> {
    walk(pipeline, name, 0)
}

fn walk(pipeline: &Pipeline, name: &str, depth: usize) -> Vec<String> {
    if pipeline.spaces.iter().any(|s| s.name.value == name) {
        return vec![name.to_string()];
    }
    let from = pipeline.stages.iter().find(|s| s.name.value == name).map_or(&[][..], |s| s.from.as_slice());
    if depth > pipeline.stages.len() {
        return Vec::new();
    }
    let mut spaces: Vec<String> = from.iter().flat_map(|f| walk(pipeline, &f.value, depth + 1)).collect();
    spaces.sort();
    spaces.dedup();
    spaces
}
