//! Non-maximum suppression, as YOLOv5's `non_max_suppression` (v7.0).
//!
//! Two deliberate differences. Upstream keeps classes apart by adding 7680·class to the coordinates before one greedy
//! pass; here the classes are compared as numbers, which is the same without the rounding of large coordinates. And
//! upstream stops after half a second; here nothing depends on the clock.

use crate::metrics::Detection;
use std::cmp::Ordering;

/// Candidates that suppression reads, by score (upstream's `max_nms`).
pub const MAX_CANDIDATES: usize = 30_000;

/// What suppression keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NmsOptions {
    /// Objectness and score are above it.
    pub confidence: f32,
    /// A box that overlaps a better one of its class by more than this is dropped.
    pub iou: f32,
    /// At most so many an image.
    pub max_detections: usize,
    /// One candidate for every class above the confidence, else for the best class alone.
    pub multi_label: bool,
}

impl NmsOptions {
    /// Upstream's `val.py`: mAP needs the low scores too.
    pub const EVALUATE: NmsOptions = NmsOptions { confidence: 0.001, iou: 0.6, max_detections: 300, multi_label: true };
    /// Upstream's `detect.py`: what a person looks at.
    pub const DETECT: NmsOptions = NmsOptions { confidence: 0.25, iou: 0.45, max_detections: 1000, multi_label: false };
}

/// A box before suppression, corners in pixels of the network's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Left, top, right, bottom.
    pub corners: [f32; 4],
    /// Objectness × class.
    pub score: f32,
    /// Class.
    pub class: u16,
    /// Place in the order of generation, which breaks ties of score.
    pub index: u32,
}

impl Candidate {
    /// Higher scores first, then the earlier.
    fn order(&self, other: &Candidate) -> Ordering {
        other.score.total_cmp(&self.score).then(self.index.cmp(&other.index))
    }
}

/// Collects candidates; holds a bounded number of them however many there are.
#[derive(Debug)]
pub struct Collector {
    options: NmsOptions,
    kept: Vec<Candidate>,
    next: u32,
}

impl Collector {
    /// Empty.
    pub fn new(options: NmsOptions) -> Self {
        Collector { options, kept: Vec::new(), next: 0 }
    }

    /// Adds a row: a box as centre and size, its objectness, and (class, probability) of the classes that can pass, in
    /// order. Classes that are left out must have objectness × probability ≤ confidence.
    pub fn row(&mut self, [x, y, w, h]: [f32; 4], objectness: f32, classes: impl Iterator<Item = (u16, f32)>) {
        let confidence = self.options.confidence;
        let corners = [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0];
        // A NaN is not above anything; a box that is not finite is nowhere.
        let passes = objectness > confidence && corners.iter().all(|v| v.is_finite());
        if !passes {
            return;
        }
        let scored = classes.map(|(class, p)| (class, p * objectness)).filter(|(_, score)| *score > confidence);
        if self.options.multi_label {
            scored.for_each(|(class, score)| self.push(corners, class, score));
        } else {
            let better = |best: (u16, f32), next: (u16, f32)| if next.1 > best.1 { next } else { best };
            if let Some((class, score)) = scored.reduce(better) {
                self.push(corners, class, score);
            }
        }
    }

    fn push(&mut self, corners: [f32; 4], class: u16, score: f32) {
        self.kept.push(Candidate { corners, score, class, index: self.next });
        self.next = self.next.saturating_add(1);
        if self.kept.len() >= 8 * MAX_CANDIDATES {
            self.prune();
        }
    }

    fn prune(&mut self) {
        if self.kept.len() > MAX_CANDIDATES {
            self.kept.select_nth_unstable_by(MAX_CANDIDATES - 1, Candidate::order);
            self.kept.truncate(MAX_CANDIDATES);
        }
    }

    /// Suppresses. Detections in network pixels, highest score first.
    pub fn finish(mut self) -> Vec<Detection> {
        self.prune();
        nms(self.kept, self.options.iou, self.options.max_detections)
    }
}

/// Greedy suppression within classes: in order of score, a box is dropped where a kept one of its class overlaps it by
/// more than `iou` (strictly). At most `max_detections` are kept, highest score first.
pub fn nms(mut candidates: Vec<Candidate>, iou: f32, max_detections: usize) -> Vec<Detection> {
    candidates.sort_unstable_by(Candidate::order);
    let mut kept: Vec<Detection> = Vec::new();
    // For each class, the kept boxes with their areas.
    let mut of_class: Vec<Vec<([f32; 4], f32)>> = Vec::new();
    for candidate in candidates {
        if kept.len() == max_detections {
            break;
        }
        let class = usize::from(candidate.class);
        if of_class.len() <= class {
            of_class.resize_with(class + 1, Vec::new);
        }
        let corners @ [x1, y1, x2, y2] = candidate.corners;
        let area = (x2 - x1) * (y2 - y1);
        if of_class[class].iter().any(|(other, other_area)| overlap(&corners, area, other, *other_area) > iou) {
            continue;
        }
        of_class[class].push((corners, area));
        kept.push(Detection { x1, y1, x2, y2, score: candidate.score, class: candidate.class });
    }
    kept
}

/// IoU as torchvision's `nms` computes it: no epsilon.
#[inline]
fn overlap(a: &[f32; 4], a_area: f32, b: &[f32; 4], b_area: f32) -> f32 {
    let w = a[2].min(b[2]) - a[0].max(b[0]);
    let h = a[3].min(b[3]) - a[1].max(b[1]);
    if w <= 0.0 || h <= 0.0 {
        return 0.0;
    }
    let inter = w * h;
    inter / (a_area + b_area - inter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    fn golden(options: NmsOptions) -> Vec<Detection> {
        let rows: [([f32; 4], f32, [f32; 2]); 5] = [
            ([50.0, 50.0, 20.0, 20.0], 0.9, [0.9, 0.1]),
            ([52.0, 50.0, 20.0, 20.0], 0.8, [0.8, 0.3]),
            ([50.0, 50.0, 20.0, 20.0], 0.7, [0.1, 0.9]),
            ([100.0, 100.0, 30.0, 10.0], 0.6, [0.5, 0.6]),
            ([101.0, 100.0, 30.0, 10.0], 0.0005, [0.9, 0.9]),
        ];
        let mut collector = Collector::new(options);
        for (xywh, objectness, classes) in rows {
            collector.row(xywh, objectness, classes.into_iter().enumerate().map(|(c, p)| (c as u16, p)));
        }
        collector.finish()
    }

    fn check(found: &[Detection], expected: &[([f32; 4], f32, u16)]) {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (d, (corners, score, class)) in found.iter().zip(expected) {
            assert_eq!(([d.x1, d.y1, d.x2, d.y2], d.class), (*corners, *class));
            assert!((d.score - score).abs() < 1e-6, "{d:?}");
        }
    }

    #[test]
    fn upstream_golden_values() {
        // From running upstream's non_max_suppression.
        let (a, b) = ([40.0, 40.0, 60.0, 60.0], [85.0, 95.0, 115.0, 105.0]);
        check(&golden(NmsOptions::EVALUATE), &[(a, 0.81, 0), (a, 0.63, 1), (b, 0.36, 1), (b, 0.30, 0)]);
        check(&golden(NmsOptions::DETECT), &[(a, 0.81, 0), (a, 0.63, 1), (b, 0.36, 1)]);
    }

    fn random(seed: u64, n: usize, classes: usize) -> Vec<Candidate> {
        let mut r = Random::at(seed, "nms", &[]);
        let one = |index| {
            let [x, y, w, h] = [r.range(0.0, 200.0), r.range(0.0, 200.0), r.range(5.0, 80.0), r.range(5.0, 80.0)].map(|v| v as f32);
            // Few different scores, so that ties occur.
            let score = r.below(50) as f32 / 50.0;
            Candidate { corners: [x, y, x + w, y + h], score, class: r.below(classes) as u16, index }
        };
        (0..n as u32).map(one).collect()
    }

    #[test]
    fn agrees_with_the_definition() {
        for seed in 0..30 {
            let candidates = random(seed, 400, 3);
            let mut rest = candidates.clone();
            let mut expected = Vec::new();
            while let Some(best) = rest.iter().copied().reduce(|a, b| if b.score > a.score { b } else { a }) {
                expected.push(best.index);
                let area = |c: &[f32; 4]| (c[2] - c[0]) * (c[3] - c[1]);
                rest.retain(|c| {
                    let close = overlap(&c.corners, area(&c.corners), &best.corners, area(&best.corners)) > 0.45;
                    c.index != best.index && !(c.class == best.class && close)
                });
            }
            let found = nms(candidates.clone(), 0.45, 300);
            assert_eq!(found.len(), expected.len().min(300), "seed {seed}");
            for (d, &e) in found.iter().zip(&expected) {
                let e = candidates[e as usize];
                assert_eq!(([d.x1, d.y1, d.x2, d.y2], d.score, d.class), (e.corners, e.score, e.class), "seed {seed}");
            }
            assert_eq!(nms(candidates, 0.45, 7)[..], found[..7]);
        }
    }

    #[test]
    fn an_overlap_of_exactly_the_threshold_stays() {
        let one = |right, score, index| Candidate { corners: [0.0, 0.0, right, 4.0], score, class: 0, index };
        let pair = || vec![one(8.0, 0.9, 0), one(4.0, 0.8, 1)];
        assert_eq!(nms(pair(), 0.5, 10).len(), 2);
        assert_eq!(nms(pair(), 0.49, 10).len(), 1);
    }

    #[test]
    fn pruning_early_keeps_the_best() {
        let options = NmsOptions { max_detections: 50, ..NmsOptions::EVALUATE };
        let candidates = random(3, 10 * MAX_CANDIDATES, 2);
        let mut collector = Collector::new(options);
        for c in &candidates {
            collector.push(c.corners, c.class, c.score);
        }
        assert!(collector.kept.len() < 8 * MAX_CANDIDATES);
        let mut best = candidates;
        best.sort_by(Candidate::order);
        best.truncate(MAX_CANDIDATES);
        assert_eq!(collector.finish(), nms(best, options.iou, 50));
    }

    #[test]
    fn hostile_rows_are_dropped() {
        let mut collector = Collector::new(NmsOptions::EVALUATE);
        let one = || std::iter::once((0u16, 0.9f32));
        collector.row([f32::NAN, 0.0, 1.0, 1.0], 0.9, one());
        collector.row([0.0, 0.0, f32::INFINITY, 1.0], 0.9, one());
        collector.row([0.0, 0.0, 1.0, 1.0], f32::NAN, one());
        collector.row([0.0, 0.0, 1.0, 1.0], 0.9, std::iter::once((0, f32::NAN)));
        collector.row([0.0, 0.0, 1.0, 1.0], 0.9, std::iter::empty());
        assert!(collector.finish().is_empty());
    }
}
