//! How good the best of `n` would be, had one drawn `n` of the trials that are known, at random: what a random search of each length finds.
//!
//! Drawn without replacement, so that nothing is assumed beyond the trials that were made; of more than these nothing is said. With the
//! k values ascending, P(best ≤ v_j) = C(j, n) / C(k, n): expectation and quantiles are exact, and no lucky order stands for the whole.

use serde::Serialize;

/// The best of so many.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BestOf {
    /// How many are drawn.
    pub n: usize,
    /// The expectation of the best.
    pub mean: f64,
    /// The 5 per cent point of the best.
    pub low: f64,
    /// The 95 per cent point.
    pub high: f64,
}

/// Lengths at which a curve is worked out, at most: it is smooth.
const POINTS: usize = 100;

/// The curve from a draw of one to a draw of all; more is better. A value that is no number counts as the worst: a trial that failed was
/// paid for, too. Empty where no value is a number.
pub fn best_of(values: &[f64]) -> Vec<BestOf> {
    let Some(worst) = values.iter().copied().filter(|v| v.is_finite()).reduce(f64::min) else { return Vec::new() };
    let mut sorted: Vec<f64> = values.iter().map(|v| if v.is_finite() { *v } else { worst }).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let k = sorted.len();
    let step = k.div_ceil(POINTS);
    (1..=k).filter(|n| n % step == 0 || [1, k].contains(n)).map(|n| of(&sorted, n)).collect()
}

/// Of values in descending order.
fn of(descending: &[f64], n: usize) -> BestOf {
    let k = descending.len();
    let mut best = BestOf { n, mean: 0.0, low: f64::NAN, high: f64::NAN };
    // The probability that the best is this value or less; that it is less follows by C(j−1, n) / C(j, n) = (j − n) / j.
    let mut up_to = 1.0;
    for (rank, value) in descending.iter().enumerate() {
        let j = k - rank;
        let less = if j > n { up_to * (j - n) as f64 / j as f64 } else { 0.0 };
        best.mean += (up_to - less) * value;
        for (point, share) in [(&mut best.low, 0.05), (&mut best.high, 0.95)] {
            if up_to >= share && less < share {
                *point = *value;
            }
        }
        up_to = less;
        if up_to == 0.0 {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    #[test]
    fn small_draws_by_hand() {
        // Of 1, 2, 3 two: {1,2} → 2, {1,3} → 3, {2,3} → 3.
        let curve = best_of(&[2.0, 3.0, 1.0]);
        let means: Vec<f64> = curve.iter().map(|b| b.mean).collect();
        assert!((means[0] - 2.0).abs() < 1e-12 && (means[1] - 8.0 / 3.0).abs() < 1e-12 && (means[2] - 3.0).abs() < 1e-12, "{means:?}");
        assert_eq!((curve[0].low, curve[0].high, curve[2].low, curve[2].high), (1.0, 3.0, 3.0, 3.0));
        // What failed was paid for, and is no better than the worst.
        assert_eq!(best_of(&[f64::NAN, 1.0]).first().map(|b| b.mean), Some(1.0));
        assert!(best_of(&[]).is_empty() && best_of(&[f64::NAN]).is_empty());
    }

    #[test]
    fn it_is_what_draws_give() {
        let values: Vec<f64> = (0..60).map(|i| Random::at(1, "values", &[i]).normal()).collect();
        let exact = best_of(&values);
        for n in [1, 5, 30] {
            let mut drawn: Vec<f64> = (0..4000)
                .map(|round| {
                    let mut order = values.clone();
                    Random::at(2, "order", &[round, n as u64]).shuffle(&mut order);
                    order[..n].iter().copied().fold(f64::NEG_INFINITY, f64::max)
                })
                .collect();
            drawn.sort_by(f64::total_cmp);
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            let found = exact.iter().find(|b| b.n == n).expect("that length");
            assert!((found.mean - mean).abs() < 0.05, "{n}: {found:?} against {mean}");
            assert!((found.low - drawn[200]).abs() < 0.2 && (found.high - drawn[3800]).abs() < 0.2, "{n}: {found:?}");
        }
    }

    #[test]
    fn long_curves_are_thinned_and_keep_their_ends() {
        let values: Vec<f64> = (0..5000).map(f64::from).collect();
        let curve = best_of(&values);
        assert!(curve.len() <= POINTS + 2 && curve[0].n == 1, "{}", curve.len());
        assert_eq!(curve.last().map(|b| (b.n, b.mean)), Some((5000, 4999.0)));
    }
}
