//! Measures networks with fresh weights, one after the other.

use super::context::Context;
use super::failure::Failure;
use crate::data::{Batch, Loader};
use crate::document::{Augment, Recipe, Task, recipes};
use crate::evaluate::{self, Untrained};
use crate::run::job::{JobResult, UntrainedJob, UntrainedJobs, UntrainedResult, WorkerMessage};
use crate::space::{Head, Program};
use crate::train::criterion;

/// A batch, and what it is the first of: seed, images, size.
type Kept = Option<((u64, usize, usize), Batch)>;

/// Measures; returns the result and how many networks.
pub fn measure(jobs: &UntrainedJobs, context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let of = jobs.each.len();
    let (mut results, mut kept) = (Vec::with_capacity(of), None);
    for job in &jobs.each {
        if context.stopped() {
            return Err(Failure::Stopped);
        }
        results.push(one(job, jobs, &mut kept, context)?);
        (context.say)(&WorkerMessage::Images { done: results.len(), of });
    }
    Ok((JobResult::Untrained { results }, of as u64))
}

fn one(job: &UntrainedJob, jobs: &UntrainedJobs, kept: &mut Kept, context: &mut Context) -> Result<UntrainedResult, Failure> {
    let program = job.architecture.program().map_err(Failure::Attempt)?;
    let proxy = evaluate::proxy(&job.metric).ok_or_else(|| Failure::Attempt(format!("nothing measures `{}`", job.metric)))?;
    let fed = proxy.fed();
    if fed.reads_images() {
        first_batch(job, jobs, &program, kept, context)?;
    }
    let none = Batch::default();
    let batch = kept.as_ref().filter(|_| fed.reads_images()).map_or(&none, |(_, batch)| batch);
    // A device that cannot be opened is no network's fault.
    let mut broken = None;
    let mut executor = |program: &Program, batch: usize| {
        context.executor(program, batch).map_err(|e| {
            let said = e.to_string();
            broken = Some(e);
            said
        })
    };
    let mut loss = |outputs: &[&[f32]], batch: &Batch| {
        let mut criterion = criterion(&program, &recipe(job, &program))?;
        criterion.evaluate(outputs, batch)?;
        Ok(criterion.grads().to_vec())
    };
    let (noise, eps) = (job.batch, job.bn_eps);
    let mut network = Untrained { program: &program, seed: job.seed, noise, batch, eps, executor: &mut executor, loss: &mut loss };
    let found = proxy.value(&mut network);
    match (found, broken) {
        (_, Some(Failure::Broken(why))) => Err(Failure::Broken(why)),
        (Ok(value), _) => Ok(UntrainedResult { value: Some(value).filter(|v| v.is_finite()), why: None }),
        (Err(why), _) => Ok(UntrainedResult { value: None, why: Some(why) }),
    }
}

/// The first images in the order of a training with this seed, as they are.
fn first_batch(job: &UntrainedJob, jobs: &UntrainedJobs, program: &Program, kept: &mut Kept, context: &mut Context) -> Result<(), Failure> {
    let size = program.values[0].h;
    let wanted = (job.seed, job.batch, size);
    if kept.as_ref().is_some_and(|(known, _)| *known == wanted) {
        return Ok(());
    }
    let pack = jobs.pack.ok_or_else(|| Failure::Attempt(format!("`{}` reads images, and was given none", job.metric)))?;
    let pack = context.memory.pack(&context.blobs, pack)?;
    let told = |e: crate::data::DataError| Failure::Attempt(e.to_string());
    let batch = Loader::new(pack, size, job.batch, Augment::NONE, job.seed).map_err(told)?.batch(0, 0).map_err(told)?;
    *kept = Some((wanted, batch));
    Ok(())
}

/// A recipe with the loss of a job, for the head of its network.
fn recipe(job: &UntrainedJob, program: &Program) -> Recipe {
    let stock = match program.head {
        Head::Classify { .. } => recipes::classify(),
        _ => recipes::yolov5(),
    };
    let task = if matches!(program.head, Head::Classify { .. }) { Task::Classify } else { Task::Detect };
    Recipe { task, loss: job.loss.unwrap_or(stock.loss), ..stock }
}
