//! Every operation that occurs in a space's networks: what a table of latencies must have rows for.
//!
//! Small spaces are listed. Of larger ones the networks are followed edit by edit: from the reference, every other option of every
//! decision is tried, and whatever shows an operation at a layer where it was not seen before is gone on from in the same way. An
//! operation is known by a layer's own decisions and by those that shape what it reads, so that each is reached over networks that
//! show something new themselves. Random networks, which are followed likewise, come on top.

use super::latency::{LatencyTable, Missing};
use super::operations::Operation;
use super::{Sample, Space};
use std::collections::{BTreeMap, HashSet};

/// Spaces of no more samples are looked at whole.
const WHOLE: usize = 4096;
/// Random samples of larger ones.
const RANDOM: u64 = 512;
/// Samples of larger ones at most.
const MOST: usize = 200_000;

/// The distinct operations of a space's networks, by name.
pub struct Looked {
    /// The operations.
    pub operations: BTreeMap<String, Operation>,
    /// How many samples were looked at.
    pub samples: usize,
    /// Whether these are all.
    pub all: bool,
}

/// The operations of a space, whether their networks meet its bounds or not.
pub fn operations(space: &Space) -> Looked {
    let mut found = Found { space, seen: HashSet::new(), looked: Looked { operations: BTreeMap::new(), samples: 0, all: false } };
    if let Some(all) = space.enumerate(WHOLE) {
        for sample in &all {
            found.look(sample);
        }
        found.looked.all = true;
        return found.looked;
    }
    let mut known: HashSet<Sample> = HashSet::new();
    let mut open: Vec<Sample> = (0..RANDOM).map(|i| space.random(0, &[u64::MAX, i])).chain([space.reference()]).collect();
    open.retain(|sample| known.insert(sample.clone()) && found.look(sample));
    while let Some(sample) = open.pop() {
        for (decision, taken) in sample.pairs() {
            for option in (0..space.decisions()[decision].options.len()).filter(|&o| o != taken) {
                let other = space.sample(|d| if d == decision { option } else { sample.option(d).unwrap_or(0) });
                if found.looked.samples < MOST && known.insert(other.clone()) && found.look(&other) {
                    open.push(other);
                }
            }
        }
    }
    found.looked
}

impl LatencyTable {
    /// Which rows are missing for a space's networks, as far as they were looked at ([`operations`]).
    pub fn check(&self, space: &Space) -> Result<(), Missing> {
        let missing: Vec<String> = operations(space).operations.into_keys().filter(|key| self.row(key).is_none()).collect();
        if missing.is_empty() { Ok(()) } else { Err(Missing(missing)) }
    }
}

struct Found<'a> {
    space: &'a Space,
    /// (place of a layer, its operations) that were seen.
    seen: HashSet<(usize, String)>,
    looked: Looked,
}

impl Found<'_> {
    /// Whether a sample shows anything new.
    fn look(&mut self, sample: &Sample) -> bool {
        self.looked.samples += 1;
        let program = self.space.architecture(sample).map_err(drop).and_then(|a| a.program().map_err(drop));
        let Ok(program) = program else { return false };
        let mut new = false;
        for (operation, layer) in program.operations_of_layers() {
            new |= self.seen.insert((layer, operation.key.clone()));
            self.looked.operations.entry(operation.key.clone()).or_insert(operation);
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::tests::whole;

    /// Against the list of all samples, of a space that is followed edit by edit.
    #[test]
    fn every_operation_of_a_large_space_is_found() {
        let space = whole(
            "space { choice \"px\" 32 64; choice \"top\" 2 1; choice \"w\" 0.5 1.0; network width=(choice)\"w\" { input d image-size=(choice)\"px\"; \
             conv stride=4 as=\"a\" { channels 16 32 48; kernel 3 5 }; when top=2 { conv stride=2 { channels 16 64; kernel 1 3 7 }; upsample 2; \
             concat above \"a\"; conv { channels 16 32; kernel 1 3 } }; choose { skip; mbconv 16 { ratio 2 4 }; max-pool 3 }; \
             conv { channels 8 40 }; global-pool; linear } }",
        );
        assert!(space.size() > WHOLE as f64, "{}", space.size());
        let looked = operations(&space);
        assert!(!looked.all && looked.samples < 8 * WHOLE, "{}", looked.samples);
        let mut missing = HashSet::new();
        for sample in space.enumerate(1 << 15).expect("few") {
            let program = space.architecture(&sample).unwrap().program().unwrap();
            missing.extend(program.operation_counts().into_keys().filter(|key| !looked.operations.contains_key(key)));
        }
        assert!(missing.is_empty(), "{missing:?}");
    }
}
