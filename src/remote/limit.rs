//! How long a request may take.

use std::time::{Duration, Instant};

/// Bytes a second that the slowest place moves: so much longer may a request take.
const SLOWEST: u64 = 64 << 10;

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Without a byte.
    pub idle: Duration,
    /// As a whole.
    pub until: Instant,
}

impl Limit {
    /// From now on, for so many bytes.
    pub fn of(idle: Duration, bytes: u64) -> Limit {
        Limit { idle, until: Instant::now() + idle + Duration::from_secs(bytes / SLOWEST) }
    }

    /// What is left, `idle` at most; none where the time is over.
    pub fn left(&self) -> Option<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| left.min(self.idle))
    }
}
