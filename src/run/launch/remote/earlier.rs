//! What earlier runs have left: taken up, or called off.

use super::Remote;
use super::intents::Intent;
use super::job::{Job, Sent, Work};
use crate::run::job::WorkerMessage;
use crate::run::job::follow;
use crate::run::launch::launcher::{Heard, Id, LaunchError, Start};
use std::time::Instant;

impl Remote {
    /// Takes up an attempt that an earlier run has begun.
    pub(super) fn take_up(&mut self, intent: Intent, start: &Start, id: Id) -> Result<(), LaunchError> {
        let kept = self.keep(start, &intent.name, intent.home.clone(), intent.job.clone())?;
        let home = self.intents()?.attempt(intent.home.0)?;
        if let Some(job) = self.jobs.iter_mut().find(|job| job.name == intent.home.1 && job.work.is_none()) {
            job.turn_to(start.attempt.clone(), intent.name, Work::new(id));
            job.intent = Some(kept);
        } else {
            let (number, now) = (self.numbers, (start.attempt.clone(), intent.name));
            self.numbers += 1;
            let mut job = Job::new(number, (home, intent.home.1), now, intent.threads, Work::new(id), Sent::Since(Instant::now()));
            (job.id, job.intent) = (intent.job.clone(), Some(kept));
            self.jobs.push(job);
        }
        let job = intent.job.map_or(String::new(), |job| format!(" ({} job {job})", self.queue.word()));
        let message = format!("an earlier run has begun with it{job}; taken up");
        self.heard.push_back(Heard::Line(id, WorkerMessage::Note { message }));
        Ok(())
    }

    /// Ends what an earlier run has left, if it still comes to anything.
    pub(super) fn call_off(&mut self, intent: &Intent) {
        let attempt = self.intents.as_ref().and_then(|intents| intents.attempt(intent.lock).ok());
        // Where this fails, a worker computes what nobody asks for.
        attempt.iter().for_each(|attempt| drop(follow::stop(attempt, &intent.name)));
        self.forget(&intent.name);
        let shared = self.left.iter().any(|other| other.name != intent.name && other.home == intent.home);
        if !shared && !self.jobs.iter().any(|job| job.name == intent.home.1) {
            self.off.insert(intent.home.1.clone());
            self.clerk.cancel(intent.job.iter().cloned().collect());
        }
    }
}
