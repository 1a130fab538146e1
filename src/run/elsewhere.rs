//! Results of the same work in other numerics classes: never used for this run, never passed over in silence.

use crate::base::counted;
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
    Ok((!counts.is_empty()).then(|| sentence(works.len(), &counts, own)))
}

fn sentence(all: usize, counts: &BTreeMap<String, usize>, own: &str) -> String {
    let known: Vec<String> = counts.iter().map(|(class, n)| format!("{n} from {class}")).collect();
    let (is, stay) = if counts.values().sum::<usize>() == 1 { ("is", "it stays") } else { ("are", "they stay") };
    format!(
        "note: of the {} to compute in {own}, {} {is} known; {stay} in the store, and `--device` and `--executor` choose the class",
        counted(all, "result"),
        known.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_result_is_not_many() {
        let said = |all: usize, n: usize| sentence(all, &BTreeMap::from([("reference-cpu".to_string(), n)]), "fast-2");
        assert!(
            said(1, 1).starts_with("note: of the 1 result to compute in fast-2, 1 from reference-cpu is known; it stays"),
            "{}",
            said(1, 1)
        );
        assert!(said(3, 2).starts_with("note: of the 3 results to compute in fast-2, 2 from reference-cpu are known; they stay"));
    }
}
