//! How fast this machine multiplies matrices: what estimates of time start from before anything was trained.

use nasflow_kernels::{Conv2d, Scratch, View, conv2d_forward};
use std::time::{Duration, Instant};

/// How long the measurement lasts, after a product that warms up.
const LASTS: Duration = Duration::from_millis(200);

/// FLOP/s of the kernels' matrix product on all processors together. Takes a quarter of a second.
pub fn matrix_rate() -> f64 {
    const POINTS: usize = 1024;
    const CHANNELS: usize = 256;
    let conv = Conv2d { kernel: (1, 1), stride: (1, 1), padding: (0, 0), dilation: (1, 1), groups: 1 };
    let view = View::dense(1, 1, POINTS, CHANNELS);
    let (x, w) = (vec![0.5f32; view.len()], vec![0.25f32; CHANNELS * CHANNELS]);
    let (mut y, mut scratch) = (vec![0f32; view.len()], Scratch::default());
    conv2d_forward(&conv, &x, view, &w, None, &mut y, view, &mut scratch);
    let (begun, mut products) = (Instant::now(), 0);
    while products == 0 || begun.elapsed() < LASTS {
        conv2d_forward(&conv, &x, view, &w, None, &mut y, view, &mut scratch);
        products += 1;
    }
    let flops = 2 * products * POINTS * CHANNELS * CHANNELS;
    flops as f64 / begun.elapsed().as_secs_f64().max(1e-9)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_machine_has_a_speed() {
        let rate = super::matrix_rate();
        assert!(rate.is_finite() && rate > 1e6, "{rate}");
    }
}
