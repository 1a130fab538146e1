//! Training: the losses of detectors and classifiers, optimisers, schedules, the state of a training and its loop.
//!
//! Promises: a training is a chain over iterations whose whole state is [`TrainState`]: interrupted at any iteration and
//! read back from its bytes, it goes on with the same bits. Nothing here depends on threads or time, and everything scalar is
//! computed with basic arithmetic and `libm`, so machines agree where their executors do.
//! Knows nothing of stores, stages, files or where batches come from ([`Batches`] gives them).

pub mod assign;
pub mod criterion;
pub mod cross_entropy;
pub mod ema;
pub mod iou;
pub mod loss;
pub mod oneshot;
pub mod optimizer;
pub mod prune;
pub mod schedule;
pub mod shared;
pub mod split_loss;
pub mod state;
pub mod supernet;
pub mod teacher;
pub mod trainer;
pub mod warm;
pub mod weights;

#[cfg(test)]
mod candle_test;
#[cfg(test)]
mod classify_test;
#[cfg(test)]
mod loss_test;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod resume_test;
#[cfg(test)]
mod trajectory_test;

pub use criterion::{Criterion, criterion};
pub use cross_entropy::CrossEntropy;
pub use loss::{DetectionLoss, LossParts};
pub use prune::prune;
pub use split_loss::split_loss;
pub use state::{LossSums, TrainState};
pub use supernet::{Setup, SupernetState, SupernetTrainer};
pub use teacher::Teacher;
pub use trainer::{Batches, Outcome, Step, TrainError, Trainer};
pub use warm::warm_parameters;
pub use weights::{weights_from_bytes, weights_to_bytes};
