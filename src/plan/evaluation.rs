//! How detections are made for evaluation: YOLOv5's `val` (confidence .001, IoU .6, 300 detections, multi-label).

use super::engine::DataInfo;
use super::recipe::loss_canon;
use crate::base::Canon;
use crate::document::{Recipe, Task};

/// Objectness, and objectness × class, must exceed this.
pub const CONFIDENCE: f64 = 0.001;
/// IoU above which non-maximum suppression drops a box.
pub const NMS_IOU: f64 = 0.6;
/// Detections an image.
pub const MAX_DETECTIONS: usize = 300;

/// Batch norm's epsilon and momentum in networks that were never trained, where they are written out: those of YOLOv5's recipes.
pub const UNTRAINED_NORM: (f64, f64) = (1e-3, 0.03);

/// What is asked of a network over a split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Asked {
    /// Its predictions.
    Predictions,
    /// The loss of a detector.
    Loss,
}

/// How a network's predictions or its loss come about, as it enters keys; `image_size` is the network's.
pub(super) fn config(asked: Asked, info: &DataInfo, image_size: usize, recipe: &Recipe) -> Vec<(String, Canon)> {
    let bn_eps = recipe.bn_eps;
    let mut config = vec![
        ("image-size".to_string(), image_size.into()),
        ("decoder".to_string(), info.decoder.clone().into()),
        ("batch-norm-eps".to_string(), bn_eps.into()),
    ];
    if asked == Asked::Loss {
        config.push(("loss".to_string(), loss_canon(info.task, &recipe.loss)));
    } else if info.task == Task::Detect {
        config.extend([
            ("confidence".to_string(), CONFIDENCE.into()),
            ("nms-iou".to_string(), NMS_IOU.into()),
            ("max-detections".to_string(), MAX_DETECTIONS.into()),
        ]);
    }
    config
}
