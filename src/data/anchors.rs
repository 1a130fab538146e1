//! AutoAnchor: k-means over the boxes of a split at its image size, then a genetic refinement (facts, 2.7).
//!
//! A function of the boxes alone: its randomness is addressed with seed 0, and sums run in a fixed order.

use super::pack::Pack;
use crate::base::Random;

/// A box fits an anchor where no side differs by more than this factor.
const THRESHOLD: f64 = 4.0;
/// Rounds of k-means.
const ROUNDS: usize = 30;
/// Mutations of the refinement.
const MUTATIONS: u64 = 1000;
/// Upstream's anchors at 640 pixels, for sets without boxes.
const COCO: [[f64; 2]; 9] =
    [[10.0, 13.0], [16.0, 30.0], [33.0, 23.0], [30.0, 61.0], [62.0, 45.0], [59.0, 119.0], [116.0, 90.0], [156.0, 198.0], [373.0, 326.0]];

type Wh = [f64; 2];

/// Anchors and how well they fit.
#[derive(Clone, Debug, PartialEq)]
pub struct AutoAnchors {
    /// (width, height) in pixels at the pack's image size, three for each stride, ascending by area; multiples of 1/16.
    pub anchors: Vec<Vec<(f32, f32)>>,
    /// Best possible recall: the share of boxes that some anchor fits within a factor of four. 0 without boxes.
    pub bpr: f64,
    /// Mean over the boxes of the best fit (1 is perfect), 0 where none fits.
    pub fitness: f64,
}

/// Anchors for a pack's boxes: three for each of `strides` (ascending).
///
/// Boxes with both sides under two pixels are left out, as upstream does. With fewer distinct boxes than anchors, the
/// boxes themselves are anchors, followed by the same boxes 1.5 times larger, smaller, and so on; without boxes they
/// are upstream's, scaled to the image size.
pub fn auto_anchors(pack: &Pack, strides: &[usize]) -> AutoAnchors {
    let count = 3 * strides.len();
    let boxes = sizes(pack);
    let mut distinct = boxes.clone();
    distinct.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    distinct.dedup();
    let mut anchors = if distinct.is_empty() {
        let scale = pack.image_size as f64 / 640.0;
        (0..count).map(|i| COCO[i * 9 / count.max(1)].map(|v| v * scale)).collect()
    } else if distinct.len() < count {
        stretched(&distinct, count)
    } else {
        refine(k_means(&boxes, count), &boxes)
    };
    anchors.iter_mut().flatten().for_each(|v| *v = (libm::floor(*v * 16.0 + 0.5) / 16.0).max(1.0));
    by_area(&mut anchors);
    let (fitness, bpr) = fit(&anchors, &boxes);
    let rows = anchors.chunks(3).map(|c| c.iter().map(|a| (a[0] as f32, a[1] as f32)).collect()).collect();
    AutoAnchors { anchors: rows, bpr, fitness }
}

/// Widths and heights at the pack's image size.
fn sizes(pack: &Pack) -> Vec<Wh> {
    let mut out = Vec::new();
    for image in &pack.images {
        let (kx, ky) = (image.w as f64 / (image.width as f64 * 16.0), image.h as f64 / (image.height as f64 * 16.0));
        out.extend(image.objects.iter().map(|o| [f64::from(o.x2 - o.x1) * kx, f64::from(o.y2 - o.y1) * ky]));
    }
    out.retain(|b| b[0] >= 2.0 || b[1] >= 2.0);
    out
}

fn stretched(distinct: &[Wh], count: usize) -> Vec<Wh> {
    let factor = |round: usize| {
        let power = round.div_ceil(2) as i32;
        (0..power).fold(1.0, |f, _| if round % 2 == 1 { f * 1.5 } else { f / 1.5 })
    };
    (0..count).map(|i| distinct[i % distinct.len()].map(|v| v * factor(i / distinct.len()))).collect()
}

fn by_area(anchors: &mut [Wh]) {
    anchors.sort_by(|a, b| (a[0] * a[1]).total_cmp(&(b[0] * b[1])).then(a[0].total_cmp(&b[0])));
}

/// Mean fit and best possible recall.
fn fit(anchors: &[Wh], boxes: &[Wh]) -> (f64, f64) {
    let (mut sum, mut recalled) = (0.0, 0usize);
    for b in boxes {
        let mut best = 0.0f64;
        for a in anchors {
            let (x, y) = (b[0] / a[0], b[1] / a[1]);
            best = best.max(x.min(1.0 / x).min(y).min(1.0 / y));
        }
        if best > 1.0 / THRESHOLD {
            sum += best;
            recalled += 1;
        }
    }
    let n = boxes.len().max(1) as f64;
    (sum / n, recalled as f64 / n)
}

fn squared(a: &Wh, b: &Wh) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    x * x + y * y
}

fn nearest(centres: &[Wh], b: &Wh) -> usize {
    let mut best = (0, f64::MAX);
    for (i, c) in centres.iter().enumerate() {
        let d = squared(c, b);
        if d < best.1 {
            best = (i, d);
        }
    }
    best.0
}

/// Lloyd's algorithm on boxes whitened by their deviations, started by k-means++ (Arthur and Vassilvitskii 2007).
/// `boxes` has `count` distinct members at least.
fn k_means(boxes: &[Wh], count: usize) -> Vec<Wh> {
    let n = boxes.len() as f64;
    let deviation = |axis: usize| {
        let mean = boxes.iter().map(|b| b[axis]).sum::<f64>() / n;
        let variance = boxes.iter().map(|b| (b[axis] - mean) * (b[axis] - mean)).sum::<f64>() / n;
        if variance > 0.0 { libm::sqrt(variance) } else { 1.0 }
    };
    let scale = [deviation(0), deviation(1)];
    let white: Vec<Wh> = boxes.iter().map(|b| [b[0] / scale[0], b[1] / scale[1]]).collect();
    let mut rng = Random::at(0, "anchors", &[]);
    let mut centres = vec![white[rng.below(white.len())]];
    while centres.len() < count {
        let distances: Vec<f64> = white.iter().map(|b| squared(&centres[nearest(&centres, b)], b)).collect();
        let mut rest = rng.unit() * distances.iter().sum::<f64>();
        let drawn = distances.iter().position(|d| {
            rest -= d;
            *d > 0.0 && rest < 0.0
        });
        let last = distances.iter().rposition(|d| *d > 0.0).unwrap_or(0);
        centres.push(white[drawn.unwrap_or(last)]);
    }
    for _ in 0..ROUNDS {
        let mut sums = vec![([0.0, 0.0], 0usize); count];
        for b in &white {
            let (sum, members) = &mut sums[nearest(&centres, b)];
            *sum = [sum[0] + b[0], sum[1] + b[1]];
            *members += 1;
        }
        let mut moved = false;
        for (centre, (sum, members)) in centres.iter_mut().zip(sums) {
            if members > 0 {
                let new = sum.map(|s| s / members as f64);
                moved |= new != *centre;
                *centre = new;
            }
        }
        if !moved {
            break;
        }
    }
    centres.iter().map(|c| [c[0] * scale[0], c[1] * scale[1]]).collect()
}

/// Upstream's evolution: each number is changed with probability .9 by a factor 1 + u · N(0, 1) · .1, clipped to
/// .3 … 3; kept where the fit is better.
fn refine(mut anchors: Vec<Wh>, boxes: &[Wh]) -> Vec<Wh> {
    by_area(&mut anchors);
    let mut best = fit(&anchors, boxes).0;
    for mutation in 0..MUTATIONS {
        let mut rng = Random::at(0, "anchors", &[mutation]);
        let strength = rng.unit();
        let mut child = anchors.clone();
        for v in child.iter_mut().flatten() {
            let (changes, step) = (rng.unit() < 0.9, rng.normal());
            if changes {
                *v = (*v * (1.0 + strength * step * 0.1).clamp(0.3, 3.0)).max(2.0);
            }
        }
        let fitness = fit(&child, boxes).0;
        if fitness > best {
            (anchors, best) = (child, fitness);
        }
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::data::{Object, PackImage};

    fn pack(boxes: &[(i32, i32)]) -> Pack {
        let objects = boxes.iter().map(|&(w, h)| Object { class: 0, x1: 0, y1: 0, x2: w * 16, y2: h * 16 }).collect();
        let image = PackImage { digest: Digest::of(b""), width: 640, height: 640, w: 320, h: 320, offset: 0, objects, label: None };
        Pack { image_size: 320, channels: 3, classes: vec!["x".into()], images: vec![image], pixels: vec![].into() }
    }

    #[test]
    fn clusters_are_found() {
        let centres = [(10, 20), (30, 30), (20, 60), (80, 40), (90, 90), (60, 150), (200, 100), (220, 240), (400, 500)];
        let boxes: Vec<(i32, i32)> =
            (0..90).map(|i| (centres[i % 9].0 + (i / 9 % 3) as i32 - 1, centres[i % 9].1 + (i / 27) as i32 - 1)).collect();
        let got = auto_anchors(&pack(&boxes), &[8, 16, 32]);
        assert_eq!(got, auto_anchors(&pack(&boxes), &[8, 16, 32]));
        assert_eq!((got.anchors.len(), got.bpr), (3, 1.0));
        assert!(got.fitness > 0.9, "{}", got.fitness);
        let flat: Vec<(f32, f32)> = got.anchors.concat();
        assert!(flat.is_sorted_by(|a, b| a.0 * a.1 <= b.0 * b.1));
        for (a, c) in flat.iter().zip(centres.iter()) {
            assert!((a.0 * 2.0 / c.0 as f32 - 1.0).abs() < 0.15 && (a.1 * 2.0 / c.1 as f32 - 1.0).abs() < 0.15, "{a:?} {c:?}");
        }
    }

    #[test]
    fn few_boxes_still_give_nine() {
        let none = auto_anchors(&pack(&[]), &[8, 16, 32]);
        assert_eq!((none.anchors[0][0], none.anchors[2][2], none.bpr), ((5.0, 6.5), (186.5, 163.0), 0.0));
        let two = auto_anchors(&pack(&[(20, 20), (100, 60), (20, 20)]), &[8, 16, 32]);
        let flat = two.anchors.concat();
        assert_eq!((flat.len(), two.bpr), (9, 1.0));
        assert!(flat.contains(&(10.0, 10.0)) && flat.contains(&(50.0, 30.0)));
        let mut unique = flat.clone();
        unique.dedup();
        assert_eq!(unique.len(), 9);
        assert_eq!(auto_anchors(&pack(&[(9, 9); 20]), &[8, 16]).anchors.concat().len(), 6);
    }
}
