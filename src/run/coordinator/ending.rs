//! How a run ends before everything is done.

use super::Coordinator;
use crate::run::events::Event;
use crate::run::launch::Heard;
use crate::run::options::RunEnd;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often workers' memory is looked at, where it is bounded.
const WEIGH: Duration = Duration::from_millis(200);
/// How long workers may take for their checkpoints after an error of the run.
const PATIENCE: Duration = Duration::from_secs(30);

impl Coordinator<'_> {
    /// After an error of the run: workers that can still write their checkpoints do; those that are left after a while, or when
    /// the user asks to stop, are ended.
    pub(super) fn wind_down(&mut self) {
        if self.attempts.len() > 0 && self.stopping.is_none() {
            self.stop(RunEnd::Interrupted);
        }
        let (begun, asked) = (Instant::now(), self.asked());
        while self.attempts.len() > 0 && begun.elapsed() < PATIENCE && self.asked() == asked {
            if let Some(Heard::Ended(id, _)) = self.launcher.listen(Duration::from_millis(100)) {
                self.attempts.remove(id);
            }
        }
        self.kill_all();
    }

    /// Ends attempts that take longer, or more memory, than the user allows.
    pub(super) fn hold_limits(&mut self) {
        if let Some(limit) = self.options.timeout {
            for id in self.attempts.overdue(limit) {
                self.launcher.kill(id);
            }
        }
        if let Some(limit) = self.options.memory
            && self.weighed.elapsed() > WEIGH
        {
            for id in self.attempts.too_large(limit, self.launcher) {
                self.launcher.kill(id);
            }
            self.weighed = Instant::now();
        }
    }

    pub(super) fn kill_all(&mut self) {
        for id in self.attempts.drain() {
            self.launcher.kill(id);
        }
    }

    /// How often the user asked to stop.
    pub(super) fn asked(&self) -> usize {
        self.options.stop.load(Ordering::Relaxed)
    }

    /// Why the run is to end before everything is done, as soon as it is to.
    pub(super) fn due(&self) -> Option<RunEnd> {
        self.options.due(self.begun)
    }

    pub(super) fn stop(&mut self, why: RunEnd) {
        self.stopping = Some(why);
        self.events.on(Event::Stopping);
        self.launcher.stop();
    }
}
