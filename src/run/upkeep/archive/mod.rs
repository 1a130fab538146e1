//! A run as one file: a tar of `nasflow-run/run.json` (the list of all that follows), observations, and blobs by their digests.
//!
//! It is not compressed: weights hardly can be, and so no few bytes become many. What comes from outside is hostile until checked:
//! every entry is a plain file that the list names, of the listed size, and every blob has the bytes of its name. A reader publishes
//! nothing before everything has arrived. Whether the results are those of their actions nobody can see without doing them again:
//! who imports a run trusts whoever exported it.

mod list;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub use list::{Halt, List};
pub use read::{Imported, import};
pub use write::{Exported, Without, export};
