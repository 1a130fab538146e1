//! An attempt has ended.

use super::Coordinator;
use super::announce::subject;
use super::attempts::{Left, Purpose, Running};
use crate::base::counted;
use crate::plan::Work;
use crate::results::GivenUp;
use crate::run::error::RunError;
use crate::run::events::Event;
use crate::run::job::JobResult;
use crate::run::launch::{self, Id};
use crate::run::observe;

impl Coordinator<'_> {
    /// An attempt ended: what it left is to be published, or it counts as failed.
    pub(super) fn ended(&mut self, id: Id, how: launch::Ended) -> Result<(), RunError> {
        let Some(running) = self.attempts.remove(id) else { return Ok(()) };
        self.recording.ended(running.assignment.key);
        if let Purpose::Work(Work::Train(training)) = &running.purpose {
            // It may have left a checkpoint.
            self.known.forget_chain(training.chain);
        }
        match &how {
            launch::Ended::Stopped => return Ok(()),
            launch::Ended::Full { why, needed } => {
                let why = format!("{}: {why}", running.purpose.subject().label);
                return Err(RunError::Full { why, needed: *needed });
            }
            launch::Ended::Broken(why) => return Err(RunError::Worker(format!("{}: {why}", running.purpose.subject().label))),
            _ => {}
        }
        let Some(result) = running.result(&how, &self.store.blobs())? else {
            match how {
                launch::Ended::Interrupted(why) => {
                    let message = format!("{}: {why}; it goes on", running.purpose.subject().label);
                    self.events.on(Event::Note { message });
                }
                how => self.failed(&running, &how),
            }
            return Ok(());
        };
        let (seconds, count) = if let launch::Ended::Done { seconds, count } = how { (seconds, count) } else { (0.0, 0) };
        if let Purpose::Observation { .. } = &running.purpose {
            running.forget_result()?;
        }
        match running.purpose {
            Purpose::Observation { weights, metrics, subject } => {
                let JobResult::Measured(observed) = &result else {
                    return Err(RunError::Worker(format!("{}: the result is of another kind", subject.label)));
                };
                observe::keep(self.store, self.options.executor, weights, observed)?;
                for (metric, (value, result)) in metrics.iter().filter_map(|m| Some((m.name(), observe::told(observed, m)?))) {
                    let (subject, metric, value) = (subject.clone(), Some(metric), Some(value));
                    self.events.on(Event::Finished { subject, metric, value, failed: None, alike: 0, result, seconds });
                }
            }
            Purpose::Work(work) => self.left.push(Left { work, result, seconds, count }),
        }
        Ok(())
    }

    /// Gives a trial up that is not even started.
    pub(super) fn refuse(&mut self, work: &Work, reason: String) {
        self.known.give_up(work.key(), format!("not started: {reason}"));
        self.given_up.push(GivenUp { key: work.key(), label: work.label(), reason: format!("not started: {reason}") });
        let alike = self.announced.alike(&reason);
        self.events.on(Event::AttemptFailed { subject: subject(work), attempt: 0, reason, alike, again: false });
    }

    fn failed(&mut self, running: &Running, how: &launch::Ended) {
        if self.stopping.is_some() {
            return;
        }
        let reason = running.reason(how);
        let attempt = self.attempts.count_failure(running.assignment.key);
        let again = attempt < self.options.attempts;
        if let Purpose::Work(work) = &running.purpose
            && !again
        {
            let reason = format!("{} failed: {reason}", counted(attempt, "attempt"));
            self.known.give_up(work.key(), reason.clone());
            self.given_up.push(GivenUp { key: work.key(), label: work.label(), reason });
        }
        // What an input was may be gone: look again.
        self.jobs.forget();
        self.known.forget_all();
        let alike = self.announced.alike(&reason);
        self.events.on(Event::AttemptFailed { subject: running.purpose.subject(), attempt, reason, alike, again });
    }
}
