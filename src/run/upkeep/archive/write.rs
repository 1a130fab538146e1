//! Writing a run as an archive.

use super::list::{BLOBS, FORMAT, Halt, LIST, List, OBSERVATIONS};
use crate::base::Digest;
use crate::run::upkeep::census::each;
use crate::run::upkeep::roots::{self, Why};
use crate::store::{Observation, RunRecord, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::time::Duration;

/// What is left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Without {
    /// States: further epochs begin anew.
    pub states: bool,
    /// Packs: they are made again from the data.
    pub packs: bool,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exported {
    /// Results.
    pub results: usize,
    /// Blobs, manifests included.
    pub blobs: usize,
    /// Their bytes.
    pub bytes: u64,
    /// States that were left out, or had been dropped before.
    pub lacking: usize,
}

/// What machines measured of these.
const KINDS: [&str; 8] = ["latency", "memory", "seconds", "train-time", "predict-time", "runner-time", "command-time", "untrained-time"];

/// Writes a run with all that it needs. `files` are the pipeline's: name and text.
///
/// # Errors
/// A run that does not say what it used; a result that is not whole; the disk's.
pub fn export(
    store: &Store,
    run: &RunRecord,
    files: Vec<(String, String)>,
    without: Without,
    out: &mut dyn Write,
    told: &mut dyn FnMut(u64, u64),
) -> Result<Exported, Halt> {
    let only = vec![(run.clone(), Why::Recent)];
    let roots = roots::roots(store, (only, None), Duration::ZERO, &mut |_, _| {})?;
    if let Some(why) = roots.all {
        return Err(Halt::Archive(format!(
            "{why}: it was made by an older nasflow, or ended before it began; `nasflow run` records it again"
        )));
    }
    let (mut manifests, mut blobs, mut lacking) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut lost = None;
    let mut weights = BTreeSet::new();
    each(store, &mut |_, _| {}, &mut |record| {
        let linked =
            !["compare", "anchors"].contains(&record.kind.as_str()) || record.text.split_whitespace().any(|word| roots.read.contains(word));
        let left = record.kind == "fetch" || record.kind == "pack" && without.packs;
        if !roots.keys.contains(&record.key) || left || !linked {
            return Ok(());
        }
        for (output, digest) in &record.outputs {
            let there = store.blobs().has(digest)?;
            match output.as_str() {
                "state" if without.states || !there => drop(lacking.insert(*digest)),
                // A pack that was trimmed is made again.
                "pack" if !there => return Ok(()),
                _ if there => drop(blobs.insert(*digest)),
                _ => drop(lost.get_or_insert_with(|| format!("the {output} of {} {}", record.kind, record.key.short()))),
            }
            if output == "weights" {
                weights.insert(*digest);
            }
        }
        manifests.insert(Digest::of(&record.manifest()?));
        Ok(())
    })?;
    if let Some(lost) = lost {
        return Err(Halt::Archive(format!(
            "{lost} is not in the store: `nasflow run` on the pipeline makes it again, then export once more"
        )));
    }
    // What was left out may be the bytes of something that is not.
    lacking.retain(|state| !blobs.contains(state));
    let observed = observed(store, &roots.keys, &weights)?;
    let mut list = List {
        format: FORMAT,
        run: run.clone(),
        manifests: manifests.iter().copied().collect(),
        blobs: Vec::new(),
        lacking: lacking.iter().copied().collect(),
        observations: observed.len() as u64,
        files,
    };
    let inputs = store.blobs();
    // Files from outside that actions read: weights to start from, teachers.
    let foreign = inputs.sizes()?.into_iter().map(|(d, _)| d).filter(|d| roots.read.contains(&d.short()) && !lacking.contains(d));
    blobs.extend(foreign);
    for digest in roots::named_by(run) {
        if inputs.has(&digest)? && !lacking.contains(&digest) {
            blobs.insert(digest);
        }
    }
    // Manifests come last, as in a store.
    for digest in blobs.difference(&manifests).chain(&manifests) {
        let bytes = inputs.size(digest).ok_or_else(|| Halt::Archive(format!("the blob {} has just gone", digest.short())))?;
        list.blobs.push((*digest, bytes));
    }
    let exported =
        Exported { results: manifests.len(), blobs: list.blobs.len(), bytes: list.blobs.iter().map(|b| b.1).sum(), lacking: lacking.len() };
    let text = serde_json::to_vec(&list).map_err(|e| Halt::Archive(format!("the run {} cannot be written: {e}", run.id)))?;
    let mut tar = tar::Builder::new(out);
    entry(&mut tar, LIST, text.len() as u64, &mut text.as_slice())?;
    entry(&mut tar, OBSERVATIONS, observed.len() as u64, &mut observed.as_slice())?;
    let mut done = 0;
    for (digest, bytes) in &list.blobs {
        // Read once for its digest, and then written from the same open file.
        let mut file = inputs.file(digest)?;
        entry(&mut tar, &format!("{BLOBS}{}", digest.hex()), *bytes, &mut file)?;
        done += bytes;
        told(done, exported.bytes);
    }
    tar.into_inner().and_then(|out| out.flush()).map_err(|e| failed(&e))?;
    Ok(exported)
}

fn entry(tar: &mut tar::Builder<&mut dyn Write>, name: &str, bytes: u64, from: &mut dyn Read) -> Result<(), Halt> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mtime(0);
    tar.append_data(&mut header, name, from).map_err(|e| failed(&e))
}

fn failed(e: &std::io::Error) -> Halt {
    Halt::Archive(format!("the archive cannot be written: {e}"))
}

/// What machines measured of these results, as lines.
fn observed(store: &Store, keys: &BTreeSet<Digest>, weights: &BTreeSet<Digest>) -> Result<Vec<u8>, Halt> {
    let mut by_line: BTreeMap<Vec<u8>, ()> = BTreeMap::new();
    for kind in KINDS {
        for observation in store.all_observations(kind)? {
            let action = observation.value.get("action").and_then(|a| a.as_str()).and_then(|a| a.parse::<Digest>().ok());
            if action.is_some_and(|a| keys.contains(&a)) || keys.contains(&observation.key) || weights.contains(&observation.key) {
                by_line.insert(line(&observation)?, ());
            }
        }
    }
    Ok(by_line.into_keys().flat_map(|line| line.into_iter().chain([b'\n'])).collect())
}

fn line(observation: &Observation) -> Result<Vec<u8>, Halt> {
    serde_json::to_vec(observation).map_err(|e| Halt::Archive(format!("an observation cannot be written: {e}")))
}
