//! Where things lie in a place.

use super::key::PublicKey;
use crate::base::Digest;

/// The object that says which layout this is.
pub const FORMAT: &str = "format";
/// What it says.
pub const VERSION: &[u8] = b"nasflow remote 1\n";

/// Where a blob lies.
pub fn blob(digest: &Digest) -> String {
    let hex = digest.hex();
    format!("blobs/{}/{}", &hex[..2], &hex[2..])
}

/// What is claimed of a key lies below this.
pub fn claims(key: &Digest) -> String {
    let hex = key.hex();
    format!("claims/{}/{}", &hex[..2], &hex[2..])
}

/// Where somebody's claim of a key lies.
pub fn claim(key: &Digest, signer: &PublicKey) -> String {
    format!("{}/{}", claims(key), signer.hex())
}
