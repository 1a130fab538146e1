//! The scheduler: what is ready, who works on it, resume.
//!
//! `run` is always resume: the coordinator replays the pipeline over the store, starts workers for what is missing, publishes
//! what they leave, and replays again. Workers read one assignment and write blobs and one result file; they never open the
//! database. Who starts and follows them is a [`launch::Launcher`]. Nothing here prints: the caller gets events.
//!
//! From the bottom up: `error`, `events`, `options`, `record`, `job` (the files of an attempt), `prepare`, `launch` and
//! `worker` (both sides of an attempt), `inline`, `observe`, `estimate` (what is computed beside them), `sharing` (what others have computed), `coordinator`; and
//! what reads the store for people: `history`, `why`, `cost`, `gain`, `trust`, `course`, `saved`, `kept`; and `upkeep`, what a
//! store keeps.

mod compare;
pub mod coordinator;
pub mod cost;
pub mod course;
mod cut;
mod describe;
pub mod diff;
mod differing;
pub mod elsewhere;
pub mod error;
pub mod estimate;
pub mod events;
pub mod explain;
pub mod fetch;
pub mod gain;
pub mod history;
pub mod inline;
pub mod job;
pub mod kept;
pub mod known;
pub mod launch;
pub mod live;
pub mod observe;
pub mod options;
pub mod packs;
mod predicted;
pub mod prepare;
mod prune;
pub mod rebuild;
pub mod record;
pub mod recording;
pub mod reliability;
pub mod runs;
pub mod saved;
mod scratch;
pub mod sharing;
pub mod smoke;
pub mod speed;
pub mod tabular;
pub mod todo;
pub mod trust;
mod truth;
pub mod upkeep;
pub mod whole;
pub mod why;
pub mod worker;

pub use coordinator::run;
pub use error::RunError;
pub use events::{Event, Events};
pub use known::StoreKnown;
pub use options::{Options, RunEnd};
pub use prepare::{Look, Prepared, prepare};
