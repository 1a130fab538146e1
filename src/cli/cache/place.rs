//! The store that a command of `nasflow cache` is about.

use crate::cli::arguments::CachePlace;
use crate::cli::failure::Failure;
use crate::cli::{load, print};
use crate::store::{self, Store, StoreError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The exit code where others use the store and the command needs it alone (`EX_TEMPFAIL`).
const BUSY: u8 = 75;

/// Where it is; none where there is no store.
fn root(place: &CachePlace) -> Result<(PathBuf, bool), Failure> {
    let here = std::env::current_dir().map_err(|e| format!("the working directory cannot be read: {e}"))?;
    let found = Store::find(&here, place.cache.as_deref(), None)?;
    let exists = Store::is_at(&found.root)?;
    Ok((found.root, exists))
}

/// Where it is, for a command that needs one.
pub fn needed(place: &CachePlace) -> Result<PathBuf, Failure> {
    match root(place)? {
        (root, true) => Ok(root),
        (root, false) => {
            let named = place.cache.is_some();
            let root = root.display();
            let other = if named { "" } else { ", and none in a `cache/` above (name another with --cache or NASFLOW_CACHE)" };
            Err(format!("there is no store at {root}{other}: `nasflow run` makes one").into())
        }
    }
}

/// The store for looking only.
pub fn reading(place: &CachePlace) -> Result<Store, Failure> {
    let store = Store::open_read_only(&needed(place)?)?;
    noted(&store);
    Ok(store)
}

/// The store for changing it; made where it is not there if `create`.
pub fn writing(place: &CachePlace, create: bool) -> Result<Store, Failure> {
    let root = if create { root(place)?.0 } else { needed(place)? };
    let store = Store::open_with(&root, options(place))?;
    noted(&store);
    Ok(store)
}

/// How it is opened.
pub fn options(place: &CachePlace) -> store::Options {
    load::opening(place.allow_network)
}

/// What opening had to say.
fn noted(store: &Store) {
    store.notices().iter().for_each(|notice| print::note(notice));
}

/// Says in a line that others use the store, with an exit code of its own for scripts.
pub fn busy(root: &Path, doing: &str) -> ExitCode {
    print::note(&format!(
        "nasflow: cannot {doing} while other processes use the store {}: `--wait` waits until they have ended",
        root.display()
    ));
    ExitCode::from(BUSY)
}

/// The same of an error; other errors are failures.
pub fn busy_or(e: StoreError) -> Result<ExitCode, Failure> {
    match e {
        StoreError::InUse { .. } => {
            print::note(&format!("nasflow: {e}"));
            Ok(ExitCode::from(BUSY))
        }
        other => Err(other.into()),
    }
}
