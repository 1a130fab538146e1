//! The scheduler: what is ready, who works on it, resume.
//!
//! `run` is always resume (invariant 6): the coordinator replays the pipeline over the store, starts workers for what is
//! missing, publishes what they leave, and replays again. Workers are processes that read one assignment and write
//! blobs and one result file; they never open the database (invariant 16). Nothing here prints: the caller gets events.

pub mod coordinator;
pub mod cost;
pub mod elsewhere;
pub mod error;
pub mod estimate;
pub mod events;
pub mod gain;
pub mod history;
pub mod inline;
pub mod job;
pub mod known;
pub mod observe;
pub mod packs;
pub mod prepare;
mod scans;
pub mod smoke;
pub mod speed;
pub mod supernet;
mod tables;
pub mod todo;
pub mod trust;
pub mod worker;
mod workers;

pub use coordinator::{Ended, Options, run};
pub use error::RunError;
pub use events::{Event, Events};
pub use known::StoreKnown;
pub use prepare::{Prepared, prepare};
pub use scans::Look;
