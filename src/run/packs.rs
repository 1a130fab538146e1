//! Packs: splits decoded at training size, an action each; made by the coordinator before the first worker needs them.

use super::error::RunError;
use super::events::{Event, Events};
use super::prepare::Prepared;
use super::record;
use crate::base::{Canon, Digest, counted};
use crate::data::{DataError, Packing};
use crate::plan::{Action, Kind};
use crate::results::Outcome;
use crate::space::Space;
use crate::store::{Record, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// Bytes that packs may take in a store. Beyond them the largest that this run does not use go: they are made again when they are
/// needed.
const BOUND: u64 = 8 << 30;

/// Images of a pack whose making is said before it begins: of so many it takes a while.
const MANY: usize = 2_000;

/// Bytes of a pack of which it is said how many it takes.
const LARGE: u64 = 1 << 30;

/// What the list of all packs is kept as.
const MEMO: &str = "packs";

fn gib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

/// Why a pack was not made.
enum Halt {
    Data(DataError),
    Store(StoreError),
}

impl From<DataError> for Halt {
    fn from(e: DataError) -> Self {
        Halt::Data(e)
    }
}

impl From<StoreError> for Halt {
    fn from(e: StoreError) -> Self {
        Halt::Store(e)
    }
}

/// Who waits for packs.
pub struct Waiting<'a> {
    /// Hears what takes long.
    pub events: &'a mut dyn Events,
    /// Whether it does not want to wait any more.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// Packs that were made or found.
#[derive(Default)]
pub struct Packs {
    /// Blobs by (data, split), and size.
    known: HashMap<((String, String), usize), Digest>,
    /// Whether it was said that this run's own take more than [`BOUND`].
    said: bool,
}

impl Packs {
    /// The blob of a split at a size, made where it is not there; none where whoever waits for it did not want to any more.
    pub fn ensure(
        &mut self,
        data: &(String, String),
        image_size: usize,
        prepared: &Prepared,
        store: &Store,
        waiting: &mut Waiting,
    ) -> Result<Option<Digest>, RunError> {
        let named = (data.clone(), image_size);
        if let Some(&blob) = self.known.get(&named)
            && store.blobs().has(&blob)?
        {
            return Ok(Some(blob));
        }
        let action = action(data, image_size, prepared)?;
        let known = store.lookup(&action.key())?.and_then(|r| packed(&r));
        let blob = match known {
            Some(blob) if store.blobs().has(&blob)? => blob,
            _ => match self.make(data, image_size, &action, prepared, store, waiting)? {
                Some(blob) => blob,
                None => return Ok(None),
            },
        };
        self.known.insert(named, blob);
        Ok(Some(blob))
    }

    /// Forgets all, after a blob turned out to be damaged.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    fn make(
        &mut self,
        (name, split): &(String, String),
        image_size: usize,
        action: &Action,
        prepared: &Prepared,
        store: &Store,
        waiting: &mut Waiting,
    ) -> Result<Option<Digest>, RunError> {
        let missing = || missing(name, split);
        let scan = prepared.scans.get(name).ok_or_else(missing)?;
        let packing = Packing::of(scan, split, image_size, Path::new(".")).map_err(|e| RunError::Data(e.to_string()))?;
        let (images, bytes) = (packing.images(), packing.bytes());
        if images > MANY || bytes > LARGE {
            let sizes = if sizes(name, prepared).len() > 1 { format!(" at {image_size} px") } else { String::new() };
            let disk = if bytes > LARGE { format!("; they take {:.1} GiB of disk", gib(bytes)) } else { String::new() };
            let message = format!("{name}: decoding {} of `{split}`{sizes}, once{disk}", counted(images, "image"));
            waiting.events.on(Event::Note { message });
        }
        let what = format!("the split `{split}` of `{name}` ({} at {image_size} px)", counted(images, "image"));
        if store.blobs().room(&what, bytes).is_err() {
            // Packs that this run does not use can be made again.
            trim(store, &own(prepared)?, 0)?;
            store.blobs().room(&what, bytes)?;
        }
        let blob = match store.blobs().put_pieces(|out| packing.write(waiting.stop, out)) {
            Ok(blob) => blob,
            Err(Halt::Data(DataError::Stopped)) => return Ok(None),
            Err(Halt::Data(e)) => return Err(RunError::Data(e.to_string())),
            Err(Halt::Store(e)) => return Err(e.into()),
        };
        store.publish(&record::write(action, None, &Outcome::Pack { pack: blob, images }))?;
        remember(store, action.key())?;
        if let Some(own) = trim(store, &own(prepared)?, BOUND)?
            && !self.said
        {
            self.said = true;
            let message =
                format!("the packs of this run take {:.1} GiB, more than the {:.0} GiB that a store keeps of them", gib(own), gib(BOUND));
            waiting.events.on(Event::Note { message });
        }
        Ok(Some(blob))
    }
}

fn missing(name: &str, split: &str) -> RunError {
    RunError::Data(format!("no split `{split}` of `{name}`"))
}

/// The sizes at which a data set may be read in this run: its own, and those that spaces state.
fn sizes(name: &str, prepared: &Prepared) -> BTreeSet<usize> {
    let own = prepared.data.get(name).map(|d| d.image_size);
    let stated = prepared.spaces.values().filter(|s| s.states_size()).flat_map(Space::image_sizes);
    own.into_iter().chain(stated).collect()
}

/// The action that makes a pack.
fn action((name, split): &(String, String), image_size: usize, prepared: &Prepared) -> Result<Action, RunError> {
    let missing = || missing(name, split);
    let info = prepared.data.get(name).ok_or_else(missing)?;
    let scanned = prepared.scans.get(name).and_then(|scan| scan.split(split)).ok_or_else(missing)?;
    Ok(Action {
        kind: Kind::Pack,
        config: Canon::map([("image-size", image_size.into()), ("decoder", info.decoder.clone().into())]),
        inputs: vec![("split", scanned.digest)],
        seed: None,
        numerics: None,
    })
}

/// The keys of all packs that this run may use.
fn own(prepared: &Prepared) -> Result<BTreeSet<Digest>, RunError> {
    let splits = prepared.scans.iter().flat_map(|(name, scan)| scan.splits.iter().map(move |s| (name.clone(), s.name.clone())));
    let sized = splits.flat_map(|data| sizes(&data.0, prepared).into_iter().map(move |size| (data.clone(), size)));
    sized.map(|(data, size)| Ok(action(&data, size, prepared)?.key())).collect()
}

/// The blob of a pack's record; none of another kind of record.
fn packed(record: &Record) -> Option<Digest> {
    match (record.kind == Kind::Pack.word()).then(|| record::read(record))? {
        Some(Outcome::Pack { pack, .. }) => Some(pack),
        _ => None,
    }
}

/// The keys of all packs, as far as they are remembered; else every result is looked at, once.
fn all(store: &Store) -> Result<BTreeSet<Digest>, StoreError> {
    if let Some(bytes) = store.memo(MEMO, &Digest::of(MEMO.as_bytes()))? {
        return Ok(bytes.as_chunks().0.iter().map(|key| Digest(*key)).collect());
    }
    let mut packs = BTreeSet::new();
    for keys in store.keys()?.chunks(1_000) {
        packs.extend(store.lookup_many(keys)?.into_iter().flatten().filter(|r| packed(r).is_some()).map(|r| r.key));
    }
    Ok(packs)
}

/// Remembers a pack, so that a store of many results need not be searched for them.
fn remember(store: &Store, key: Digest) -> Result<(), StoreError> {
    // Another run may be about to do the same.
    let _one_at_a_time = store.lock(&Digest::of(MEMO.as_bytes()))?;
    let mut packs = all(store)?;
    packs.insert(key);
    let bytes: Vec<u8> = packs.iter().flat_map(|key| key.0).collect();
    store.put_memo(MEMO, &Digest::of(MEMO.as_bytes()), &bytes)
}

/// Drops packs, the largest first, until those that are left fit the bound. Those with the keys `own` stay: a worker may be about
/// to read one, and this run would only make them again. The bytes of these, where they alone are more than the bound.
fn trim(store: &Store, own: &BTreeSet<Digest>, bound: u64) -> Result<Option<u64>, StoreError> {
    let (mut kept, mut others) = (BTreeMap::new(), BTreeMap::new());
    for key in all(store)?.union(own) {
        let Some(pack) = store.lookup(key)?.and_then(|r| packed(&r)) else { continue };
        if let Some(size) = store.blobs().size(&pack) {
            if own.contains(key) { &mut kept } else { &mut others }.insert(pack, size);
        }
    }
    let own: u64 = kept.values().sum();
    let mut others: Vec<(u64, Digest)> =
        others.into_iter().filter(|(pack, _)| !kept.contains_key(pack)).map(|(d, size)| (size, d)).collect();
    others.sort_unstable();
    let mut total = own + others.iter().map(|p| p.0).sum::<u64>();
    while total > bound
        && let Some((size, pack)) = others.pop()
    {
        store.drop_blobs(&[pack])?;
        total -= size;
    }
    Ok((own > bound).then_some(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a run whose two packs do not fit together each was dropped when the other was made, and a worker that was to read it failed.
    #[test]
    fn packs_that_this_run_uses_are_never_dropped() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path(), true).expect("a store");
        let pack = |name: &str, size: usize| {
            let config = Canon::map([("name", name.into())]);
            let action = Action { kind: Kind::Pack, config, inputs: Vec::new(), seed: None, numerics: None };
            let blob = store.blobs().put(name.repeat(size).as_bytes()).expect("a blob");
            store.publish(&record::write(&action, None, &Outcome::Pack { pack: blob, images: 1 })).expect("published");
            (action.key(), blob)
        };
        let [train, val, large, small] = [pack("t", 600), pack("v", 500), pack("l", 400), pack("s", 100)];
        let own = BTreeSet::from([train.0, val.0]);
        let there = || [train, val, large, small].map(|p| store.blobs().has(&p.1).expect("a look"));
        assert_eq!(trim(&store, &own, 1600).expect("trimmed"), None);
        assert_eq!(there(), [true, true, true, true]);
        assert_eq!(trim(&store, &own, 1200).expect("trimmed"), None);
        assert_eq!(there(), [true, true, false, true]);
        assert_eq!(trim(&store, &own, 1000).expect("trimmed"), Some(1100));
        assert_eq!(there(), [true, true, false, false]);
    }
}
