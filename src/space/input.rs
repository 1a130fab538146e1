//! What a network reads, and why one cannot be built.

use crate::document::Span;

/// What the data fixes.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct InputSpec {
    /// Channels of an image.
    pub channels: usize,
    /// Both sides of an image, in pixels.
    pub image_size: usize,
    /// Classes.
    pub classes: usize,
    /// (width, height) in pixels for each level: what k-means found for `anchors=auto`. None: COCO's at this size stand
    /// in, so that shapes and costs are known; see [`Space::awaits_anchors`].
    pub anchors: Option<Vec<Vec<(f32, f32)>>>,
}

/// Why a sample is no candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Infeasible {
    /// In one sentence.
    pub reason: String,
    /// The layer or bound.
    pub span: Span,
}
