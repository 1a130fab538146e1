//! The F1 score of a detector, where it is best.

use super::super::DetectionReport;
use crate::document::{Better::Higher, Measure, Unit::Share};

/// YOLOv5's: at the confidence where the smoothed mean over classes is highest, which `precision` and `recall` are stated at, too.
pub static F1: Measure<DetectionReport> =
    Measure::new("f1", Share, Higher, mean_f1, "Mean over classes of F1, the harmonic mean of precision and recall, at that confidence.");

fn mean_f1(report: &DetectionReport, _: Option<&str>) -> f64 {
    // Upstream's guard against a division by nothing.
    let f1 = |precision: f64, recall: f64| 2.0 * precision * recall / (precision + recall + 1e-16);
    let each: Vec<f64> = report.classes.iter().filter_map(|c| Some(f1(c.precision?, c.recall?))).collect();
    each.iter().sum::<f64>() / each.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Detection, Truth, TruthBox};

    #[test]
    fn between_all_found_and_nothing_found() {
        let class = |name: &str| name.to_string();
        let object = |class: u16| TruthBox { x1: 0.0, y1: 0.0, x2: 9.0, y2: 9.0, class };
        let found = |class: u16| Detection { x1: 0.0, y1: 0.0, x2: 9.0, y2: 9.0, score: 0.9, class };
        let truth = [Truth { boxes: vec![object(0), object(1)] }];
        let value = |truth: &[Truth], found: Vec<Detection>| {
            let report = DetectionReport::new(&[class("a"), class("b"), class("unseen")], truth, &[found]);
            (F1.value)(&report.expect("a report"), None)
        };
        assert!((value(&truth, vec![found(0), found(1)]) - 1.0).abs() < 1e-12);
        assert!((value(&truth, vec![found(0)]) - 0.5).abs() < 1e-12, "a class that is never found has none");
        assert_eq!(value(&truth, vec![]), 0.0);
        assert!(value(&[Truth::default()], vec![found(0)]).is_nan(), "of nothing there is no mean");
    }
}
