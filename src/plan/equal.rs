//! A random search at equal cost, beside the ranking that a `trust` line checks: what would the images that the supernet's training
//! read have given, had networks been trained alone with them?

use super::lead::{leading_to, supernets};
use super::trust::Paired;
use crate::document::{Pipeline, Train};
use serde::Serialize;

/// A random search among the networks that both stages measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Equal {
    /// How many networks could have been trained as the truth was, for the images that the ranking's training read; not below 1.
    pub trainings: usize,
    /// How many of them were drawn: no more than were measured.
    pub drawn: usize,
    /// The truth's figure for the best of so many, drawn without replacement: its expectation.
    pub random: f64,
    /// The truth's figure for the network that the ranking puts first; the mean, where several share that place.
    pub first: f64,
}

/// None where the truth was not trained here, where no supernet leads to the ranking, or where the two read other images.
pub fn equal(pipeline: &Pipeline, paired: &Paired) -> Option<Equal> {
    let ranking = pipeline.stage(&paired.ranking)?;
    let trained = |index: usize| pipeline.stages[index].train();
    let shared: Vec<&Train> = supernets(pipeline, ranking).into_iter().filter_map(trained).collect();
    let truth = pipeline.stage(&paired.truth)?;
    let alone: Vec<&Train> =
        leading_to(pipeline, truth).into_iter().filter(|&i| pipeline.supernet(&pipeline.stages[i]).is_none()).filter_map(trained).collect();
    let (Some(first), false) = (shared.first(), alone.is_empty()) else { return None };
    let images = |train: &&Train| {
        let same = train.data.value == first.data.value && train.split.value == first.split.value && train.images == first.images;
        (same && train.folds.is_none()).then_some(train.epochs * train.seeds)
    };
    let spent = |trainings: &[&Train]| trainings.iter().map(images).sum::<Option<usize>>();
    let trainings = (spent(&shared)? / spent(&alone)?.max(1)).max(1);
    among(&paired.ranked, &paired.true_values, trainings, paired.metric.higher_is_better())
}

/// Over figures of which more is better; the result is on the metric's own side.
fn among(ranked: &[f64], truth: &[f64], trainings: usize, higher_is_better: bool) -> Option<Equal> {
    let best = ranked.iter().copied().reduce(f64::max)?;
    let firsts: Vec<f64> = ranked.iter().zip(truth).filter(|(r, _)| **r == best).map(|(_, t)| *t).collect();
    let mut sorted = truth.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (n, drawn) = (sorted.len(), trainings.min(sorted.len()));
    // The i-th best is the best of k drawn with probability C(n − i, k − 1) ÷ C(n, k).
    let mut probability = drawn as f64 / n as f64;
    let mut random = 0.0;
    for (i, value) in sorted.iter().enumerate() {
        random += probability * value;
        let left = (n - 1 - i) as f64;
        probability *= if left > 0.0 { (left - drawn as f64 + 1.0).max(0.0) / left } else { 0.0 };
    }
    let side = if higher_is_better { 1.0 } else { -1.0 };
    let first = side * firsts.iter().sum::<f64>() / firsts.len() as f64;
    Some(Equal { trainings, drawn, random: side * random, first })
}

#[cfg(test)]
mod tests {
    use super::among;

    #[test]
    fn the_best_of_some_is_what_counting_says() {
        let truth = [0.1, 0.4, 0.2, 0.9];
        let ranked = [3.0, 1.0, 2.0, 0.0];
        // Every pair of the four, counted.
        let mut pairs = Vec::new();
        for a in 0..4 {
            for b in a + 1..4 {
                pairs.push(f64::max(truth[a], truth[b]));
            }
        }
        let counted = pairs.iter().sum::<f64>() / pairs.len() as f64;
        let two = among(&ranked, &truth, 2, true).expect("figures");
        assert!((two.random - counted).abs() < 1e-12 && two.first == 0.1 && two.drawn == 2, "{two:?} {counted}");
        let one = among(&ranked, &truth, 1, true).expect("figures");
        assert!((one.random - 0.4).abs() < 1e-12, "one drawn has the mean: {one:?}");
        let all = among(&ranked, &truth, 13, true).expect("figures");
        assert_eq!((all.random, all.drawn, all.trainings), (0.9, 4, 13));
        // Of a loss, less is better: the caller has turned the sign, and gets it back.
        let loss = among(&ranked, &truth.map(|t| -t), 4, false).expect("figures");
        assert!((loss.random - 0.1).abs() < 1e-12 && loss.first == 0.1, "{loss:?}");
        assert!(among(&[], &[], 3, true).is_none());
    }
}
