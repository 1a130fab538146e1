//! nasflow: neural architecture search as a content-addressed build.
//!
//! A search is one KDL file. Rooms from the bottom up: [`base`] and [`document`] (KDL in, a typed pipeline out), [`space`],
//! [`search`] and [`plan`] (pure: what would run, and why), [`metrics`], [`data`], [`nn`], [`train`], [`evaluate`] (numbers),
//! [`store`] (results on disk), [`remote`] (results that machines share), [`run`] (who works on what), [`export`], [`report`] and [`cli`]. `docs/architecture.md` is the map.

pub mod base;
pub mod cli;
pub mod data;
pub mod document;
pub mod editor;
pub mod evaluate;
pub mod export;
mod language;
pub mod metrics;
pub mod nn;
pub mod plan;
pub mod remote;
pub mod report;
pub mod results;
pub mod run;
pub mod search;
pub mod serve;
pub mod space;
pub mod store;
pub mod train;

pub use language::language;
