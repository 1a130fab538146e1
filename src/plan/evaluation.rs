//! How detections are made for evaluation: upstream's `val` (facts: confidence .001, IoU .6, 300 detections, multi-label).

/// Objectness, and objectness × class, must exceed this.
pub const CONFIDENCE: f64 = 0.001;
/// IoU above which non-maximum suppression drops a box.
pub const NMS_IOU: f64 = 0.6;
/// Detections an image.
pub const MAX_DETECTIONS: usize = 300;
