//! Detects over a pack with trained weights.

use super::super::job::{JobResult, Line, PredictJob};
use super::{Context, Failure};
use crate::data::Pack;
use crate::evaluate::{NmsOptions, Predictions, batches, predict as run};
use crate::nn::{Executor, NormOptions, Parameters};
use crate::plan::evaluation;
use crate::space::Program;
use crate::train::weights_from_bytes;
use std::sync::Arc;

/// Images a batch of inference.
pub const BATCH: usize = 16;

/// Detects; returns the result and the number of images.
pub fn predict(job: &PredictJob, context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let program = job.architecture.program().map_err(Failure::Attempt)?;
    let params = weights_from_bytes(&program, &context.blob(job.weights, "the weights")?).map_err(Failure::Attempt)?;
    let pack = Pack::from_bytes(&context.blob(job.pack, "the pack")?).map_err(|e| Failure::Attempt(e.to_string()))?;
    let pack = Arc::new(pack);
    let mut executor = context.executor(&program, BATCH)?;
    let bytes = over(executor.as_mut(), &program, &params, job.bn_eps, &pack, context)?;
    let predictions = context.blobs.put(&bytes)?;
    Ok((JobResult::Predicted { predictions }, pack.images.len() as u64))
}

/// The detections of a network over a pack, as bytes.
pub fn over(
    executor: &mut dyn Executor,
    program: &Program,
    params: &Parameters,
    bn_eps: f64,
    pack: &Arc<Pack>,
    context: &mut Context,
) -> Result<Vec<u8>, Failure> {
    let norm = NormOptions { eps: bn_eps, momentum: 0.0 };
    let options = NmsOptions {
        confidence: evaluation::CONFIDENCE as f32,
        iou: evaluation::NMS_IOU as f32,
        max_detections: evaluation::MAX_DETECTIONS,
        multi_label: true,
    };
    let of = pack.images.len();
    let mut predictions = Predictions::default();
    for batch in batches(pack, program.values[0].h, BATCH).map_err(Failure::Attempt)? {
        if context.stopped() {
            return Err(Failure::Stopped);
        }
        let found = run(executor, params, program, norm, [batch], options).map_err(Failure::Attempt)?;
        predictions.images.extend(found.images);
        (context.say)(&Line::Images { done: predictions.images.len(), of });
    }
    Ok(predictions.to_bytes())
}
