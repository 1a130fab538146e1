//! Data sets: formats, decoding, augmentation, batches.
//!
//! Promises: what training reads depends only on content (images' bytes, rounded boxes, declared classes) and on
//! addressed randomness. Is told where to cache, never decides by itself. Imports `space`-less: `base` and `document` only.
//!
//! From disk to a batch: [`scan::listing`] (names and times), [`scan::scan`] (reads and checks everything once, into a [`Scan`]),
//! [`Packing`] (decodes one split at one size, into a [`Pack`]), [`Loader`] (augmented training batches) and [`EvalBatches`]
//! (letterboxed ones). Images of one class each go the same way; [`classify`] makes their pictures.
//!
//! A scan goes one way for every format: its files ([`formats`], [`layout`]), reading, names of classes, splits.

pub mod anchors;
pub mod archive;
pub mod augment;
pub mod batch;
pub mod build;
pub mod chosen;
mod classes;
pub mod classify;
pub(crate) mod container;
pub mod decode;
pub mod error;
pub mod eval;
pub mod figure;
pub mod files;
pub mod finding;
pub mod folds;
pub mod format;
pub mod formats;
pub mod hsv;
pub mod label;
pub mod layout;
pub mod letterbox;
pub mod loader;
pub mod mosaic;
pub mod pack;
pub mod packfile;
pub mod pixels;
pub mod prefetch;
mod reading;
pub mod recognise;
pub mod resize;
pub mod scan;
pub mod scanned;
pub mod shapes;
mod sniff;
mod split;
pub mod summary;
mod text;
pub mod texture;
pub mod truth;
pub mod warp;

pub use anchors::{AutoAnchors, auto_anchors};
pub use batch::{Batch, Target};
pub use build::Packing;
pub use decode::DECODER;
pub use error::{DataError, Finding, FindingKind};
pub use eval::{EvalBatches, Letterbox};
pub use formats::words;
pub use layout::Need;
pub use loader::Loader;
pub use pack::{Object, Pack, PackImage};
pub use prefetch::Prefetch;
pub use recognise::{Contents, Recognised, recognise};
pub use scan::{Listing, Survey, listing, scan};
pub use scanned::{Place, Scan, ScanImage, ScanSplit};
pub use summary::Summary;

#[cfg(test)]
mod tests;
