//! k-means anchors, an action of their own.

use crate::base::Canon;
use crate::data::{self, Scan};
use crate::plan::{Action, Kind};
use crate::results::{Anchors, Outcome};
use crate::run::error::RunError;
use crate::run::{record, truth};
use crate::space::{AnchorSet, Space};
use crate::store::Store;

/// The space with its anchors, for each size and number of levels that its networks have.
pub(super) fn fill(space: Space, scan: &Scan, store: Option<&Store>) -> Result<Space, RunError> {
    let mut sets = vec![];
    for (image_size, levels) in space.awaits_anchors() {
        sets.extend(find(scan, image_size, levels, store)?.map(|levels| AnchorSet { image_size, levels }));
    }
    Ok(if sets.is_empty() { space } else { space.with_anchors(sets) })
}

/// k-means anchors over the train split (the first split where none is called so), an action of its own.
fn find(scan: &Scan, image_size: usize, levels: usize, store: Option<&Store>) -> Result<Option<Anchors>, RunError> {
    let Some(split) = scan.splits.iter().find(|s| s.name == "train").or(scan.splits.first()) else { return Ok(None) };
    // The detect head's strides: 8 for its first level, doubled for each further one. Only their number matters here.
    let strides: Vec<usize> = (0..levels).map(|l| 8 << l).collect();
    let action = Action {
        kind: Kind::Anchors,
        config: Canon::map([("image-size", image_size.into()), ("strides", strides.clone().into())]),
        inputs: vec![("split", split.digest)],
        seed: None,
        numerics: None,
    };
    if let Some(store) = store
        && let Some(known) = store.lookup(&action.key())?
        && let Some(Outcome::Anchors { anchors, .. }) = record::read(&known)
    {
        return Ok(Some(anchors));
    }
    let found = data::auto_anchors(&truth::boxes(scan, split, image_size), &strides);
    if let Some(store) = store.filter(|s| !s.is_read_only()) {
        let outcome = Outcome::Anchors { anchors: found.anchors.clone(), best_possible_recall: found.bpr };
        store.publish(&record::write(&action, None, &outcome))?;
    }
    Ok(Some(found.anchors))
}
