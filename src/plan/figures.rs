//! A metric over the seeds of one model: mean and sample deviation.

use serde::{Deserialize, Serialize};

/// One metric of one model, a value for each seed; over folds, for each fold and seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// In the order of the seeds; over folds, those of the first fold first.
    pub values: Vec<f64>,
    /// Over how many folds, each of other images; 1 where all values are of the same images.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub folds: usize,
}

fn one() -> usize {
    1
}

fn is_one(n: &usize) -> bool {
    *n == 1
}

impl Figure {
    /// A figure that no seed changes.
    pub fn exact(value: f64) -> Self {
        Figure::of(vec![value])
    }

    /// Of values over the same images, one a seed.
    pub fn of(values: Vec<f64>) -> Self {
        Figure { values, folds: 1 }
    }

    /// A value for each seed: over folds, the mean of its folds.
    pub fn by_seed(&self) -> Vec<f64> {
        let seeds = self.values.len() / self.folds.max(1);
        if self.folds <= 1 || seeds * self.folds != self.values.len() {
            return self.values.clone();
        }
        let mean = |seed: usize| self.values.iter().skip(seed).step_by(seeds).sum::<f64>() / self.folds as f64;
        (0..seeds).map(mean).collect()
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
        let a = Figure::of(vec![1.0, 2.0, 3.0]);
        assert_eq!((a.mean(), a.deviation()), (2.0, Some(1.0)));
        assert_eq!(Figure::exact(4.0).deviation(), None);
        assert_eq!(pooled([&a, &Figure::of(vec![5.0, 6.0, 7.0])]), Some(1.0));
        // Two models far apart, each with little spread of its own: the distance between them is no spread of seeds.
        let (low, high) = (Figure::of(vec![0.0, 2.0]), Figure::of(vec![10.0, 12.0]));
        assert_eq!(pooled([&low, &high]), Some(libm::sqrt(2.0)));
        assert_eq!(pooled([&Figure::exact(1.0)]), None);
    }

    #[test]
    fn folds_are_no_seeds() {
        // Two folds of two seeds: what the folds differ by is no spread of the seeds.
        let folded = Figure { values: vec![0.0, 0.5, 10.0, 10.5], folds: 2 };
        assert_eq!((folded.mean(), folded.by_seed()), (5.25, vec![5.0, 5.5]));
        assert_eq!(Figure { values: vec![1.0, 3.0, 5.0], folds: 3 }.by_seed(), [3.0]);
        assert_eq!(Figure::of(vec![1.0, 3.0]).by_seed(), [1.0, 3.0]);
        // As it was always written.
        let json = |f: &Figure| serde_json::to_string(f).expect("JSON");
        assert_eq!(json(&Figure::exact(1.0)), r#"{"values":[1.0]}"#);
        assert_eq!(serde_json::from_str::<Figure>(&json(&folded)).expect("a figure"), folded);
    }
}
