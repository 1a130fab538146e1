//! What is sent: worked out once for everybody who looks.

use crate::base::Digest;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::sync::{Arc, PoisonError, RwLock};

/// A document that can be sent.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// Its type.
    pub kind: &'static str,
    /// Its bytes.
    pub bytes: Bytes,
    /// The same, compressed.
    pub small: Bytes,
    /// What names this content.
    pub tag: String,
}

impl Document {
    fn new(kind: &'static str, bytes: Vec<u8>) -> Document {
        let mut small = GzEncoder::new(Vec::new(), Compression::fast());
        // Writing to memory cannot fail; where it did, the document goes uncompressed.
        let small = small.write_all(&bytes).and_then(|()| small.finish()).unwrap_or_default();
        Document { kind, tag: format!("\"{}\"", Digest::of(&bytes).hex()), bytes: bytes.into(), small: small.into() }
    }
}

/// What a site shows now.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The page, at `/`.
    pub page: Document,
    /// Its facts, at `/facts.json`: they change as results come.
    pub facts: Document,
    /// How far the run is, at `/live.json`: small, and changes all the time. It says which facts there are, so that a page asks for
    /// those only where they changed.
    pub live: Document,
}

/// A page and its facts, exchanged whole while others read them.
#[derive(Clone, Default)]
pub struct Site {
    shown: Arc<RwLock<Arc<Shown>>>,
}

impl Site {
    /// From now on shows this page with these facts; answers what names the facts.
    pub fn show(&self, page: String, facts: String) -> String {
        let page = Document::new("text/html; charset=utf-8", page.into_bytes());
        let facts = Document::new("application/json", facts.into_bytes());
        let tag = facts.tag.clone();
        self.change(|shown| Shown { page, facts, live: shown.live.clone() });
        tag
    }

    /// From now on says that the run is so far.
    pub fn say(&self, live: String) {
        let live = Document::new("application/json", live.into_bytes());
        self.change(|shown| Shown { live, ..shown.clone() });
    }

    fn change(&self, change: impl FnOnce(&Shown) -> Shown) {
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        *shown = Arc::new(change(&shown));
    }

    /// What it shows.
    pub fn shown(&self) -> Arc<Shown> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
