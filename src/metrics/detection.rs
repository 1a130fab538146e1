//! The report of a detector on a split: every number of the language that is a pure function of predictions and truth.

use super::average_precision::{self, Curve, mean_over_classes, mean_over_levels};
use super::confidence::{self, ByConfidence};
use super::matched::{Matched, OfClass};
use super::matching::LEVELS;
use super::{Detection, Truth};
use crate::results::ClassReport;
use serde::{Deserialize, Serialize};

/// A detector on a split. Means are over the classes that occur in the truth; NaN where none does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetectionReport {
    /// YOLOv5's mAP at IoU .5.
    pub map50: f64,
    /// YOLOv5's mAP at .50:.95.
    pub map50_95: f64,
    /// Mean over classes at `confidence`.
    pub precision: f64,
    /// Mean over classes at `confidence`.
    pub recall: f64,
    /// Where the smoothed mean F1 is best.
    pub confidence: f64,
    /// COCO's mAP at IoU .5.
    pub coco_map50: f64,
    /// COCO's mAP at .50:.95.
    pub coco_map50_95: f64,
    /// Images.
    pub n_images: usize,
    /// True boxes.
    pub n_truth: usize,
    /// Every class in declared order.
    pub classes: Vec<ClassReport>,
}

impl DetectionReport {
    /// `truth[i]` and `predictions[i]` are of one image. Detections sort by (score descending, image, index).
    ///
    /// Detections of a class beyond `classes` count nowhere; a NaN score counts as 0, a NaN box as a false detection.
    /// Fails where the lists differ in length or the truth holds an unknown class.
    pub fn new<D: AsRef<[Detection]>>(classes: &[String], truth: &[Truth], predictions: &[D]) -> Result<Self, String> {
        Ok(Self::of(&Matched::new(classes, truth, predictions)?))
    }

    /// Of detections that were matched.
    pub fn of(matched: &Matched) -> Self {
        let n_truth: Vec<usize> = matched.classes.iter().map(OfClass::truths).collect();
        let present: Vec<usize> = (0..n_truth.len()).filter(|&c| n_truth[c] > 0).collect();
        let (mut yolov5, mut coco, mut by_confidence) = (Vec::new(), Vec::new(), Vec::new());
        for &class in &present {
            let (list, truths) = (&matched.classes[class].entries, n_truth[class]);
            let hits = || list.iter().map(|e| e.yolov5);
            // A class without a detection is 0, not the triangle under (0, 1)–(1, 0).
            let upstream = |t| if list.is_empty() { 0.0 } else { average_precision::yolov5(&Curve::new(hits(), t, truths)) };
            yolov5.push(std::array::from_fn::<f64, LEVELS, _>(upstream));
            let official = |t| average_precision::coco(&Curve::new(list.iter().filter_map(|e| e.coco), t, truths));
            coco.push(std::array::from_fn::<f64, LEVELS, _>(official));
            let scores: Vec<f64> = list.iter().map(|e| f64::from(e.score)).collect();
            by_confidence.push(ByConfidence::new(&scores, &Curve::new(hits(), 0, truths)));
        }
        let operating = confidence::best(&by_confidence);
        let (map50, map50_95) = mean_over_classes(&yolov5);
        let (coco_map50, coco_map50_95) = mean_over_classes(&coco);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let report = |(class, name): (usize, &String)| {
            let place = present.iter().position(|&c| c == class);
            ClassReport {
                name: name.clone(),
                n_truth: n_truth[class],
                n_detections: matched.classes[class].entries.len(),
                ap50: place.map(|i| yolov5[i][0]),
                ap50_95: place.map(|i| mean_over_levels(&yolov5[i])),
                precision: place.map(|i| operating.precision[i]),
                recall: place.map(|i| operating.recall[i]),
                coco_ap50: place.map(|i| coco[i][0]),
                coco_ap50_95: place.map(|i| mean_over_levels(&coco[i])),
            }
        };
        DetectionReport {
            map50,
            map50_95,
            precision: mean(&operating.precision),
            recall: mean(&operating.recall),
            confidence: operating.confidence,
            coco_map50,
            coco_map50_95,
            n_images: matched.images,
            n_truth: n_truth.iter().sum(),
            classes: matched.names.iter().enumerate().map(report).collect(),
        }
    }

    /// Upstream's fitness: .1·mAP50 + .9·mAP50-95.
    pub fn fitness(&self) -> f64 {
        0.1 * self.map50 + 0.9 * self.map50_95
    }
}

#[cfg(test)]
#[path = "detection_tests.rs"]
mod tests;
