//! Why what starts has to run: said once a stage, and kept in the run's record.

use super::Coordinator;
use crate::plan::{Group, Replay, Work};
use crate::run::error::RunError;
use crate::run::events::Event;
use crate::run::recording::SoFar;

impl Coordinator<'_> {
    /// A work is started.
    pub(super) fn starts(&mut self, work: &Work, replay: &Replay) -> Result<(), RunError> {
        let so_far = SoFar { executed: &self.executed, given_up: &self.given_up };
        if let Some(groups) = self.recording.starts(work, replay, &so_far)? {
            let reasons = groups.iter().map(Group::told).collect();
            self.events.on(Event::Reasons { stage: work.request().name.clone(), reasons });
        }
        Ok(())
    }

    /// Writes the run's record anew, where enough time went by.
    pub(super) fn keep_record(&mut self, replay: &Replay) -> Result<(), RunError> {
        let so_far = SoFar { executed: &self.executed, given_up: &self.given_up };
        Ok(self.recording.keep(replay, &so_far)?)
    }
}
