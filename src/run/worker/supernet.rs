//! Trains a supernet.

use super::chain::{Chain, Source, Training};
use super::context::Context;
use super::failure::Failure;
use crate::data::{Loader, Pack};
use crate::run::job::{JobResult, SupernetTrainee, TrainJob, WorkerMessage};
use crate::train::{Batches, LossParts, Outcome, Setup, SupernetState, SupernetTrainer, TrainError, weights_to_bytes};
use std::sync::Arc;

impl Training for SupernetTrainer {
    fn step(&mut self) -> Result<Outcome, TrainError> {
        SupernetTrainer::step(self)
    }
    fn iteration(&self) -> u64 {
        SupernetTrainer::state(self).train.iteration
    }
    fn summary(&self) -> Option<LossParts> {
        self.epoch_summary()
    }
    fn state(&self) -> Result<Vec<u8>, String> {
        SupernetTrainer::state(self).to_bytes(self.setup())
    }
    fn weights(&self) -> Result<Vec<u8>, String> {
        weights_to_bytes(&self.setup().holder, SupernetTrainer::weights(self))
    }
    fn choices(&self) -> Result<Option<Vec<u8>>, String> {
        self.learned().map(|learned| serde_json::to_vec(&learned).map_err(|e| e.to_string())).transpose()
    }
}

/// Trains; returns the result and the iterations of this attempt.
pub fn train(job: &TrainJob, supernet: &SupernetTrainee, context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let attempt = Failure::Attempt;
    let net = supernet.space.supernet().map_err(attempt)?;
    let setup = Arc::new(Setup::new(net, supernet.oneshot.clone(), job.recipe.clone(), job.seed).map_err(attempt)?);
    let pack = Pack::from_bytes(&context.blob(job.pack, "the pack")?).map_err(|e| Failure::Attempt(e.to_string()))?;
    let held = supernet.oneshot.held_out(pack.images.len());
    let kept = pack.images.len() - held;
    let loader = |pack: Pack| {
        let size = supernet.space.input.image_size;
        Loader::new(Arc::new(pack), size, job.recipe.batch, job.recipe.augment, job.seed).map_err(|e| Failure::Attempt(e.to_string()))
    };
    let choices = if held > 0 { Some(loader(pack.part(kept..pack.images.len()))?) } else { None };
    let weights = loader(if held > 0 { pack.part(0..kept) } else { pack })?;
    let per_epoch = weights.iterations_per_epoch();
    if per_epoch != job.per_epoch {
        return Err(Failure::Attempt(format!("the pack gives {per_epoch} iterations an epoch, the plan said {}", job.per_epoch)));
    }
    let read = |bytes: &[u8]| {
        SupernetState::from_bytes(bytes, &setup).ok().map(|s| {
            let at = s.train.iteration;
            (s, at)
        })
    };
    Chain(job).train(context, &read, &mut |state, iterations, context| {
        let state = match state {
            Some(state) => state,
            None => fresh(job, supernet, &setup, context)?,
        };
        let source = Source::new(weights.clone(), iterations.clone());
        let held = choices
            .clone()
            .map(|loader| -> Box<dyn Batches> { Box::new(Source::new(loader, setup.choice_batches(iterations, per_epoch))) });
        let program = setup.net.path(&setup.net.space().reference()).map_err(|e| Failure::Attempt(e.reason))?.program;
        let executor = context.executor(&program, job.recipe.batch)?;
        let trainer = SupernetTrainer::new(setup.clone(), Box::new(source), held, executor, state);
        Ok(Box::new(trainer.map_err(|e| Failure::Attempt(e.to_string()))?))
    })
}

fn fresh(job: &TrainJob, supernet: &SupernetTrainee, setup: &Setup, context: &mut Context) -> Result<SupernetState, Failure> {
    let Some(weights) = job.init else { return SupernetState::fresh(setup).map_err(Failure::Attempt) };
    let bytes = context.blob(weights, "the weights to start from")?;
    let (state, taken) = SupernetState::matching(&bytes, setup).map_err(Failure::Attempt)?;
    let message = format!("init: {taken} of {} tensors from \"{}\"", setup.holder.params.len(), supernet.starts_from);
    (context.say)(&WorkerMessage::Note { message });
    Ok(state)
}
