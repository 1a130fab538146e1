//! What trained weights say of a pack: boxes or logits, or their loss.

use super::context::Context;
use super::failure::Failure;
use crate::data::Pack;
use crate::document::LossGains;
use crate::evaluate::{NmsOptions, Predictions, batches, logits, predict as run};
use crate::nn::NormOptions;
use crate::nn::Parameters;
use crate::plan::evaluation;
use crate::run::job::{JobResult, PredictJob, WorkerMessage};
use crate::space::{Head, Program};
use crate::train::{split_loss, weights_from_bytes};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Images a batch of detection.
const BATCH: usize = 16;
/// Images a batch of classification: they are small.
const CLASSIFY_BATCH: usize = 128;

/// Predicts; returns the result and the number of images.
pub fn predict(job: &PredictJob, context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let program = job.architecture.program().map_err(Failure::Attempt)?;
    let params = weights_from_bytes(&program, &context.blob(job.weights, "the weights")?).map_err(Failure::Attempt)?;
    let pack = Arc::new(context.pack(job.pack)?);
    let result = result(&program, &params, job.bn_eps, job.loss.as_ref(), &pack, context)?;
    Ok((result, pack.images.len() as u64))
}

/// What a network says of a pack; with gains, its loss.
pub fn result(
    program: &Program,
    params: &Parameters,
    bn_eps: f64,
    gains: Option<&LossGains>,
    pack: &Arc<Pack>,
    context: &mut Context,
) -> Result<JobResult, Failure> {
    if let Some(gains) = gains {
        let value = loss(program, params, bn_eps, gains, pack, context)?;
        return Ok(JobResult::Loss { value: Some(value).filter(|v| v.is_finite()) });
    }
    let bytes = over(program, params, bn_eps, pack, context)?;
    Ok(JobResult::Predicted { predictions: context.blobs.put(&bytes)? })
}

fn loss(
    program: &Program,
    params: &Parameters,
    bn_eps: f64,
    gains: &LossGains,
    pack: &Arc<Pack>,
    context: &mut Context,
) -> Result<f64, Failure> {
    let mut executor = context.executor(program, BATCH)?;
    let norm = NormOptions { eps: bn_eps, momentum: 0.0 };
    let (of, stop, say) = (pack.images.len(), context.stop.clone(), &mut context.say);
    let seen = |done: usize| {
        say(&WorkerMessage::Images { done, of });
        !stop.load(Ordering::Relaxed)
    };
    let found = split_loss(executor.as_mut(), params, program, norm, gains, pack, BATCH, seen).map_err(Failure::Attempt)?;
    found.ok_or(Failure::Stopped)
}

/// What a network says of a pack, as bytes.
fn over(program: &Program, params: &Parameters, bn_eps: f64, pack: &Arc<Pack>, context: &mut Context) -> Result<Vec<u8>, Failure> {
    match program.head {
        Head::Classify { .. } => classify(program, params, bn_eps, pack, context),
        _ => detect(program, params, bn_eps, pack, context),
    }
}

fn classify(program: &Program, params: &Parameters, bn_eps: f64, pack: &Pack, context: &mut Context) -> Result<Vec<u8>, Failure> {
    let mut executor = context.executor(program, CLASSIFY_BATCH)?;
    let (norm, of) = (NormOptions { eps: bn_eps, momentum: 0.0 }, pack.images.len());
    let (stop, say) = (context.stop.clone(), &mut context.say);
    let seen = |done: usize| {
        say(&WorkerMessage::Images { done, of });
        !stop.load(Ordering::Relaxed)
    };
    let found = logits(executor.as_mut(), params, program, norm, pack, CLASSIFY_BATCH, seen)?;
    found.map(|f| f.to_bytes()).ok_or(Failure::Stopped)
}

fn detect(program: &Program, params: &Parameters, bn_eps: f64, pack: &Arc<Pack>, context: &mut Context) -> Result<Vec<u8>, Failure> {
    let mut executor = context.executor(program, BATCH)?;
    let norm = NormOptions { eps: bn_eps, momentum: 0.0 };
    let options = NmsOptions {
        confidence: evaluation::CONFIDENCE as f32,
        iou: evaluation::NMS_IOU as f32,
        max_detections: evaluation::MAX_DETECTIONS,
        multi_label: true,
    };
    let of = pack.images.len();
    let mut predictions = Predictions::default();
    for batch in batches(pack, program.values[0].h, BATCH).map_err(|e| Failure::Attempt(e.to_string()))? {
        if context.stopped() {
            return Err(Failure::Stopped);
        }
        let batch = batch.map_err(|e| Failure::Attempt(e.to_string()))?;
        let found = run(executor.as_mut(), params, program, norm, [batch], options)?;
        predictions.images.extend(found.images);
        (context.say)(&WorkerMessage::Images { done: predictions.images.len(), of });
    }
    Ok(predictions.to_bytes())
}
