//! One file a stage: what it does to one model, in keys and lookups.

mod evaluate;
mod folds;
mod init;
mod latency;
mod narrowed;
mod own;
mod race;
mod replicate;
mod runner;
mod sample;
mod select;
mod subnet;
mod supernet;
mod table;
mod train;
mod untrained;
