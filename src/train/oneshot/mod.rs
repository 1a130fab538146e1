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
//! A method is a value ([`Method`]) in its file: what a file may write of it, what keys hold, and how it trains; [`METHODS`] lists them.
//!
//! Everything random is addressed by (seed, purpose, step, decision); sums run in one fixed order; scalar functions are `libm`'s.

pub mod adam;
pub mod alpha;
pub mod codec;
pub mod collapse;
pub mod controls;
pub mod darts;
pub mod distil;
pub mod enas;
pub mod fair;
mod fault;
pub mod gdas;
pub mod gumbel;
mod lines;
pub mod lstm;
pub mod method;
pub mod mixing;
pub mod paths;
pub mod pc_darts;
pub mod penalty;
pub mod progressive;
pub mod proxyless;
pub mod sandwich;
mod single;
pub mod single_path;
pub mod softmax;

pub use alpha::Alphas;
pub use fault::StepError;
pub use method::{Draw, Draws, Family, Method, Mixes, Unbuilt};
pub use paths::{Decision, Path, PathPlan, Role, StepPlan, Teacher};

use crate::document::{Form, MethodWord, Words};

/// The methods of the language; the first is what holds where a `train` names none.
static METHODS: [&Method; 10] = [
    &single::METHOD,
    &single_path::METHOD,
    &sandwich::METHOD,
    &progressive::METHOD,
    &darts::METHOD,
    &gumbel::METHOD,
    &gdas::METHOD,
    &pc_darts::METHOD,
    &proxyless::METHOD,
    &enas::METHOD,
];

/// What a file may write after `method`.
pub fn words() -> Words<dyn MethodWord> {
    Words { known: METHODS.iter().map(|m| *m as &dyn MethodWord).collect(), later: &[] }
}

/// The method of a form, at work.
pub fn build(form: &Form) -> Result<(&'static Method, Family), Unbuilt> {
    let method = METHODS.iter().find(|m| m.tag == form.tag).ok_or_else(|| Unbuilt::Unknown(form.tag.clone()))?;
    Ok((method, (method.build)(&form.numbers)?))
}
