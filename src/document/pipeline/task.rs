//! What networks are trained for.

/// What a network is trained for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Boxes with classes.
    #[default]
    Detect,
    /// One class an image.
    Classify,
}
