//! Who works on attempts. A launcher starts, stops and follows them, and says in words of its own how they ended; the
//! coordinator knows of nothing else. One file a launcher: [`local`] has processes of this machine.
//!
//! What a launcher on other machines needs is here, too: a worker is followed and stopped over files of its attempt
//! ([`crate::run::job::follow`]), and its result file decides whether it is done. A launcher that has lost sight of an attempt says
//! [`Ended::Lost`], and the coordinator looks for the result before it tries again.

mod launcher;
pub mod local;
#[cfg(test)]
pub mod on_demand;
mod resident;

pub use launcher::{Ended, Heard, Id, LastWords, LaunchError, Launcher, Start};
