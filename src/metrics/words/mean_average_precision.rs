//! Mean average precision, in the two ways that are in use.

use super::super::DetectionReport;
use crate::document::{Better::Higher, Measure, Unit::Share};

/// YOLOv5's mAP at IoU .5.
pub static MAP50: Measure<DetectionReport> =
    Measure::new("map50", Share, Higher, |r, _| r.map50, "Mean average precision at IoU .5, YOLOv5's way.");

/// YOLOv5's mAP at .50:.95.
pub static MAP50_95: Measure<DetectionReport> =
    Measure::new("map50-95", Share, Higher, |r, _| r.map50_95, "Its mean over IoU .5, .55, … .95, YOLOv5's way.");

/// COCO's mAP at .5.
pub static COCO_MAP50: Measure<DetectionReport> =
    Measure::new("coco-map50", Share, Higher, |r, _| r.coco_map50, "Mean average precision at IoU .5, COCO's way.");

/// COCO's mAP at .50:.95.
pub static COCO_MAP50_95: Measure<DetectionReport> =
    Measure::new("coco-map50-95", Share, Higher, |r, _| r.coco_map50_95, "Its mean over IoU .5, .55, … .95, COCO's way.");
