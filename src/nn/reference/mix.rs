//! Mixtures of several values.

use candle_core::{Error, Result, Tensor};

/// Σ weights[picks[j]] · xs[j], weights as [options].
pub(super) fn mix(xs: &[&Tensor], weights: &Tensor, picks: &[usize]) -> Result<Tensor> {
    let mut sum: Option<Tensor> = None;
    for (x, &pick) in xs.iter().zip(picks) {
        let term = x.broadcast_mul(&weights.narrow(0, pick, 1)?.reshape((1, 1, 1, 1))?)?;
        sum = Some(match sum {
            Some(sum) => (sum + term)?,
            None => term,
        });
    }
    sum.ok_or_else(|| Error::Msg("a mixture of nothing".into()))
}
