//! One step of the optimiser over the shared tensors that were read, and the moving average over all.

use super::state::SupernetState;
use crate::document::Recipe;
use crate::space::ParamKind;
use crate::train::ema;
use crate::train::optimizer::{Each, Rule, squares};
use crate::train::schedule::{self, Rates};
use rayon::prelude::*;

/// Tensors that one thread takes at once.
const GRAIN: usize = 4;

/// The slices of one tensor.
struct Tensor<'a> {
    kind: ParamKind,
    touched: bool,
    steps: &'a mut u64,
    values: &'a mut Vec<f32>,
    grads: &'a mut Vec<f32>,
    first: &'a mut Vec<f32>,
    second: Option<&'a mut Vec<f32>>,
    ema: Option<&'a mut Vec<f32>>,
}

/// Steps, then clears gradients and marks. False where the gradient is not finite: nothing has changed then.
pub fn step(recipe: &Recipe, kinds: &[ParamKind], rates: &Rates, iteration: u64, state: &mut SupernetState) -> bool {
    let squares: Vec<f64> = (state.train.grads.0.par_iter().zip(&state.touched).with_min_len(GRAIN))
        .map(|(g, touched)| if *touched { squares(g) } else { 0.0 })
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
    let train = &mut state.train;
    train.steps += 1;
    let decay = ema::decay_at(recipe.ema, train.steps);
    let mut second = train.second.as_mut().map(|p| p.0.iter_mut());
    let mut average = train.ema.as_mut().map(|p| p.0.iter_mut());
    let lists = train.params.0.iter_mut().zip(&mut train.grads.0).zip(&mut train.first.0);
    let marks = kinds.iter().zip(&mut state.touched).zip(&mut state.steps);
    let tensors: Vec<Tensor> = (lists.zip(marks))
        .map(|(((values, grads), first), ((kind, touched), steps))| Tensor {
            kind: *kind,
            touched: std::mem::take(touched),
            steps,
            values,
            grads,
            first,
            second: second.as_mut().and_then(Iterator::next),
            ema: average.as_mut().and_then(Iterator::next),
        })
        .collect();
    tensors.into_par_iter().with_min_len(GRAIN).for_each(|t| {
        if t.touched {
            *t.steps += 1;
            each.step(t.kind, *t.steps, t.values, t.grads, t.first, t.second.map(|v| &mut v[..]));
            t.grads.fill(0.0);
        }
        if let Some(average) = t.ema {
            ema::update_one(average, t.values, decay);
        }
    });
    train.accumulated = false;
    train.last_step = iteration as i64;
    true
}
