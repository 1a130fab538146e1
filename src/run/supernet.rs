//! What workers are given of supernets, and the weights that are cut out of one.

use super::error::RunError;
use super::inline::Computed;
pub use super::job::SpaceSpec;
use super::job::{Epoch, RecalibrationJob, SubnetJob, SupernetJob};
use super::packs::Packs;
use super::prepare::Prepared;
use crate::base::Digest;
use crate::document::OneShot;
use crate::plan::{CutWork, SubnetWork, TrainWork};
use crate::space::Space;
use crate::store::Store;

impl SpaceSpec {
    /// The space of a prepared pipeline.
    pub fn of(name: &str, prepared: &Prepared) -> Result<SpaceSpec, RunError> {
        let missing = || RunError::Stuck(format!("no space `{name}`"));
        let node = prepared.pipeline.spaces.iter().find(|s| s.name.value == name).ok_or_else(missing)?;
        let input = prepared.spaces.get(name).ok_or_else(missing)?.input();
        Ok(SpaceSpec { node: node.clone(), input: input.clone() })
    }

    /// Compiles it, with the findings in words where it does not compile.
    pub fn compile(&self) -> Result<Space, String> {
        match Space::compile(&self.node, &self.input) {
            Ok((space, _)) => Ok(space),
            Err(found) => Err(found.iter().map(|d| d.message.as_str()).collect::<Vec<_>>().join("; ")),
        }
    }
}

/// The job of a supernet's training.
pub fn job(
    work: &TrainWork,
    space: SpaceSpec,
    one_shot: &OneShot,
    pack: Digest,
    curve: Vec<Epoch>,
    checkpoint_seconds: f64,
) -> SupernetJob {
    SupernetJob {
        space,
        one_shot: one_shot.clone(),
        recipe: work.recipe.clone(),
        seed: work.seed,
        init: work.init,
        pack,
        per_epoch: work.per_epoch,
        rungs: work.rungs.iter().map(|r| r.0).collect(),
        resume: work.resume.as_ref().map(|r| (r.iteration, r.state)),
        curve,
        checkpoint_seconds,
    }
}

/// The job of a subnet's evaluation.
pub fn subnet(work: &SubnetWork, packs: &mut Packs, prepared: &Prepared, store: &Store) -> Result<SubnetJob, RunError> {
    let recalibration = match &work.recalibration {
        Some(r) => {
            let pack = packs.ensure(&r.data, prepared, store)?;
            Some(RecalibrationJob { pack, batches: r.batches, batch: r.batch, seed: r.seed })
        }
        None => None,
    };
    Ok(SubnetJob {
        space: SpaceSpec::of(&work.space, prepared)?,
        sample: work.sample.clone(),
        weights: work.weights,
        recalibration,
        bn_eps: work.bn_eps,
        pack: packs.ensure(&work.data, prepared, store)?,
    })
}

/// Cuts a network's weights out of its supernet's.
pub fn cut(work: &CutWork, _prepared: &Prepared, _store: &Store) -> Result<Computed, RunError> {
    Err(RunError::Stuck(format!("{}: not built yet", work.label)))
}
