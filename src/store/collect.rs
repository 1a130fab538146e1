//! Removing what nobody needs any more, alone in the store.

use super::disk::again;
use super::verify::CHUNK;
use super::{Store, StoreError};
use crate::base::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// What a collection removed, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Records.
    pub records: usize,
    /// Blobs, manifests included.
    pub blobs: usize,
    /// Bytes of blobs.
    pub bytes: u64,
}

/// Nobody else uses the store, and whoever comes waits, until this is dropped.
pub struct Alone<'s>(&'s Store);

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        if let Some(presence) = &self.0.blobs.presence {
            // Where even this fails, the lock ends with the process.
            let _ = presence.admit_others();
        }
    }
}

impl Store {
    /// Becomes alone in the store. Whoever decides what goes, and removes it, holds this all the time: a run that began in between
    /// would lose what it has just made.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while any other process has the store open for writing; [`StoreError::ReadOnly`].
    pub fn alone(&self, doing: &'static str) -> Result<Alone<'_>, StoreError> {
        if !self.blobs.writer()?.try_alone()? {
            return Err(StoreError::InUse { root: self.layout.root.clone(), doing });
        }
        Ok(Alone(self))
    }

    /// Removes every record but those with these keys, and every blob that neither they name nor `blobs` holds.
    /// With `dry`, only counts.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while any other process has the store open (unless `dry`): nothing of a running
    /// search is ever removed. Killed half-way, it goes on when it is called again.
    pub fn collect(&self, keys: &BTreeSet<Digest>, blobs: &BTreeSet<Digest>, dry: bool) -> Result<Collected, StoreError> {
        let Some(index) = &self.index else { return Ok(Collected::default()) };
        let _alone = match dry || self.blobs.writer()?.is_alone() {
            true => None,
            false => Some(self.alone("remove results")?),
        };
        let rows: BTreeMap<Digest, Digest> = index.all()?.into_iter().collect();
        let kept: Vec<Digest> = rows.keys().filter(|k| keys.contains(k)).copied().collect();
        let (mut live, mut named) = (blobs.clone(), BTreeSet::new());
        for chunk in kept.chunks(CHUNK) {
            live.extend(chunk.iter().filter_map(|k| rows.get(k)));
            named.extend(self.lookup_many(chunk)?.into_iter().flatten().flat_map(|r| r.outputs.into_values()));
        }
        live.extend(&named);
        let gone: Vec<Digest> = rows.keys().filter(|k| !keys.contains(k)).copied().collect();
        let mut collected = Collected { records: gone.len(), ..Collected::default() };
        if !dry {
            self.blobs.writer()?.writing()?;
            for chunk in gone.chunks(CHUNK) {
                index.forget(chunk)?;
                chunk.iter().filter_map(|k| rows.get(k)).filter(|m| !live.contains(m)).try_for_each(|m| self.count(m, &mut collected))?;
            }
            // Manifests go before what they name, durably, so that no index built from what is left names what is gone.
            let folders: BTreeSet<_> =
                gone.iter().filter_map(|k| rows.get(k)).filter_map(|m| Some(self.blobs.path(m).parent()?.to_path_buf())).collect();
            for folder in folders.iter().filter(|f| f.is_dir()) {
                again(|| self.disk.sync_dir(folder)).map_err(|e| StoreError::io("sync", folder, None, e))?;
            }
        }
        for (digest, bytes) in self.blobs.sizes()?.into_iter().filter(|(d, _)| !live.contains(d)) {
            collected.blobs += 1;
            collected.bytes += bytes;
            if !dry {
                self.blobs.remove(&digest)?;
            }
        }
        if !dry {
            self.shorten_dropped(&named)?;
        }
        Ok(collected)
    }

    fn count(&self, blob: &Digest, collected: &mut Collected) -> Result<(), StoreError> {
        if let Some(bytes) = self.blobs.size(blob) {
            collected.blobs += 1;
            collected.bytes += bytes;
            self.blobs.remove(blob)?;
        }
        Ok(())
    }
}
