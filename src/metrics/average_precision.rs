//! The area under a precision–recall curve: YOLOv5's way and COCO's. Both in double precision.

use super::matching::{Hits, LEVELS};

/// Cumulative precision and recall after each detection of one class, in score order.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Curve {
    /// True so far / all true boxes.
    pub recall: Vec<f64>,
    /// True so far / detections so far.
    pub precision: Vec<f64>,
}

impl Curve {
    /// The curve of detections in score order at threshold `t`, with `truths` boxes to find (more than zero).
    pub fn new(hits: impl Iterator<Item = Hits>, t: usize, truths: usize) -> Self {
        let (mut curve, mut good) = (Curve::default(), 0usize);
        for (i, hit) in hits.enumerate() {
            good += usize::from(hit.at(t));
            curve.recall.push(good as f64 / truths as f64);
            curve.precision.push(good as f64 / (i + 1) as f64);
        }
        curve
    }
}

/// YOLOv5's average precision (`compute_ap`, method `interp`): (0, 1) is put before the curve and (1, 0) after it, the
/// precision is made monotone from the right, interpolated linearly at 101 recalls and integrated by trapezoids.
///
/// So a perfect class has .995, not 1, and a curve that ends early is credited with a slope to (1, 0).
pub fn yolov5(curve: &Curve) -> f64 {
    let n = curve.recall.len();
    let mut recall = Vec::with_capacity(n + 2);
    recall.push(0.0);
    recall.extend_from_slice(&curve.recall);
    recall.push(1.0);
    let mut precision = Vec::with_capacity(n + 2);
    precision.push(1.0);
    precision.extend_from_slice(&curve.precision);
    precision.push(0.0);
    envelope(&mut precision);
    let mut sum = 0.0;
    let mut previous = interpolate(&recall, &precision, 0.0);
    for i in 1..=100 {
        let (low, high) = (grid(i - 1), grid(i));
        let value = interpolate(&recall, &precision, high);
        sum += (high - low) * (previous + value) / 2.0;
        previous = value;
    }
    sum
}

/// COCO's average precision (`COCOeval.accumulate`): the monotone precision at the first detection that reaches each of
/// 101 recalls, zero where none does; the plain mean.
pub fn coco(curve: &Curve) -> f64 {
    let mut precision = curve.precision.clone();
    envelope(&mut precision);
    let mut sum = 0.0;
    for i in 0..=100 {
        let first = curve.recall.partition_point(|&r| r < grid(i));
        sum += precision.get(first).copied().unwrap_or(0.0);
    }
    sum / 101.0
}

/// Means over the classes: at .50, and over the ten thresholds. Where there is no class there is no mean: NaN.
pub fn mean_over_classes(per_class: &[[f64; LEVELS]]) -> (f64, f64) {
    let n = per_class.len() as f64;
    let at_50: f64 = per_class.iter().map(|ap| ap[0]).sum();
    let all: f64 = per_class.iter().map(mean_over_levels).sum();
    (at_50 / n, all / n)
}

/// The mean over .50:.95.
pub fn mean_over_levels(ap: &[f64; LEVELS]) -> f64 {
    ap.iter().sum::<f64>() / LEVELS as f64
}

/// `numpy.linspace(0, 1, 101)[i]`: i·.01, which is not always i/100 (.57 is one ulp higher).
pub(super) fn grid(i: usize) -> f64 {
    if i == 100 { 1.0 } else { i as f64 * 0.01 }
}

fn envelope(precision: &mut [f64]) {
    for i in (1..precision.len()).rev() {
        precision[i - 1] = precision[i - 1].max(precision[i]);
    }
}

/// `numpy.interp` for `x` within the range of a non-decreasing `xs`: where values of `xs` repeat, the last one.
pub(super) fn interpolate(xs: &[f64], ys: &[f64], x: f64) -> f64 {
    let after = xs.partition_point(|&v| v <= x);
    if after == 0 {
        return ys[0];
    }
    let j = after - 1;
    if after == xs.len() || xs[j] == x {
        return ys[j];
    }
    (ys[after] - ys[j]) / (xs[after] - xs[j]) * (x - xs[j]) + ys[j]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(recall: &[f64], precision: &[f64]) -> Curve {
        Curve { recall: recall.to_vec(), precision: precision.to_vec() }
    }

    #[test]
    fn upstream_golden_values() {
        // From running upstream's compute_ap.
        let ap = yolov5(&curve(&[0.2, 0.4, 0.4, 0.6], &[1.0, 1.0, 2.0 / 3.0, 0.75]));
        assert!((ap - 0.69875).abs() < 1e-6, "{ap}");
        assert!((yolov5(&curve(&[1.0], &[1.0])) - 0.995).abs() < 1e-12);
        assert!((yolov5(&curve(&[0.5], &[1.0])) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn coco_by_hand() {
        assert_eq!(coco(&curve(&[1.0], &[1.0])), 1.0);
        // Recalls 0 … .50 are reached: 51 of 101.
        assert!((coco(&curve(&[0.5], &[1.0])) - 51.0 / 101.0).abs() < 1e-12);
        // False, then true: precision ½ at every recall.
        assert!((coco(&curve(&[0.0, 1.0], &[0.0, 0.5])) - 0.5).abs() < 1e-12);
        // 0 … .40 at 1 (41 points), .41 … .60 at .75 (20 points).
        let ap = coco(&curve(&[0.2, 0.4, 0.4, 0.6], &[1.0, 1.0, 2.0 / 3.0, 0.75]));
        assert!((ap - (41.0 + 20.0 * 0.75) / 101.0).abs() < 1e-12, "{ap}");
        // The double .57 is below numpy's 57th grid point: only 57 recalls are reached, as in pycocotools.
        assert!((coco(&curve(&[0.57], &[1.0])) - 57.0 / 101.0).abs() < 1e-12);
        assert_eq!(coco(&Curve::default()), 0.0);
    }

    #[test]
    fn nothing_found_is_not_zero_for_yolov5_alone() {
        // (0, 1) to (1, 0) with no point between is a triangle; the report never asks for it (see `detection`).
        assert!((yolov5(&Curve::default()) - 0.5).abs() < 1e-12);
    }
}
