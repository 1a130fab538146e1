//! Pins: runs whose results no collection removes. `pins/<name>`, a file each, so that they outlive the index.

use super::disk::{TEMPORARY, again, ensure_dir, entries, name};
use super::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::PathBuf;

/// A pin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Its name, which is that of its file.
    #[serde(skip)]
    pub name: String,
    /// The run's full id.
    pub run: String,
    /// The run's pipeline.
    pub pipeline: String,
    /// When it was pinned, in seconds since 1970.
    pub time: u64,
}

/// Letters of a pin's name, at most.
const LONGEST: usize = 100;

impl Store {
    /// Pins a run under a name, durably; a pin of that name is replaced.
    ///
    /// # Errors
    /// A name that no file may have; [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn pin(&self, pin: &Pin) -> Result<(), StoreError> {
        let path = self.pin_path(&pin.name)?;
        self.writable()?;
        ensure_dir(self.disk.as_ref(), &self.layout.folder("pins"))?;
        let bytes = serde_json::to_vec(pin).map_err(|e| StoreError::Invalid { message: format!("the pin cannot be written: {e}") })?;
        self.blobs.write_file(&path, &bytes)
    }

    /// Removes a pin; false where there is none of that name.
    ///
    /// # Errors
    /// As [`Store::pin`].
    pub fn unpin(&self, name: &str) -> Result<bool, StoreError> {
        let path = self.pin_path(name)?;
        self.writable()?;
        match again(|| self.disk.remove(&path)) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(StoreError::io("remove", &path, None, e)),
        }
        let folder = self.layout.folder("pins");
        again(|| self.disk.sync_dir(&folder)).map_err(|e| StoreError::io("sync", &folder, None, e))?;
        Ok(true)
    }

    /// All pins, by name.
    ///
    /// # Errors
    /// A file that cannot be read, or that is no pin: a collection must not take it for none.
    pub fn pins(&self) -> Result<Vec<Pin>, StoreError> {
        let mut pins = Vec::new();
        for path in entries(&self.layout.folder("pins"))? {
            if name(&path).starts_with(TEMPORARY) {
                continue;
            }
            let bytes = again(|| self.disk.read(&path)).map_err(|e| StoreError::io("read", &path, None, e))?;
            let pin: Pin = serde_json::from_slice(&bytes).map_err(|e| {
                let message = format!("{} is no pin ({e}): remove the file, and pin the run again by `nasflow cache pin`", path.display());
                StoreError::Invalid { message }
            })?;
            pins.push(Pin { name: name(&path).to_string(), ..pin });
        }
        Ok(pins)
    }

    fn pin_path(&self, name: &str) -> Result<PathBuf, StoreError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-+@".contains(c);
        if name.is_empty() || name.starts_with('.') || name.len() > LONGEST || !name.chars().all(plain) {
            let message = format!(
                "`{}` cannot be the name of a pin: letters, digits and `._-+@` were expected, at most {LONGEST}, and no dot first",
                name.escape_debug().take(LONGEST).collect::<String>()
            );
            return Err(StoreError::Invalid { message });
        }
        Ok(self.layout.folder("pins").join(name))
    }
}
