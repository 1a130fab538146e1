//! The store as a replay's snapshot: look-ups are remembered, and forgotten only where this run publishes.

use super::job::Checkpoint;
use super::job::files::checkpoint_of;
use super::record;
use crate::base::Digest;
use crate::plan::{Engine, Known, Point};
use crate::results::Outcome;
use crate::search;
use crate::store::{Store, StoreError};
use std::collections::HashMap;

/// What records of searches are kept as.
const SEARCH: &str = "search";

/// Keeps what the engine's searches left behind; while they go on, only what is worth another file.
///
/// # Errors
/// What keeps the store from being written.
pub fn keep_searches(engine: &mut Engine, store: &Store, over: bool) -> Result<(), StoreError> {
    for (key, record) in engine.searches(over) {
        // A record is plain data: writing it as JSON cannot fail.
        store.put_memo(SEARCH, &key, &serde_json::to_vec(&record).unwrap_or_default())?;
    }
    engine.kept(over);
    Ok(())
}

/// What is known, from a store or from nowhere.
pub struct StoreKnown<'a> {
    store: Option<&'a Store>,
    outcomes: HashMap<Digest, Option<Outcome>>,
    chains: HashMap<Digest, Vec<Point>>,
    given_up: HashMap<Digest, String>,
    /// The first error of the store: a replay cannot fail, its caller asks here.
    pub error: Option<StoreError>,
}

impl<'a> StoreKnown<'a> {
    /// Over a store; with none, nothing is known.
    pub fn new(store: Option<&'a Store>) -> Self {
        StoreKnown { store, outcomes: HashMap::new(), chains: HashMap::new(), given_up: HashMap::new(), error: None }
    }

    /// Forgets what was remembered of a key.
    pub fn forget(&mut self, key: Digest) {
        self.outcomes.remove(&key);
    }

    /// Forgets what was remembered of a training chain, of which there may be more points now.
    pub fn forget_chain(&mut self, chain: Digest) {
        self.chains.remove(&chain);
    }

    /// Remembers an outcome, whatever the store says.
    pub(super) fn remember(&mut self, key: Digest, outcome: Option<Outcome>) {
        self.outcomes.insert(key, outcome);
    }

    /// Forgets whatever rests on a blob that turned out to be gone or damaged.
    pub fn forget_all(&mut self) {
        self.outcomes.clear();
        self.chains.clear();
    }

    /// The keys of the results that were asked for and found, in order.
    pub fn found(&self) -> Vec<Digest> {
        let mut found: Vec<Digest> = self.outcomes.iter().filter(|(_, outcome)| outcome.is_some()).map(|(key, _)| *key).collect();
        found.sort_unstable();
        found
    }

    /// The action is out of attempts in this run.
    pub fn give_up(&mut self, key: Digest, reason: String) {
        self.given_up.insert(key, reason);
    }

    fn look_up(&mut self, key: Digest) -> Option<Outcome> {
        let store = self.store?;
        let found = store.lookup(&key).and_then(|found| {
            let Some(record) = found else { return Ok(None) };
            // A training's state may be dropped; everything else must be there.
            let whole = store.blobs().has_all(record.outputs.iter().filter(|(name, _)| *name != "state").map(|(_, blob)| blob))?;
            Ok(whole.then_some(record))
        });
        record::read(&self.or_note(found)??)
    }

    fn look_at_chain(&mut self, chain: Digest) -> Vec<Point> {
        let Some(store) = self.store else { return Vec::new() };
        let records = self.or_note(store.chain(&chain)).unwrap_or_default();
        let mut points: Vec<Point> = Vec::new();
        for record in records {
            let (iteration, key) = (record.chain.map_or(0, |c| c.1), record.key);
            match record::read(&record) {
                Some(Outcome::Diverged { reason, .. }) => points.push(Point { iteration, key, state: None, diverged: Some(reason) }),
                Some(Outcome::Trained(trained)) => {
                    let state = trained.state.filter(|d| self.or_note(store.blobs().has(d)) == Some(true));
                    points.push(Point { iteration, key, state, diverged: None });
                }
                _ => {}
            }
        }
        // A training that was interrupted has a checkpoint that no record names yet; its worker goes on from it by itself.
        if let Some(Checkpoint { iteration, .. }) = checkpoint_of(store.root(), chain) {
            points.push(Point { iteration, key: chain, state: None, diverged: None });
        }
        points
    }

    /// What was found; of an error nothing, and the first is kept for the caller.
    fn or_note<T>(&mut self, found: Result<T, StoreError>) -> Option<T> {
        match found {
            Ok(found) => Some(found),
            Err(e) => {
                self.error.get_or_insert(e);
                None
            }
        }
    }
}

impl Known for StoreKnown<'_> {
    fn outcome(&mut self, key: Digest) -> Option<Outcome> {
        if let Some(known) = self.outcomes.get(&key) {
            return known.clone();
        }
        let found = self.look_up(key);
        self.outcomes.insert(key, found.clone());
        found
    }

    fn chain(&mut self, chain: Digest) -> Vec<Point> {
        if let Some(known) = self.chains.get(&chain) {
            return known.clone();
        }
        let points = self.look_at_chain(chain);
        self.chains.insert(chain, points.clone());
        points
    }

    fn search(&mut self, key: Digest) -> search::Record {
        let Some(store) = self.store else { return search::Record::default() };
        let bytes = self.or_note(store.memo(SEARCH, &key)).flatten();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    fn given_up(&mut self, key: Digest) -> Option<String> {
        self.given_up.get(&key).cloned()
    }
}
