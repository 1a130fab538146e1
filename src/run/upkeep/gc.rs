//! Collecting: what no kept run needs goes.

use super::attempts;
use super::census::{Census, Part, each};
use super::roots::{self, Roots, age};
use crate::base::Digest;
use crate::store::{Leftover, Store, StoreError, Usage};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Runs of each pipeline that are kept, unless the user says otherwise.
pub const LAST: usize = 3;

/// How long results stay that no run names: those of a run that was killed before it could say what it did.
pub const YOUNG: Duration = Duration::from_secs(14 * 86_400);

/// How long stays what was put aside as damaged, and what can be worked out again.
pub const OLD: Duration = Duration::from_secs(30 * 86_400);

/// What is to be collected.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Runs of each pipeline that are kept.
    pub last: usize,
    /// Only what is older than so long goes; nothing: [`YOUNG`] and [`OLD`], where they apply.
    pub older: Option<Duration>,
    /// Only say what would go.
    pub dry: bool,
}

/// What went, or would.
#[derive(Debug, Default)]
pub struct Gone {
    /// Results.
    pub records: usize,
    /// Blobs by what they are.
    pub parts: BTreeMap<Part, Usage>,
    /// What else.
    pub leftovers: BTreeMap<Leftover, Usage>,
    /// What stays: results, and blobs with their bytes.
    pub stays: (usize, Usage),
    /// Attempts that a run goes on from; they stay.
    pub attempts: usize,
    /// What stays, and why.
    pub roots: Roots,
}

impl Gone {
    /// Bytes of all.
    pub fn bytes(&self) -> u64 {
        self.parts.values().chain(self.leftovers.values()).map(|u| u.bytes).sum()
    }
}

/// Collects. Unless it is only asked what would go, whoever calls is alone in the store from before this until after it.
///
/// # Errors
/// Those of the store.
pub fn collect(store: &Store, wish: Wish, told: &mut dyn FnMut(usize, usize)) -> Result<Gone, StoreError> {
    let mut roots = roots::roots(store, roots::runs(store, wish.last)?, wish.older.unwrap_or(YOUNG), told)?;
    if let Some(older) = wish.older {
        let mut young = BTreeSet::new();
        each(store, told, &mut |record| {
            if !roots.keys.contains(&record.key) && age(store, record)? < older {
                young.insert(record.key);
            }
            Ok(())
        })?;
        roots.young += young.len();
        roots.keys.extend(young);
    }
    let folders = attempts::folders(store, wish.older.map(|older| older.max(YOUNG)))?;
    let census = Census::of(store, told)?;
    let mut live: BTreeSet<Digest> = folders.named;
    live.extend(store.source_digests()?);
    live.extend(roots.runs.iter().flat_map(|(run, _)| roots::named_by(run)));
    live.extend(census.blobs.keys().filter(|blob| roots.read.contains(&blob.short())));
    let mut staying = live.clone();
    each(store, &mut |_, _| {}, &mut |record| {
        if roots.keys.contains(&record.key) {
            staying.insert(Digest::of(&record.manifest()?));
            staying.extend(record.outputs.values());
        }
        Ok(())
    })?;
    let parts = census.by_part(&|blob| !staying.contains(blob));
    let mut kept = Usage::default();
    census.by_part(&|blob| staying.contains(blob)).into_values().for_each(|usage| kept += usage);
    let stays = (roots.keys.len(), kept);
    let leftovers = store.sweep(&folders.useless, wish.older.unwrap_or(OLD), wish.dry)?;
    let collected = store.collect(&roots.keys, &live, wish.dry)?;
    Ok(Gone { records: collected.records, parts, leftovers, stays, attempts: folders.useful, roots })
}
