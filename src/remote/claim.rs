//! What somebody says that an action gave: a short text, signed.
//!
//! ```text
//! nasflow claim 1
//! key 5f…             the action's digest, its numerics class included
//! manifest 0c…        the result's manifest: a blob
//! bytes 48211         of the manifest and all that it names, but the state: no blob has more
//! state 96422         of the state of a training; 0 where there is none
//! signer nasflow:…=
//! signature …         over the lines above
//! ```

use super::key::{PublicKey, SecretKey};
use crate::base::Digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a claim, at most.
pub const LARGEST: u64 = 1024;

/// What somebody says that an action gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The action.
    pub key: Digest,
    /// The result.
    pub manifest: Digest,
    /// Bytes of the manifest and all that it names, but the state.
    pub bytes: u64,
    /// Bytes of the state.
    pub state: u64,
    /// Who says so.
    pub signer: PublicKey,
}

impl Claim {
    /// The lines that are signed.
    fn said(&self) -> String {
        format!(
            "nasflow claim 1\nkey {}\nmanifest {}\nbytes {}\nstate {}\nsigner {}\n",
            self.key.hex(),
            self.manifest.hex(),
            self.bytes,
            self.state,
            self.signer
        )
    }

    /// The text, signed by the claim's signer.
    pub fn signed(&self, by: &SecretKey) -> String {
        let said = self.said();
        let signature = STANDARD.encode(by.sign(said.as_bytes()));
        format!("{said}signature {signature}\n")
    }

    /// Reads what is said to be somebody's claim of a key.
    ///
    /// # Errors
    /// Why it counts for nothing.
    pub fn read(bytes: &[u8], key: &Digest, signer: &PublicKey) -> Result<Claim, &'static str> {
        const NONE: &str = "it is no claim that this nasflow reads";
        let text = std::str::from_utf8(bytes).map_err(|_| NONE)?;
        let mut lines = text.lines();
        let mut line = |name: &str| lines.next().and_then(|line| line.strip_prefix(name)?.strip_prefix(' ')).ok_or(NONE);
        if line("nasflow")? != "claim 1" {
            return Err(NONE);
        }
        let claim = Claim {
            key: line("key")?.parse().map_err(|_| NONE)?,
            manifest: line("manifest")?.parse().map_err(|_| NONE)?,
            bytes: line("bytes")?.parse().map_err(|_| NONE)?,
            state: line("state")?.parse().map_err(|_| NONE)?,
            signer: line("signer")?.parse().map_err(|_| NONE)?,
        };
        let signature = STANDARD.decode(line("signature")?).map_err(|_| NONE)?;
        let signature: [u8; 64] = signature.try_into().map_err(|_| NONE)?;
        let said = claim.said();
        // One way to write it: nothing may stand behind, and no number has a second form.
        if text != format!("{said}signature {}\n", STANDARD.encode(signature)) {
            return Err(NONE);
        }
        if claim.signer != *signer {
            return Err("it is signed by another key than the one that it lies under");
        }
        if claim.key != *key {
            return Err("it is of another action");
        }
        match signer.signed(said.as_bytes(), &signature) {
            true => Ok(claim),
            false => Err("its signature is wrong"),
        }
    }
}
