//! The sandwich rule with in-place distillation (Yu et al. 2020, BigNAS; Wang et al. 2021, AttentiveNAS): each step trains on one
//! batch the largest network against the labels, then random networks and the smallest against the largest's soft outputs of that
//! batch, taken as constants, and steps once. Only the largest is regularised.

use super::method::{Draw, Draws, Family, Method, form, numbers};
use super::paths::{self, Decision, PathPlan, Role, StepPlan, Teacher};
use crate::base::Random;
use crate::document::{Field, Form, MethodRule, Preset, Traits, Type, Word};
use serde::{Deserialize, Serialize};

/// The descriptor.
pub(super) static METHOD: Method = Method {
    word: Word::new("sandwich", "The largest path, the smallest and random ones in every step; the others learn from the largest.")
        .fields(&[Field::one("random", &[Type::Int(0, 64)], "", "Random paths a step.").preset(Preset::Int(2))])
        .example("method sandwich random=2"),
    tag: "Sandwich",
    traits: Traits::DRAWS,
    read: |lines, _| Ok(Some(MethodRule::of(Sandwich { random: lines.settings.count("random")? }.form()))),
    build: |value| Ok(Family::Draws(Box::new(numbers::<Sandwich>(value)?))),
};

/// Its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sandwich {
    /// `random`: random paths a step.
    pub random: usize,
}

impl Sandwich {
    /// What keys hold.
    pub fn form(&self) -> Form {
        form(METHOD.tag, self)
    }
}

impl Draws for Sandwich {
    fn plan(&self, at: &Draw) -> StepPlan {
        plan(at.seed, at.step, at.decisions, self.random)
    }
}

/// The plan of a step with `random` random networks: largest, random ones, smallest.
///
/// A path that is the largest itself is left out: its own outputs teach it nothing. So the smallest is in every plan, except where the
/// space has one size only, and then it is the largest, which learns from labels.
pub fn plan(seed: u64, step: u64, decisions: &[Decision], random: usize) -> StepPlan {
    let largest = paths::largest(decisions);
    let draw = |i: usize| -> Vec<usize> {
        let one = |(d, decision): (usize, &Decision)| Random::at(seed, "sandwich", &[step, i as u64, d as u64]).below(decision.options());
        decisions.iter().enumerate().map(one).collect()
    };
    let others = (0..random).map(|i| (draw(i), Role::Random)).chain([(paths::smallest(decisions), Role::Smallest)]);
    let distilled = others.filter(|(path, _)| *path != largest).map(|(path, role)| PathPlan {
        path,
        role,
        batch: 0,
        labels: 0.0,
        teacher: Some((1.0, Teacher::InPlace)),
        regularised: false,
    });
    let distilled: Vec<PathPlan> = distilled.collect();
    let mut all = vec![PathPlan::labelled(largest.clone(), Role::Largest)];
    all.extend(distilled);
    StepPlan { batches: 1, paths: all }
}

#[cfg(test)]
mod tests {
    use super::super::paths::decisions;
    use super::*;
    use crate::document::Elastic;

    #[test]
    fn the_smallest_is_never_left_untrained() {
        for counts in [&[2, 3, 4][..], &[5], &[1, 2], &[3, 3, 3, 3, 3, 3]] {
            let decisions = decisions(counts);
            let (large, small) = (paths::largest(&decisions), paths::smallest(&decisions));
            for (random, seed) in [(0, 1), (1, 2), (2, 3), (7, 4)] {
                for step in 0..300 {
                    let plan = plan(seed, step, &decisions, random);
                    assert!(plan.paths.len() <= random + 2);
                    let first = &plan.paths[0];
                    assert_eq!((&first.path, first.role, first.labels, first.teacher), (&large, Role::Largest, 1.0, None));
                    let last = &plan.paths[plan.paths.len() - 1];
                    assert_eq!((&last.path, last.role), (&small, Role::Smallest));
                    assert!(plan.paths[1..].iter().all(|p| p.teacher == Some((1.0, Teacher::InPlace)) && p.labels == 0.0));
                    assert!(plan.paths[1..].iter().all(|p| !p.regularised && p.path != large));
                }
            }
        }
        let one = plan(1, 0, &[Decision { kind: Elastic::Branch, sizes: vec![2.0] }], 2);
        assert_eq!(one.paths.len(), 1, "one size: the largest, by labels");
        assert_eq!(one.paths[0].labels, 1.0);
    }

    /// A network of one shared weight w and a private weight for each width: output (w + vᵢ) · x. By plan, gradients flow into
    /// the smallest's own weight at every step, until it answers as the labels want.
    #[test]
    fn the_smallest_learns_what_only_the_largest_is_told() {
        let decisions = [Decision { kind: Elastic::Width, sizes: vec![1.0, 2.0, 3.0] }];
        let (mut shared, mut private) = (0.0, [0.0, 0.3, -0.2]);
        for step in 0..400 {
            let (x, label) = (1.0, 2.0);
            let (mut d_shared, mut d_private, mut teacher) = (0.0, [0.0; 3], None);
            for p in &plan(11, step, &decisions, 1).paths {
                let out = (shared + private[p.path[0]]) * x;
                let wanted = if p.labels > 0.0 { label } else { teacher.expect("the largest comes first") };
                teacher.get_or_insert(out);
                let d = 2.0 * (out - wanted) * x;
                d_shared += d;
                d_private[p.path[0]] += d;
            }
            let before = private[0];
            shared -= 0.02 * d_shared;
            private = std::array::from_fn(|i| private[i] - 0.02 * d_private[i]);
            assert!(step > 20 || private[0] != before, "the smallest stood still at step {step}");
        }
        let answers: Vec<f64> = private.iter().map(|v| shared + v).collect();
        assert!(answers.iter().all(|a| (a - 2.0f64).abs() < 1e-2), "{answers:?}");
    }
}
