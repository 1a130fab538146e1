//! What the coordinator computes itself.

use super::Coordinator;
use super::announce::subject;
use crate::plan::{Replay, Work};
use crate::run::error::RunError;
use crate::run::events::Event;
use crate::run::inline::{Computed, Inline};
use crate::run::record;
use crate::store::Record;
use std::time::{Duration, Instant};

/// What was computed is published together, at most so many at a time, and after so long at the latest.
const MOST: usize = 256;
/// See [`MOST`].
const LATEST: Duration = Duration::from_secs(1);

/// What is computed, and not published yet.
struct Short<'r> {
    work: &'r Work,
    result: String,
    value: Option<f64>,
    seconds: f64,
}

impl Coordinator<'_> {
    /// Computes what is short; true where anything was.
    pub(super) fn compute(&mut self, replay: &Replay) -> Result<bool, RunError> {
        let (mut any, mut computed, mut since) = (false, Vec::new(), Instant::now());
        for work in replay.works.iter().filter(|w| Inline::takes(w)) {
            if self.due().is_some() {
                break;
            }
            self.starts(work, replay)?;
            let begun = Instant::now();
            match self.inline.compute(work, self.prepared, self.store)? {
                Computed::Done { outcome, result, value } => {
                    let record = record::write(work.action(), None, &outcome);
                    computed.push((record, Short { work, result, value, seconds: begun.elapsed().as_secs_f64() }));
                }
                Computed::InputGone => {
                    self.recording.ended(work.key());
                    self.forget_all(&work.label());
                    self.known.forget(work.key());
                }
            }
            any = true;
            if computed.len() >= MOST || since.elapsed() >= LATEST {
                self.publish_computed(std::mem::take(&mut computed))?;
                since = Instant::now();
            }
        }
        self.publish_computed(computed)?;
        Ok(any)
    }

    fn publish_computed(&mut self, computed: Vec<(Record, Short)>) -> Result<(), RunError> {
        let (records, computed): (Vec<Record>, Vec<Short>) = computed.into_iter().unzip();
        self.store.publish_many(&records)?;
        let mut keys = Vec::with_capacity(computed.len());
        for Short { work, result, value, seconds } in computed {
            let key = work.key();
            self.count(work);
            self.recording.done(work, &[key]);
            self.known.forget(key);
            keys.push(key);
            let metric = if let Work::Metric(w) = work { Some(w.metric.name()) } else { None };
            self.events.on(Event::Finished { subject: subject(work), metric, value, failed: None, alike: 0, result, seconds });
        }
        self.share(&keys)
    }
}
