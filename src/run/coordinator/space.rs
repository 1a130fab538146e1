//! A full disk: with `--wait-for-space` a run waits for room in place of ending.

use super::Coordinator;
use crate::base::units;
use crate::document::configuration::WaitForSpace;
use crate::run::error::RunError;
use crate::run::events::Event;
use std::time::{Duration, Instant};

/// How often it is looked for room.
const LOOK: Duration = Duration::from_millis(200);
/// Room for what comes beside the file that failed: its directory, a line of the index.
const BESIDE: u64 = 256 << 10;
/// The shortest wait, and the longest of those that follow one another in vain: a quota says that there is room where there is none.
const NAPS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// Without trouble for so long, the next full disk is another one.
const CALM: Duration = Duration::from_secs(60);

impl Coordinator<'_> {
    /// Waits for room where this is why the run cannot go on and the user wants to wait; whether it can go on. Workers that still have
    /// room go on meanwhile.
    pub(super) fn has_waited(&mut self, error: &RunError) -> bool {
        let Some(needed) = error.room().map(|bytes| bytes.saturating_add(BESIDE)) else { return false };
        if self.options.wait_for_space == WaitForSpace::No || self.stopping.is_some() {
            return false;
        }
        let now = Instant::now();
        let again = self.waits.last.filter(|(_, end)| end.elapsed() < CALM);
        let since = again.map_or(now, |(since, _)| since);
        self.waits.nap = if again.is_some() { (self.waits.nap * 2).clamp(NAPS.0, NAPS.1) } else { NAPS.0 };
        if again.is_none() {
            let free = self.store.blobs().free().map_or(String::new(), |free| format!(", {} are free", units::shown(free)));
            let message = format!("the disk is full, waiting for {} of room{free}: {error}", units::shown(needed));
            self.events.on(Event::Note { message });
        }
        loop {
            std::thread::sleep(LOOK);
            self.hold_limits();
            // The loop of the run ends it in order.
            if self.due().is_some() {
                break;
            }
            if matches!(self.options.wait_for_space, WaitForSpace::For(limit) if since.elapsed() > limit) {
                return false;
            }
            if now.elapsed() >= self.waits.nap && self.store.blobs().free().is_none_or(|free| free >= needed) {
                if again.is_none() {
                    self.events.on(Event::Note { message: "there is room again: the run goes on".into() });
                }
                break;
            }
        }
        self.waits.last = Some((since, Instant::now()));
        self.known.forget_all();
        self.jobs.forget();
        true
    }
}
