//! Networks of a supernet: where they are sampled from, and their evaluation with shared weights.

use super::super::action::{Action, Kind};
use super::super::engine::{Engine, Known, StageReplay};
use super::super::evaluation::{self, Asked};
use super::super::model::{State, Step, Subnet, Trained};
use super::super::work::{Recalibration, SubnetWork, Work};
use super::evaluate::{Found, Run};
use crate::base::Canon;
use crate::document::Recalibrate;
use crate::results::Outcome;
use crate::space::Space;

/// The supernet that a sample is drawn from.
pub(super) struct Source {
    /// The space.
    pub space: String,
    /// Its training.
    pub trained: Trained,
}

impl<'a> Engine<'a> {
    /// The space that a sample works on, and the supernet where it names one; an error is the replay of a sample that has to
    /// wait for its supernet, or will never have one.
    pub(super) fn sampled(&self, index: usize) -> Result<(&'a Space, Option<Source>), StageReplay> {
        let replay = |complete, notes| StageReplay { slots: Vec::new(), complete, notes };
        let pipeline = self.pipeline;
        let Some(from) = pipeline.stages[index].from.first() else { return Err(replay(true, Vec::new())) };
        if let Some(space) = self.spaces.get(&from.value) {
            return Ok((space, None));
        }
        let supernet = pipeline.links.reads[index].first().and_then(|&i| Some((i, pipeline.supernet(&pipeline.stages[i])?)));
        let Some((stage, node)) = supernet else { return Err(replay(true, Vec::new())) };
        let Some(space) = self.spaces.get(&node.name.value) else { return Err(replay(true, Vec::new())) };
        let Some(slot) = self.supernets.get(&stage) else { return Err(replay(true, Vec::new())) };
        match (&slot.state, &slot.model.trained) {
            (State::Ready, Some(trained)) => Ok((space, Some(Source { space: space.name.clone(), trained: trained.clone() }))),
            (State::Failed(why), _) => Err(replay(true, vec![format!("its supernet `{}` failed: {why}", from.value)])),
            _ => Err(replay(false, Vec::new())),
        }
    }

    /// The detections of a subnet, or its loss, as `read` finds it in the outcome: keyed by supernet, path, images and recalibration, so that whoever meets the path again
    /// in this supernet knows them.
    pub(super) fn subnet<T>(
        &self,
        one: &Run,
        subnet: &Subnet,
        asked: Asked,
        read: impl Fn(&Outcome) -> Option<T>,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
        steps: &mut Vec<Step>,
    ) -> Found<T> {
        let Run { model, run, data, .. } = *one;
        let Some(train) = self.pipeline.stages[subnet.supernet.stage].train() else {
            return Found::Failed("its supernet was not trained".into());
        };
        let Some(network) = self.network(&subnet.space) else { return Found::Failed(format!("no space `{}`", subnet.space)) };
        let (info, split) = match self.images_of(data) {
            Ok(found) => found,
            Err(why) => return Found::Failed(why),
        };
        let mut inputs = vec![("space", network), ("weights", run.weights), ("path", subnet.path), ("split", split.digest)];
        let recalibration = match one.how {
            Some(Recalibrate::Batches { batches, batch, split: name }) => {
                let Some(read) = info.splits.get(&name.value) else { return Found::Failed(format!("no split `{}`", name.value)) };
                inputs.push(("recalibrate", read.digest));
                let batch = batch.unwrap_or(train.recipe.batch).max(1);
                // More than all images would be read twice.
                let batches = (*batches).min(read.images.div_ceil(batch));
                Some(Recalibration { batches, batch, seed: run.seed, data: (data.0.clone(), name.value.clone()) })
            }
            Some(Recalibrate::Off) | None => None,
        };
        let mut config = evaluation::config(asked, info, model.candidate.image_size(), &train.recipe);
        config.push(("recalibrate".to_string(), recalibration.as_ref().map_or(Canon::None, canon)));
        let action = Action {
            kind: if asked == Asked::Loss { Kind::Loss } else { Kind::PredictSubnet },
            config: Canon::Map(config),
            inputs,
            seed: recalibration.as_ref().map(|r| r.seed),
            numerics: Some(self.numerics.clone()),
        };
        let (key, found) = Found::output(&action, read, known, steps);
        if !matches!(found, Found::Pending) {
            return found;
        }
        works.push(Work::Subnet(Box::new(SubnetWork {
            request: self.request(one.index, action, key, Some(model.label()), one.note.clone()),
            candidate: model.candidate.clone(),
            space: subnet.space.clone(),
            sample: subnet.sample.clone(),
            weights: run.weights,
            recalibration,
            bn_eps: train.recipe.bn_eps,
            loss: (asked == Asked::Loss).then_some(train.recipe.loss),
            data: data.clone(),
        })));
        Found::Pending
    }
}

fn canon(r: &Recalibration) -> Canon {
    Canon::map([("batches", r.batches.into()), ("batch", r.batch.into())])
}
