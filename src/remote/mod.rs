//! Stores that are shared: results go to a place that several machines see, and come from there. One file a part: a place is a
//! [`Remote`] (`folder`, `s3`), `open` finds which from an address, `line` asks it within limits, `crew` asks many things at a time;
//! `key` and `claim` are who says what; `look`, `take` and `push` move results; `team` puts them together for a run.
//!
//! Promises:
//! - Nobody who may write to the place can lie. A blob is what its name says, which is seen when it has come. That an action gave a
//!   result is a *claim*, which counts only with the signature of somebody whom the user trusts.
//! - What comes is published in the store as any result is, after all of it has come and was verified.
//! - A place that hangs or fails costs the time that the user allows, once: then the run goes on alone.
//! - A result is there as a whole or not at all: blobs, the manifest, the claim.
//!
//! It may not know what an action is, or how results are computed. It prints nothing: what it has to say are remarks.
//!
//! ```text
//! format                    the version of this layout
//! blobs/ab/cdef…            by blake3 digest, as in a store; manifests are blobs
//! claims/ab/cdef…/SIGNER    by the result's key and the signer's public key, both in hexadecimal: a signed text
//! tmp/                      of a folder: what is being written
//! ```

mod claim;
mod crew;
mod error;
mod fault;
mod folder;
mod key;
mod limit;
mod line;
mod look;
mod open;
mod place;
mod push;
mod remark;
#[cfg(feature = "s3")]
mod s3;
mod take;
mod team;
mod transport;

#[cfg(test)]
mod tests;

pub use claim::Claim;
pub use error::RemoteError;
pub use fault::Fault;
pub use folder::Folder;
pub use key::{PublicKey, SecretKey};
pub use limit::Limit;
pub use line::Line;
pub use look::Found;
pub use open::{open, open_with};
pub use push::{Parcel, parcel};
pub use remark::Remarks;
pub use team::{Asked, Came, Pushed, Pusher, Sharing, Team};
pub use transport::{Body, Pieces, Put, Remote, Stored};
