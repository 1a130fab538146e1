//! Whether another machine uses the index: SQLite's shared memory does not reach it, so its rows and ours would overwrite each other.
//!
//! Whoever writes says in its marker (`open/<token>`, see [`super::presence`]) which machine it is on, and in which way: workers, which
//! never open the index, may be anywhere.

use super::StoreError;
use super::disk::{TEMPORARY, entries, name};
use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A marker of another machine that nobody holds is taken for alive for so long after it was last written to: the locks of some network
/// file systems do not reach other machines.
const LATELY: Duration = Duration::from_secs(120);

/// The same for workers, which write less often.
const SOME_TIME: Duration = Duration::from_secs(600);

/// The word before the name of a machine that uses the index.
const MACHINE: &str = "machine ";
/// The word before the name of a machine that does not.
const WORKS: &str = "works on ";

/// The line of a marker that says which machine this is, and whether it uses the index.
pub(super) fn line(index: bool) -> String {
    format!("{}{}\n", if index { MACHINE } else { WORKS }, machine())
}

/// Whether a marker that nobody seems to hold may be of a worker that lives, on a machine from which no lock reaches us.
pub(super) fn may_live(marker: &str, file: &File, boot: &str) -> bool {
    let mut lines = marker.lines();
    let started = lines.next().and_then(|l| l.strip_prefix("boot ")).unwrap_or_default();
    let elsewhere = lines.next().and_then(|l| l.strip_prefix(WORKS)).is_some_and(|other| other != machine());
    elsewhere && started != boot && age(file).is_some_and(|age| age < SOME_TIME)
}

/// How long ago a file was written to; none where that is not known.
fn age(file: &File) -> Option<Duration> {
    let written = file.metadata().and_then(|m| m.modified()).ok()?;
    SystemTime::now().duration_since(written).ok()
}

/// What this machine is called.
fn machine() -> String {
    let said = std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::env::var("HOSTNAME").map_err(std::io::Error::other));
    let said: String = said.unwrap_or_default().chars().filter(|c| !c.is_control() && !c.is_whitespace()).take(100).collect();
    if said.is_empty() { "(without a name)".into() } else { said }
}

/// Refuses where the folder of markers has one of another machine's coordinator that lives, or may. `own` is our marker's name, `boot`
/// the name of this start of this machine.
pub(super) fn refuse(folder: &Path, own: &str, boot: &str) -> Result<(), StoreError> {
    for path in entries(folder)? {
        let token = name(&path);
        if token == "all" || token == own || token.starts_with(TEMPORARY) {
            continue;
        }
        // One that is gone, or cannot be read, says nothing.
        let Ok(text) = std::fs::read(&path) else { continue };
        let text = String::from_utf8_lossy(&text);
        let mut lines = text.lines();
        let started = lines.next().and_then(|l| l.strip_prefix("boot ")).unwrap_or_default();
        let Some(other) = lines.next().and_then(|l| l.strip_prefix(MACHINE)) else { continue };
        if started.is_empty() || boot.is_empty() || started == boot {
            continue;
        }
        let Ok(file) = File::open(&path) else { continue };
        let held = file.try_lock_shared().is_err();
        let seen = age(&file).filter(|age| *age < LATELY).map(|age| age.as_secs());
        // One of this machine that was started anew since is dead.
        if held || seen.is_some() && other != machine() {
            let root = folder.parent().unwrap_or(folder).to_path_buf();
            let machine: String = other.chars().filter(|c| !c.is_control()).take(100).collect();
            let seen = seen.filter(|_| !held).map(|ago| (ago, LATELY.as_secs().saturating_sub(ago)));
            return Err(StoreError::OtherMachine { root, machine, seen });
        }
    }
    Ok(())
}
