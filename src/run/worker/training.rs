//! Trains to the last rung, with a checkpoint after every epoch and every few minutes.

use super::super::job::{Checkpoint, Epoch, JobResult, Line, Rung, TrainJob};
use super::{Context, Failure};
use crate::base::Digest;
use crate::data::{Batch, Loader, Pack, Prefetch};
use crate::nn::Parameters;
use crate::space::Program;
use crate::store::StoreError;
use crate::train::{Batches, Outcome, TrainState, Trainer, weights_to_bytes};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The name of the file that says where to go on.
pub const CHECKPOINT: &str = "checkpoint.json";
/// The name of the file that counts the iterations executed: one line each.
pub const JOURNAL: &str = "iterations";

struct Source {
    loader: Loader,
    prefetch: Prefetch,
}

impl Batches for Source {
    fn per_epoch(&self) -> usize {
        self.loader.iterations_per_epoch()
    }
    fn batch(&mut self, epoch: usize, index: usize) -> Batch {
        let wanted = (epoch * self.loader.iterations_per_epoch() + index) as u64;
        match self.prefetch.next() {
            Some((iteration, batch)) if iteration == wanted => batch,
            // The trainer goes from iteration to iteration; should it ever not, the address decides.
            _ => self.loader.batch(epoch, index),
        }
    }
}

/// Trains; returns the result and the iterations of this attempt.
pub fn train(job: &TrainJob, context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let program = job.architecture.program().map_err(Failure::Attempt)?;
    let pack = Pack::from_bytes(&context.blob(job.pack, "the pack")?).map_err(|e| Failure::Attempt(e.to_string()))?;
    let size = job.architecture.input.height;
    let loader =
        Loader::new(Arc::new(pack), size, job.recipe.batch, job.recipe.augment, job.seed).map_err(|e| Failure::Attempt(e.to_string()))?;
    let per_epoch = loader.iterations_per_epoch();
    if per_epoch != job.per_epoch {
        return Err(Failure::Attempt(format!("the pack gives {per_epoch} iterations an epoch, the plan said {}", job.per_epoch)));
    }
    let end = (job.rungs.last().copied().unwrap_or(0) * per_epoch) as u64;
    let mut at = start(job, &program, context)?;
    let state = match at.state.take() {
        Some(state) => state,
        None => fresh(job, &program, context)?,
    };
    let first = state.iteration;
    let source = Source { prefetch: Prefetch::new(loader.clone(), first..end, 3), loader };
    let executor = context.executor(&program, job.recipe.batch)?;
    let mut trainer =
        Trainer::new(&program, &job.recipe, Box::new(source), executor, state).map_err(|e| Failure::Attempt(e.to_string()))?;
    let mut saved = Instant::now();
    let mut told = Instant::now();
    loop {
        let iteration = trainer.state().iteration;
        if iteration >= end {
            break;
        }
        if context.stopped() {
            if iteration > at.saved {
                at.checkpoint(&trainer, &program, context, None)?;
            }
            return Err(Failure::Stopped);
        }
        let step = match trainer.step().map_err(|e| Failure::Attempt(e.to_string()))? {
            Outcome::Step(step) => step,
            Outcome::Diverged { iteration, loss } => {
                let reason = format!("diverged at iteration {iteration}: loss {loss}");
                return Ok((JobResult::Diverged { iteration, reason, curve: at.curve, rungs: at.rungs }, iteration - first));
            }
        };
        context.attempt.append(JOURNAL, format!("{}\n", step.iteration).as_bytes())?;
        let done = step.iteration + 1;
        if told.elapsed() > Duration::from_millis(200) || done == end {
            (context.say)(&Line::Iteration { done, of: end, loss: step.loss.sum() });
            told = Instant::now();
        }
        if step.epoch_ended {
            let epoch = (done / per_epoch as u64) as usize;
            let mean = trainer.epoch_summary().unwrap_or(step.loss);
            at.curve.push(Epoch { epoch, r#box: mean.r#box, obj: mean.obj, cls: mean.cls });
            let rung = job.rungs.contains(&epoch);
            at.checkpoint(&trainer, &program, context, rung.then_some(epoch))?;
            saved = Instant::now();
        } else if saved.elapsed().as_secs_f64() > job.checkpoint_seconds {
            at.checkpoint(&trainer, &program, context, None)?;
            saved = Instant::now();
        }
    }
    Ok((JobResult::Trained { rungs: at.rungs, curve: at.curve }, end - first))
}

/// Where a training is, as its checkpoint says it.
struct Position {
    state: Option<TrainState>,
    curve: Vec<Epoch>,
    rungs: Vec<Rung>,
    /// Iterations at the last checkpoint.
    saved: u64,
    /// The file that holds its state, which goes once the next checkpoint is durable.
    file: Option<String>,
}

/// The furthest point to start from: the checkpoint of an earlier attempt, else what the store knows, else nothing.
fn start(job: &TrainJob, program: &Program, context: &mut Context) -> Result<Position, Failure> {
    let nothing = Position { state: None, curve: Vec::new(), rungs: Vec::new(), saved: 0, file: None };
    let checkpoint: Option<Checkpoint> = context.attempt.read(CHECKPOINT)?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if let Some(c) = checkpoint {
        // A rung that the checkpoint has passed must have left its weights.
        let rung_done = |epoch: usize| c.rungs.iter().any(|r| r.epoch == epoch && context.blobs.has(&r.weights));
        let passed = job.rungs.iter().filter(|&&e| (e * job.per_epoch) as u64 <= c.iteration).all(|&e| rung_done(e));
        let further = job.resume.is_none_or(|(iteration, _)| c.iteration >= iteration);
        if passed
            && further
            && let Some(state) = read_checkpoint(&c, job, program, context)?
        {
            let rungs = c.rungs.into_iter().filter(|r| job.rungs.contains(&r.epoch)).collect();
            return Ok(Position { saved: state.iteration, state: Some(state), curve: c.curve, rungs, file: c.file });
        }
    }
    if let Some((_, digest)) = job.resume
        && let Some(bytes) = blob_if_whole(digest, context)?
        && let Ok(state) = TrainState::from_bytes(&bytes, program, &job.recipe)
    {
        return Ok(Position { saved: state.iteration, state: Some(state), curve: job.curve.clone(), ..nothing });
    }
    Ok(nothing)
}

fn read_checkpoint(c: &Checkpoint, job: &TrainJob, program: &Program, context: &Context) -> Result<Option<TrainState>, Failure> {
    let bytes = match &c.file {
        Some(file) => context.attempt.read(file)?.filter(|bytes| Digest::of(bytes) == c.state),
        None => blob_if_whole(c.state, context)?,
    };
    Ok(bytes.and_then(|b| TrainState::from_bytes(&b, program, &job.recipe).ok()))
}

/// A blob; none where it is gone or damaged, so that the training starts from further back.
fn blob_if_whole(digest: Digest, context: &Context) -> Result<Option<Vec<u8>>, Failure> {
    match context.blobs.get(&digest) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

fn fresh(job: &TrainJob, program: &Program, context: &Context) -> Result<TrainState, Failure> {
    match job.init {
        None => TrainState::fresh(Parameters::init(program, job.seed), program, &job.recipe),
        Some(weights) => TrainState::from_weights(&context.blob(weights, "the weights to start from")?, program, &job.recipe),
    }
    .map_err(Failure::Attempt)
}

impl Position {
    /// Writes a checkpoint. Between rungs its state is a file of the attempt, which nothing else can name, so that it can
    /// go once the next checkpoint is durable; at a rung state and weights are blobs.
    fn checkpoint(&mut self, trainer: &Trainer, program: &Program, context: &mut Context, rung: Option<usize>) -> Result<(), Failure> {
        let iteration = trainer.state().iteration;
        let bytes = trainer.state().to_bytes(program).map_err(Failure::Attempt)?;
        let state = Digest::of(&bytes);
        let file = match rung {
            Some(epoch) => {
                context.blobs.put(&bytes)?;
                let weights = weights_to_bytes(program, trainer.weights()).map_err(Failure::Attempt)?;
                let weights = context.blobs.put(&weights)?;
                self.rungs.retain(|r| r.epoch != epoch);
                self.rungs.push(Rung { epoch, weights, state, choices: None });
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
        (context.say)(&Line::Checkpoint { iteration });
        Ok(())
    }
}

/// Removes the checkpoint of a training that has ended, state first: without it, the file that names it is of no use.
pub fn forget(context: &Context) -> Result<(), StoreError> {
    let checkpoint: Option<Checkpoint> = context.attempt.read(CHECKPOINT)?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if let Some(file) = checkpoint.and_then(|c| c.file) {
        context.attempt.remove(&file)?;
    }
    context.attempt.remove(CHECKPOINT)
}
