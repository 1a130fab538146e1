//! Metrics of one class, which their line names: `metric recall-of class="RBC"`.

use super::super::{ClassificationReport, DetectionReport};
use crate::document::{Better::Higher, Measure, Unit::Share};
use crate::results::ClassReport;

/// `ap50 class="RBC"`: YOLOv5's way.
pub static AP50: Measure<DetectionReport> = Measure::new(
    "ap50",
    Share,
    Higher,
    |r: &DetectionReport, class| found(r, class, |c| c.ap50),
    "Average precision of one class at IoU .5, YOLOv5's way.",
)
.of_class();

/// `ap50-95 class="RBC"`: YOLOv5's way.
pub static AP50_95: Measure<DetectionReport> = Measure::new(
    "ap50-95",
    Share,
    Higher,
    |r: &DetectionReport, class| found(r, class, |c| c.ap50_95),
    "Its mean over IoU .5, .55, … .95, YOLOv5's way.",
)
.of_class();

/// `precision-of class="RBC"`.
pub static PRECISION_OF: Measure<DetectionReport> = Measure::new(
    "precision-of",
    Share,
    Higher,
    |r: &DetectionReport, class| found(r, class, |c| c.precision),
    "Share of true detections of one class, at the confidence of the best mean F1 of all.",
)
.of_class();

/// `recall-of class="RBC"`.
pub static RECALL_OF: Measure<DetectionReport> = Measure::new(
    "recall-of",
    Share,
    Higher,
    |r: &DetectionReport, class| found(r, class, |c| c.recall),
    "Share of the objects of one class that are found, at that confidence.",
)
.of_class();

/// `accuracy-of class="7"`.
pub static ACCURACY_OF: Measure<ClassificationReport> = Measure::new(
    "accuracy-of",
    Share,
    Higher,
    |r: &ClassificationReport, class| {
        let own = r.classes.iter().find(|c| Some(c.name.as_str()) == class);
        own.and_then(|c| c.accuracy).unwrap_or(f64::NAN)
    },
    "Share of the images of one class that are given it (its recall).",
)
.of_class();

/// NaN where the split has nothing of the class.
fn found(report: &DetectionReport, class: Option<&str>, of: fn(&ClassReport) -> Option<f64>) -> f64 {
    report.classes.iter().find(|c| Some(c.name.as_str()) == class).and_then(of).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Detection, Truth, TruthBox};

    #[test]
    fn each_class_has_its_own() {
        let names = ["a", "b", "unseen"].map(String::from);
        let object = |class: u16| TruthBox { x1: 0.0, y1: 0.0, x2: 9.0, y2: 9.0, class };
        let hit = |class: u16, score: f32| Detection { x1: 0.0, y1: 0.0, x2: 9.0, y2: 9.0, score, class };
        // Both objects of `a` are found, one of the two of `b`; one more detection of `b` hits nothing.
        let truth = [Truth { boxes: vec![object(0), object(1)] }, Truth { boxes: vec![object(0), object(1)] }];
        let wrong = Detection { x1: 50.0, y1: 50.0, x2: 59.0, y2: 59.0, score: 0.9, class: 1 };
        let report = DetectionReport::new(&names, &truth, &[vec![hit(0, 0.9), hit(1, 0.9)], vec![hit(0, 0.9), wrong]]).expect("a report");
        let value = |m: &Measure<DetectionReport>, class: &str| (m.value)(&report, Some(class));
        assert!((value(&RECALL_OF, "a") - 1.0).abs() < 1e-9 && (value(&RECALL_OF, "b") - 0.5).abs() < 1e-9);
        assert!((value(&PRECISION_OF, "a") - 1.0).abs() < 1e-9 && (value(&PRECISION_OF, "b") - 0.5).abs() < 1e-9);
        assert!(value(&AP50, "a") > 0.9 && value(&AP50, "b") < value(&AP50, "a") - 0.1);
        assert!((value(&AP50, "b") - value(&AP50_95, "b")).abs() < 1e-9, "the boxes are exact at every threshold");
        let mean = (value(&AP50, "a") + value(&AP50, "b")) / 2.0;
        assert!((mean - report.map50).abs() < 1e-12);
        for measure in [&AP50, &AP50_95, &PRECISION_OF, &RECALL_OF] {
            assert!(value(measure, "unseen").is_nan() && value(measure, "no such class").is_nan());
        }
    }

    #[test]
    fn a_classifiers_classes() {
        let names = ["a", "b", "c"].map(String::from);
        let logits = [2.0, 1.0, 0.0, 2.0, 1.0, 0.0, 0.0, 1.0, 2.0];
        let report = ClassificationReport::new(&names, &[0, 1, 1], &logits).expect("a report");
        let value = |class: &str| (ACCURACY_OF.value)(&report, Some(class));
        assert_eq!((value("a"), value("b")), (1.0, 0.0));
        assert!(value("c").is_nan());
    }
}
