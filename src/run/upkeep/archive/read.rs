//! Taking an archive into a store.

use super::list::{BLOBS, FORMAT, Halt, LARGEST, LIST, List, OBSERVATIONS};
use crate::base::Digest;
use crate::store::runs::{is_name, utc};
use crate::store::{Observation, Record, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes that are read at a time.
const PIECE: usize = 1 << 20;
/// Results that are published in one transaction.
const CHUNK: usize = 500;

/// What was taken in.
#[derive(Debug)]
pub struct Imported {
    /// What the archive said of itself.
    pub list: List,
    /// Results that are new here.
    pub new: usize,
    /// Results that were here already; those stay as they are.
    pub known: usize,
    /// Bytes that were read.
    pub bytes: u64,
}

/// Takes an archive in. Everything is read and verified before any result is published; where it is cut short or wrong, the store
/// knows no result more than before.
///
/// # Errors
/// What is wrong with the archive; those of the store.
pub fn import(store: &Store, from: impl Read, told: &mut dyn FnMut(u64, u64)) -> Result<Imported, Halt> {
    let mut archive = tar::Archive::new(from);
    let mut entries = archive.entries().map_err(|e| broken(&e))?.raw(true);
    let (list, mut bytes) = match entries.next() {
        Some(entry) => first(entry.map_err(|e| broken(&e))?)?,
        None => return Err(Halt::Archive("it is empty, and no archive of a run".into())),
    };
    if let Some(other) = store.runs(None)?.into_iter().find(|run| run.id == list.run.id && run.pipeline != list.run.pipeline) {
        return Err(Halt::Archive(format!("its run has the name of a run of `{}` that is here", other.pipeline)));
    }
    store.blobs().room("what the archive holds", list.blobs.iter().map(|b| b.1).fold(0, u64::saturating_add))?;
    let mut wanted: BTreeMap<Digest, u64> = list.blobs.iter().copied().collect();
    let all = wanted.values().copied().fold(0, u64::saturating_add);
    let mut observations = None;
    for entry in entries {
        let mut entry = entry.map_err(|e| broken(&e))?;
        let (name, size) = plain(&entry)?;
        if name == OBSERVATIONS && observations.is_none() && size == list.observations && size <= LARGEST {
            observations = Some(whole(&mut entry, size)?);
            continue;
        }
        let digest = name.strip_prefix(BLOBS).and_then(|hex| hex.parse::<Digest>().ok()).filter(|d| name[BLOBS.len()..] == d.hex());
        let listed = digest.and_then(|d| wanted.remove(&d).map(|size| (d, size)));
        let Some((digest, _)) = listed.filter(|(_, listed)| *listed == size) else {
            return Err(Halt::Archive(format!("`{}` ({size} bytes) is not on its list", name.escape_debug())));
        };
        let kept = store.blobs().put_wanted::<Halt>(Some(digest), |out| copy(&mut entry, size, out));
        kept.map_err(|halt| match halt {
            Halt::Store(StoreError::Unexpected { .. }) => Halt::Archive(format!("the blob {} is not what its name says", digest.short())),
            other => other,
        })?;
        bytes += size;
        told(bytes, all);
    }
    if !wanted.is_empty() || observations.is_none() {
        return Err(Halt::Archive(format!("it is cut short: {} of its {} blobs did not come", wanted.len(), list.blobs.len())));
    }
    let records = records(store, &list)?;
    let observations = observed(store, &observations.unwrap_or_default())?;
    let (new, known) = publish(store, &list, records)?;
    store.observe_many(&observations)?;
    store.run_keep(&list.run)?;
    Ok(Imported { list, new, known, bytes })
}

/// The list, which comes first.
fn first(mut entry: tar::Entry<impl Read>) -> Result<(List, u64), Halt> {
    let (name, size) = plain(&entry)?;
    if name != LIST || size > LARGEST {
        return Err(Halt::Archive(format!("it does not begin with `{LIST}`: it is no archive of a run")));
    }
    let bytes = whole(&mut entry, size)?;
    // The version first: a newer form may have other fields.
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| Halt::Archive(format!("its list cannot be read: {e}")))?;
    match value.get("format").and_then(serde_json::Value::as_u64) {
        Some(found) if found == u64::from(FORMAT) => {}
        found => {
            let found = found.map_or("none".to_string(), |f| f.to_string());
            return Err(Halt::Archive(format!("its version is {found}, and this nasflow reads {FORMAT}")));
        }
    }
    let list: List = serde_json::from_value(value).map_err(|e| Halt::Archive(format!("its list cannot be read: {e}")))?;
    let run = &list.run;
    let texts = [&run.pipeline, &run.source, &run.outcome];
    if !is_name(&run.id) || texts.iter().any(|text| text.chars().any(char::is_control) || text.len() > 4096) {
        return Err(Halt::Archive("the names in its list are none".into()));
    }
    if is_ahead(&run.id) {
        return Err(Halt::Archive(format!("its run says that it begins in the future (`{}`): is a clock wrong?", run.id)));
    }
    let blobs: HashSet<Digest> = list.blobs.iter().map(|b| b.0).collect();
    if blobs.len() != list.blobs.len() || !list.manifests.iter().all(|m| blobs.contains(m)) {
        return Err(Halt::Archive("its list names a blob twice, or a result that is not in it".into()));
    }
    Ok((list, size))
}

/// Whether the time in a run's name lies more than a day ahead: such a run would be the last one for ever.
fn is_ahead(id: &str) -> bool {
    let tomorrow = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() + 86_400;
    // Names sort by time.
    id > utc(tomorrow).as_str()
}

/// The name and size of an entry that is a plain file.
fn plain(entry: &tar::Entry<impl Read>) -> Result<(String, u64), Halt> {
    let header = entry.header();
    let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
    if header.entry_type() != tar::EntryType::Regular {
        return Err(Halt::Archive(format!("`{}` is no plain file", name.escape_debug())));
    }
    Ok((name, header.entry_size().map_err(|e| broken(&e))?))
}

/// The bytes of an entry, of which it was seen that they are few.
fn whole(entry: &mut impl Read, size: u64) -> Result<Vec<u8>, Halt> {
    let mut bytes = Vec::new();
    copy::<Halt>(entry, size, &mut |piece| {
        bytes.extend(piece);
        Ok(())
    })?;
    Ok(bytes)
}

fn copy<E: From<Halt>>(entry: &mut impl Read, size: u64, out: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    let (mut piece, mut left) = (vec![0; PIECE.min(size as usize + 1)], size);
    while left > 0 {
        let most = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        match entry.read(&mut piece[..most]) {
            Ok(0) => return Err(Halt::Archive("it is cut short in the middle of a file".into()).into()),
            Ok(n) => {
                out(&piece[..n])?;
                left -= n as u64;
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(broken(&e).into()),
        }
    }
    Ok(())
}

fn broken(e: &std::io::Error) -> Halt {
    Halt::Archive(format!("it is cut short, or no archive: {e}"))
}

/// The results, each with all that it names, but for states that are said to be lacking.
fn records(store: &Store, list: &List) -> Result<Vec<Record>, Halt> {
    let lacking: BTreeSet<Digest> = list.lacking.iter().copied().collect();
    let (mut records, mut keys) = (Vec::with_capacity(list.manifests.len()), HashSet::new());
    for manifest in &list.manifests {
        let record = Record::parse(&store.blobs().get(manifest)?)
            .ok_or_else(|| Halt::Archive(format!("the result {} is none that this nasflow reads", manifest.short())))?;
        if record.manifest().map(|bytes| Digest::of(&bytes)).ok() != Some(*manifest) {
            return Err(Halt::Archive(format!("the result {} is not written as results are", manifest.short())));
        }
        if !keys.insert(record.key) {
            return Err(Halt::Archive(format!("it has two results of {} {}", record.kind, record.key.short())));
        }
        for (output, digest) in &record.outputs {
            if !(store.blobs().has(digest)? || output == "state" && lacking.contains(digest)) {
                return Err(Halt::Archive(format!("the {output} of {} {} is not in it", record.kind, record.key.short())));
            }
        }
        records.push(record);
    }
    Ok(records)
}

/// Publishes what is not here; counts what was.
fn publish(store: &Store, list: &List, records: Vec<Record>) -> Result<(usize, usize), Halt> {
    let keys: Vec<Digest> = records.iter().map(|r| r.key).collect();
    let mut new = Vec::new();
    for (record, here) in records.into_iter().zip(store.lookup_many(&keys)?) {
        // What is here stays, unless something of it has gone.
        let whole = match here {
            Some(here) => store.blobs().has_all(here.outputs.iter().filter(|(name, _)| *name != "state").map(|(_, blob)| blob))?,
            None => false,
        };
        if !whole {
            new.push(record);
        }
    }
    for chunk in new.chunks(CHUNK) {
        store.publish_lacking(chunk, &list.lacking)?;
    }
    Ok((new.len(), keys.len() - new.len()))
}

/// The observations that are not here yet; lines that are none are skipped.
fn observed(store: &Store, bytes: &[u8]) -> Result<Vec<Observation>, Halt> {
    let came: Vec<Observation> = bytes.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let written = |o: &Observation| (o.kind.clone(), o.key, o.machine.clone(), o.time, o.value.to_string());
    let mut here = HashSet::new();
    for (kind, key) in came.iter().map(|o| (&o.kind, &o.key)).collect::<BTreeSet<_>>() {
        here.extend(store.observations(kind, key)?.iter().map(written));
    }
    let new = came.into_iter().filter(|o| here.insert(written(o))).collect();
    Ok(new)
}
