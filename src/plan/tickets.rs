//! A search in progress, and what is recorded of it.

use super::candidate::Candidate;
use super::model::Drawn;
use crate::base::Digest;
use crate::search::racing::Race;
use crate::search::{Record, Search};
use crate::space::Space;
use std::sync::Arc;

/// A search in progress: tickets proposed so far never change.
pub(super) struct Tickets<'a> {
    pub search: Search<'a>,
    /// What is searched, for candidates that are built later.
    pub space: Arc<Space>,
    /// The choices of the space's reference.
    pub reference: Vec<(String, String)>,
    /// Where the search stops its trials early.
    pub race: Option<Race>,
    pub candidates: Vec<Arc<Candidate>>,
    pub drawn: Vec<Arc<Drawn>>,
    pub over: bool,
    pub note: Option<String>,
    /// What is to be said of what it begins with.
    pub begun: Vec<String>,
    /// What names the search, where it is recorded.
    key: Option<Digest>,
    /// How many of its tickets are recorded, and whether its end is.
    recorded: (usize, bool),
}

impl<'a> Tickets<'a> {
    /// A search at its beginning, which takes from a record what is known there. `beside` names what it was handed beside its strategies,
    /// `begun` what is to be said of that. A search that follows from more than all this has no name, and is not recorded.
    pub fn new(
        search: Search<'a>,
        race: Option<Race>,
        begun: Vec<String>,
        key: Option<Digest>,
        record: impl FnOnce(Digest) -> Record,
    ) -> Self {
        let record = key.map(record).filter(|record| record.fits(search.space())).unwrap_or_default();
        let recorded = (record.tickets.len(), record.ended.is_some());
        let search = search.with_record(record);
        Tickets {
            space: Arc::new(search.space().clone()),
            reference: search.space().describe(&search.space().reference()),
            search,
            race,
            candidates: Vec::new(),
            drawn: Vec::new(),
            over: false,
            note: None,
            begun,
            key,
            recorded,
        }
    }

    /// Whether the search went beyond its record: at all where it is `over`, else by a good piece, so that a long search is written
    /// down a few dozen times.
    fn beyond(&self, over: bool) -> bool {
        let piece = if over { 1 } else { (self.recorded.0 / 8).max(8) };
        self.candidates.len() >= self.recorded.0 + piece || (over && self.search.is_exhausted() && !self.recorded.1)
    }

    /// What is to be recorded.
    pub fn news(&self, over: bool) -> Option<(Digest, Record)> {
        self.key.filter(|_| self.beyond(over)).map(|key| (key, self.search.record()))
    }

    /// Takes down that it is recorded.
    pub fn kept(&mut self, over: bool) {
        if self.beyond(over) {
            self.recorded = (self.candidates.len(), self.search.is_exhausted());
        }
    }
}
