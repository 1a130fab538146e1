//! What an editor asks of a file that somebody is writing: what is wrong, what may stand here, what this is, where it was declared.
//!
//! Promises: pure (the caller supplies the bytes of files), never fails, whatever the text is. Everything comes from the table and the
//! descriptors of words. Knows nothing of the protocol: places are bytes.

mod complete;
mod declared;
mod definition;
mod describe;
mod examine;
mod hover;
mod outline;
mod place;
mod words;

#[cfg(test)]
mod tests;

pub use complete::{Completions, Item, ItemKind, complete};
pub use declared::{Declared, Scope, includes};
pub use definition::definition;
pub use examine::{examine, is_fragment};
pub use hover::{Hover, hover};
pub use outline::{Symbol, outline};
