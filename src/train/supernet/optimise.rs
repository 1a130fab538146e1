//! One step of the optimiser over the shared tensors that were read, and the moving average over all.

use super::state::SupernetState;
use crate::document::Recipe;
use crate::space::ParamKind;
use crate::train::ema;
use crate::train::optimizer::{Each, Part, Rule};
use crate::train::schedule::{self, Rates};
use nasflow_kernels::sum_of_squares;
use rayon::prelude::*;

/// Tensors that one thread sums at once.
const GRAIN: usize = 4;
/// Steps, then clears gradients and marks. False where the gradient is not finite: nothing has changed then.
pub fn step(recipe: &Recipe, kinds: &[ParamKind], rates: &Rates, iteration: u64, state: &mut SupernetState) -> bool {
    let squares: Vec<f64> = (state.train.grads.0.par_iter().zip(&state.touched).with_min_len(GRAIN))
        .map(|(g, touched)| if *touched { sum_of_squares(g) } else { 0.0 })
        .collect();
    let norm = libm::sqrt(squares.iter().sum());
    if !norm.is_finite() {
        return false;
    }
    let rule = Rule {
        optimizer: recipe.optimizer,
        beta2: recipe.beta2,
        weight_decay: schedule::weight_decay(recipe),
        clip_norm: recipe.clip_norm,
    };
    let each = Each::new(&rule, rates, norm);
    state.train.steps += 1;
    let decay = ema::decay_at(recipe, state.train.steps);
    parts(kinds, state).into_par_iter().for_each(|part| each.run(part, decay));
    state.train.accumulated = false;
    state.train.last_step = iteration as i64;
    true
}

/// All tensors in parts; counts the steps of those that were read, and clears their marks.
fn parts<'a>(kinds: &[ParamKind], state: &'a mut SupernetState) -> Vec<Part<'a>> {
    let train = &mut state.train;
    let mut second = train.second.as_mut().map(|p| p.0.iter_mut());
    let mut average = train.ema.as_mut().map(|p| p.0.iter_mut());
    let lists = train.params.0.iter_mut().zip(&mut train.grads.0).zip(&mut train.first.0);
    let marks = kinds.iter().zip(&mut state.touched).zip(&mut state.steps);
    let mut parts = Vec::new();
    for (((values, grads), first), ((kind, touched), steps)) in lists.zip(marks) {
        let step = std::mem::take(touched).then(|| {
            *steps += 1;
            *steps
        });
        let second = second.as_mut().and_then(Iterator::next).map_or(&mut [][..], |v| &mut v[..]);
        let average = average.as_mut().and_then(Iterator::next).map_or(&mut [][..], |v| &mut v[..]);
        Part { kind: *kind, step, values, grads, first, second, average }.split(&mut parts);
    }
    parts
}
