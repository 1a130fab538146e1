//! Tables and texts that people and programs read: built from what a run recorded, never from a run itself.
//!
//! Promises: returns strings and JSON; prints nothing, writes nothing.

pub mod answer;
pub mod cost;
pub mod curve;
pub mod difference;
pub mod fronts;
pub mod graph;
pub mod headline;
pub mod live;
pub mod number;
pub mod page;
pub mod regret;
pub mod regret_plot;
pub mod reliability;
pub mod rows;
pub mod show;
pub mod survey;
pub mod table;
pub mod time;
pub mod trust;
pub mod wrap;

pub use rows::{Row, rows};
