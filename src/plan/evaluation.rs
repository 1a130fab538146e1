//! How detections are made for evaluation: YOLOv5's `val` (confidence .001, IoU .6, 300 detections, multi-label).

use super::engine::DataInfo;
use crate::base::Canon;
use crate::document::Task;

/// Objectness, and objectness × class, must exceed this.
pub const CONFIDENCE: f64 = 0.001;
/// IoU above which non-maximum suppression drops a box.
pub const NMS_IOU: f64 = 0.6;
/// Detections an image.
pub const MAX_DETECTIONS: usize = 300;

/// How a network's predictions are made, as it enters keys; `image_size` is the network's.
pub(super) fn config(info: &DataInfo, image_size: usize, bn_eps: f64) -> Vec<(String, Canon)> {
    let mut config = vec![
        ("image-size".to_string(), image_size.into()),
        ("decoder".to_string(), info.decoder.clone().into()),
        ("batch-norm-eps".to_string(), bn_eps.into()),
    ];
    if info.task == Task::Detect {
        config.extend([
            ("confidence".to_string(), CONFIDENCE.into()),
            ("nms-iou".to_string(), NMS_IOU.into()),
            ("max-detections".to_string(), MAX_DETECTIONS.into()),
        ]);
    }
    config
}
