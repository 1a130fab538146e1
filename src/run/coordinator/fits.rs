//! Whether a training can fit into the memory that the user allows an attempt: worked out before it is started.

use crate::base::units;
use crate::document::{Optimizer, Recipe};
use crate::nn::{DeviceChoice, fast};
use crate::plan::{TrainWork, Trainee};
use crate::run::options::Options;
use crate::space::Program;

/// Why a training is not to be started: it takes more memory than it may. None where it may fit, or where nobody knows: of a supernet,
/// of a program of the user's own, and of candle's executors, which plan no memory, nothing is predicted.
pub fn too_large(work: &TrainWork, options: &Options) -> Option<String> {
    let most = options.memory?;
    let Trainee::Candidate(candidate) = &work.trainee else { return None };
    if work.runner.is_some() || options.executor != DeviceChoice::Fast {
        return None;
    }
    let program = candidate.architecture().ok()?.program().ok()?;
    let needed = least(&program, &work.recipe)?;
    (needed > most).then(|| {
        format!("out of memory: it would take at least {}, more than the {} of `--memory`", units::shown(needed), units::shown(most))
    })
}

/// The fewest bytes that a training's process holds at once: tensors of parameters, and the planned activations and gradients of a
/// batch. Images, work memory of single operators and the program itself come on top, so nothing is refused that could have fitted.
fn least(program: &Program, recipe: &Recipe) -> Option<u64> {
    let tensors: u64 = program.params.iter().map(|p| p.len() as u64 * 4).sum();
    // Weights, gradients, the first moment; Adam's second; the moving average.
    let copies = 3 + u64::from(recipe.optimizer != Optimizer::Sgd) + u64::from(recipe.ema > 0.0);
    tensors.checked_mul(copies)?.checked_add(fast::training_bytes(program, recipe.batch).ok()?)
}
