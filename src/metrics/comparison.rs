//! Whether one network is better than others: the difference of a metric with its 95 % interval.
//!
//! Three things move such a difference: which images the split happens to hold, the seeds of the trainings, and, where several
//! networks stand for a baseline, which these are. Images are resampled (the same resample for all runs), which gives their part of
//! the variance. Of seeds and networks there are two or three: resampling these would say too little (it takes the variance of n
//! values for (n−1)/n of what it is, and knows nothing of how unsure that is), so their parts are the usual variances of means, and
//! the interval is Student's with the degrees of freedom of Welch and Satterthwaite. Each network's own seeds say how far they lie
//! apart: networks differ too much in that to be pooled. `examples/equal_networks.rs` counts how often equal networks are called better.

use super::bootstrap::interval;
use super::student::quantile;
use crate::base::Random;
use crate::results::Comparison;

/// The metric of every run: those of one network, and those of the networks that it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    /// By seed.
    pub ours: Vec<f64>,
    /// By network, then by seed.
    pub theirs: Vec<Vec<f64>>,
}

/// A part of a variance, and how many degrees of freedom it was found from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Of the difference.
    pub variance: f64,
    /// Degrees of freedom.
    pub freedom: f64,
}

impl Runs {
    /// Ours minus theirs, means of means.
    pub fn difference(&self) -> f64 {
        mean(&self.ours) - mean(&self.theirs.iter().map(|n| mean(n)).collect::<Vec<_>>())
    }

    /// Whether the luck of trainings can be told: both sides have several seeds, or the other side several networks.
    pub fn tested(&self) -> bool {
        self.ours.len() > 1 && (self.theirs.len() > 1 || self.theirs.iter().any(|n| n.len() > 1))
    }

    /// What seeds, and networks where there are several, make of the difference; none where that cannot be told.
    pub fn parts(&self) -> Option<Vec<Part>> {
        if !self.tested() {
            return None;
        }
        let mut parts = vec![of_mean(&self.ours)?];
        let networks = self.theirs.len() as f64;
        let within: Vec<Part> = self.theirs.iter().filter_map(|n| of_mean(n)).map(|p| p.of(networks)).collect();
        let means: Vec<f64> = self.theirs.iter().map(|n| mean(n)).collect();
        match of_mean(&means) {
            // The means differ by their seeds, too. Where they happen to differ by less than seeds alone would make of them, seeds count.
            Some(between) if between.variance >= within.iter().map(|p| p.variance).sum() => parts.push(between),
            _ => parts.extend(within),
        }
        Some(parts)
    }

    /// Seeds and networks drawn anew.
    fn redrawn(&self, random: &mut Random) -> Runs {
        let mut draw = |values: &[f64]| -> Vec<f64> { (0..values.len()).map(|_| values[random.below(values.len())]).collect() };
        let ours = draw(&self.ours);
        let networks: Vec<f64> = draw(&(0..self.theirs.len()).map(|n| n as f64).collect::<Vec<_>>());
        Runs { ours, theirs: networks.into_iter().map(|n| draw(&self.theirs[n as usize])).collect() }
    }
}

impl Part {
    /// Of a mean over so many such.
    fn of(self, count: f64) -> Part {
        Part { variance: self.variance / (count * count), ..self }
    }
}

/// `whole` over the whole split of so many images, `resamples` over resamples of it; of these there may be none.
pub fn compare(whole: &Runs, resamples: &[Runs], images: usize) -> Comparison {
    let difference = whole.difference();
    let over_images: Vec<f64> = resamples.iter().map(Runs::difference).filter(|d| d.is_finite()).collect();
    let image_part = variance(&over_images).map(|variance| Part { variance, freedom: images.saturating_sub(1).max(1) as f64 });
    let interval_over_all = whole.parts().map(|parts| student(difference, &parts, image_part));
    let rounds = if resamples.is_empty() { vec![whole; ALONE] } else { resamples.iter().collect() };
    let redrawn: Vec<f64> = (0u64..)
        .zip(rounds)
        .map(|(round, runs)| runs.redrawn(&mut Random::at(0, "compare-runs", &[round])).difference())
        .filter(|d| d.is_finite())
        .collect();
    let above = redrawn.iter().filter(|d| **d > 0.0).count() as f64 / redrawn.len() as f64;
    Comparison {
        difference,
        interval: interval_over_all.map(|i| (i.0, i.1)),
        freedom: interval_over_all.map(|i| i.2),
        over_images: interval(over_images),
        above: Some(above).filter(|a| a.is_finite()),
        resamples: resamples.len(),
    }
}

/// Draws of seeds and networks where there are no images.
const ALONE: usize = 1000;

/// The 95 % interval around a difference, and the degrees of freedom of what seeds and networks make of it (Welch 1947, Satterthwaite
/// 1946). Images are a part of their own with their own quantile: lent to the few seeds, their many degrees of freedom would make the
/// interval too narrow (simulated: up to 5.8 % of equal networks called better, instead of 4.4 %).
pub fn student(difference: f64, parts: &[Part], images: Option<Part>) -> (f64, f64, f64) {
    let total: f64 = parts.iter().map(|p| p.variance).sum();
    let weighted: f64 = parts.iter().map(|p| p.variance * p.variance / p.freedom).sum();
    let freedom = if weighted > 0.0 { total * total / weighted } else { parts.iter().map(|p| p.freedom).fold(f64::MAX, f64::min) };
    let reach = |part: Part| {
        let t = quantile(0.975, part.freedom);
        t * t * part.variance
    };
    let reach = libm::sqrt(reach(Part { variance: total, freedom }) + images.map_or(0.0, reach));
    (difference - reach, difference + reach, freedom)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The sample variance; none of fewer than two values.
fn variance(values: &[f64]) -> Option<f64> {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (values.len() > 1).then(|| squares / (values.len() - 1) as f64)
}

/// The variance of the mean of these values.
fn of_mean(values: &[f64]) -> Option<Part> {
    Some(Part { variance: variance(values)? / values.len() as f64, freedom: (values.len() - 1) as f64 })
}

#[cfg(test)]
#[path = "comparison_tests.rs"]
mod tests;
