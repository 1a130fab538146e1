//! What a run has from others, and gives them. A place that does not serve is said once, and the run goes on alone.

use super::Coordinator;
use crate::base::{Digest, counted, units};
use crate::plan::{Replay, Work};
use crate::remote::{Team, parcel};
use crate::run::error::RunError;
use crate::run::events::Event;
use crate::run::options::RunEnd;
use crate::run::sharing;
use crate::store::StoreError;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a run waits at its end for what is still on its way, in answers of the place.
const ANSWERS: u32 = 6;

/// How often a long wait is said.
const SELDOM: Duration = Duration::from_secs(15);

impl Coordinator<'_> {
    /// Asks others for what is to be computed; whether anything came.
    pub(super) fn fetch(&mut self, replay: &Replay) -> Result<bool, RunError> {
        let Some(team) = self.options.team.clone().filter(|team| team.reads()) else { return Ok(false) };
        if self.stopping.is_some() || replay.works.is_empty() {
            return Ok(false);
        }
        let asked = self.shared.sought.next(&replay.works, Instant::now());
        let (options, begun, address) = (self.options, self.begun, team.address());
        let (events, mut said) = (&mut *self.events, Instant::now());
        let came = team.ask(Some(&self.store.blobs()), asked, &|| options.due(begun).is_some(), &mut |done, all, bytes| {
            if said.elapsed() > SELDOM {
                said = Instant::now();
                let message = format!("{done} of {} asked for at {address}, {} so far", counted(all, "result"), units::shown(bytes));
                events.on(Event::Note { message });
            }
        });
        self.say_failure(&team);
        sharing::publish(self.store, &came)?;
        for record in &came.records {
            self.known.forget(record.key);
            record.chain.into_iter().for_each(|(chain, _)| self.known.forget_chain(chain));
            self.shared.came.insert(record.key);
        }
        self.shared.bytes += came.bytes;
        self.shared.remarks.take(came.remarks);
        match came.error {
            Some(error) => {
                // Once there is room again they may come.
                self.shared.ask_again();
                Err(error.into())
            }
            None => Ok(!came.records.is_empty()),
        }
    }

    /// Says of what is to be computed whether it is there under keys that are not trusted.
    pub(super) fn tell_of_strangers(&mut self, replay: &Replay) {
        let Some(team) = self.options.team.clone() else { return };
        let others = sharing::strangers(&team, replay.works.iter().map(Work::key), sharing::LOOKED);
        let address = team.address();
        sharing::told_of_strangers(&others).into_iter().for_each(|line| self.note(format!("{address}: {line}")));
        self.say_failure(&team);
    }

    /// Gives others what was published here, while the run goes on.
    pub(super) fn share(&mut self, keys: &[Digest]) -> Result<(), RunError> {
        let Some(team) = self.options.team.clone().filter(|team| team.writes()) else { return Ok(()) };
        self.give(&team, keys)?;
        if let Some(pusher) = &mut self.shared.pusher {
            pusher.gather();
        }
        self.say_failure(&team);
        Ok(())
    }

    fn give(&mut self, team: &Arc<Team>, keys: &[Digest]) -> Result<(), StoreError> {
        for key in keys {
            // A training names its last epoch twice.
            if self.shared.given.contains(key) {
                continue;
            }
            let Some(parcel) = parcel(self.store, key)? else { continue };
            if self.shared.pusher.is_none() {
                self.shared.pusher = team.pusher(self.store.blobs());
            }
            if let Some(pusher) = &mut self.shared.pusher {
                self.shared.given.insert(*key);
                pusher.give(parcel);
            }
        }
        Ok(())
    }

    /// Gives what earlier runs could not, waits a while for what is on its way, and says what was given and what came.
    pub(super) fn end_sharing(&mut self, ended: RunEnd) -> Result<(), RunError> {
        let Some(team) = self.options.team.clone() else { return Ok(()) };
        let address = team.address().to_string();
        // Of a run with nothing to do all is remembered, and the place is not asked.
        let mut before = if team.sharing().write { sharing::remembered(self.store, &address)? } else { BTreeSet::new() };
        if team.writes() {
            let there = |key: &Digest| before.contains(key) || self.shared.came.contains(key) || self.shared.given.contains(key);
            let own: Vec<Digest> = self.known.found().into_iter().filter(|key| !there(key)).collect();
            self.give(&team, &own)?;
        }
        let timeout = team.sharing().timeout;
        let patience = if ended == RunEnd::Interrupted { timeout } else { timeout * ANSWERS };
        let mut there = std::mem::take(&mut self.shared.came);
        if !there.is_empty() {
            let (what, bytes) = (counted(there.len(), "result"), units::shown(self.shared.bytes));
            self.note(format!("{what} ({bytes}) came from {address}"));
        }
        if let Some(mut pusher) = self.shared.pusher.take() {
            let asked = self.asked();
            pusher.wait(Some(patience.max(Duration::from_secs(1))), &|| self.asked() > asked, &mut |_, _| {});
            let pushed = pusher.end();
            self.say_failure(&team);
            if pushed.new > 0 {
                let (what, bytes) = (counted(pushed.new, "result"), units::shown(pushed.bytes));
                self.note(format!("pushed {what} ({bytes}) to {address}"));
            }
            there.extend(pushed.there);
            if pushed.left > 0 {
                before.extend(&there);
                let left = self.left_here(&before)?.max(pushed.left);
                let (are, them) = if left == 1 { ("is", "it") } else { ("are", "them") };
                let what = counted(left, "result");
                self.note(format!("{what} {are} not in {address} yet: the next run pushes {them}, or `nasflow cache push`"));
            }
            self.shared.remarks.take(pushed.remarks);
        } else {
            self.say_failure(&team);
        }
        for line in std::mem::take(&mut self.shared.remarks).lines(&address) {
            self.note(line);
        }
        if !there.is_empty() {
            sharing::remember(self.store, &address, there)?;
        }
        Ok(())
    }

    /// How many results of this search that are shared are not there.
    fn left_here(&self, there: &BTreeSet<Digest>) -> Result<usize, StoreError> {
        let mut left = 0;
        for key in self.known.found().iter().filter(|key| !there.contains(key)) {
            left += usize::from(parcel(self.store, key)?.is_some());
        }
        Ok(left)
    }

    fn say_failure(&mut self, team: &Team) {
        if let Some(why) = team.news() {
            self.note(format!("{} does not serve ({why}): the run goes on alone", team.address()));
        }
    }

    fn note(&mut self, message: String) {
        self.events.on(Event::Note { message });
    }
}
