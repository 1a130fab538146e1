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

/// The pooled deviation within several samples, sqrt(Σ (n−1)s² / Σ (n−1)): what the seeds alone make of a metric. None where
/// no sample has a second value.
pub fn pooled<'a>(figures: impl IntoIterator<Item = &'a Figure>) -> Option<f64> {
    let (mut squares, mut freedom) = (0.0, 0);
    for figure in figures {
        if let Some(deviation) = figure.deviation() {
            squares += deviation * deviation * (figure.values.len() - 1) as f64;
            freedom += figure.values.len() - 1;
        }
    }
    (freedom > 0).then(|| libm::sqrt(squares / freedom as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_over_seeds() {
        let a = Figure { values: vec![1.0, 2.0, 3.0] };
        assert_eq!((a.mean(), a.deviation()), (2.0, Some(1.0)));
        assert_eq!(Figure::exact(4.0).deviation(), None);
        assert_eq!(pooled([&a, &Figure { values: vec![5.0, 6.0, 7.0] }]), Some(1.0));
        // Two models far apart, each with little spread of its own: the distance between them is no spread of seeds.
        let (low, high) = (Figure { values: vec![0.0, 2.0] }, Figure { values: vec![10.0, 12.0] });
        assert_eq!(pooled([&low, &high]), Some(libm::sqrt(2.0)));
        assert_eq!(pooled([&Figure::exact(1.0)]), None);
    }
}
