//! Trains a network.

use super::chain::{Chain, Source, Training};
use super::context::Context;
use super::failure::Failure;
use crate::data::{Loader, Pack};
use crate::nn::Parameters;
use crate::run::job::{JobResult, TeacherJob, TrainJob, WorkerMessage};
use crate::space::{Architecture, Program};
use crate::train::{LossParts, Outcome, Teacher, TrainError, TrainState, Trainer, warm_parameters, weights_from_bytes, weights_to_bytes};
use std::sync::Arc;

struct Network {
    trainer: Trainer,
    program: Program,
}

impl Training for Network {
    fn step(&mut self) -> Result<Outcome, TrainError> {
        self.trainer.step()
    }
    fn iteration(&self) -> u64 {
        self.trainer.state().iteration
    }
    fn summary(&self) -> Option<LossParts> {
        self.trainer.epoch_summary()
    }
    fn state(&self) -> Result<Vec<u8>, String> {
        self.trainer.state().to_bytes(&self.program)
    }
    fn weights(&self) -> Result<Vec<u8>, String> {
        weights_to_bytes(&self.program, self.trainer.weights())
    }
}

/// What is trained on of a pack.
pub(super) fn taken(job: &TrainJob, pack: Pack) -> Pack {
    match job.images {
        Some(images) if images < pack.images.len() => pack.part(0..images),
        _ => pack,
    }
}

/// Trains; returns the result and the iterations of this attempt.
pub fn train(job: &TrainJob, architecture: &Architecture, context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let program = architecture.program().map_err(Failure::Attempt)?;
    let pack = taken(job, context.pack(job.pack)?);
    let size = architecture.input.height;
    let loader =
        Loader::new(Arc::new(pack), size, job.recipe.batch, job.recipe.augment, job.seed).map_err(|e| Failure::Attempt(e.to_string()))?;
    let per_epoch = loader.iterations_per_epoch();
    if per_epoch != job.per_epoch {
        return Err(Failure::Attempt(format!("the pack gives {per_epoch} iterations an epoch, the plan said {}", job.per_epoch)));
    }
    let read = |bytes: &[u8]| {
        TrainState::from_bytes(bytes, &program, &job.recipe).ok().map(|s| {
            let at = s.iteration;
            (s, at)
        })
    };
    Chain(job).train(context, &read, &mut |state, iterations, context| {
        let state = match state {
            Some(state) => state,
            None => fresh(job, &program, context)?,
        };
        let source = Source::new(loader.clone(), iterations);
        let executor = context.executor(&program, job.recipe.batch)?;
        let trainer = Trainer::new(&program, &job.recipe, Box::new(source), executor, state);
        let mut trainer = trainer.map_err(|e| Failure::Attempt(e.to_string()))?;
        if let Some(teacher) = &job.teacher {
            trainer = trainer.taught(self::teacher(teacher, job, &program, context)?);
        }
        Ok(Box::new(Network { trainer, program: program.clone() }))
    })
}

/// Who teaches, with its weights and an executor of its own.
fn teacher(of: &TeacherJob, job: &TrainJob, student: &Program, context: &Context) -> Result<Teacher, Failure> {
    let program = of.architecture.program().map_err(Failure::Attempt)?;
    let params = weights_from_bytes(&program, &context.blob(of.weights, "the teacher's weights")?).map_err(Failure::Attempt)?;
    let executor = context.executor(&program, job.recipe.batch)?;
    Teacher::new((&program, params, executor), of.bn_eps, student, &job.recipe.loss, of.how).map_err(Failure::Attempt)
}

/// The weights that a training starts from, before its first iteration.
pub(super) fn initial(job: &TrainJob, program: &Program, context: &mut Context) -> Result<Parameters, Failure> {
    match (job.init, &job.warm) {
        (Some(weights), Some(warm)) => {
            let bytes = context.blob(weights, "the weights to start from")?;
            warm_parameters(program, job.seed, &bytes, &warm.transfer).map_err(Failure::Attempt)
        }
        (Some(weights), None) => {
            weights_from_bytes(program, &context.blob(weights, "the weights to start from")?).map_err(Failure::Attempt)
        }
        (None, _) => Ok(Parameters::init(program, job.seed)),
    }
}

fn fresh(job: &TrainJob, program: &Program, context: &mut Context) -> Result<TrainState, Failure> {
    if let (Some(weights), Some(warm)) = (job.init, &job.warm) {
        let bytes = context.blob(weights, "the weights to start from")?;
        let params = warm_parameters(program, job.seed, &bytes, &warm.transfer).map_err(Failure::Attempt)?;
        (context.say)(&WorkerMessage::Note { message: format!("init: {}, from \"{}\"", warm.transfer, warm.from) });
        return TrainState::fresh(params, program, &job.recipe).map_err(Failure::Attempt);
    }
    match job.init {
        None => TrainState::fresh(Parameters::init(program, job.seed), program, &job.recipe),
        Some(weights) => TrainState::from_weights(&context.blob(weights, "the weights to start from")?, program, &job.recipe),
    }
    .map_err(Failure::Attempt)
}
