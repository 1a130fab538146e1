//! Putting a result where others find it: its blobs, its manifest, and last the claim.

use super::claim::Claim;
use super::crew::Pulse;
use super::fault::Fault;
use super::key::{PublicKey, SecretKey};
use super::line::Line;
use super::look::{bytes, claims};
use super::place;
use super::remark::{Remark, Remarks};
use super::transport::{Body, Put, Stored};
use crate::base::Digest;
use crate::store::{Blobs, Store, StoreError};
use std::collections::HashSet;
use std::io::{self, Read};

/// A result to be put.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The action.
    pub key: Digest,
    /// The result.
    pub manifest: Vec<u8>,
    /// What it names, with the bytes of each, but for the state.
    pub blobs: Vec<(Digest, u64)>,
    /// The state of a training that is here, and its bytes.
    pub state: Option<(Digest, u64)>,
}

impl Parcel {
    /// Bytes of all but the state.
    pub fn bytes(&self) -> u64 {
        self.manifest.len() as u64 + self.blobs.iter().map(|b| b.1).sum::<u64>()
    }
}

/// Kinds of results that are not shared: everybody has the data of which they are made.
const APART: [&str; 3] = ["pack", "fetch", "anchors"];

/// The result of a key; none where it is not here as a whole, or of a kind that is not shared.
///
/// # Errors
/// Those of the store.
pub fn parcel(store: &Store, key: &Digest) -> Result<Option<Parcel>, StoreError> {
    let Some(record) = store.lookup(key)?.filter(|record| !APART.contains(&record.kind.as_str())) else { return Ok(None) };
    let mut parcel = Parcel { key: *key, manifest: record.manifest()?, blobs: Vec::new(), state: None };
    for (name, digest) in &record.outputs {
        match store.blobs().size(digest) {
            Some(bytes) if name == "state" => parcel.state = Some((*digest, bytes)),
            Some(bytes) => parcel.blobs.push((*digest, bytes)),
            None if name == "state" => {}
            None => return Ok(None),
        }
    }
    Ok(Some(parcel))
}

/// How results are put.
pub struct Pushing {
    /// Who signs.
    pub signer: SecretKey,
    /// Whose claims of the same make one's own needless.
    pub trusted: Vec<PublicKey>,
    /// Whether states go, too.
    pub states: bool,
}

/// What became of a parcel.
#[derive(Clone, Debug)]
pub struct Done {
    /// The action.
    pub key: Digest,
    /// Whether the claim is new there.
    pub new: bool,
    /// Bytes that were moved.
    pub bytes: u64,
    /// What there is to say.
    pub remarks: Remarks,
}

/// Puts a result. What is there stays, but for blobs of another size and those that are `damaged`.
///
/// # Errors
/// Those of the place; a blob that is damaged here.
pub fn push(line: &Line, own: &Blobs, parcel: &Parcel, how: &Pushing, damaged: &HashSet<Digest>, pulse: &Pulse) -> Result<Done, Fault> {
    let mut done = Done { key: parcel.key, new: false, bytes: 0, remarks: Remarks::default() };
    let manifest = Digest::of(&parcel.manifest);
    // What is wrong with others' claims concerns those who read.
    let known = claims(line, &parcel.key, &how.trusted, &mut Remarks::default())?;
    let state = parcel.state.filter(|_| how.states);
    for (digest, size) in parcel.blobs.iter().chain(&state) {
        let replace = damaged.contains(digest);
        if let Some(put) = wanted(line, digest, *size, replace)? {
            done.bytes += blob(line, own, digest, *size, put, pulse)?;
        }
    }
    let size = parcel.manifest.len() as u64;
    if let Some(put) = wanted(line, &manifest, size, damaged.contains(&manifest))? {
        put_bytes(line, &place::blob(&manifest), &parcel.manifest, put)?;
        pulse.moved(size);
        done.bytes += size;
    }
    let signer = how.signer.public();
    for other in known.iter().filter(|claim| claim.manifest != manifest && claim.signer != signer) {
        done.remarks.add(Remark::Differs { signer: other.signer });
    }
    if known.iter().any(|claim| claim.manifest == manifest) {
        return Ok(done);
    }
    let claim = Claim { key: parcel.key, manifest, bytes: parcel.bytes(), state: parcel.state.map_or(0, |s| s.1), signer };
    let (path, text) = (place::claim(&parcel.key, &signer), claim.signed(&how.signer));
    if put_bytes(line, &path, text.as_bytes(), Put::IfAbsent)? == Stored::New {
        (done.new, done.bytes) = (true, done.bytes + text.len() as u64);
        return Ok(done);
    }
    let limit = super::claim::LARGEST;
    let there = line.ask(limit, |remote, within| bytes(remote, &path, limit, within));
    match there.map(|bytes| Claim::read(&bytes, &parcel.key, &signer)) {
        Ok(Ok(claim)) if claim.manifest == manifest => {}
        Ok(Ok(_)) => done.remarks.add(Remark::Changed { key: parcel.key }),
        // Nobody's claim lies where only one's own may: it is put right.
        Ok(Err(_)) | Err(Fault::TooLarge { .. } | Fault::Damaged | Fault::Absent) => {
            put_bytes(line, &path, text.as_bytes(), Put::Replace)?;
            done.new = true;
        }
        Err(e) => return Err(e),
    }
    Ok(done)
}

/// How a blob is to be put; none where it is there.
fn wanted(line: &Line, digest: &Digest, size: u64, replace: bool) -> Result<Option<Put>, Fault> {
    if replace {
        return Ok(Some(Put::Replace));
    }
    let path = place::blob(digest);
    Ok(match line.ask(0, |remote, limit| remote.size(&path, limit))? {
        None => Some(Put::IfAbsent),
        Some(there) if there == size => None,
        // Cut short, or something else.
        Some(_) => Some(Put::Replace),
    })
}

/// Puts bytes that are few.
pub fn put_bytes(line: &Line, path: &str, bytes: &[u8], how: Put) -> Result<Stored, Fault> {
    let size = bytes.len() as u64;
    line.ask(size, |remote, limit| remote.put(path, Body { bytes: size, from: &mut &*bytes }, how, limit))
}

/// Puts a blob, verified before a byte of it goes.
fn blob(line: &Line, own: &Blobs, digest: &Digest, size: u64, how: Put, pulse: &Pulse) -> Result<u64, Fault> {
    let path = place::blob(digest);
    line.ask(size, |remote, limit| {
        let file = own.file(digest)?;
        let mut counted = Counted { from: file, pulse };
        remote.put(&path, Body { bytes: size, from: &mut counted }, how, limit)
    })?;
    Ok(size)
}

/// Says how much of it was read.
struct Counted<'a, R> {
    from: R,
    pulse: &'a Pulse,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(piece)?;
        self.pulse.moved(n as u64);
        Ok(n)
    }
}
