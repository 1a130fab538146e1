//! What the method of a supernet has learned of its choices, read from the record of its training.

use super::engine::{Engine, Known};
use super::model::{Model, Trained};
use crate::base::Digest;
use crate::document::Stage;
use crate::results::Learned;
use crate::search::{Distribution, LearnedPath};
use crate::space::Space;
use std::sync::Arc;

impl Engine<'_> {
    /// The distribution that one training of a space's supernet has left; none where its record holds none.
    pub(super) fn distribution(&mut self, space: &str, key: Digest, known: &mut dyn Known) -> Option<Arc<Distribution>> {
        let place = (space.to_string(), key);
        if let Some(found) = self.learned.get(&place) {
            return Some(found.clone());
        }
        let outcome = known.outcome(key)?;
        let learned = outcome.learned()?;
        let named = |s: &Stage| s.method().filter(|m| m.name() == learned.method);
        let mixed = self.pipeline.stages.iter().find_map(named)?.traits().mixes_edges;
        let found = Arc::new(distribution(self.spaces.get(space)?, mixed, learned)?);
        self.learned.insert(place, found.clone());
        Some(found)
    }

    /// What the first seed of a supernet's training has learned: the one whose weights go on, too.
    pub(super) fn distribution_of(&mut self, space: &str, trained: &Trained, known: &mut dyn Known) -> Option<Arc<Distribution>> {
        self.distribution(space, trained.runs.first()?.key, known)
    }

    /// A network's path in what was learned, one for each seed of its supernet. The error says why there is none.
    pub(super) fn learned_paths(&mut self, model: &Model, known: &mut dyn Known) -> Result<Vec<LearnedPath>, String> {
        let Some(subnet) = model.subnet.clone() else { return Err("it is no network of a supernet".into()) };
        let mut paths = Vec::new();
        for run in &subnet.supernet.runs {
            let distribution = self.distribution(&subnet.space, run.key, known);
            let space = self.spaces.get(&subnet.space);
            let (Some(distribution), Some(space)) = (distribution, space) else {
                return Err("its supernet has left no distribution over its choices".into());
            };
            paths.push(LearnedPath { log_probability: distribution.log_probability(space, &subnet.sample) });
        }
        Ok(paths)
    }
}

/// `mixed`: whether the method mixed all edges of a node.
fn distribution(space: &Space, mixed: bool, learned: &Learned) -> Option<Distribution> {
    Distribution::new(space, mixed, &|decision| {
        let at = learned.position(decision.address)?;
        Some((learned.choices[at].probabilities.clone(), *learned.strongest.get(at)?))
    })
}
