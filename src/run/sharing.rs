//! Results that others have made (`remote`): which ones to ask for, and what becomes of them.

use super::error::RunError;
use super::known::StoreKnown;
use super::prepare::Prepared;
use super::record;
use crate::base::{Digest, counted};
use crate::plan::{Action, Replay, Work};
use crate::remote::{Asked, Came, PublicKey, Remarks, Team};
use crate::store::{Record, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::{Duration, Instant};

/// Results that are published in one transaction.
const CHUNK: usize = 500;
/// What is remembered of a place is kept as.
const MEMO: &str = "remote";

/// Results that are to be computed of which it is looked whether somebody else claims them, at most.
pub const LOOKED: usize = 5;
/// After this time a result is asked for again: others work meanwhile.
const AGAIN: Duration = Duration::from_secs(600);

/// What was asked for lately: each result once in [`AGAIN`].
#[derive(Default)]
pub struct Sought {
    asked: HashSet<Digest>,
    since: Option<Instant>,
}

impl Sought {
    /// What these works would compute and nobody has asked for.
    pub fn next(&mut self, works: &[Work], now: Instant) -> Vec<Asked> {
        let since = *self.since.get_or_insert(now);
        if now.duration_since(since) >= AGAIN {
            (self.asked, self.since) = (HashSet::new(), Some(now));
        }
        let mut asked = Vec::new();
        for work in works {
            if self.asked.contains(&work.key()) {
                continue;
            }
            for action in actions(work) {
                let key = action.key();
                if self.asked.insert(key) {
                    asked.push(Asked { key, what: action.what(), text: Digest::of(action.text().as_bytes()) });
                }
            }
        }
        asked
    }
}

/// All that a work leaves.
fn actions(work: &Work) -> Vec<&Action> {
    match work {
        Work::Train(w) => w.rungs.iter().map(|(_, action)| action).collect(),
        Work::Untrained(w) => w.all().map(|one| &one.request.action).collect(),
        other => vec![other.action()],
    }
}

/// Whose keys claim to have some of these, and are not trusted: of the first `most`, how many each has.
pub fn strangers(team: &Team, missing: impl IntoIterator<Item = Digest>, most: usize) -> BTreeMap<PublicKey, usize> {
    let mut found = BTreeMap::new();
    for signer in team.strangers(missing.into_iter().take(most).collect()) {
        *found.entry(signer).or_default() += 1;
    }
    found
}

/// What is to be said of them, a line each.
pub fn told_of_strangers(found: &BTreeMap<PublicKey, usize>) -> Vec<String> {
    let told = |(key, n): (&PublicKey, &usize)| {
        let (are, them) = if *n == 1 { ("is", "it") } else { ("are", "them") };
        let what = counted(*n, "result");
        format!("{what} {are} there under a key that you do not trust, {key}: `trust` it, where you believe its owner, to take {them}")
    };
    found.iter().map(told).collect()
}

/// Publishes what came: from now on these are results like others.
///
/// # Errors
/// Those of the store.
pub fn publish(store: &Store, came: &Came) -> Result<(), StoreError> {
    for records in came.records.chunks(CHUNK) {
        store.publish_lacking(records, &came.lacking)?;
    }
    Ok(())
}

/// What came, or would.
pub struct Pulled {
    /// Results.
    pub came: BTreeSet<Digest>,
    /// Bytes that were moved, or would be.
    pub bytes: u64,
    /// What there is to say.
    pub remarks: Remarks,
    /// What the place does not have, or not from anybody who is trusted.
    pub missing: Vec<Digest>,
    /// The pipeline, as it stands with what came.
    pub replay: Replay,
}

/// Asks for all that a run would compute, and for what follows from that, until nothing more comes. Where `into` is a store it is
/// published there; else it is only looked at.
///
/// # Errors
/// Those of the store. That the place does not serve is no error: [`Team::failure`] says so.
pub fn pull(
    prepared: &Prepared,
    known: &mut StoreKnown,
    into: Option<&Store>,
    team: &Team,
    numerics: &str,
    stop: &dyn Fn() -> bool,
    told: &mut dyn FnMut(usize, u64),
) -> Result<Pulled, RunError> {
    let (mut engine, mut sought) = (prepared.engine(numerics), Sought::default());
    let (mut bytes, mut remarks) = (0, Remarks::default());
    let (mut asked_for, mut found) = (BTreeSet::new(), BTreeSet::new());
    loop {
        let replay = engine.replay(known);
        if let Some(error) = known.error.take() {
            return Err(error.into());
        }
        let asked = sought.next(&replay.works, Instant::now());
        asked_for.extend(asked.iter().map(|a| a.key));
        let blobs = into.map(Store::blobs);
        let came = team.ask(blobs.as_ref(), asked, stop, &mut |_, _, moved| told(found.len(), bytes + moved));
        if let Some(store) = into {
            publish(store, &came)?;
        }
        for record in &came.records {
            found.insert(record.key);
            match into {
                Some(_) => {
                    known.forget(record.key);
                    record.chain.into_iter().for_each(|(chain, _)| known.forget_chain(chain));
                }
                None => known.suppose(record),
            }
        }
        bytes += came.bytes;
        let more = !came.records.is_empty();
        remarks.take(came.remarks);
        if let Some(error) = came.error {
            return Err(error.into());
        }
        if !more || stop() {
            let missing = asked_for.difference(&found).copied().collect();
            let replay = if more { engine.replay(known) } else { replay };
            return Ok(Pulled { came: found, bytes, remarks, missing, replay });
        }
        told(found.len(), bytes);
    }
}

/// The keys of results of which it is remembered that they are in a place. Forgotten, they are looked for there again.
///
/// # Errors
/// Those of the store.
pub fn remembered(store: &Store, address: &str) -> Result<BTreeSet<Digest>, StoreError> {
    let bytes = store.memo(MEMO, &Digest::of(address.as_bytes()))?.unwrap_or_default();
    Ok(bytes.as_chunks().0.iter().map(|key| Digest(*key)).collect())
}

/// Remembers more of them.
///
/// # Errors
/// Those of the store.
pub fn remember(store: &Store, address: &str, keys: impl IntoIterator<Item = Digest>) -> Result<(), StoreError> {
    let mut all = remembered(store, address)?;
    let before = all.len();
    all.extend(keys);
    if all.len() == before {
        return Ok(());
    }
    let bytes: Vec<u8> = all.iter().flat_map(|key| key.0).collect();
    store.put_memo(MEMO, &Digest::of(address.as_bytes()), &bytes)
}

impl StoreKnown<'_> {
    /// Takes a result for known that is not in the store.
    fn suppose(&mut self, result: &Record) {
        self.remember(result.key, record::read(result));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Canon;
    use crate::plan::{Kind, Request, SelectWork};

    #[test]
    fn what_others_may_have_made_meanwhile_is_asked_for_again() {
        let action = Action { kind: Kind::Select, config: Canon::None, inputs: vec![], seed: None, numerics: None };
        let request = Request { key: action.key(), action, stage: 0, name: "s".into(), model: None, detail: String::new(), replica: false };
        let works = [Work::Select(Box::new(SelectWork { request, chosen: vec![] }))];
        let (mut sought, begun) = (Sought::default(), Instant::now());
        let mut asks = |seconds| sought.next(&works, begun + Duration::from_secs(seconds)).len();
        assert_eq!([asks(0), asks(1), asks(599), asks(600), asks(601), asks(1199), asks(1200)], [1, 0, 0, 1, 0, 0, 1]);
    }
}
