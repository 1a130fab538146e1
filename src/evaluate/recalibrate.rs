//! Statistics of batch norm for a network whose weights were trained as part of a supernet: reset, then the mean over batches
//! (PyTorch's `momentum=None`; BigNAS, section 3.5).

use super::EvaluateError;
use crate::nn::{Executor, NormOptions, Parameters};

/// Takes the statistics of these batches: (images, NHWC; how many). Weights stay as they are. Returns the number of images.
///
/// Every batch counts alike. Fails with the first error of the executor, and where there is no batch.
pub fn recalibrate(
    executor: &mut dyn Executor,
    params: &mut Parameters,
    batches: impl IntoIterator<Item = (Vec<f32>, usize)>,
    eps: f64,
) -> Result<usize, EvaluateError> {
    let (mut seen, mut images) = (0usize, 0);
    for (pixels, n) in batches {
        seen += 1;
        // The first batch replaces what was there.
        let norm = NormOptions { eps, momentum: 1.0 / seen as f64 };
        executor.forward_train(params, &pixels, n, norm).map_err(EvaluateError::Executor)?;
        images += n;
    }
    if seen == 0 { Err(EvaluateError::misfit("there are no images to recalibrate batch norm on")) } else { Ok(images) }
}
