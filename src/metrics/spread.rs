//! Mean and spread of repeated measurements.

use serde::{Deserialize, Serialize};

/// Repeated measurements of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Sample standard deviation (divisor n − 1); none for one measurement.
    pub deviation: Option<f64>,
}

impl Spread {
    /// None without measurements. A NaN among them makes the numbers NaN.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mean = mean(values)?;
        Some(Spread { n: values.len(), mean, deviation: sample_deviation(values) })
    }
}

/// The mean, or none of an empty list.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation, in two passes: √(Σ(x − mean)² / (n − 1)); none of fewer than two.
pub fn sample_deviation(values: &[f64]) -> Option<f64> {
    (values.len() > 1).then(|| libm::sqrt(squares(values) / (values.len() - 1) as f64))
}

/// The deviation within groups that share one: √(Σ squares / Σ(n − 1)), and its degrees of freedom.
///
/// Groups of one add nothing; none where no group has two.
pub fn pooled_deviation<G: AsRef<[f64]>>(groups: &[G]) -> Option<(f64, usize)> {
    let freedom: usize = groups.iter().map(|g| g.as_ref().len().saturating_sub(1)).sum();
    let squares: f64 = groups.iter().map(|g| squares(g.as_ref())).sum();
    (freedom > 0).then(|| (libm::sqrt(squares / freedom as f64), freedom))
}

fn squares(values: &[f64]) -> f64 {
    let mean = mean(values).unwrap_or(0.0);
    values.iter().map(|v| (v - mean) * (v - mean)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let spread = Spread::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!((spread.n, spread.mean), (8, 5.0));
        assert!((spread.deviation.unwrap() - libm::sqrt(32.0 / 7.0)).abs() < 1e-12);
        assert_eq!(Spread::of(&[3.0]), Some(Spread { n: 1, mean: 3.0, deviation: None }));
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn pooling_removes_the_differences_between_groups() {
        // Squares 2 and 8 with 2 + 2 degrees of freedom; the single adds nothing.
        let (deviation, freedom) = pooled_deviation(&[vec![1.0, 2.0, 3.0], vec![98.0, 100.0, 102.0], vec![7.0]]).unwrap();
        assert_eq!(freedom, 4);
        assert!((deviation - libm::sqrt(2.5)).abs() < 1e-12);
        assert_eq!(pooled_deviation(&[vec![1.0], vec![2.0]]), None);
    }
}
