//! When the queue is asked.

use std::time::{Duration, Instant};

/// How often it is asked: at first, and at most; twice as seldom each time.
const POLLS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// The same where it does not answer, or does not accept.
const TROUBLE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// When it is asked next.
pub struct Polls {
    due: Instant,
    every: Duration,
    under_way: bool,
    /// How often in a row it has not answered.
    failed: u32,
}

impl Polls {
    /// Now.
    pub fn new() -> Polls {
        Polls { due: Instant::now(), every: POLLS.0, under_way: false, failed: 0 }
    }

    /// Something was sent: it is asked soon, unless it did not answer before.
    pub fn soon(&mut self) {
        if self.failed == 0 {
            self.every = POLLS.0;
            self.due = self.due.min(Instant::now() + self.every);
        }
    }

    /// Whether it is to be asked now, which then has begun.
    pub fn begin(&mut self, now: Instant) -> bool {
        let due = !self.under_way && now >= self.due;
        self.under_way |= due;
        due
    }

    /// It answered; whether it had not before.
    pub fn answered(&mut self) -> bool {
        self.under_way = false;
        self.due = Instant::now() + self.every;
        self.every = (self.every * 2).min(POLLS.1);
        std::mem::take(&mut self.failed) > 0
    }

    /// It did not answer.
    pub fn failed(&mut self) {
        self.under_way = false;
        self.failed += 1;
        self.due = Instant::now() + nap(self.failed);
    }
}

/// The wait after so many vain tries.
pub fn nap(times: u32) -> Duration {
    (TROUBLE.0 * 2u32.saturating_pow(times.saturating_sub(1).min(10))).min(TROUBLE.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_asked_more_and_more_seldom() {
        let seconds: Vec<u64> = [1, 2, 3, 5, 6, 7, 1000].map(|times| nap(times).as_secs()).to_vec();
        assert_eq!(seconds, [1, 2, 4, 16, 30, 30, 30]);
        let mut polls = Polls::new();
        let now = Instant::now();
        assert!(polls.begin(now) && !polls.begin(now));
        assert!(!polls.answered() && !polls.begin(now));
        assert!(polls.begin(now + Duration::from_secs(2)));
        polls.failed();
        polls.soon();
        assert!(polls.answered());
    }
}
