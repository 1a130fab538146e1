//! What a training reads: one split, or over folds each time all of a split but one fold.

use super::super::candidate::Candidate;
use super::super::engine::Engine;
use super::super::model::{Fold, Model, SeedRun, Trained};
use crate::base::Digest;
use crate::document::{Evaluate, Train};
use std::sync::Arc;

/// The images of one training of a model.
pub(super) struct Part {
    /// The fold that it leaves out, and the network with anchors of what is left.
    pub fold: Option<Fold>,
    /// The split that it reads.
    pub split: String,
    /// The digest of that.
    pub digest: Digest,
    /// How many images it has.
    pub images: usize,
}

impl Engine<'_> {
    /// One part where the stage reads a split, one a fold where it reads folds. The error says what is not there.
    pub(super) fn parts(&mut self, index: usize, train: &Train, model: &Model) -> Result<Vec<Part>, String> {
        let missing = |split: &str| format!("no split `{split}`");
        let info = self.data.get(&train.data.value).ok_or_else(|| missing(&train.split.value))?;
        let of = |split: &str| info.splits.get(split).ok_or_else(|| missing(split));
        let whole = of(&train.split.value)?;
        let Some(folds) = self.pipeline.folds(&self.pipeline.stages[index]) else {
            return Ok(vec![Part { fold: None, split: train.split.value.clone(), digest: whole.digest, images: whole.images }]);
        };
        let mut parts = Vec::with_capacity(folds.count.value);
        for fold in 0..folds.count.value {
            let split = folds.without(fold);
            let read = of(&split)?;
            let candidate = &model.candidate;
            let network = candidate.architecture()?;
            let (size, own) = (candidate.image_size(), network.anchors().unwrap_or_default());
            let at_size = |anchors: &[crate::space::AnchorSet]| {
                anchors.iter().find(|a| a.image_size == size && a.levels.len() == own.len()).map(|a| a.levels.clone())
            };
            // Anchors that were found over the whole split know of the boxes of the fold.
            let found = at_size(&whole.anchors).filter(|levels| levels == own).and_then(|_| at_size(&read.anchors));
            let candidate = match found {
                None => candidate.clone(),
                Some(anchors) => {
                    let with = || {
                        let architecture = network.with_anchors(&anchors);
                        Arc::new(Candidate { digest: architecture.digest(), network: architecture.into(), ..(**candidate).clone() })
                    };
                    self.folded.entry((candidate.digest, read.digest)).or_insert_with(with).clone()
                }
            };
            let fold = Some(Fold { index: fold, candidate });
            parts.push(Part { fold, split, digest: read.digest, images: read.images });
        }
        Ok(parts)
    }

    /// The split on which a stage measures a run: the one that it names, or the fold that the run left out.
    pub(super) fn measured_on(&self, index: usize, evaluate: &Evaluate, run: &SeedRun) -> Result<Option<(String, String)>, String> {
        let Some((data, split)) = &evaluate.data else { return Ok(None) };
        let split = match (self.pipeline.folds(&self.pipeline.stages[index]), &run.fold) {
            (None, None) => split.value.clone(),
            (Some(folds), Some(fold)) if fold.index < folds.count.value => folds.held_out(fold.index),
            _ => return Err("it was not trained over these folds".into()),
        };
        Ok(Some((data.value.clone(), split)))
    }
}

/// What tells a run from the others of its model: `, fold 2, seed 1`.
pub(super) fn note(fold: Option<&Fold>, seed: Option<u64>) -> String {
    let fold = fold.map_or(String::new(), |f| format!(", fold {}", f.index + 1));
    fold + &seed.map_or(String::new(), |seed| format!(", seed {seed}"))
}

/// [`note`] of a run.
pub(super) fn run_note(trained: &Trained, run: &SeedRun) -> String {
    let seeds = trained.runs.len() / trained.folds().max(1);
    note(run.fold.as_ref(), (seeds > 1).then_some(run.seed))
}
