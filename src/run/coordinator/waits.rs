//! How long a run has waited for room on the disk.

use std::time::{Duration, Instant};

/// The waits of a run.
#[derive(Default)]
pub struct Waits {
    /// When the disk was found full, and when room was found again.
    pub last: Option<(Instant, Instant)>,
    /// How long it waits before it tries again.
    pub nap: Duration,
}
