//! Results of the same work in other numerics classes: never used for this run, never passed over in silence.

use crate::plan::Work;
use crate::store::{Store, StoreError};
use std::collections::BTreeMap;

/// The other numerics classes in which the result of `work` is known, in order.
pub fn classes(work: &Work, store: &Store) -> Result<Vec<String>, StoreError> {
    let own = work.action().numerics.clone().unwrap_or_default();
    let mut others: Vec<String> = store.by_what(&work.action().what())?.into_iter().map(|r| r.numerics).filter(|n| *n != own).collect();
    others.sort();
    others.dedup();
    Ok(others)
}

/// What the reader should know before `works` are computed in the class `own`; none where nothing is known elsewhere.
pub fn note(works: &[Work], store: &Store, own: &str) -> Result<Option<String>, StoreError> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for work in works.iter().filter(|w| w.action().numerics.is_some()) {
        for class in classes(work, store)? {
            *counts.entry(class).or_default() += 1;
        }
    }
    if counts.is_empty() {
        return Ok(None);
    }
    let known: Vec<String> = counts.iter().map(|(class, n)| format!("{n} from {class}")).collect();
    Ok(Some(format!(
        "note: of the {} results to compute in {own}, {} are known; they stay in the store, and `--device` and `--executor` choose the class",
        works.len(),
        known.join(", ")
    )))
}
