//! Who claims: ed25519 keys. The secret one is a file that only its owner reads, the public one a line to give to others.

use super::error::RemoteError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::Path;
use std::str::FromStr;

/// What a public key is written with.
const PREFIX: &str = "nasflow:";
/// The first line of a secret key's file.
const MAGIC: &str = "nasflow secret key 1";
/// Bytes of such a file, at most.
const LARGEST: u64 = 4096;

/// A public key: `nasflow:` and 32 bytes in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// In hexadecimal: what its claims are called.
    pub fn hex(&self) -> String {
        self.0.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// From what its claims are called.
    pub fn from_hex(text: &str) -> Option<PublicKey> {
        let digest: crate::base::Digest = text.parse().ok()?;
        Some(PublicKey(digest.0)).filter(|key| key.hex() == text)
    }

    /// Whether it signed these bytes.
    pub fn signed(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        // Strict: no weak keys, and one signature only for a text.
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| key.verify_strict(bytes, &Signature::from_bytes(signature)).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl FromStr for PublicKey {
    type Err = RemoteError;

    fn from_str(text: &str) -> Result<Self, RemoteError> {
        let wrong = |why: &str| RemoteError::Trust { written: text.escape_debug().take(80).collect(), why: why.into() };
        let rest = text.trim().strip_prefix(PREFIX).ok_or_else(|| wrong("it does not begin with `nasflow:`"))?;
        let bytes = STANDARD.decode(rest).map_err(|_| wrong("what follows is not base64"))?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| wrong("32 bytes in base64 were expected"))?;
        match VerifyingKey::from_bytes(&bytes) {
            Ok(key) if !key.is_weak() => Ok(PublicKey(bytes)),
            _ => Err(wrong("its bytes are no key")),
        }
    }
}

/// One's own key.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey of {}", self.public())
    }
}

impl SecretKey {
    /// The public key of it.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs bytes.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }

    /// From 32 bytes of chance.
    pub fn from_bytes(seed: &[u8; 32]) -> SecretKey {
        SecretKey(SigningKey::from_bytes(seed))
    }

    /// The key in a file; none where there is no file.
    ///
    /// # Errors
    /// [`RemoteError::Key`]: a file that others may read, or that is no key.
    pub fn read(path: &Path) -> Result<Option<SecretKey>, RemoteError> {
        let wrong = |why: String| RemoteError::Key { path: path.to_path_buf(), why };
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(wrong(format!("it cannot be read: {e}"))),
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(|e| wrong(format!("it cannot be read: {e}")))?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(wrong(format!("others may read or write it (mode {:04o}): `chmod 600` it", mode & 0o7777)));
            }
        }
        let mut text = String::new();
        file.take(LARGEST).read_to_string(&mut text).map_err(|e| wrong(format!("it cannot be read: {e}")))?;
        let broken = || wrong("it is no key of nasflow's: move it away, and `nasflow cache key` makes a new one".into());
        let (magic, rest) = text.split_once('\n').ok_or_else(broken)?;
        let bytes = STANDARD.decode(rest.trim_end()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.filter(|_| magic == MAGIC).map(|bytes| Some(SecretKey::from_bytes(&bytes))).ok_or_else(broken)
    }

    /// Makes a key, in a file that is not there yet and that only its owner may read.
    ///
    /// # Errors
    /// [`RemoteError::Key`].
    pub fn make(path: &Path) -> Result<SecretKey, RemoteError> {
        let wrong = |why: String| RemoteError::Key { path: path.to_path_buf(), why };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|e| wrong(format!("the system has no random bytes: {e}")))?;
        let cannot = |e: io::Error| wrong(format!("it cannot be written: {e}"));
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(cannot)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(cannot)?;
        let written = file.write_all(format!("{MAGIC}\n{}\n", STANDARD.encode(seed)).as_bytes()).and_then(|()| file.sync_all());
        if let Err(e) = written {
            // Half a key is worse than none.
            let _ = std::fs::remove_file(path);
            return Err(cannot(e));
        }
        Ok(SecretKey::from_bytes(&seed))
    }
}
