//! Who works on attempts. A launcher starts, stops and follows them, and says in words of its own how they ended; the
//! coordinator knows of nothing else. One file a launcher: [`local`] has processes of this machine, [`slurm`] jobs of a cluster,
//! [`ssh`] other machines.
//!
//! Those on other machines have [`remote`] in common: a worker is followed and stopped over files of its attempt
//! ([`crate::run::job::follow`]), and its result file decides whether it is done. A launcher that has lost sight of an attempt says
//! [`Ended::Lost`], and the coordinator looks for the result before it tries again.

mod command;
mod launcher;
pub mod local;
#[cfg(test)]
pub mod on_demand;
pub mod remote;
mod resident;
pub mod slurm;
pub mod ssh;
mod status;

pub use launcher::{Ended, Heard, Id, LastWords, LaunchError, Launcher, Start, Whose};
