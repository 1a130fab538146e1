//! Data sets that are fetched: an archive is named by the hash of its bytes and kept in the store under it, wherever it came from.

mod download;
mod partial;
mod progress;

use crate::base::Digest;
use crate::data::archive;
use crate::document::Fetch;
use crate::store::{Record, Store, StoreError};
use download::Halt;
use partial::Partial;
use std::path::{Path, PathBuf};

pub use download::{Patience, USUAL};
pub use progress::{Progress, Watch};

/// The folder with the files of a data set; fetched and unpacked where they are not there. `offline` fetches from no server.
///
/// # Errors
/// Of the store. In words: that it is not there and nothing may be written; what is wrong with the server, the bytes or the archive.
pub fn folder(fetch: &Fetch, store: Option<&Store>, offline: bool, watch: Watch) -> Result<Result<PathBuf, String>, StoreError> {
    let Some(hash) = fetch.blake3.as_ref().map(|h| h.value) else { return Ok(Err("its `blake3` is missing".into())) };
    let url = &fetch.url.value;
    let of = place(&hash, &file_name(url));
    if let Some(folder) = store.and_then(|s| s.blobs().unpacked(&of)) {
        return Ok(Ok(folder));
    }
    let Some(store) = store.filter(|s| !s.is_read_only()) else {
        return Ok(Err(format!("it has not been fetched from {url} yet: `nasflow run` or `nasflow data pin` fetches it")));
    };
    // One process fetches, others wait for it.
    let _lock = store.lock(&key(&hash))?;
    if !store.blobs().has(&hash)? {
        if offline && !url.starts_with("file://") {
            return Ok(Err(format!("`--offline`, and it has not been fetched from {url} yet: leave `--offline` out once")));
        }
        match got(url, Some(hash), store, USUAL, watch) {
            Ok(_) => {}
            Err(Halt::Store(e)) => return Err(e),
            Err(Halt::Url { why, .. }) => return Ok(Err(format!("{url}: {why}"))),
        }
    }
    keep(store, hash)?;
    match unpacked(url, hash, store) {
        Ok(folder) => Ok(Ok(folder)),
        Err(Halt::Store(e)) => Err(e),
        Err(Halt::Url { why, .. }) => Ok(Err(why)),
    }
}

/// The folder of a fetched blob's files.
fn unpacked(url: &str, hash: Digest, store: &Store) -> Result<PathBuf, Halt> {
    let (blobs, name) = (store.blobs(), file_name(url));
    blobs.unpack::<Halt>(&place(&hash, &name), |take| {
        let broken = |why| Halt::Url { why: format!("what came from {url} cannot be unpacked: {why}"), again: false };
        archive::unpack(blobs.file(&hash)?, &name, archive::LIMITS, take).map_err(broken)
    })
}

/// What a folder is called: by the hash, and by the name that a single file has.
fn place(hash: &Digest, name: &str) -> Digest {
    Digest::of(format!("unpacked {hash} {name}").as_bytes())
}

/// Fetches what a URL has now, keeps it, unpacks it, and returns its hash.
///
/// # Errors
/// In words.
pub fn fetch(url: &str, store: &Store, patience: Patience, watch: Watch) -> Result<Digest, String> {
    let told = |halt| match halt {
        Halt::Store(e) => StoreError::to_string(&e),
        Halt::Url { why, .. } if why.contains(url) => why,
        Halt::Url { why, .. } => format!("{url}: {why}"),
    };
    if !["https://", "http://", "file://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(format!("{url} is no URL: `https://`, `http://` or `file://` was expected"));
    }
    let hash = got(url, None, store, patience, watch).map_err(told)?;
    keep(store, hash).map_err(|e| e.to_string())?;
    unpacked(url, hash, store).map_err(told)?;
    Ok(hash)
}

/// Downloads into the store. A connection that broke is tried again a few times, and goes on where it was where the server can; what
/// has come by then stays for the next run.
fn got(url: &str, wanted: Option<Digest>, store: &Store, patience: Patience, watch: Watch) -> Result<Digest, Halt> {
    let blobs = store.blobs();
    if let Some(path) = url.strip_prefix("file://") {
        let mut bytes = 0;
        let kept = blobs.put_wanted::<Halt>(wanted, |out| {
            download::file(Path::new(path), patience, &mut |piece| {
                bytes += piece.len() as u64;
                out(piece)
            })
        });
        return kept.map_err(|e| unexpected(e, bytes));
    }
    let _lock = store.lock(&partial::key(url))?;
    let mut tries = patience.tries;
    loop {
        tries = tries.saturating_sub(1);
        let partial = Partial::open(&blobs, url, wanted)?;
        let resumed = match partial.fetch(patience, watch) {
            Ok(resumed) => resumed,
            Err(Halt::Url { again: true, .. }) if tries > 0 => continue,
            Err(e) => {
                if !matches!(e, Halt::Url { again: true, .. }) || !partial.goes_on() {
                    partial.clear();
                }
                return Err(e);
            }
        };
        let bytes = partial.length();
        match partial.keep(&blobs) {
            // What was there may have been of something else.
            Err(StoreError::Unexpected { .. }) if resumed && tries > 0 => continue,
            done => return done.map_err(|e| unexpected(e.into(), bytes)),
        }
    }
}

/// Bytes of another hash than the one that was pinned.
fn unexpected(halt: Halt, bytes: u64) -> Halt {
    let Halt::Store(StoreError::Unexpected { wanted, found }) = halt else { return halt };
    let why = format!(
        "it is not what was pinned: its {bytes} bytes have the hash {found}, and `blake3` says {wanted}. \
         If it is meant to have changed, `nasflow data pin` writes the new hash"
    );
    Halt::Url { why, again: false }
}

/// The key of a fetched blob: its hash and nothing else.
fn key(hash: &Digest) -> Digest {
    Digest::of(format!("kind = fetch\nblake3 = {hash}\n").as_bytes())
}

/// A record that names the blob, so that it counts as a result.
fn keep(store: &Store, hash: Digest) -> Result<(), StoreError> {
    let key = key(&hash);
    let record = Record {
        key,
        what: key,
        numerics: String::new(),
        kind: "fetch".into(),
        chain: None,
        text: format!("kind = fetch\nblake3 = {hash}\n"),
        outputs: [("file".to_string(), hash)].into(),
        values: serde_json::json!({}),
    };
    store.publish(&record)?;
    Ok(())
}

/// What a file is called that comes from a URL: the last part of its path, as far as that is a plain name.
fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).take(100).collect();
    let plain = plain.trim_start_matches('.');
    if plain.is_empty() { "file".into() } else { plain.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        for (url, name) in [
            ("https://a.b/c/train.parquet?x=1/2#z", "train.parquet"),
            ("https://a.b/", "file"),
            ("https://a.b/..", "file"),
            ("https://a.b/.hidden", "hidden"),
            ("file:///x/a%20b.zip", "a20b.zip"),
        ] {
            assert_eq!(file_name(url), name, "{url}");
        }
    }
}
