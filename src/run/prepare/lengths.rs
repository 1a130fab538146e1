//! How long a training takes, where that depends on how many images there are (`min-iterations`).

use crate::base::grouped;
use crate::document::{Pipeline, StageKind, Train};
use crate::plan::DataInfo;
use std::collections::BTreeMap;

/// Writes into every training how many epochs it takes; says where they are more than the document has.
pub fn settle(pipeline: &mut Pipeline, infos: &BTreeMap<String, DataInfo>, notes: &mut Vec<String>) {
    let Pipeline { data, stages, .. } = pipeline;
    for stage in stages {
        let StageKind::Train(train) = &mut stage.kind else { continue };
        let Some(images) = infos.get(&train.data.value).and_then(|info| info.splits.get(&train.split.value)) else { continue };
        let set = data.iter().find(|d| d.name.value == train.data.value);
        let folds = train.folds.as_ref().and_then(|folds| set?.folds(&folds.value)).map(|folds| folds.count.value);
        let written = train.epochs;
        // The largest fold is left out, so that no training has fewer iterations.
        let images = folds.map_or(images.images, |count| images.images - images.images.div_ceil(count.max(1)));
        if let Some(epochs) = train.lengthen(images) {
            notes.push(said(&stage.name.value, train, (written, epochs), images));
        }
    }
}

fn said(stage: &str, train: &Train, (written, epochs): (usize, usize), images: usize) -> String {
    let iterations = epochs * train.iterations(train.taken(images), train.largest_batch());
    let (images, iterations) = (grouped(images as u64), grouped(iterations as u64));
    format!("{stage}: {epochs} epochs, not {written}: of {images} images they are {iterations} iterations")
}
