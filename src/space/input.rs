//! What a network reads, and why one cannot be built.

use crate::document::Span;

/// What the data fixes.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct InputSpec {
    /// Channels of an image.
    pub channels: usize,
    /// Both sides of an image, in pixels: the data's. A space may state another size, or several, in its place.
    pub image_size: usize,
    /// Classes.
    pub classes: usize,
    /// What k-means found for `anchors=auto`, for each size and number of levels that the space's networks have. None: COCO's
    /// at each size stand in, so that shapes and costs are known; see [`Space::awaits_anchors`](super::Space::awaits_anchors).
    pub anchors: Option<Vec<AnchorSet>>,
}

/// The anchors of heads of so many levels, over images of one size.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AnchorSet {
    /// Both sides of an image, in pixels.
    pub image_size: usize,
    /// (width, height) in pixels for each level.
    pub levels: Vec<Vec<(f32, f32)>>,
}

impl InputSpec {
    /// The anchors for images of a size and so many levels: none while k-means has not run. The error says that it ran for others.
    pub fn anchors_at(&self, image_size: usize, levels: usize) -> Result<Option<&[Vec<(f32, f32)>]>, String> {
        let Some(sets) = &self.anchors else { return Ok(None) };
        let found = sets.iter().find(|s| s.image_size == image_size && s.levels.len() == levels);
        found.map(|s| Some(&s.levels[..])).ok_or_else(|| format!("anchors of {levels} levels at {image_size} px are not given"))
    }
}

/// Why a sample is no candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Infeasible {
    /// In one sentence.
    pub reason: String,
    /// The layer or bound.
    pub span: Span,
}
