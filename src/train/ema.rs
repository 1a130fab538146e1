//! Exponential moving average of everything that inference reads: parameters and running statistics.

use crate::document::Recipe;

/// Decay at optimiser step `t` (the first is 1): ema · (1 − exp(−t / ramp)).
pub fn decay_at(recipe: &Recipe, t: u64) -> f64 {
    recipe.ema * (1.0 - libm::exp(-(t as f64) / recipe.ema_ramp))
}

/// ema = d · ema + (1 − d) · params, element by element, where `d` is the decay of the step.
pub fn update(ema: &mut [f32], params: &[f32], d: f64) {
    nasflow_kernels::ema(d as f32, (1.0 - d) as f32, ema, params);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_and_averages() {
        let with = |ema, ema_ramp| Recipe { ema, ema_ramp, ..crate::document::recipes::yolov5() };
        assert!((decay_at(&with(0.9999, 2000.0), 2000) - 0.9999 * (1.0 - (-1.0f64).exp())).abs() < 1e-15);
        assert!((decay_at(&with(0.9999, 2000.0), 1) - 0.000_499_825).abs() < 1e-8);
        assert!((decay_at(&with(0.98, 20.0), 20) - 0.98 * (1.0 - (-1.0f64).exp())).abs() < 1e-15);
        let mut ema = [1.0, 2.0];
        update(&mut ema, &[3.0, 2.0], decay_at(&with(1.0, 2000.0), 2000));
        let d = 1.0 - (-1.0f64).exp();
        assert!((f64::from(ema[0]) - (d + 3.0 * (1.0 - d))).abs() < 1e-6);
        assert!((ema[1] - 2.0).abs() < 1e-6);
    }
}
