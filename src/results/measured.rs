//! What measurements say of classes.

use serde::{Deserialize, Serialize};

/// Every class in declared order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Classes {
    /// Of a detector.
    Detection(Vec<ClassReport>),
    /// Of a classifier.
    Classification(Vec<ClassAccuracy>),
}

/// One class of a detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// Its name.
    pub name: String,
    /// True boxes; where it is zero the other numbers are absent and the class is in no mean.
    pub n_truth: usize,
    /// Detections of it.
    pub n_detections: usize,
    /// YOLOv5's average precision at IoU .5.
    pub ap50: Option<f64>,
    /// The mean over .50:.95.
    pub ap50_95: Option<f64>,
    /// At the report's confidence.
    pub precision: Option<f64>,
    /// At the report's confidence.
    pub recall: Option<f64>,
    /// COCO's average precision at IoU .5.
    pub coco_ap50: Option<f64>,
    /// The mean over .50:.95.
    pub coco_ap50_95: Option<f64>,
}

/// One class of a classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassAccuracy {
    /// Its name.
    pub name: String,
    /// Images of it.
    pub n_truth: usize,
    /// Share of them that were given this class; absent where there are none.
    pub accuracy: Option<f64>,
}
