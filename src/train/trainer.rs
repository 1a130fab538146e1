//! The training loop: one iteration at a time.

use super::criterion::{Criterion, criterion};
use super::ema;
use super::loss::LossParts;
use super::optimizer::{self, Moments, Rule};
use super::schedule;
use super::state::{LossSums, TrainState};
use super::teacher::Teacher;
use crate::data::{Batch, DataError};
use crate::document::Recipe;
use crate::nn::{Executor, NormOptions, Parameters};
use crate::space::{ParamKind, Program};
use std::fmt;

/// Where batches come from: the same batch for the same address, always.
pub trait Batches: Send {
    /// Batches of an epoch.
    fn per_epoch(&self) -> usize;
    /// Batch `index` of epoch `epoch`, both from 0.
    ///
    /// # Errors
    /// A disk that does not give the images.
    fn batch(&mut self, epoch: usize, index: usize) -> Result<Batch, DataError>;
    /// The same batch with images of this size, for those that have several; they give others by [`batch`](Self::batch).
    ///
    /// # Errors
    /// As [`batch`](Self::batch).
    fn batch_at(&mut self, epoch: usize, index: usize, size: usize) -> Result<Batch, DataError> {
        let _ = size;
        self.batch(epoch, index)
    }
}

/// What an iteration did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// It trained.
    Step(Step),
    /// The loss (of a detector box + obj + cls) or its gradient is not finite, or the loss exceeds the recipe's bound. A result, not an error:
    /// the same candidate diverges here every time. The trainer's state is of no use any more.
    Diverged {
        /// The iteration.
        iteration: u64,
        /// Its loss; may not be finite.
        loss: f64,
    },
}

/// One iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Its number, from 0 over all epochs.
    pub iteration: u64,
    /// Its loss.
    pub loss: LossParts,
    /// Whether the optimiser stepped (else the gradient was kept for a later batch).
    pub stepped: bool,
    /// Whether it was the last of its epoch.
    pub epoch_ended: bool,
}

/// Why a training cannot go on: something is broken, unlike [`Outcome::Diverged`].
#[derive(Clone, Debug, PartialEq)]
pub enum TrainError {
    /// Program, recipe, state or loader do not belong together.
    Unfit(String),
    /// The images cannot be read.
    Data(String),
    /// The loader gave a batch that cannot be right.
    Batch(String),
    /// The executor failed. The state may hold half an iteration.
    Executor(String),
    /// This program is at fault: never a result.
    Internal(String),
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrainError::Unfit(why) => write!(f, "the training cannot start: {why}"),
            TrainError::Data(why) => f.write_str(why),
            TrainError::Batch(why) => write!(f, "a batch is wrong: {why}"),
            TrainError::Internal(why) => write!(f, "a fault of nasflow itself, please report it: {why}"),
            TrainError::Executor(why) => write!(f, "the network cannot be executed: {why}"),
        }
    }
}

impl std::error::Error for TrainError {}

impl From<DataError> for TrainError {
    fn from(e: DataError) -> Self {
        TrainError::Data(e.to_string())
    }
}

/// One training of one network.
pub struct Trainer {
    recipe: Recipe,
    kinds: Vec<ParamKind>,
    /// Numbers of one image.
    image_len: usize,
    criterion: Box<dyn Criterion>,
    teacher: Option<Teacher>,
    loader: Box<dyn Batches>,
    executor: Box<dyn Executor>,
    state: TrainState,
    diverged: Option<(u64, f64)>,
}

impl Trainer {
    /// Goes on from `state`, fresh or read back. How many epochs there will be is the caller's business; the horizon of the
    /// schedule is the recipe's `over`.
    pub fn new(
        program: &Program,
        recipe: &Recipe,
        loader: Box<dyn Batches>,
        executor: Box<dyn Executor>,
        state: TrainState,
    ) -> Result<Self, TrainError> {
        state.fits(program, recipe).map_err(TrainError::Unfit)?;
        let criterion = criterion(program, recipe).map_err(TrainError::Unfit)?;
        if loader.per_epoch() == 0 {
            return Err(TrainError::Unfit("an epoch has no batches".into()));
        }
        let image = program.values[0];
        Ok(Trainer {
            recipe: recipe.clone(),
            kinds: program.params.iter().map(|p| p.kind).collect(),
            image_len: image.h * image.w * image.c,
            criterion,
            teacher: None,
            loader,
            executor,
            state,
            diverged: None,
        })
    }

    /// The same training with a teacher beside the truth.
    #[must_use]
    pub fn taught(mut self, teacher: Teacher) -> Self {
        self.teacher = Some(teacher);
        self
    }

    /// Trains on the next batch; at the end of an epoch gradients that led to no optimiser step are dropped, as upstream does.
    /// After a divergence it says so again.
    pub fn step(&mut self) -> Result<Outcome, TrainError> {
        if let Some((iteration, loss)) = self.diverged {
            return Ok(Outcome::Diverged { iteration, loss });
        }
        let iteration = self.state.iteration;
        let per_epoch = self.loader.per_epoch() as u64;
        let (epoch, index) = (iteration / per_epoch, iteration % per_epoch);
        let batch = self.loader.batch(epoch as usize, index as usize)?;
        let parts = self.forward(&batch)?;
        if !parts.sum().is_finite() || parts.sum() > self.recipe.diverged_above {
            return Ok(self.diverge(iteration, parts.sum()));
        }
        let state = &mut self.state;
        let grads = self.teacher.as_ref().map_or_else(|| self.criterion.grads(), Teacher::grads);
        self.executor.backward(&state.params, grads, &mut state.grads).map_err(TrainError::Executor)?;
        state.accumulated = true;

        let rates = schedule::rates(&self.recipe, per_epoch as usize, iteration);
        let stepped = iteration as i64 - state.last_step >= rates.accumulate as i64;
        if stepped && !self.optimize(iteration, &rates) {
            return Ok(self.diverge(iteration, parts.sum()));
        }
        let state = &mut self.state;
        let epoch_ended = index + 1 == per_epoch;
        if epoch_ended && state.accumulated {
            state.grads.0.iter_mut().for_each(|g| g.fill(0.0));
            state.accumulated = false;
        }
        if index == 0 {
            state.sums = LossSums::default();
        }
        state.sums.add(&parts);
        state.iteration += 1;
        Ok(Outcome::Step(Step { iteration, loss: parts, stepped, epoch_ended }))
    }

    fn forward(&mut self, batch: &Batch) -> Result<LossParts, TrainError> {
        if batch.n == 0 || batch.images.len() != batch.n * self.image_len {
            let (found, each) = (batch.images.len(), self.image_len);
            return Err(TrainError::Batch(format!("{found} numbers for {} images of {each}", batch.n)));
        }
        let norm = NormOptions { eps: self.recipe.bn_eps, momentum: self.recipe.bn_momentum };
        self.executor.forward_train(&mut self.state.params, &batch.images, batch.n, norm).map_err(TrainError::Executor)?;
        let outputs: Vec<&[f32]> = (0..self.criterion.grads().len()).map(|i| self.executor.output(i)).collect();
        let hard = self.criterion.evaluate(&outputs, batch).map_err(TrainError::Batch)?;
        match &mut self.teacher {
            Some(teacher) => teacher.teach(&outputs, batch, hard, self.criterion.grads()).map_err(TrainError::Executor),
            None => Ok(hard),
        }
    }

    /// An optimiser step and the moving average; false where the gradient is not finite.
    fn optimize(&mut self, iteration: u64, rates: &schedule::Rates) -> bool {
        let state = &mut self.state;
        let norm = optimizer::global_norm(&state.grads);
        if !norm.is_finite() {
            return false;
        }
        state.steps += 1;
        let rule = Rule {
            optimizer: self.recipe.optimizer,
            beta2: self.recipe.beta2,
            weight_decay: schedule::weight_decay(&self.recipe),
            clip_norm: self.recipe.clip_norm,
        };
        let moments = Moments { first: &mut state.first, second: state.second.as_mut() };
        let average = state.ema.as_mut().map(|average| (average, ema::decay_at(&self.recipe, state.steps)));
        optimizer::step(&rule, rates, state.steps, &self.kinds, norm, &mut state.params, &mut state.grads, moments, average);
        state.accumulated = false;
        state.last_step = iteration as i64;
        true
    }

    fn diverge(&mut self, iteration: u64, loss: f64) -> Outcome {
        self.diverged = Some((iteration, loss));
        Outcome::Diverged { iteration, loss }
    }

    /// Batches of an epoch.
    pub fn per_epoch(&self) -> usize {
        self.loader.per_epoch()
    }

    /// Mean loss parts of the current epoch so far, or of the one that has just ended; none before the first iteration.
    pub fn epoch_summary(&self) -> Option<LossParts> {
        self.state.sums.mean()
    }

    /// What is evaluated: the moving average where the recipe has one, running statistics included.
    pub fn weights(&self) -> &Parameters {
        self.state.ema.as_ref().unwrap_or(&self.state.params)
    }

    /// The state between iterations, to be written by [`TrainState::to_bytes`].
    pub fn state(&self) -> &TrainState {
        &self.state
    }

    /// The executor's part of the numerics class.
    pub fn class(&self) -> String {
        self.executor.class()
    }
}

impl LossSums {
    pub(super) fn add(&mut self, parts: &LossParts) {
        self.count += 1;
        self.r#box += parts.r#box;
        self.obj += parts.obj;
        self.cls += parts.cls;
        self.total += parts.total;
    }

    /// Mean over the iterations.
    pub fn mean(&self) -> Option<LossParts> {
        let n = self.count as f64;
        let mean = |v: f64| v / n;
        (self.count > 0).then(|| LossParts { r#box: mean(self.r#box), obj: mean(self.obj), cls: mean(self.cls), total: mean(self.total) })
    }
}
