//! KDL in, a typed pipeline out: guard, parse, decode by one table, cross-check, diagnostics.
//!
//! Promises: no I/O (the caller supplies the bytes of files), all errors of a file in one report, each at its span.
//! Knows nothing of tensors, stores or what a layer computes; the room `space` compiles the networks.
//!
//! The way of a text: `guard` and `lexer` bound it, `traps` finds what is no KDL,
//! `grammar` checks the shape, `syntax` parses, `include` and
//! `params` put files together, `raw` takes kdl's types away, `decode` merges by `table`, `typed` builds the values of
//! `pipeline`, `check` looks at the whole. `load` is that way; `render` shows what was found. `configuration` reads the user's own file by the same parts.

mod check;
pub mod codes;
pub mod configuration;
mod context;
mod declare;
mod decode;
pub mod diagnostic;
pub mod effort;
mod excerpt;
pub mod expr;
mod field;
pub mod fmt;
pub mod form;
mod format;
mod grammar;
pub mod guard;
mod include;
mod language;
pub mod launchers;
pub mod lexer;
mod literal;
mod load;
pub mod meaning;
pub mod method;
mod node_values;
mod numerals;
mod params;
pub mod paths;
pub mod pipeline;
mod quote;
mod raw;
pub mod recipes;
pub mod reference;
pub mod render;
mod settings;
mod shorten;
pub mod sketch;
mod span;
mod stopping;
mod strategy;
mod syntax;
pub mod table;
mod texts;
mod traps;
pub mod tree;
mod typed;
mod unknown;
pub mod values;
mod word;
mod written;

#[cfg(test)]
mod gallery_tests;
#[cfg(test)]
mod method_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod word_tests;

pub use diagnostic::{Diagnostic, Diagnostics, Severity, nearest};
pub use expr::{Datum, Expr};
pub use field::{Count, Field, Kind, Preset, Type};
pub use fmt::formatted;
pub use format::{DataFormat, FormatShape, FormatWord};
pub use include::{Files, Options};
pub use language::Language;
pub use load::{fragments, load};
pub use method::*;
pub use params::Params;
pub use pipeline::*;
pub use quote::{plain, quoted};
pub use reference::reference;
pub use settings::{Settings, Unset};
pub use span::Span;
pub use stopping::{ChosenStop, Raced, StopWord};
pub use strategy::{Asked, Chosen, Needs, Objectives, StrategyWord};
pub use tree::{Node, Property, Spanned, Value};
pub use word::{Described, Word, Words};
