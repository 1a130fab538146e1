//! The training of supernets: networks are cut out of shared tensors, run, and their gradients added back.
//!
//! **Iterations.** An iteration reads one batch of the weights' images, and trains on it the paths that the method plans for
//! it. A plan may read several batches (`sampling=fair`): its paths come one iteration after the other, and the optimiser
//! steps once at its end; where the recipe accumulates over more batches than a plan has, over several plans. Plans go on
//! over the ends of epochs, so nothing that was computed is dropped there. Choices that learn take a batch of the held-out
//! images in each iteration after their warm-up.
//!
//! **One step.** A network's parameters are gathered from the shared tensors, it runs in training mode, and its gradients
//! are added into the shared ones. The optimiser then moves the tensors that a network of this step has read, each as a
//! whole, as PyTorch does with `zero_grad(set_to_none=True)`: outside of the slices that were read the gradient is zero, so
//! weight decay and momentum still act there; tensors that no network has read stand still, with their moments and their
//! count of steps (Adam's bias correction). Clipping is by the norm over all of them.
//!
//! **Running statistics** of batch norm are written back by every network that ran: those of a shared tensor are a mixture
//! of many networks, so a subnet's are taken anew before it is evaluated (`evaluate::recalibrate`).
//!
//! Everything is a function of (seed, iteration) and the state: [`SupernetState`] read back from its bytes goes on with the
//! same bits, whatever the number of threads.

mod batches;
mod controller;
mod copy;
mod cost;
mod draw;
mod edges;
mod learn;
mod learned;
mod networks;
mod objective;
mod optimise;
mod penalise;
mod places;
mod relax;
mod runner;
mod setup;
mod state;
mod trainer;

#[cfg(test)]
mod derived_tests;
#[cfg(test)]
mod learn_tests;
#[cfg(test)]
mod partial_tests;
#[cfg(test)]
mod sized_tests;
#[cfg(test)]
mod tests;

pub use networks::{Network, Networks};
pub use setup::Setup;
pub use state::{Choices, SupernetState};
pub use trainer::SupernetTrainer;
