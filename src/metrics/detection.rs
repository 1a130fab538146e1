//! The report of a detector on a split: every number of the language that is a pure function of predictions and truth.

use super::average_precision::{self, Curve, mean_over_classes, mean_over_levels};
use super::confidence::{self, ByConfidence};
use super::matching::{self, Hits, LEVELS};
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

/// A detection of one class among all images: (score, YOLOv5's hits, COCO's hits).
type Entry = (f32, Hits, Option<Hits>);

impl DetectionReport {
    /// `truth[i]` and `predictions[i]` are of one image. Detections sort by (score descending, image, index).
    ///
    /// Detections of a class beyond `classes` count nowhere; a NaN score counts as 0, a NaN box as a false detection.
    /// Fails where the lists differ in length or the truth holds an unknown class.
    pub fn new<D: AsRef<[Detection]>>(classes: &[String], truth: &[Truth], predictions: &[D]) -> Result<Self, String> {
        if truth.len() != predictions.len() {
            return Err(format!("predictions of {} images for {} images of truth", predictions.len(), truth.len()));
        }
        let mut n_truth = vec![0usize; classes.len()];
        let mut entries: Vec<Vec<Entry>> = vec![Vec::new(); classes.len()];
        for (image, (truth, found)) in truth.iter().zip(predictions).enumerate() {
            let found = found.as_ref();
            for object in &truth.boxes {
                let Some(count) = n_truth.get_mut(usize::from(object.class)) else {
                    let known = classes.len();
                    return Err(format!("image {image} has a box of class {}, but there are {known} classes", object.class));
                };
                *count += 1;
            }
            let yolov5 = matching::yolov5(&truth.boxes, found);
            let coco = matching::coco(&truth.boxes, found);
            for (i, detection) in found.iter().enumerate() {
                if let Some(list) = entries.get_mut(usize::from(detection.class)) {
                    list.push((detection.rank_score(), yolov5[i], coco[i]));
                }
            }
        }
        // Stable: equal scores keep the order of images, then of detections.
        entries.iter_mut().for_each(|list| list.sort_by(|a, b| b.0.total_cmp(&a.0)));
        Ok(Self::from_entries(classes, &n_truth, &entries, truth.len()))
    }

    fn from_entries(classes: &[String], n_truth: &[usize], entries: &[Vec<Entry>], n_images: usize) -> Self {
        let present: Vec<usize> = (0..classes.len()).filter(|&c| n_truth[c] > 0).collect();
        let (mut yolov5, mut coco, mut by_confidence) = (Vec::new(), Vec::new(), Vec::new());
        for &class in &present {
            let (list, truths) = (&entries[class], n_truth[class]);
            let hits = || list.iter().map(|e| e.1);
            // A class without a detection is 0, not the triangle under (0, 1)–(1, 0).
            let upstream = |t| if list.is_empty() { 0.0 } else { average_precision::yolov5(&Curve::new(hits(), t, truths)) };
            yolov5.push(std::array::from_fn::<f64, LEVELS, _>(upstream));
            let official = |t| average_precision::coco(&Curve::new(list.iter().filter_map(|e| e.2), t, truths));
            coco.push(std::array::from_fn::<f64, LEVELS, _>(official));
            let scores: Vec<f64> = list.iter().map(|e| f64::from(e.0)).collect();
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
                n_detections: entries[class].len(),
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
            n_images,
            n_truth: n_truth.iter().sum(),
            classes: classes.iter().enumerate().map(report).collect(),
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
