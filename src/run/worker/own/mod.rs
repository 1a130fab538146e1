//! Commands of one's own: trainers, metrics and proposers. Each runs in a folder of its own with the files that it uses, is told of the network in
//! JSON, and leaves files, which are hostile until they are checked.

mod describe;
mod folder;
mod guard;
mod left;
mod measure;
mod process;
mod progress;
mod propose;
mod train;

pub use measure::measure;
pub use propose::propose;
pub use train::train;
