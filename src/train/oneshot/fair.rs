//! FairNAS (Chu, Zhang, Xu 2021): strict fairness. A step trains m paths on m batches and steps once, where m is the number of
//! options; each decision runs through a permutation of its options, so that each option is trained exactly once a step.
//!
//! The paper has equally many options everywhere. Here m is the largest count, and each decision deals its options from an endless
//! sequence of fresh permutations, which goes on from step to step: where a decision has m options a step is one permutation, as in the
//! paper; where it has fewer, options come more often than once a step, and after any number of paths their counts differ by at
//! most one. A decision that lies inside a branch counts only while that branch is taken, so its options are equal in
//! expectation only.

use super::paths::{Path, PathPlan, Role, StepPlan};
use crate::base::Random;

/// Paths a step: the largest number of options; 1 where nothing is to be decided.
pub fn paths_a_step(options: &[usize]) -> usize {
    options.iter().copied().max().unwrap_or(1).max(1)
}

/// The paths of a step, which run on batches 0, 1, …
pub fn paths(seed: u64, step: u64, options: &[usize]) -> Vec<Path> {
    let m = paths_a_step(options);
    let mut paths = vec![Vec::with_capacity(options.len()); m];
    for (decision, &n) in options.iter().enumerate() {
        let n = n.max(1) as u64;
        let mut dealt: Option<(u64, Vec<usize>)> = None;
        for (k, path) in paths.iter_mut().enumerate() {
            let position = step.wrapping_mul(m as u64).wrapping_add(k as u64);
            let round = position / n;
            let order = match dealt.take() {
                Some((r, order)) if r == round => order,
                _ => {
                    let mut order: Vec<usize> = (0..n as usize).collect();
                    Random::at(seed, "fair", &[decision as u64, round]).shuffle(&mut order);
                    order
                }
            };
            path.push(order[(position % n) as usize]);
            dealt = Some((round, order));
        }
    }
    paths
}

/// The plan of a step. Gradients are added, not averaged.
pub fn plan(seed: u64, step: u64, options: &[usize]) -> StepPlan {
    let paths = paths(seed, step, options);
    let planned = paths.into_iter().enumerate().map(|(batch, path)| PathPlan { batch, ..PathPlan::labelled(path, Role::Random) });
    StepPlan { batches: paths_a_step(options), paths: planned.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_counts_are_the_papers_permutations() {
        let options = [4, 4, 4];
        let mut orders = std::collections::HashSet::new();
        for step in 0..200 {
            let paths = paths(9, step, &options);
            assert_eq!(paths.len(), 4);
            for decision in 0..3 {
                let mut column: Vec<usize> = paths.iter().map(|p| p[decision]).collect();
                orders.insert((decision, column.clone()));
                column.sort_unstable();
                assert_eq!(column, [0, 1, 2, 3]);
            }
        }
        assert_eq!(orders.len(), 3 * 24, "every permutation of every decision comes up");
    }

    #[test]
    fn unequal_counts_stay_within_one() {
        let options = [2, 5, 3, 1];
        let mut counts: Vec<Vec<usize>> = options.iter().map(|&n| vec![0; n]).collect();
        for step in 0..50 {
            let plan = plan(3, step, &options);
            assert_eq!((plan.batches, plan.paths.len()), (5, 5));
            for (k, p) in plan.paths.iter().enumerate() {
                assert_eq!((p.batch, p.labels), (k, 1.0));
                for (c, &i) in counts.iter_mut().zip(&p.path) {
                    c[i] += 1;
                    let (low, high) = (c.iter().min(), c.iter().max());
                    assert!(high.zip(low).is_some_and(|(h, l)| h - l <= 1), "{c:?} after step {step}");
                }
            }
        }
        assert_eq!(plan(3, 0, &[]).paths.len(), 1);
    }
}
