//! Which stages lead to one.

use crate::document::{Pipeline, StageId};
use std::collections::BTreeSet;

/// The supernets among the stages that lead to one.
pub fn supernets(pipeline: &Pipeline, stage: StageId) -> Vec<StageId> {
    leading_to(pipeline, stage).into_iter().filter(|&i| pipeline.supernet(&pipeline.stages[i]).is_some()).collect()
}

/// A stage with all that led to it.
pub fn leading_to(pipeline: &Pipeline, stage: StageId) -> BTreeSet<StageId> {
    pipeline.links.leading_to(stage)
}

/// Whether two spaces are one, or over one another: then they have the places of their layers in common.
pub fn related(pipeline: &Pipeline, a: &str, b: &str) -> bool {
    let root = |name: &str| {
        let mut at = name.to_string();
        for _ in 0..pipeline.spaces.len() {
            let node = pipeline.spaces.iter().find(|s| s.name.value == at);
            match node.and_then(crate::document::SpaceNode::over) {
                Some(over) => at = over.value,
                None => break,
            }
        }
        at
    };
    root(a) == root(b)
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
