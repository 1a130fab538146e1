//! One file a stage: what it does to one model, in keys and lookups.

mod evaluate;
mod sample;
mod select;
mod table;
mod train;
