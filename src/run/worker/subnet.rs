//! Predicts with a network of a supernet: cut out, its batch norm recalibrated, then as any network.

use super::context::Context;
use super::failure::Failure;
use super::predict::result;
use crate::data::Loader;
use crate::document::Augment;
use crate::evaluate::recalibrate;
use crate::nn::Parameters;
use crate::run::job::{JobResult, RecalibrationJob, SubnetJob};
use crate::space::Program;
use crate::train::shared;

/// Predicts; returns the result and the number of images looked at.
pub fn predict(job: &SubnetJob, context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let net = context.memory.net(&context.blobs, job.space)?;
    let path = net.supernet.path(&job.sample).map_err(|e| Failure::Attempt(e.reason))?;
    let mut params = shared::cut(&path, context.memory.shared(&context.blobs, job.weights, &net)?.as_ref()).map_err(Failure::Attempt)?;
    let pack = context.memory.pack(&context.blobs, job.pack)?;
    let mut seen = pack.images.len();
    if let Some(how) = &job.recalibration {
        seen += statistics(how, &path.program, &mut params, job.bn_eps, context)?;
    }
    let result = result(&path.program, &params, job.bn_eps, job.loss.as_ref(), &pack, context)?;
    Ok((result, seen as u64))
}

/// Batch norm's statistics over the first images in training order, as they are, without augmentation.
fn statistics(
    how: &RecalibrationJob,
    program: &Program,
    params: &mut Parameters,
    eps: f64,
    context: &mut Context,
) -> Result<usize, Failure> {
    let pack = context.memory.pack(&context.blobs, how.pack)?;
    let loader = Loader::new(pack, program.values[0].h, how.batch, Augment::NONE, how.seed).map_err(|e| Failure::Attempt(e.to_string()))?;
    let mut executor = context.executor(program, how.batch)?;
    let (mut stopped, mut unread) = (false, None);
    let read = |i| loader.batch(0, i).map_err(|e| unread = Some(e)).ok();
    let batches = (0..how.batches).map_while(read).map(|b| (b.images, b.n)).take_while(|(_, n)| *n > 0);
    let batches = batches.take_while(|_| {
        stopped = context.stopped();
        !stopped
    });
    let seen = recalibrate(executor.as_mut(), params, batches, eps);
    if let Some(e) = unread {
        return Err(Failure::Attempt(e.to_string()));
    }
    if stopped { Err(Failure::Stopped) } else { Ok(seen?) }
}
