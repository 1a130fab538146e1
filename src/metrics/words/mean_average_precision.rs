//! Mean average precision, in the two ways that are in use, and the average precision of one class.

use super::super::DetectionReport;
use crate::document::{Better::Higher, Measure, Unit::Share};

/// YOLOv5's mAP at IoU .5.
pub static MAP50: Measure<DetectionReport> =
    Measure::new("map50", Share, Higher, |r, _| r.map50, "Mean average precision at IoU .5, YOLOv5's way.");

/// YOLOv5's mAP at .50:.95.
pub static MAP50_95: Measure<DetectionReport> =
    Measure::new("map50-95", Share, Higher, |r, _| r.map50_95, "Its mean over IoU .5, .55, … .95, YOLOv5's way.");

/// `ap50 class="RBC"`: one class, YOLOv5's way.
pub static AP50: Measure<DetectionReport> =
    Measure::new("ap50", Share, Higher, of_class, "Average precision of one class at IoU .5, YOLOv5's way.").of_class();

/// COCO's mAP at .5.
pub static COCO_MAP50: Measure<DetectionReport> =
    Measure::new("coco-map50", Share, Higher, |r, _| r.coco_map50, "Mean average precision at IoU .5, COCO's way.");

/// COCO's mAP at .50:.95.
pub static COCO_MAP50_95: Measure<DetectionReport> =
    Measure::new("coco-map50-95", Share, Higher, |r, _| r.coco_map50_95, "Its mean over IoU .5, .55, … .95, COCO's way.");

fn of_class(report: &DetectionReport, class: Option<&str>) -> f64 {
    let found = report.classes.iter().find(|c| Some(c.name.as_str()) == class);
    found.and_then(|c| c.ap50).unwrap_or(f64::NAN)
}
