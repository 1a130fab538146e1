//! Learning rates, momentum and accumulation of each iteration, as in YOLOv5.
//!
//! All are functions of the recipe, the iteration and the number of batches an epoch, so a continued training needs no state
//! of a schedule.

use crate::document::{Optimizer, Recipe, Schedule};

/// What an iteration trains with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Of weights and batch norm's scales.
    pub lr: f64,
    /// Of biases and batch norm's shifts: starts high and falls during warm-up.
    pub bias_lr: f64,
    /// SGD's momentum, Adam's beta 1 (which does not warm up).
    pub momentum: f64,
    /// Batches a step.
    pub accumulate: u64,
}

/// Learning rate of an epoch ÷ `lr`. After the horizon it stays where the horizon left it.
pub fn factor(recipe: &Recipe, epoch: u64) -> f64 {
    let progress = if recipe.over > 0.0 { (epoch as f64 / recipe.over).min(1.0) } else { 1.0 };
    match recipe.schedule {
        Schedule::Constant => 1.0,
        Schedule::Linear => (1.0 - progress) * (1.0 - recipe.final_lr) + recipe.final_lr,
        Schedule::Cosine => (1.0 - libm::cos(std::f64::consts::PI * progress)) / 2.0 * (recipe.final_lr - 1.0) + 1.0,
    }
}

/// Length of the warm-up in iterations: max(round(epochs · batches), least), halves to even as Python rounds.
pub fn warmup_iterations(recipe: &Recipe, per_epoch: usize) -> u64 {
    let iterations = (recipe.warmup * per_epoch as f64).round_ties_even();
    (iterations.max(0.0) as u64).max(recipe.warmup_min_iterations as u64)
}

/// What iteration number `iteration` (from 0, over all epochs) trains with, where an epoch has `per_epoch` batches.
pub fn rates(recipe: &Recipe, per_epoch: usize, iteration: u64) -> Rates {
    let epoch = iteration / per_epoch.max(1) as u64;
    let target = recipe.lr * factor(recipe, epoch);
    let batches = batches_a_step(recipe);
    let length = warmup_iterations(recipe, per_epoch);
    if iteration >= length {
        let accumulate = rounded(batches);
        return Rates { lr: target, bias_lr: target, momentum: recipe.momentum, accumulate };
    }
    let share = iteration as f64 / length as f64;
    let ramp = |from: f64, to: f64| from + (to - from) * share;
    Rates {
        lr: ramp(0.0, target),
        bias_lr: ramp(recipe.warmup_bias_lr, target),
        momentum: match recipe.optimizer {
            Optimizer::Sgd => ramp(recipe.warmup_momentum, recipe.momentum),
            Optimizer::Adam | Optimizer::AdamW => recipe.momentum,
        },
        accumulate: if recipe.nominal_batch > 0 { rounded(ramp(1.0, batches)) } else { rounded(batches) },
    }
}

/// Weight decay as applied: with a nominal batch, in proportion to the images a step really sees.
pub fn weight_decay(recipe: &Recipe) -> f64 {
    if recipe.nominal_batch == 0 {
        return recipe.weight_decay;
    }
    recipe.weight_decay * (recipe.batch as u64 * rounded(batches_a_step(recipe))) as f64 / recipe.nominal_batch as f64
}

/// Batches a step before rounding.
fn batches_a_step(recipe: &Recipe) -> f64 {
    match recipe.nominal_batch {
        0 => recipe.accumulate as f64,
        nominal => nominal as f64 / recipe.batch.max(1) as f64,
    }
}

fn rounded(batches: f64) -> u64 {
    (batches.round_ties_even() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::reference::recipe;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} is not {b}");
    }

    #[test]
    fn factors() {
        let mut r = Recipe { over: 10.0, final_lr: 0.01, schedule: Schedule::Linear, ..recipe() };
        for (epoch, want) in [(0, 1.0), (5, 0.505), (10, 0.01), (25, 0.01)] {
            close(factor(&r, epoch), want);
        }
        r.schedule = Schedule::Cosine;
        for (epoch, want) in [(0, 1.0), (5, 0.505), (10, 0.01), (25, 0.01)] {
            close(factor(&r, epoch), want);
        }
        close(factor(&r, 1), 1.0 - (1.0 - (std::f64::consts::PI / 10.0).cos()) / 2.0 * 0.99);
        r.schedule = Schedule::Constant;
        close(factor(&r, 7), 1.0);
    }

    /// Stock YOLOv5: batch 16, nominal 64, three epochs of 50 batches.
    #[test]
    fn warm_up_as_upstream() {
        let r = Recipe {
            batch: 16,
            nominal_batch: 64,
            over: 100.0,
            warmup: 3.0,
            warmup_min_iterations: 100,
            warmup_bias_lr: 0.1,
            warmup_momentum: 0.8,
            momentum: 0.937,
            lr: 0.01,
            final_lr: 0.01,
            schedule: Schedule::Linear,
            weight_decay: 5e-4,
            optimizer: Optimizer::Sgd,
            ..recipe()
        };
        assert_eq!(warmup_iterations(&r, 50), 150);
        assert_eq!(warmup_iterations(&r, 10), 100);
        assert_eq!(rates(&r, 50, 0), Rates { lr: 0.0, bias_lr: 0.1, momentum: 0.8, accumulate: 1 });
        let middle = rates(&r, 50, 75);
        let target = 0.01 * factor(&r, 1);
        close(middle.lr, target / 2.0);
        close(middle.bias_lr, (0.1 + target) / 2.0);
        close(middle.momentum, (0.8 + 0.937) / 2.0);
        // np.interp(75, [0, 150], [1, 4]) = 2.5, which rounds to even.
        assert_eq!(middle.accumulate, 2);
        let end = rates(&r, 50, 150);
        close(end.lr, 0.01 * factor(&r, 3));
        assert_eq!((end.momentum, end.accumulate), (0.937, 4));
        close(weight_decay(&r), 5e-4);
        close(weight_decay(&Recipe { batch: 24, ..r.clone() }), 5e-4 * 72.0 / 64.0);
        close(weight_decay(&Recipe { batch: 128, ..r }), 5e-4 * 2.0);
    }

    #[test]
    fn no_warm_up_and_adam() {
        let r = Recipe { warmup: 0.0, warmup_min_iterations: 0, nominal_batch: 0, accumulate: 3, ..recipe() };
        let first = rates(&r, 7, 0);
        assert_eq!((first.lr, first.bias_lr, first.accumulate), (r.lr, r.lr, 3));
        let r = Recipe { warmup: 1.0, optimizer: Optimizer::AdamW, momentum: 0.9, warmup_momentum: 0.5, ..recipe() };
        assert_eq!(rates(&r, 7, 0).momentum, 0.9);
    }
}
