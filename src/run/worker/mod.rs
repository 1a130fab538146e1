//! The worker's side: one assignment, blobs, one result file. Never opens the database, never prints.

mod chain;
mod context;
mod failure;
mod latency;
mod memory;
mod own;
mod predict;
mod remote;
mod subnet;
mod supernet;
mod training;
mod untrained;
mod work;

pub use memory::Memory;
pub use remote::over_files;
pub use work::{work, work_on};
