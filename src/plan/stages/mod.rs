//! One file a stage: what it does to one model, in keys and lookups.

mod earlier;
mod evaluate;
mod folds;
mod init;
mod latency;
mod narrowed;
mod own;
mod proposer;
mod prune;
mod race;
mod replicate;
mod runner;
mod sample;
mod select;
mod started;
mod subnet;
mod supernet;
mod table;
mod teacher;
mod train;
mod untrained;
