//! The store as a replay's snapshot: look-ups are remembered, and forgotten only where this run publishes.

use super::job::Checkpoint;
use super::job::files::checkpoint_of;
use super::record;
use crate::base::Digest;
use crate::plan::{Known, Point};
use crate::results::Outcome;
use crate::store::{Store, StoreError};
use std::collections::HashMap;

/// What is known, from a store or from nowhere.
pub struct StoreKnown<'a> {
    store: Option<&'a Store>,
    outcomes: HashMap<Digest, Option<Outcome>>,
    given_up: HashMap<Digest, String>,
    /// The first error of the store: a replay cannot fail, its caller asks here.
    pub error: Option<StoreError>,
}

impl<'a> StoreKnown<'a> {
    /// Over a store; with none, nothing is known.
    pub fn new(store: Option<&'a Store>) -> Self {
        StoreKnown { store, outcomes: HashMap::new(), given_up: HashMap::new(), error: None }
    }

    /// Forgets what was remembered of a key.
    pub fn forget(&mut self, key: Digest) {
        self.outcomes.remove(&key);
    }

    /// Forgets whatever rests on a blob that turned out to be gone or damaged.
    pub fn forget_all(&mut self) {
        self.outcomes.clear();
    }

    /// The action is out of attempts in this run.
    pub fn give_up(&mut self, key: Digest, reason: String) {
        self.given_up.insert(key, reason);
    }

    fn look_up(&mut self, key: Digest) -> Option<Outcome> {
        let store = self.store?;
        match store.lookup(&key) {
            Ok(Some(record)) => {
                // A training's state may be dropped; everything else must be there.
                let whole = record.outputs.iter().all(|(name, d)| name == "state" || store.blobs().has(d));
                whole.then(|| record::read(&record))?
            }
            Ok(None) => None,
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
        let Some(store) = self.store else { return Vec::new() };
        let records = match store.chain(&chain) {
            Ok(records) => records,
            Err(e) => {
                self.error.get_or_insert(e);
                return Vec::new();
            }
        };
        let mut points: Vec<Point> = records
            .into_iter()
            .filter_map(|r| {
                let (iteration, key) = (r.chain.map_or(0, |c| c.1), r.key);
                Some(match record::read(&r)? {
                    Outcome::Diverged { reason, .. } => Point { iteration, key, state: None, diverged: Some(reason) },
                    Outcome::Trained(t) => Point { iteration, key, state: t.state.filter(|d| store.blobs().has(d)), diverged: None },
                    _ => return None,
                })
            })
            .collect();
        // A training that was interrupted has a checkpoint that no record names yet; its worker goes on from it by itself.
        if let Some(Checkpoint { iteration, .. }) = checkpoint_of(store.root(), chain) {
            points.push(Point { iteration, key: chain, state: None, diverged: None });
        }
        points
    }

    fn given_up(&mut self, key: Digest) -> Option<String> {
        self.given_up.get(&key).cloned()
    }
}
