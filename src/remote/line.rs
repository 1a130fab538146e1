//! Asking a place within limits: some tries, one time for all of them; once it has failed so, it is not asked again.

use super::fault::Fault;
use super::limit::Limit;
use super::transport::Remote;
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Tries of a request, at most.
const TRIES: usize = 5;
/// The first pause between two.
const PAUSE: Duration = Duration::from_millis(100);

/// A place that is asked within limits. Clones share what is known of it.
#[derive(Clone)]
pub struct Line {
    remote: Arc<dyn Remote>,
    timeout: Duration,
    failed: Arc<OnceLock<String>>,
}

impl Line {
    /// To a place whose answers take so long at most.
    pub fn new(remote: Arc<dyn Remote>, timeout: Duration) -> Line {
        Line { remote, timeout, failed: Arc::default() }
    }

    /// The place.
    pub fn remote(&self) -> &dyn Remote {
        self.remote.as_ref()
    }

    /// Longest time without an answer.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Why it is not asked any more.
    pub fn failed(&self) -> Option<&str> {
        self.failed.get().map(String::as_str)
    }

    /// Gives it up: it is not asked any more.
    pub fn give_up(&self, why: String) {
        let _ = self.failed.set(why);
    }

    /// Asks, and again where that may help, as long as there is time; `bytes` are to be moved. Where the place as a whole fails it is
    /// given up.
    ///
    /// # Errors
    /// The last try's.
    pub fn ask<T>(&self, bytes: u64, mut request: impl FnMut(&dyn Remote, Limit) -> Result<T, Fault>) -> Result<T, Fault> {
        let limit = Limit::of(self.timeout, bytes);
        let (mut pause, mut tries) = (PAUSE, 1);
        loop {
            if let Some(why) = self.failed() {
                return Err(Fault::Down(why.to_string()));
            }
            match request(self.remote(), limit) {
                Err(e) if e.passes() && tries < TRIES && Instant::now() + pause < limit.until => {
                    sleep(pause);
                    (pause, tries) = (pause * 3, tries + 1);
                }
                Err(e) => {
                    if let Some(why) = e.of_place() {
                        self.give_up(why.to_string());
                    }
                    return Err(e);
                }
                done => return done,
            }
        }
    }
}
