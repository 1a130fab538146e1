//! k-means anchors, an action of their own.

use crate::base::Canon;
use crate::data::{self, Scan, ScanSplit};
use crate::document::{Pipeline, SpaceNode};
use crate::plan::lead::spaces_of;
use crate::plan::{Action, DataInfo, Kind};
use crate::results::{Anchors, Outcome};
use crate::run::error::RunError;
use crate::run::{record, truth};
use crate::space::{AnchorSet, Space};
use crate::store::Store;
use std::collections::BTreeMap;

/// The space with its anchors, for each size and number of levels that its networks have.
pub(super) fn fill(space: Space, scan: &Scan, store: Option<&Store>) -> Result<Space, RunError> {
    let mut sets = vec![];
    let Some(split) = read(scan) else { return Ok(space) };
    for (image_size, levels) in space.awaits_anchors() {
        sets.push(AnchorSet { image_size, levels: find(scan, split, image_size, levels, store)? });
    }
    Ok(if sets.is_empty() { space } else { space.with_anchors(sets) })
}

/// The split that anchors are found over: `train`, the first where none is called so.
fn read(scan: &Scan) -> Option<&ScanSplit> {
    scan.split("train").or(scan.splits.first())
}

/// Where networks with k-means anchors are trained over folds of the very images that the anchors are of, each training has anchors
/// of its own images: those of the fold are in nothing that it knows.
pub(super) fn of_folds(
    pipeline: &Pipeline,
    scans: &BTreeMap<String, Scan>,
    spaces: &BTreeMap<String, Space>,
    infos: &mut BTreeMap<String, DataInfo>,
    store: Option<&Store>,
) -> Result<(), RunError> {
    for stage in pipeline.stages.iter().filter(|s| s.train().is_some()) {
        let (Some((data, _)), Some(folds)) = (stage.folds(), pipeline.folds(stage)) else { continue };
        let (Some(scan), Some(info)) = (scans.get(&data.value), infos.get_mut(&data.value)) else { continue };
        if read(scan).is_none_or(|split| split.name != folds.of.value) {
            continue;
        }
        let reads_it = |s: &&SpaceNode| s.input.value == data.value;
        for name in spaces_of(pipeline, &stage.name.value) {
            if !pipeline.spaces.iter().filter(reads_it).any(|s| s.name.value == name) {
                continue;
            }
            for &(image_size, levels) in spaces.get(&name).map_or(&[][..], Space::auto_anchors) {
                for split in (0..folds.count.value).map(|fold| folds.without(fold)).chain([folds.of.value.clone()]) {
                    let (Some(scanned), Some(known)) = (scan.split(&split), info.splits.get_mut(&split)) else { continue };
                    if known.anchors.iter().all(|s| (s.image_size, s.levels.len()) != (image_size, levels)) {
                        let levels = find(scan, scanned, image_size, levels, store)?;
                        known.anchors.push(AnchorSet { image_size, levels });
                    }
                }
            }
        }
    }
    Ok(())
}

/// k-means anchors over a split, an action of its own.
fn find(scan: &Scan, split: &ScanSplit, image_size: usize, levels: usize, store: Option<&Store>) -> Result<Anchors, RunError> {
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
        return Ok(anchors);
    }
    let found = data::auto_anchors(&truth::boxes(scan, split, image_size), &strides);
    if let Some(store) = store.filter(|s| !s.is_read_only()) {
        let outcome = Outcome::Anchors { anchors: found.anchors.clone(), best_possible_recall: found.bpr };
        store.publish(&record::write(&action, None, &outcome))?;
    }
    Ok(found.anchors)
}
