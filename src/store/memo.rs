//! What can be worked out again at any time, kept so that it need not be: `memo/<kind>/<key>`, sealed by its digest. Replaced as it
//! grows; a lost or damaged one is as if it had never been.

use super::disk::{again, ensure_dir};
use super::{Store, StoreError};
use crate::base::Digest;
use std::io;
use std::path::PathBuf;

impl Store {
    fn memo_path(&self, kind: &str, key: &Digest) -> PathBuf {
        self.layout.folder("memo").join(kind).join(key.hex())
    }

    /// Keeps bytes under a kind (a plain word) and a key, in place of those that were there.
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`StoreError::ReadOnly`].
    pub fn put_memo(&self, kind: &str, key: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        self.writable()?;
        let path = self.memo_path(kind, key);
        ensure_dir(self.disk.as_ref(), path.parent().unwrap_or(&path))?;
        let mut sealed = Digest::of(bytes).0.to_vec();
        sealed.extend(bytes);
        self.blobs.write_file(&path, &sealed)
    }

    /// The bytes that were kept; none where there are none, or not those that were written.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn memo(&self, kind: &str, key: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.memo_path(kind, key);
        let mut sealed = match again(|| self.disk.read(&path)) {
            Ok(sealed) => sealed,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io("read", &path, None, e)),
        };
        if sealed.len() < 32 {
            return Ok(None);
        }
        let bytes = sealed.split_off(32);
        Ok((Digest::of(&bytes).0[..] == sealed[..]).then_some(bytes))
    }
}
