//! A metric over the seeds of one model: mean and sample deviation.

use serde::{Deserialize, Serialize};

/// One metric of one model, a value for each seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// In the order of the seeds.
    pub values: Vec<f64>,
}

impl Figure {
    /// A figure that no seed changes.
    pub fn exact(value: f64) -> Self {
        Figure { values: vec![value] }
    }

    /// The mean; NaN where there is no value.
    pub fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }

    /// The sample standard deviation; none for a single value.
    pub fn deviation(&self) -> Option<f64> {
        let n = self.values.len();
        (n > 1).then(|| {
            let mean = self.mean();
            let squares: f64 = self.values.iter().map(|v| (v - mean) * (v - mean)).sum();
            libm::sqrt(squares / (n - 1) as f64)
        })
    }
}

/// The pooled deviation of two samples: sqrt(((n−1)s² + (m−1)t²) / (n + m − 2)); none where neither has a second value.
pub fn pooled(a: &Figure, b: &Figure) -> Option<f64> {
    let squares = |f: &Figure| f.deviation().map_or(0.0, |d| d * d * (f.values.len() - 1) as f64);
    let freedom = (a.values.len() + b.values.len()).saturating_sub(2);
    (a.values.len() > 1 && b.values.len() > 1).then(|| libm::sqrt((squares(a) + squares(b)) / freedom as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_over_seeds() {
        let a = Figure { values: vec![1.0, 2.0, 3.0] };
        assert_eq!((a.mean(), a.deviation()), (2.0, Some(1.0)));
        assert_eq!(Figure::exact(4.0).deviation(), None);
        assert_eq!(pooled(&a, &Figure { values: vec![5.0, 6.0, 7.0] }), Some(1.0));
        assert_eq!(pooled(&a, &Figure::exact(1.0)), None);
    }
}
