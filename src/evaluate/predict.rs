//! Inference over a split: letterboxed batches in, detections in pixels of the original images out.

use super::EvaluateError;
use super::decode::DetectHead;
use super::nms::NmsOptions;
use super::predictions::Predictions;
use crate::base::Digest;
use crate::data::{DataError, EvalBatches, Letterbox, Pack};
use crate::metrics::Detection;
use crate::nn::{Executor, NormOptions, Parameters};
use crate::space::Program;
use rayon::prelude::*;
use std::sync::Arc;

/// Images for inference.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct EvalBatch {
    /// n × h × w × 3, RGB, 0 … 1, at the size of the program's image.
    pub images: Vec<f32>,
    /// Each image's digest and how it lies in its square; its length is n.
    pub places: Vec<(Digest, Letterbox)>,
}

/// A split cut into batches for [`predict`], made as they are asked for. Fails where `size` or `batch` is 0; a batch fails where the
/// disk does not give its images.
pub fn batches(pack: &Arc<Pack>, size: usize, batch: usize) -> Result<impl Iterator<Item = Result<EvalBatch, DataError>>, DataError> {
    let source = EvalBatches::new(pack.clone(), size, batch)?;
    let pack = pack.clone();
    Ok((0..source.len()).map(move |i| {
        let (batch, boxes) = source.batch(i)?;
        let digests = pack.images[source.range(i)].iter().map(|image| image.digest);
        Ok(EvalBatch { images: batch.images, places: digests.zip(boxes).collect() })
    }))
}

/// Runs the network over all batches and suppresses. Detections of an image are in score order.
///
/// The result does not depend on how images are grouped into batches, as far as the executor's does not. Fails with the
/// first error of the executor, and where sizes do not fit the program.
pub fn predict(
    executor: &mut dyn Executor,
    params: &Parameters,
    program: &Program,
    norm: NormOptions,
    batches: impl IntoIterator<Item = EvalBatch>,
    options: NmsOptions,
) -> Result<Predictions, EvaluateError> {
    let head = DetectHead::of(program)?;
    let image = program.values.first().ok_or_else(|| EvaluateError::misfit("the network has no input"))?;
    let pixels = image.h * image.w * image.c;
    let mut all = Predictions::default();
    for batch in batches {
        let n = batch.places.len();
        if batch.images.len() != n * pixels {
            return Err(EvaluateError::misfit(format!("a batch of {n} images has {} values, not {n} × {pixels}", batch.images.len())));
        }
        if batch.places.iter().any(|(_, p)| p.inner_width == 0 || p.inner_height == 0 || !(p.pad_x + p.pad_y).is_finite()) {
            return Err(EvaluateError::misfit("an image has no place in its letterbox"));
        }
        if n == 0 {
            continue;
        }
        executor.forward_eval(params, &batch.images, n, norm).map_err(EvaluateError::Executor)?;
        let outputs: Vec<&[f32]> = (0..head.levels.len()).map(|i| executor.output(i)).collect();
        // Each image on its own, collected in order: threads change nothing.
        let one = |i| image_detections(&head, &outputs, i, n, options);
        let found: Vec<Vec<Detection>> = (0..n).into_par_iter().map(one).collect::<Result<_, _>>()?;
        for ((digest, place), found) in batch.places.iter().zip(found) {
            all.images.push((*digest, found.into_iter().map(|d| original(place, d)).collect()));
        }
    }
    Ok(all)
}

fn original(place: &Letterbox, d: Detection) -> Detection {
    let [x1, y1, x2, y2] = place.to_original([d.x1, d.y1, d.x2, d.y2]);
    Detection { x1, y1, x2, y2, ..d }
}

/// The detections of image `i` of `n`, in network pixels.
fn image_detections(
    head: &DetectHead,
    outputs: &[&[f32]],
    i: usize,
    n: usize,
    options: NmsOptions,
) -> Result<Vec<Detection>, EvaluateError> {
    let mut own = Vec::with_capacity(outputs.len());
    for (level, output) in head.levels.iter().zip(outputs) {
        let size = level.shape.h * level.shape.w * level.shape.c;
        // An executor that keeps buffers for a larger batch may return more.
        if output.len() < n * size {
            return Err(EvaluateError::Executor(format!("the executor returned {} values for {n} images of {size}", output.len())));
        }
        own.push(&output[i * size..(i + 1) * size]);
    }
    head.detect(&own, options)
}

#[cfg(test)]
#[path = "predict_tests.rs"]
mod tests;
