//! `nasflow cache`: what the store holds, and what becomes of it. One file a subcommand.

mod archive;
mod gc;
mod key;
mod ls;
mod pin;
mod place;
mod pull;
mod push;
mod rebuild;
mod stats;
mod told;
mod verify;

use super::arguments::{CacheArguments, CacheCommand};
use super::failure::Failure;
use std::process::ExitCode;

pub fn run(arguments: &CacheArguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        CacheCommand::Stats(a) => stats::run(a),
        CacheCommand::Ls(a) => ls::run(a),
        CacheCommand::Verify(a) => verify::run(a),
        CacheCommand::Gc(a) => gc::run(a),
        CacheCommand::Pin(a) => pin::pin(a),
        CacheCommand::Unpin(a) => pin::unpin(a),
        CacheCommand::Export(a) => archive::export(a),
        CacheCommand::Import(a) => archive::import(a),
        CacheCommand::Push(a) => push::run(a),
        CacheCommand::Pull(a) => pull::run(a),
        CacheCommand::Key(a) => key::run(a),
        CacheCommand::RebuildIndex(a) => rebuild::run(a),
    }
}
