//! Exponential moving average of everything that inference reads: parameters and running statistics.

use crate::nn::Parameters;

/// Decay at optimiser step `t` (the first is 1): decay · (1 − exp(−t / 2000)).
pub fn decay_at(decay: f64, t: u64) -> f64 {
    decay * (1.0 - libm::exp(-(t as f64) / 2000.0))
}

/// ema = d · ema + (1 − d) · params, element by element, with d of step `t`.
pub fn update(ema: &mut Parameters, params: &Parameters, decay: f64, t: u64) {
    for (ema, params) in ema.0.iter_mut().zip(&params.0) {
        update_one(ema, params, decay_at(decay, t));
    }
}

/// ema = d · ema + (1 − d) · params of one tensor, where `d` is the decay of the step.
pub fn update_one(ema: &mut [f32], params: &[f32], d: f64) {
    let (keep, take) = (d as f32, (1.0 - d) as f32);
    for (e, p) in ema.iter_mut().zip(params) {
        *e = *e * keep + take * *p;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_and_averages() {
        assert!((decay_at(0.9999, 2000) - 0.9999 * (1.0 - (-1.0f64).exp())).abs() < 1e-15);
        assert!((decay_at(0.9999, 1) - 0.000_499_825).abs() < 1e-8);
        let mut ema = Parameters(vec![vec![1.0, 2.0], vec![]]);
        update(&mut ema, &Parameters(vec![vec![3.0, 2.0], vec![]]), 1.0, 2000);
        let d = 1.0 - (-1.0f64).exp();
        assert!((f64::from(ema.0[0][0]) - (d + 3.0 * (1.0 - d))).abs() < 1e-6);
        assert!((ema.0[0][1] - 2.0).abs() < 1e-6);
    }
}
