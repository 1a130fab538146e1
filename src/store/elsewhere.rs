//! Whether another machine uses the index: SQLite's shared memory does not reach it, so its rows and ours would overwrite each other.
//!
//! Whoever uses the index says in its marker (`open/<token>`, see [`super::presence`]) which machine it is on. Workers, which never open
//! the index, say nothing, and may be anywhere.

use super::StoreError;
use super::disk::{TEMPORARY, entries, name};
use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A marker of another machine that nobody holds is taken for alive for so long after it was last written to: the locks of some network
/// file systems do not reach other machines.
const LATELY: Duration = Duration::from_secs(120);

/// The word before a machine's name.
const MACHINE: &str = "machine ";

/// The line of a marker that says which machine this is.
pub(super) fn line() -> String {
    format!("{MACHINE}{}\n", machine())
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
        let age = file.metadata().and_then(|m| m.modified()).ok().and_then(|then| SystemTime::now().duration_since(then).ok());
        let seen = age.filter(|age| *age < LATELY).map(|age| age.as_secs());
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
