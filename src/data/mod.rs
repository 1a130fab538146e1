//! Data sets: formats, decoding, augmentation, batches.
//!
//! Promises: what training reads depends only on content (images' bytes, rounded boxes, declared classes) and on
//! addressed randomness. Is told where to cache, never decides by itself. Imports `space`-less: `base` and `document` only.
//!
//! From disk to a batch: [`scan::listing`] (names and times), [`scan::scan`] (reads and checks everything once),
//! [`Pack::build`] (decodes one split at one size), [`Loader`] (augmented training batches) and [`EvalBatches`]
//! (letterboxed ones).
//!
//! Images of one class each go the same way: [`labelled`] reads them, [`classify`] makes their pictures.
//!
//! A new format is one file with a `listing` that returns a [`layout::Layout`] and a `read` that returns a
//! [`truth::Annotation`], and one line each in `scan` and `source`.

pub mod anchors;
pub mod augment;
pub mod batch;
pub mod build;
pub mod classify;
pub mod decode;
pub mod error;
pub mod eval;
pub mod figure;
pub mod hsv;
pub(crate) mod labelled;
pub mod labels;
pub mod layout;
pub mod letterbox;
pub mod loader;
pub mod mosaic;
pub mod pack;
pub mod packfile;
pub mod prefetch;
pub mod resize;
pub mod scan;
pub mod shapes;
pub(crate) mod source;
pub(crate) mod split;
pub mod texture;
pub mod truth;
pub mod voc;
pub mod warp;
mod words;
pub mod yaml;
pub mod yolo;

pub use anchors::{AutoAnchors, auto_anchors};
pub use batch::{Batch, Target};
pub use decode::DECODER;
pub use error::{DataError, Finding, FindingKind};
pub use eval::{EvalBatches, Letterbox};
pub use loader::Loader;
pub use pack::{Object, Pack, PackImage};
pub use prefetch::Prefetch;
pub use scan::{Listing, Place, Scan, ScanImage, ScanSplit, listing, scan};
pub use words::words;

#[cfg(test)]
mod tests;
