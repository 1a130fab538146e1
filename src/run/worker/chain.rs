//! The loop of every training in a worker: to the last rung, with a checkpoint after every epoch and every few minutes, and
//! from the furthest checkpoint that there is.

use super::context::Context;
use super::failure::Failure;
use crate::base::Digest;
use crate::data::{Batch, DataError, Loader, Prefetch};
use crate::results::Epoch;
use crate::run::job::files::{CHECKPOINT, JOURNAL, read_checkpoint};
use crate::run::job::{Checkpoint, JobResult, Rung, TrainJob, WorkerMessage};
use crate::store::StoreError;
use crate::train::{Batches, LossParts, Outcome, TrainError};
use std::ops::Range;
use std::time::{Duration, Instant};

/// What is trained.
pub trait Training {
    /// One iteration.
    fn step(&mut self) -> Result<Outcome, TrainError>;
    /// Iterations done.
    fn iteration(&self) -> u64;
    /// Mean losses of the epoch that has just ended.
    fn summary(&self) -> Option<LossParts>;
    /// The bytes that it goes on from.
    fn state(&self) -> Result<Vec<u8>, String>;
    /// The bytes that are evaluated.
    fn weights(&self) -> Result<Vec<u8>, String>;
    /// What it has learned of choices.
    fn choices(&self) -> Result<Option<Vec<u8>>, String> {
        Ok(None)
    }
}

/// A state that was read back, and its iterations.
pub type Read<S> = Option<(S, u64)>;

/// Batches of a loader, made ahead on a thread of their own.
pub struct Source {
    loader: Loader,
    prefetch: Prefetch,
}

impl Source {
    /// Those of a range of iterations.
    pub fn new(loader: Loader, iterations: Range<u64>) -> Self {
        Source { prefetch: Prefetch::new(loader.clone(), iterations, 3), loader }
    }
}

impl Batches for Source {
    fn per_epoch(&self) -> usize {
        self.loader.iterations_per_epoch()
    }
    fn batch(&mut self, epoch: usize, index: usize) -> Result<Batch, DataError> {
        let wanted = (epoch * self.loader.iterations_per_epoch() + index) as u64;
        match self.prefetch.next() {
            Some((iteration, batch)) if iteration == wanted => batch,
            // The trainer goes from iteration to iteration; should it ever not, the address decides.
            _ => self.loader.batch(epoch, index),
        }
    }
}

/// The loop over a job's iterations.
pub struct Chain<'a>(pub &'a TrainJob);

impl Chain<'_> {
    /// The iterations asked for.
    fn end(&self) -> u64 {
        (self.0.rungs.last().copied().unwrap_or(0) * self.0.per_epoch) as u64
    }

    /// Trains; returns the result and the iterations of this attempt. `read` reads a state; `make` makes what is trained from
    /// one, or afresh, for a range of iterations.
    pub fn train<S>(
        &self,
        context: &mut Context,
        read: &dyn Fn(&[u8]) -> Read<S>,
        make: &mut dyn FnMut(Option<S>, Range<u64>, &mut Context) -> Result<Box<dyn Training>, Failure>,
    ) -> Result<(JobResult, u64), Failure> {
        let end = self.end();
        let (mut at, state) = self.start(context, read)?;
        let first = at.saved;
        let mut training = make(state, first..end, context)?;
        // Weights that were lost, of which the state is there.
        let here = self.0.rungs.iter().find(|&&epoch| (epoch * self.0.per_epoch) as u64 == first && first > 0);
        if let Some(&epoch) = here.filter(|&&epoch| at.rungs.iter().all(|rung| rung.epoch != epoch)) {
            at.checkpoint(training.as_ref(), context, Some(epoch))?;
        }
        let mut saved = Instant::now();
        let mut told = Instant::now();
        while training.iteration() < end {
            if context.stopped() {
                if training.iteration() > at.saved {
                    at.checkpoint(training.as_ref(), context, None)?;
                }
                return Err(Failure::Stopped);
            }
            let step = match training.step().map_err(|e| Failure::Attempt(e.to_string()))? {
                Outcome::Step(step) => step,
                Outcome::Diverged { iteration, loss } => {
                    let reason = format!("diverged at iteration {iteration}: loss {loss}");
                    return Ok((JobResult::Diverged { iteration, reason, curve: at.curve, rungs: at.rungs }, iteration - first));
                }
            };
            context.attempt.append(JOURNAL, format!("{}\n", step.iteration).as_bytes())?;
            let done = step.iteration + 1;
            if told.elapsed() > Duration::from_millis(200) || done == end {
                (context.say)(&WorkerMessage::Iteration { done, of: end, loss: step.loss.sum() });
                told = Instant::now();
            }
            if step.epoch_ended {
                let epoch = (done / self.0.per_epoch as u64) as usize;
                let mean = training.summary().unwrap_or(step.loss);
                at.curve.push(Epoch { epoch, r#box: mean.r#box, obj: mean.obj, cls: mean.cls });
                let rung = self.0.rungs.contains(&epoch);
                at.checkpoint(training.as_ref(), context, rung.then_some(epoch))?;
                saved = Instant::now();
            } else if saved.elapsed().as_secs_f64() > self.0.checkpoint_seconds {
                at.checkpoint(training.as_ref(), context, None)?;
                saved = Instant::now();
            }
        }
        Ok((JobResult::Trained { rungs: at.rungs, curve: at.curve }, end - first))
    }

    /// The furthest point to start from: the checkpoint of an earlier attempt, else what the store knows, else nothing.
    fn start<S>(&self, context: &mut Context, read: &dyn Fn(&[u8]) -> Read<S>) -> Result<(Position, Option<S>), Failure> {
        let checkpoint = read_checkpoint(&context.attempt)?;
        if let Some(c) = checkpoint {
            // A rung that the checkpoint has passed must have left its weights.
            let mut passed = true;
            for epoch in self.0.rungs.iter().filter(|&&e| (e * self.0.per_epoch) as u64 <= c.iteration) {
                let left = c.rungs.iter().find(|r| r.epoch == *epoch);
                passed = passed && left.map_or(Ok(false), |rung| context.blobs.has(&rung.weights))?;
            }
            let further = self.0.resume.is_none_or(|(iteration, _)| c.iteration >= iteration);
            if passed
                && further
                && let Some((state, saved)) = checkpointed(&c, context)?.and_then(|bytes| read(&bytes))
            {
                let rungs = c.rungs.into_iter().filter(|r| self.0.rungs.contains(&r.epoch)).collect();
                return Ok((Position { curve: c.curve, rungs, saved, file: c.file }, Some(state)));
            }
        }
        if let Some((_, digest)) = self.0.resume
            && let Some((state, saved)) = blob_if_whole(digest, context)?.and_then(|bytes| read(&bytes))
        {
            return Ok((Position { curve: self.0.curve.clone(), rungs: Vec::new(), saved, file: None }, Some(state)));
        }
        Ok((Position { curve: Vec::new(), rungs: Vec::new(), saved: 0, file: None }, None))
    }
}

/// The bytes of a checkpoint's state, where they are there and whole.
fn checkpointed(c: &Checkpoint, context: &Context) -> Result<Option<Vec<u8>>, Failure> {
    match &c.file {
        Some(file) => Ok(context.attempt.read(file)?.filter(|bytes| Digest::of(bytes) == c.state)),
        None => blob_if_whole(c.state, context),
    }
}

/// A blob; none where it is gone or damaged, so that the training starts from further back.
fn blob_if_whole(digest: Digest, context: &Context) -> Result<Option<Vec<u8>>, Failure> {
    match context.blobs.get(&digest) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// Where a training is, as its checkpoint says it.
struct Position {
    curve: Vec<Epoch>,
    rungs: Vec<Rung>,
    /// Iterations at the last checkpoint.
    saved: u64,
    /// The file that holds its state, which goes once the next checkpoint is durable.
    file: Option<String>,
}

impl Position {
    /// Writes a checkpoint. Between rungs its state is a file of the attempt, which nothing else can name, so that it can
    /// go once the next checkpoint is durable; at a rung state and weights are blobs.
    fn checkpoint(&mut self, training: &dyn Training, context: &mut Context, rung: Option<usize>) -> Result<(), Failure> {
        let iteration = training.iteration();
        let bytes = training.state().map_err(Failure::Attempt)?;
        let state = Digest::of(&bytes);
        let file = match rung {
            Some(epoch) => {
                context.blobs.put(&bytes)?;
                let weights = context.blobs.put(&training.weights().map_err(Failure::Attempt)?)?;
                let choices = training.choices().map_err(Failure::Attempt)?;
                let choices = choices.map(|bytes| context.blobs.put(&bytes)).transpose()?;
                self.rungs.retain(|r| r.epoch != epoch);
                self.rungs.push(Rung::new(epoch, weights, state, choices));
                None
            }
            None => {
                let file = format!("state-{iteration}");
                context.attempt.write(&file, &bytes)?;
                Some(file)
            }
        };
        let checkpoint = Checkpoint { iteration, state, file: file.clone(), curve: self.curve.clone(), rungs: self.rungs.clone() };
        let bytes = serde_json::to_vec(&checkpoint).map_err(|e| Failure::Broken(e.to_string()))?;
        context.attempt.write(CHECKPOINT, &bytes)?;
        let before = std::mem::replace(&mut self.file, file);
        if let Some(old) = before.filter(|old| Some(old) != self.file.as_ref()) {
            context.attempt.remove(&old)?;
        }
        self.saved = iteration;
        (context.say)(&WorkerMessage::Checkpoint { iteration });
        Ok(())
    }
}

/// Removes the checkpoint of a training that has ended, state first: without it, the file that names it is of no use.
pub fn forget(context: &Context) -> Result<(), StoreError> {
    let checkpoint = read_checkpoint(&context.attempt)?;
    if let Some(file) = checkpoint.and_then(|c| c.file) {
        context.attempt.remove(&file)?;
    }
    context.attempt.remove(CHECKPOINT)
}
