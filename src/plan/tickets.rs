//! A search in progress, and what is recorded of it.

use super::candidate::Candidate;
use super::model::Drawn;
use crate::base::{Canon, Digest};
use crate::document::Chosen;
use crate::search::racing::Race;
use crate::search::{Record, Search, words};
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
    /// What names the search, where it is recorded.
    key: Option<Digest>,
    /// How many of its tickets are recorded, and whether its end is.
    recorded: (usize, bool),
}

impl<'a> Tickets<'a> {
    /// A search at its beginning, which takes from a record what is known there. `strategy` names the strategy, where that is all that
    /// the search follows from beside space and results.
    pub fn new(search: Search<'a>, race: Option<Race>, strategy: Option<&Chosen>, record: impl FnOnce(Digest) -> Record) -> Self {
        // What strategies from elsewhere do may change without any version of ours.
        let ours =
            |strategy: &&Chosen| words().find(strategy.name()).is_some_and(|word| std::ptr::eq(word.word(), strategy.strategy.word()));
        let key = strategy.filter(ours).map(|strategy| search.key(strategy, Canon::None));
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
