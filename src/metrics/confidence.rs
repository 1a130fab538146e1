//! Precision and recall as functions of the confidence threshold, and the threshold with the best mean F1
//! (YOLOv5's `ap_per_class` and `smooth`).

use super::average_precision::{Curve, interpolate};

/// Thresholds 0, 1/999, … 1.
pub const POINTS: usize = 1000;

/// Precision and recall of one class at the 1000 thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct ByConfidence {
    precision: Vec<f64>,
    recall: Vec<f64>,
}

/// Precision and recall of every class at one threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Operating {
    /// The threshold.
    pub confidence: f64,
    /// One a class.
    pub precision: Vec<f64>,
    /// One a class.
    pub recall: Vec<f64>,
}

impl ByConfidence {
    /// `scores` fall; `curve` is the one at IoU .5. Above the highest score precision is 1 and recall 0.
    ///
    /// Without a detection both are 0 at every threshold, as upstream leaves them.
    pub fn new(scores: &[f64], curve: &Curve) -> Self {
        if scores.is_empty() {
            return ByConfidence { precision: vec![0.0; POINTS], recall: vec![0.0; POINTS] };
        }
        let negated: Vec<f64> = scores.iter().map(|s| -s).collect();
        let at = |values: &[f64], beyond: f64| -> Vec<f64> {
            let value = |i| {
                let x = -confidence(i);
                if x < negated[0] { beyond } else { interpolate(&negated, values, x) }
            };
            (0..POINTS).map(value).collect()
        };
        ByConfidence { precision: at(&curve.precision, 1.0), recall: at(&curve.recall, 0.0) }
    }

    fn f1(&self, i: usize) -> f64 {
        2.0 * self.precision[i] * self.recall[i] / (self.precision[i] + self.recall[i] + 1e-16)
    }
}

/// The threshold where the mean F1 over classes, smoothed by a box filter of 101 points, is highest (the lowest of equals).
pub fn best(classes: &[ByConfidence]) -> Operating {
    let n = classes.len().max(1) as f64;
    let mean_f1: Vec<f64> = (0..POINTS).map(|i| classes.iter().map(|c| c.f1(i)).sum::<f64>() / n).collect();
    let smoothed = smooth(&mean_f1);
    let mut chosen = 0;
    for (i, value) in smoothed.iter().enumerate() {
        if *value > smoothed[chosen] {
            chosen = i;
        }
    }
    Operating {
        confidence: confidence(chosen),
        precision: classes.iter().map(|c| c.precision[chosen]).collect(),
        recall: classes.iter().map(|c| c.recall[chosen]).collect(),
    }
}

fn confidence(i: usize) -> f64 {
    // numpy.linspace(0, 1, 1000)
    if i + 1 == POINTS { 1.0 } else { i as f64 * (1.0 / (POINTS - 1) as f64) }
}

/// A box filter of fraction .1: 101 points, the ends repeated.
fn smooth(values: &[f64]) -> Vec<f64> {
    const HALF: usize = 50;
    let last = values.len() - 1;
    (0..values.len())
        .map(|i| {
            let window = (i..=i + 2 * HALF).map(|j| values[j.saturating_sub(HALF).min(last)]);
            window.map(|v| v * (1.0 / (2 * HALF + 1) as f64)).sum()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_repeats_the_ends_and_keeps_constants() {
        let flat = smooth(&vec![0.25; POINTS]);
        assert!(flat.iter().all(|v| (v - 0.25).abs() < 1e-12));
        let mut step = vec![0.0; POINTS];
        step[0] = 1.0;
        let smoothed = smooth(&step);
        // The first point is repeated 50 times before itself.
        assert!((smoothed[0] - 51.0 / 101.0).abs() < 1e-12);
        assert!((smoothed[50] - 1.0 / 101.0).abs() < 1e-12);
        assert_eq!(smoothed[51], 0.0);
    }

    #[test]
    fn best_is_where_precision_and_recall_meet() {
        // Three true detections at .9, .8, .7, then false ones at .3: the best threshold lies between .3 and .7.
        let scores = [0.9, 0.8, 0.7, 0.3, 0.3, 0.3];
        let curve = Curve { recall: vec![1.0 / 3.0, 2.0 / 3.0, 1.0, 1.0, 1.0, 1.0], precision: vec![1.0, 1.0, 1.0, 0.75, 0.6, 0.5] };
        let best = best(&[ByConfidence::new(&scores, &curve)]);
        assert!(best.confidence > 0.4 && best.confidence < 0.75, "{}", best.confidence);
        assert!(best.precision[0] > 0.85 && best.recall[0] > 0.9, "{best:?}");
    }

    #[test]
    fn above_the_highest_score_precision_is_one_and_recall_zero() {
        let by = ByConfidence::new(&[0.5], &Curve { recall: vec![1.0], precision: vec![0.5] });
        assert_eq!((by.precision[999], by.recall[999]), (1.0, 0.0));
        assert_eq!((by.precision[0], by.recall[0]), (0.5, 1.0));
    }
}
