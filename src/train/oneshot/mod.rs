//! The one-shot methods' mathematics and schedules, one file each, in plain numbers: a decision is a count of options, a path an
//! index for each decision, a gradient a list of numbers. Nothing here knows a network, a data set or a file.
//!
//! Two families:
//!
//! - **Paths are drawn** (`single_path`, `fair`, `sandwich`, `progressive`): a [`StepPlan`] says which paths one optimiser step
//!   trains, on which batch, against what. The loop runs them in order, adds `labels` × gradient of the loss and `teacher` × gradient of
//!   the distillation (`distil`), and makes one step. Plans are functions of (seed, step, decisions): no state.
//! - **Choices learn** (`darts`, `gumbel`, `gdas`, `pc_darts`, `proxyless`, `enas`): [`Alphas`] (ENAS: [`enas::Controller`]) are
//!   state, part of a checkpoint. The differentiable ones give a weight to each option of a mixed operator, out = Σ wⱼ·xⱼ, and turn the
//!   executor's dL/dw into a gradient by the alphas; `penalty` adds its own by the distribution; [`Alphas::step`] applies both.
//!   Their result is [`Alphas::distribution`], of which `collapse` says whether it is one of skips.
//!
//! Everything random is addressed by (seed, purpose, step, decision); sums run in one fixed order; scalar functions are `libm`'s.

pub mod adam;
pub mod alpha;
pub mod codec;
pub mod collapse;
pub mod darts;
pub mod distil;
pub mod enas;
pub mod fair;
mod fault;
pub mod gdas;
pub mod gumbel;
pub mod lstm;
pub mod paths;
pub mod pc_darts;
pub mod penalty;
pub mod progressive;
pub mod proxyless;
pub mod sandwich;
pub mod single_path;
pub mod softmax;

pub use alpha::Alphas;
pub use fault::StepError;
pub use paths::{Decision, Path, PathPlan, Role, StepPlan, Teacher};
