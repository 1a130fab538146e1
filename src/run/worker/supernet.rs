//! Trains a supernet.

use super::chain::{Chain, Source, Training};
use super::context::Context;
use super::failure::Failure;
use crate::data::{Batch, DataError, Loader, Pack};
use crate::run::job::{JobResult, SupernetTrainee, TrainJob, WorkerMessage};
use crate::train::{Batches, LossParts, Outcome, Setup, SupernetState, SupernetTrainer, TrainError, warm_parameters, weights_to_bytes};
use std::ops::Range;
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
    let (mut weights, mut choices) = (Vec::new(), Vec::new());
    for &(size, blob) in &supernet.packs {
        let pack = context.pack(blob)?;
        let pack = super::training::taken(job, pack);
        let held = supernet.oneshot.held_out(pack.images.len());
        let kept = pack.images.len() - held;
        let loader = |pack: Pack| {
            Loader::new(Arc::new(pack), size, job.recipe.batch, job.recipe.augment, job.seed).map_err(|e| Failure::Attempt(e.to_string()))
        };
        if held > 0 {
            choices.push((size, loader(pack.part(kept..pack.images.len()))?));
        }
        weights.push((size, loader(if held > 0 { pack.part(0..kept) } else { pack })?));
    }
    let per_epoch = weights.first().map_or(0, |(_, loader)| loader.iterations_per_epoch());
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
        let source = batches(&weights, || iterations.clone()).ok_or_else(|| Failure::Attempt("there are no images".into()))?;
        let held = batches(&choices, || setup.choice_batches(iterations.clone(), per_epoch));
        let program = setup.net.path(&setup.net.space().reference()).map_err(|e| Failure::Attempt(e.reason))?.program;
        let executor = context.executor(&program, job.recipe.batch)?;
        let trainer = SupernetTrainer::new(setup.clone(), source, held, executor, state);
        Ok(Box::new(trainer.map_err(|e| Failure::Attempt(e.to_string()))?))
    })
}

/// Batches made ahead where all are of one size; of several sizes, which one is read is known only when it is read. None
/// without loaders.
fn batches(loaders: &[(usize, Loader)], iterations: impl Fn() -> Range<u64>) -> Option<Box<dyn Batches>> {
    match loaders {
        [] => None,
        [(_, loader)] => Some(Box::new(Source::new(loader.clone(), iterations()))),
        several => Some(Box::new(Sized(several.to_vec()))),
    }
}

/// Batches of several sizes, the first of them the usual one.
struct Sized(Vec<(usize, Loader)>);

impl Batches for Sized {
    fn per_epoch(&self) -> usize {
        self.0.first().map_or(0, |(_, loader)| loader.iterations_per_epoch())
    }
    fn batch(&mut self, epoch: usize, index: usize) -> Result<Batch, DataError> {
        self.0.first().map_or_else(|| Ok(Batch::default()), |(_, loader)| loader.batch(epoch, index))
    }
    fn batch_at(&mut self, epoch: usize, index: usize, size: usize) -> Result<Batch, DataError> {
        let found = self.0.iter().find(|(of, _)| *of == size).or(self.0.first());
        found.map_or_else(|| Ok(Batch::default()), |(_, loader)| loader.batch(epoch, index))
    }
}

fn fresh(job: &TrainJob, supernet: &SupernetTrainee, setup: &Setup, context: &mut Context) -> Result<SupernetState, Failure> {
    let Some(weights) = job.init else { return SupernetState::fresh(setup).map_err(Failure::Attempt) };
    let bytes = context.blob(weights, "the weights to start from")?;
    if let Some(warm) = &job.warm {
        let params = warm_parameters(&setup.holder, setup.seed, &bytes, &warm.transfer).map_err(Failure::Attempt)?;
        (context.say)(&WorkerMessage::Note { message: format!("init: {}, from \"{}\"", warm.transfer, warm.from) });
        return SupernetState::of(params, setup).map_err(Failure::Attempt);
    }
    let (state, taken) = SupernetState::matching(&bytes, setup).map_err(Failure::Attempt)?;
    let message = format!("init: {taken} of {} tensors from \"{}\"", setup.holder.params.len(), supernet.starts_from);
    (context.say)(&WorkerMessage::Note { message });
    Ok(state)
}
