//! `method single`: every model is trained alone, so there is no supernet.

use super::method::{Method, Unbuilt};
use crate::document::{Traits, Word};

/// The descriptor.
pub(super) static METHOD: Method = Method {
    word: Word::new("single", "Every model alone."),
    tag: "Single",
    traits: Traits::DRAWS,
    read: |_, _| Ok(None),
    build: |_| Err(Unbuilt::NoSupernet),
};
