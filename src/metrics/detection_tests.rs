//! The report by hand, and against a second implementation that shares no code with it.

use super::*;
use crate::base::Random;
use crate::metrics::TruthBox;

fn names(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("class {i}")).collect()
}

fn object(x: f32, class: u16) -> TruthBox {
    TruthBox { x1: x, y1: 0.0, x2: x + 10.0, y2: 10.0, class }
}

fn found(x: f32, class: u16, score: f32) -> Detection {
    Detection { x1: x, y1: 0.0, x2: x + 10.0, y2: 10.0, score, class }
}

#[test]
fn perfect_is_995_for_yolov5_and_1_for_coco() {
    let truth = vec![Truth { boxes: vec![object(0.0, 0), object(50.0, 1)] }];
    let report = DetectionReport::new(&names(3), &truth, &[vec![found(0.0, 0, 0.9), found(50.0, 1, 0.8)]]).unwrap();
    assert!((report.map50 - 0.995).abs() < 1e-12 && (report.map50_95 - 0.995).abs() < 1e-12);
    assert_eq!((report.coco_map50, report.coco_map50_95), (1.0, 1.0));
    assert_eq!((report.precision, report.recall), (1.0, 1.0));
    assert!((report.fitness() - 0.995).abs() < 1e-12);
    assert_eq!(report.classes[2].ap50, None);
    assert_eq!(report.classes[1].coco_ap50_95, Some(1.0));
}

#[test]
fn coco_two_images_by_hand() {
    // Three boxes. In score order: true (.9, image 1), false (.8, image 0), true (.7, image 0); one box is missed.
    // Precision 1, ½, ⅔ at recall ⅓, ⅓, ⅔: recalls 0 … .33 (34 points) at 1, .34 … .66 (33 points) at ⅔.
    let truth = vec![Truth { boxes: vec![object(0.0, 0), object(100.0, 0)] }, Truth { boxes: vec![object(0.0, 0)] }];
    let predictions = vec![vec![found(50.0, 0, 0.8), found(0.0, 0, 0.7)], vec![found(0.0, 0, 0.9)]];
    let report = DetectionReport::new(&names(1), &truth, &predictions).unwrap();
    assert!((report.coco_map50 - (34.0 + 33.0 * 2.0 / 3.0) / 101.0).abs() < 1e-12, "{}", report.coco_map50);
    assert!((report.coco_map50 - report.coco_map50_95).abs() < 1e-12);
    assert_eq!((report.n_images, report.n_truth, report.classes[0].n_detections), (2, 3, 3));
}

#[test]
fn hostile_numbers_do_not_fail() {
    let nan = f32::NAN;
    let broken = Detection { x1: nan, y1: nan, x2: nan, y2: nan, score: nan, class: 0 };
    let truth = vec![Truth { boxes: vec![object(0.0, 0)] }];
    let predictions = vec![vec![broken, found(0.0, 0, f32::INFINITY), found(0.0, 9, 0.5), found(3.0, 0, -1.0)]];
    let report = DetectionReport::new(&names(1), &truth, &predictions).unwrap();
    assert!((report.map50 - 0.995).abs() < 1e-12);
    assert!(report.precision.is_finite() && report.recall.is_finite() && report.coco_map50.is_finite());

    let empty = DetectionReport::new(&[], &[], &[] as &[Vec<Detection>]).unwrap();
    // A mean over nothing is no number, and so never the best.
    for metric in crate::metrics::DETECTION.iter().filter(|m| !m.word.of_class()) {
        assert!((metric.value)(&empty, None).is_nan(), "{}", metric.word.word.name);
    }
    let none = DetectionReport::new(&names(1), &truth, &[vec![]]).unwrap();
    assert_eq!((none.map50, none.recall, none.classes[0].ap50), (0.0, 0.0, Some(0.0)));
    assert!(DetectionReport::new(&names(1), &truth, &[] as &[Vec<Detection>]).is_err());
    assert!(DetectionReport::new(&names(0), &truth, &[vec![]]).is_err());
}

#[test]
fn agrees_with_a_second_implementation_on_random_data() {
    for seed in 0..40 {
        let (truth, predictions) = random_split(seed);
        let report = DetectionReport::new(&names(4), &truth, &predictions).unwrap();
        let (map50, map50_95) = brute::mean_ap(4, &truth, &predictions, brute::Way::Yolov5);
        assert!((report.map50 - map50).abs() < 1e-9 && (report.map50_95 - map50_95).abs() < 1e-9, "seed {seed}");
        let (map50, map50_95) = brute::mean_ap(4, &truth, &predictions, brute::Way::Coco);
        assert!((report.coco_map50 - map50).abs() < 1e-9 && (report.coco_map50_95 - map50_95).abs() < 1e-9, "seed {seed}");
        assert!(report.map50 > 0.02 && report.map50 < 0.98, "the data are too easy or too hard: {}", report.map50);
    }
}

#[test]
fn order_of_detections_within_an_image_is_free() {
    let (truth, mut predictions) = random_split(99);
    let before = DetectionReport::new(&names(4), &truth, &predictions).unwrap();
    predictions.iter_mut().for_each(|p| p.reverse());
    assert_eq!(before, DetectionReport::new(&names(4), &truth, &predictions).unwrap());
}

/// Crowded images: overlapping boxes, jittered detections, false ones; scores all different.
fn random_split(seed: u64) -> (Vec<Truth>, Vec<Vec<Detection>>) {
    let mut r = Random::at(seed, "random split", &[]);
    let (mut truth, mut predictions) = (Vec::new(), Vec::new());
    for _ in 0..12 {
        let (mut boxes, mut dets) = (Vec::new(), Vec::new());
        for _ in 0..r.below(12) {
            let (x, y, w, h) = (r.range(0.0, 60.0), r.range(0.0, 60.0), r.range(8.0, 40.0), r.range(8.0, 40.0));
            let class = r.below(4) as u16;
            let [x, y, w, h] = [x, y, w, h].map(|v| v as f32);
            boxes.push(TruthBox { x1: x, y1: y, x2: x + w, y2: y + h, class });
            for _ in 0..r.below(4) {
                let mut jitter = |size: f32| (r.normal() * 0.08) as f32 * size;
                let (x1, y1, x2, y2) = (x + jitter(w), y + jitter(h), x + w + jitter(w), y + h + jitter(h));
                let class = if r.below(8) == 0 { r.below(4) as u16 } else { class };
                dets.push(Detection { x1, y1, x2: x2.max(x1), y2: y2.max(y1), score: r.unit() as f32, class });
            }
        }
        for _ in 0..r.below(4) {
            let (x, y) = (r.range(0.0, 80.0) as f32, r.range(0.0, 80.0) as f32);
            let score = r.unit() as f32;
            dets.push(Detection { x1: x, y1: y, x2: x + 20.0, y2: y + 15.0, score, class: r.below(4) as u16 });
        }
        truth.push(Truth { boxes });
        predictions.push(dets);
    }
    (truth, predictions)
}

/// A literal reading of the two definitions: pair lists, one threshold at a time, curves as functions.
mod brute {
    use super::*;

    #[derive(Clone, Copy, PartialEq)]
    pub enum Way {
        Yolov5,
        Coco,
    }

    pub fn mean_ap(classes: u16, truth: &[Truth], predictions: &[Vec<Detection>], way: Way) -> (f64, f64) {
        let (mut at_50, mut all, mut present) = (0.0, 0.0, 0.0);
        for class in 0..classes {
            let total = truth.iter().flat_map(|t| &t.boxes).filter(|b| b.class == class).count();
            if total == 0 {
                continue;
            }
            present += 1.0;
            for step in 0..10 {
                let threshold = 0.5 + 0.05 * f64::from(step);
                let mut flags = Vec::new();
                for (truth, found) in truth.iter().zip(predictions) {
                    let boxes: Vec<&TruthBox> = truth.boxes.iter().filter(|b| b.class == class).collect();
                    let mut dets: Vec<&Detection> = found.iter().filter(|d| d.class == class).collect();
                    dets.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap());
                    let good = match way {
                        Way::Yolov5 => pairs(&boxes, &dets, threshold),
                        Way::Coco => greedy(&boxes, &dets, threshold),
                    };
                    flags.extend(dets.iter().zip(good).map(|(d, g)| (d.score, g)));
                }
                flags.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap());
                let ap = area(&flags, total, way);
                all += ap / 10.0;
                at_50 += if step == 0 { ap } else { 0.0 };
            }
        }
        (at_50 / present, all / present)
    }

    fn iou(a: &TruthBox, b: &Detection) -> f64 {
        let area = |x1: f32, y1: f32, x2: f32, y2: f32| f64::from(x2 - x1) * f64::from(y2 - y1);
        let (x1, y1, x2, y2) = (a.x1.max(b.x1), a.y1.max(b.y1), a.x2.min(b.x2), a.y2.min(b.y2));
        let inter = if x2 <= x1 || y2 <= y1 { 0.0 } else { area(x1, y1, x2, y2) };
        inter / (area(a.x1, a.y1, a.x2, a.y2) + area(b.x1, b.y1, b.x2, b.y2) - inter)
    }

    /// Upstream's list of pairs: sorted by IoU, unique by detection, then unique by box (lowest detection).
    fn pairs(boxes: &[&TruthBox], dets: &[&Detection], threshold: f64) -> Vec<bool> {
        let mut pairs = Vec::new();
        for (g, b) in boxes.iter().enumerate() {
            for (d, det) in dets.iter().enumerate() {
                if iou(b, det) >= threshold {
                    pairs.push((iou(b, det), d, g));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap());
        let mut first_of_det = std::collections::BTreeMap::new();
        for &(_, d, g) in &pairs {
            first_of_det.entry(d).or_insert(g);
        }
        let mut first_of_box = std::collections::BTreeMap::new();
        for (d, g) in first_of_det {
            first_of_box.entry(g).or_insert(d);
        }
        (0..dets.len()).map(|d| first_of_box.values().any(|&v| v == d)).collect()
    }

    fn greedy(boxes: &[&TruthBox], dets: &[&Detection], threshold: f64) -> Vec<bool> {
        let mut free: Vec<usize> = (0..boxes.len()).collect();
        let mut good = Vec::new();
        for det in dets {
            free.sort_by(|&a, &b| iou(boxes[b], det).partial_cmp(&iou(boxes[a], det)).unwrap());
            let hit = free.first().is_some_and(|&g| iou(boxes[g], det) >= threshold);
            if hit {
                free.remove(0);
            }
            good.push(hit);
        }
        good
    }

    fn area(flags: &[(f32, bool)], total: usize, way: Way) -> f64 {
        let mut points = vec![];
        let mut good = 0;
        for (i, (_, g)) in flags.iter().enumerate() {
            good += usize::from(*g);
            points.push((good as f64 / total as f64, good as f64 / (i + 1) as f64));
        }
        if way == Way::Coco {
            let best = |r: f64| points.iter().filter(|p| p.0 >= r).map(|p| p.1).fold(0.0, f64::max);
            return (0..=100).map(|i| best(if i == 100 { 1.0 } else { f64::from(i) * 0.01 })).sum::<f64>() / 101.0;
        }
        if points.is_empty() {
            return 0.0;
        }
        points.insert(0, (0.0, 1.0));
        points.push((1.0, 0.0));
        let highest = |from: usize| points[from..].iter().map(|p| p.1).fold(0.0, f64::max);
        let value = |r: f64| {
            let j = (0..points.len()).rev().find(|&j| points[j].0 <= r).unwrap();
            if j + 1 == points.len() || points[j].0 == r {
                return highest(j);
            }
            let share = (r - points[j].0) / (points[j + 1].0 - points[j].0);
            highest(j) * (1.0 - share) + highest(j + 1) * share
        };
        (1..=100).map(|i| 0.005 * (value(f64::from(i - 1) * 0.01) + value(if i == 100 { 1.0 } else { f64::from(i) * 0.01 }))).sum()
    }
}
