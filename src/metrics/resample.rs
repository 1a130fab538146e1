//! A detector's report on a resample of a split's images: boxes are matched once, and a resample is how often each image is in it.
//!
//! What comes out is what the report of a list with repeated images would say, where copies of an image stand side by side. (Of equal
//! scores within one image the copies come together.)

use super::DetectionReport;
use super::average_precision::{Curve, grid};
use super::confidence::{self, ByConfidence};
use super::matched::{Entry, Matched};
use super::matching::{Hits, LEVELS};
use crate::results::ClassReport;

/// Which parts of a report are worked out; the others are NaN. Levels are counted from IoU .50: none, one, or all ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Levels of YOLOv5's average precision.
    pub yolov5: usize,
    /// Levels of COCO's.
    pub coco: usize,
    /// Precision and recall at the best threshold.
    pub operating: bool,
}

impl Parts {
    /// A whole report.
    pub const ALL: Parts = Parts { yolov5: LEVELS, coco: LEVELS, operating: true };

    /// What a metric reads of a report: that without which it is no number.
    pub fn read_by(report: &DetectionReport, metric: impl Fn(&DetectionReport) -> f64) -> Parts {
        let reads = |spoil: &dyn Fn(&mut DetectionReport)| {
            let mut spoilt = report.clone();
            spoil(&mut spoilt);
            metric(&spoilt).is_nan()
        };
        let classes = |report: &mut DetectionReport, spoil: fn(&mut ClassReport)| report.classes.iter_mut().for_each(spoil);
        let levels = |first: bool, all: bool| if all { LEVELS } else { usize::from(first) };
        let yolov5 = levels(
            reads(&|r| {
                r.map50 = f64::NAN;
                classes(r, |c| c.ap50 = Some(f64::NAN));
            }),
            reads(&|r| {
                r.map50_95 = f64::NAN;
                classes(r, |c| c.ap50_95 = Some(f64::NAN));
            }),
        );
        let coco = levels(
            reads(&|r| {
                r.coco_map50 = f64::NAN;
                classes(r, |c| c.coco_ap50 = Some(f64::NAN));
            }),
            reads(&|r| {
                r.coco_map50_95 = f64::NAN;
                classes(r, |c| c.coco_ap50_95 = Some(f64::NAN));
            }),
        );
        let operating = reads(&|r| {
            (r.precision, r.recall, r.confidence) = (f64::NAN, f64::NAN, f64::NAN);
            classes(r, |c| (c.precision, c.recall) = (Some(f64::NAN), Some(f64::NAN)));
        });
        Parts { yolov5, coco, operating }
    }
}

/// Detections of one class in order of their scores, with those set apart that are true somewhere.
#[derive(Clone, Debug, Default)]
struct Ranked {
    /// The image of each.
    images: Vec<u32>,
    /// Place among these, and where it is true.
    good: Vec<(usize, Hits)>,
}

/// A detection that is true somewhere, in a resample.
struct Step {
    /// Detections so far, it and its copies included.
    total: u32,
    /// Its copies.
    copies: u32,
    hits: Hits,
}

impl Ranked {
    fn of(entries: impl Iterator<Item = (u32, Hits)>) -> Self {
        let mut ranked = Ranked::default();
        for (at, (image, hits)) in entries.enumerate() {
            ranked.images.push(image);
            if hits != Hits::default() {
                ranked.good.push((at, hits));
            }
        }
        ranked
    }

    /// The true detections of a resample, and how many detections it has.
    fn steps(&self, copies: &[u32]) -> (Vec<Step>, u32) {
        let count = |images: &[u32]| images.iter().map(|&i| copies[i as usize]).sum::<u32>();
        let (mut steps, mut total, mut from) = (Vec::with_capacity(self.good.len()), 0, 0);
        for &(at, hits) in &self.good {
            total += count(&self.images[from..=at]);
            from = at + 1;
            let copies = copies[self.images[at] as usize];
            if copies > 0 {
                steps.push(Step { total, copies, hits });
            }
        }
        (steps, total + count(&self.images[from..]))
    }
}

/// One class, matched.
struct OfClass {
    entries: Vec<Entry>,
    truth: Vec<(u32, u32)>,
    yolov5: Ranked,
    coco: Ranked,
}

/// A detector's detections on a split, ready for many resamples.
pub struct Resampled {
    names: Vec<String>,
    classes: Vec<OfClass>,
    parts: Parts,
}

impl Resampled {
    /// For reports that have these parts.
    pub fn new(matched: Matched, parts: Parts) -> Self {
        let of_class = |class: super::matched::OfClass| OfClass {
            yolov5: Ranked::of(class.entries.iter().map(|e| (e.image, e.yolov5)).filter(|_| parts.yolov5 > 0)),
            coco: Ranked::of(class.entries.iter().filter_map(|e| Some((e.image, e.coco?))).filter(|_| parts.coco > 0)),
            entries: if parts.operating { class.entries } else { Vec::new() },
            truth: class.truth,
        };
        Resampled { names: matched.names, classes: matched.classes.into_iter().map(of_class).collect(), parts }
    }

    /// What a resample costs, in detections that are looked at.
    pub fn load(&self) -> usize {
        // Measured: ten levels take four times what one takes, precision and recall at every threshold forty times.
        let times = |levels: usize| if levels > 1 { 4 } else { 1 };
        let of_class = |c: &OfClass| {
            times(self.parts.yolov5) * c.yolov5.images.len() + times(self.parts.coco) * c.coco.images.len() + 40 * c.entries.len()
        };
        self.classes.iter().map(of_class).sum()
    }

    /// The report of the resample in which image `i` stands `copies[i]` times.
    pub fn report(&self, copies: &[u32]) -> DetectionReport {
        let mut by_confidence = Vec::new();
        let mut classes: Vec<ClassReport> =
            self.names.iter().zip(&self.classes).map(|(name, class)| self.class(name, class, copies, &mut by_confidence)).collect();
        let operating = self.parts.operating.then(|| confidence::best(&by_confidence));
        if let Some(operating) = &operating {
            let present = classes.iter_mut().filter(|c| c.n_truth > 0);
            for ((class, precision), recall) in present.zip(&operating.precision).zip(&operating.recall) {
                (class.precision, class.recall) = (Some(*precision), Some(*recall));
            }
        }
        let mean = |of: fn(&ClassReport) -> Option<f64>| {
            let values: Vec<f64> = classes.iter().filter_map(of).collect();
            values.iter().sum::<f64>() / values.len() as f64
        };
        DetectionReport {
            map50: mean(|c| c.ap50),
            map50_95: mean(|c| c.ap50_95),
            precision: mean(|c| c.precision),
            recall: mean(|c| c.recall),
            confidence: operating.map_or(f64::NAN, |o| o.confidence),
            coco_map50: mean(|c| c.coco_ap50),
            coco_map50_95: mean(|c| c.coco_ap50_95),
            n_images: copies.iter().map(|&c| c as usize).sum(),
            n_truth: classes.iter().map(|c| c.n_truth).sum(),
            classes,
        }
    }

    fn class(&self, name: &str, class: &OfClass, copies: &[u32], by_confidence: &mut Vec<ByConfidence>) -> ClassReport {
        let of = |image: u32| copies[image as usize];
        let truths: u32 = class.truth.iter().map(|&(image, boxes)| of(image) * boxes).sum();
        let mut report = ClassReport {
            name: name.to_string(),
            n_truth: truths as usize,
            n_detections: 0,
            ap50: None,
            ap50_95: None,
            precision: None,
            recall: None,
            coco_ap50: None,
            coco_ap50_95: None,
        };
        if truths == 0 {
            return report;
        }
        let (steps, total) = class.yolov5.steps(copies);
        let ap = |levels: usize, of: &dyn Fn(usize) -> f64| {
            let first = if levels > 0 { of(0) } else { f64::NAN };
            let all = if levels == LEVELS { (first + (1..LEVELS).map(of).sum::<f64>()) / LEVELS as f64 } else { f64::NAN };
            (Some(first), Some(all))
        };
        (report.ap50, report.ap50_95) = ap(self.parts.yolov5, &|t| yolov5(&steps, t, total, truths));
        let (steps, _) = class.coco.steps(copies);
        (report.coco_ap50, report.coco_ap50_95) = ap(self.parts.coco, &|t| coco(&steps, t, truths));
        if self.parts.operating {
            let repeated = || class.entries.iter().flat_map(|e| std::iter::repeat_n(e, of(e.image) as usize));
            let scores: Vec<f64> = repeated().map(|e| f64::from(e.score)).collect();
            report.n_detections = scores.len();
            by_confidence.push(ByConfidence::new(&scores, &Curve::new(repeated().map(|e| e.yolov5), 0, truths as usize)));
        }
        report
    }
}

/// The true detections of one level: where recall stands after the first copy and after the last, precision there, and whether
/// false detections stand before it.
struct Rise {
    first: f64,
    last: f64,
    precision: f64,
    after_false: bool,
}

/// In order; precision is made monotone from the right. Then how many are true, and whether false ones follow the last.
fn rises(steps: &[Step], t: usize, total: u32, truths: u32) -> (Vec<Rise>, u32, bool) {
    let (mut good, mut before) = (0, 0);
    let mut rises = Vec::with_capacity(steps.len());
    for step in steps.iter().filter(|s| s.hits.at(t)) {
        let first = f64::from(good + 1) / f64::from(truths);
        good += step.copies;
        rises.push(Rise {
            first,
            last: f64::from(good) / f64::from(truths),
            precision: f64::from(good) / f64::from(step.total),
            after_false: step.total - step.copies > before,
        });
        before = step.total;
    }
    for i in (1..rises.len()).rev() {
        rises[i - 1].precision = rises[i - 1].precision.max(rises[i].precision);
    }
    (rises, good, total > before)
}

/// [`super::average_precision::yolov5`] from the true detections alone: between two of them the curve only falls.
fn yolov5(steps: &[Step], t: usize, total: u32, truths: u32) -> f64 {
    let (rises, good, false_follow) = rises(steps, t, total, truths);
    let Some(last) = rises.last() else { return 0.0 };
    // Places where the interpolated curve bends.
    let mut bends: Vec<(f64, f64)> = Vec::with_capacity(3 * rises.len() + 3);
    bends.push((0.0, 1.0));
    let mut recall = 0.0;
    for rise in &rises {
        if rise.after_false {
            bends.push((recall, rise.precision));
        }
        bends.push((rise.first, rise.precision));
        bends.push((rise.last, rise.precision));
        recall = rise.last;
    }
    if false_follow {
        bends.push((last.last, f64::from(good) / f64::from(total)));
    }
    bends.push((1.0, 0.0));
    let (mut sum, mut previous, mut after) = (0.0, 0.0, 0);
    for i in 0..=100 {
        let x = grid(i);
        while bends.get(after).is_some_and(|b| b.0 <= x) {
            after += 1;
        }
        // The first bend is at 0, so there is always one before.
        let (left, right) = (bends[after - 1], bends.get(after));
        let value = match right {
            Some(right) if left.0 < x => (right.1 - left.1) / (right.0 - left.0) * (x - left.0) + left.1,
            _ => left.1,
        };
        if i > 0 {
            sum += (x - grid(i - 1)) * (previous + value) / 2.0;
        }
        previous = value;
    }
    sum
}

/// [`super::average_precision::coco`] likewise.
fn coco(steps: &[Step], t: usize, truths: u32) -> f64 {
    let (rises, ..) = rises(steps, t, 0, truths);
    let (mut sum, mut at) = (0.0, 0);
    for i in 0..=100 {
        while rises.get(at).is_some_and(|r| r.last < grid(i)) {
            at += 1;
        }
        sum += rises.get(at).map_or(0.0, |r| r.precision);
    }
    sum / 101.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;
    use crate::metrics::words::{DETECTION, mean_average_precision as ap, one_class, operating_point};
    use crate::metrics::{Detection, Truth, TruthBox};

    /// Boxes on a coarse grid, detections near them and elsewhere, scores with ties.
    fn split(seed: u64, images: u64) -> (Vec<Truth>, Vec<Vec<Detection>>) {
        (0..images)
            .map(|image| {
                let mut r = Random::at(seed, "split", &[image]);
                let boxes: Vec<TruthBox> = (0..r.below(5))
                    .map(|_| {
                        let (x, y) = (r.below(8) as f32 * 12.0, r.below(8) as f32 * 12.0);
                        TruthBox { x1: x, y1: y, x2: x + 20.0, y2: y + 16.0, class: r.below(3) as u16 }
                    })
                    .collect();
                let mut place = 0.0;
                let mut near = |b: &TruthBox, r: &mut Random| {
                    let by = |r: &mut Random| (r.normal() * 3.0) as f32;
                    // Ties between images, none within one.
                    place += 1e-4;
                    let score = (r.below(20) as f32 + 1.0) / 20.0 - place;
                    let class = if r.unit() < 0.8 { b.class } else { r.below(3) as u16 };
                    Detection { x1: b.x1 + by(r), y1: b.y1 + by(r), x2: b.x2 + by(r), y2: b.y2 + by(r), score, class }
                };
                let mut found: Vec<Detection> = Vec::new();
                for b in &boxes {
                    for _ in 0..r.below(3) {
                        found.push(near(b, &mut r));
                    }
                }
                for _ in 0..r.below(4) {
                    let b = TruthBox { x1: r.unit() as f32 * 90.0, y1: 0.0, x2: 99.0, y2: 20.0, class: 1 };
                    found.push(near(&b, &mut r));
                }
                (Truth { boxes }, found)
            })
            .unzip()
    }

    fn assert_alike(a: &DetectionReport, b: &DetectionReport, why: &str) {
        let numbers = |r: &DetectionReport| {
            let mut all = vec![r.map50, r.map50_95, r.precision, r.recall, r.confidence, r.coco_map50, r.coco_map50_95];
            for c in &r.classes {
                let each = [c.ap50, c.ap50_95, c.precision, c.recall, c.coco_ap50, c.coco_ap50_95];
                all.extend(each.map(|v| v.unwrap_or(-1.0)));
            }
            all
        };
        for (i, (a, b)) in numbers(a).into_iter().zip(numbers(b)).enumerate() {
            assert!((a - b).abs() < 1e-9 || (a.is_nan() && b.is_nan()), "{why}: number {i}: {a} and {b}");
        }
        assert_eq!((a.n_images, a.n_truth), (b.n_images, b.n_truth), "{why}");
    }

    #[test]
    fn it_says_what_the_report_of_repeated_images_says() {
        let names = ["a", "b", "c"].map(String::from);
        for seed in 0..40 {
            let (truth, found) = split(seed, 3 + seed);
            let resampled = Resampled::new(Matched::new(&names, &truth, &found).unwrap(), Parts::ALL);
            let once = vec![1; truth.len()];
            let whole = DetectionReport::new(&names, &truth, &found).unwrap();
            assert_alike(&resampled.report(&once), &whole, &format!("split {seed}"));
            let mut r = Random::at(seed, "copies", &[]);
            let copies: Vec<u32> = (0..truth.len()).map(|_| r.below(4) as u32).collect();
            let repeat = |i: usize| copies[i] as usize;
            let truths: Vec<Truth> = (0..truth.len()).flat_map(|i| vec![truth[i].clone(); repeat(i)]).collect();
            let founds: Vec<Vec<Detection>> = (0..truth.len()).flat_map(|i| vec![found[i].clone(); repeat(i)]).collect();
            let repeated = DetectionReport::new(&names, &truths, &founds).unwrap();
            assert_alike(&resampled.report(&copies), &repeated, &format!("copies of split {seed}"));
        }
    }

    #[test]
    fn only_what_a_metric_reads_is_worked_out() {
        let names = ["a", "b", "c"].map(String::from);
        let (truth, found) = split(1, 20);
        let whole = DetectionReport::new(&names, &truth, &found).unwrap();
        let parts = |value: fn(&DetectionReport, Option<&str>) -> f64| Parts::read_by(&whole, |r| value(r, Some("b")));
        let none = Parts { yolov5: 0, coco: 0, operating: false };
        assert_eq!(parts(ap::MAP50.value), Parts { yolov5: 1, ..none });
        assert_eq!(parts(one_class::AP50.value), Parts { yolov5: 1, ..none });
        assert_eq!(parts(ap::COCO_MAP50_95.value), Parts { coco: LEVELS, ..none });
        assert_eq!(parts(operating_point::RECALL.value), Parts { operating: true, ..none });
        for measure in DETECTION {
            let value = |r: &DetectionReport| (measure.value)(r, Some("b"));
            let resampled = Resampled::new(Matched::new(&names, &truth, &found).unwrap(), Parts::read_by(&whole, value));
            let again = value(&resampled.report(&vec![1; truth.len()]));
            assert!((again - value(&whole)).abs() < 1e-9, "{}: {again}", measure.word.word.name);
        }
    }
}
