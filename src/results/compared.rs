//! How one network compares with others.

use serde::{Deserialize, Serialize};

/// The difference of a metric between one network and others, as means over seeds and networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Comparison {
    /// The one minus the others.
    pub difference: f64,
    /// Its 95 % interval over images, seeds and networks; none where one training cannot tell of its luck.
    pub interval: Option<(f64, f64)>,
    /// Degrees of freedom of that interval.
    pub freedom: Option<f64>,
    /// The 95 % interval over images alone; none where there are none.
    pub over_images: Option<(f64, f64)>,
    /// The share of resamples (of images, seeds and networks) in which the difference is above 0.
    pub above: Option<f64>,
    /// Resamples of images.
    pub resamples: usize,
}
