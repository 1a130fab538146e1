//! SPOS (Guo et al. 2020, "Single Path One-Shot Neural Architecture Search with Uniform Sampling"): each step trains one path,
//! every decision uniform and independent.

use super::fair;
use super::method::{Draw, Draws, Family, Method, form, numbers};
use super::paths::{Path, PathPlan, Role, StepPlan};
use crate::base::Random;
use crate::document::{Field, MethodRule, Preset, Traits, Type, Word};
use serde::{Deserialize, Serialize};

/// The descriptor.
pub(super) static METHOD: Method = Method {
    word: Word::new("single-path", "One path a step, drawn without learning.")
        .fields(&[Field::one(
            "sampling",
            &[Type::Word(&["uniform", "fair"])],
            "",
            "uniform (SPOS), or each value equally often (FairNAS).",
        )
        .preset(Preset::Text("uniform"))])
        .example("method single-path sampling=fair"),
    tag: "SinglePath",
    traits: Traits::DRAWS,
    read: |lines, _| Ok(Some(MethodRule::of(SinglePath { fair: lines.settings.text("sampling")? == "fair" }.form()))),
    build: |value| Ok(Family::Draws(Box::new(numbers::<SinglePath>(value)?))),
};

/// Its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SinglePath {
    /// `sampling=fair`: as many paths a step as the largest decision has values, each value once.
    pub fair: bool,
}

impl SinglePath {
    /// What keys hold.
    pub fn form(&self) -> crate::document::Form {
        form(METHOD.tag, self)
    }
}

impl Draws for SinglePath {
    fn plan(&self, at: &Draw) -> StepPlan {
        if self.fair { fair::plan(at.seed, at.step, at.options) } else { plan(path(at.seed, at.step, at.options)) }
    }

    fn batches_a_step(&self, options: &[usize]) -> u64 {
        if self.fair { fair::paths_a_step(options) as u64 } else { 1 }
    }
}

/// How many paths are drawn before [`constrained`] gives up, as NNI's range filter does.
pub const TRIES: u64 = 100;

/// The path of a step; `options` holds the number of options of each decision.
pub fn path(seed: u64, step: u64, options: &[usize]) -> Path {
    attempt(seed, step, 0, options)
}

/// The first of [`TRIES`] paths that is accepted (SPOS under a FLOPs bound). None: the bound leaves too little.
pub fn constrained(seed: u64, step: u64, options: &[usize], accept: &mut dyn FnMut(&[usize]) -> bool) -> Option<Path> {
    (0..TRIES).map(|t| attempt(seed, step, t, options)).find(|path| accept(path))
}

fn attempt(seed: u64, step: u64, attempt: u64, options: &[usize]) -> Path {
    let draw = |(decision, n): (usize, &usize)| Random::at(seed, "single-path", &[step, attempt, decision as u64]).below(*n);
    options.iter().enumerate().map(draw).collect()
}

/// The plan of a step: one path, one batch, labels.
pub fn plan(path: Path) -> StepPlan {
    StepPlan { batches: 1, paths: vec![PathPlan::labelled(path, Role::Random)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_repeatable_and_independent() {
        let options = [3, 4, 1];
        let (mut counts, mut joint) = ([[0usize; 4]; 2], [[0usize; 4]; 3]);
        let n = 24_000;
        for step in 0..n {
            let p = path(5, step, &options);
            assert_eq!(p, path(5, step, &options));
            assert_eq!(p[2], 0);
            counts[0][p[0]] += 1;
            counts[1][p[1]] += 1;
            joint[p[0]][p[1]] += 1;
        }
        assert!(counts[0][..3].iter().all(|&c| c.abs_diff(8_000) < 400), "{counts:?}");
        assert!(counts[1].iter().all(|&c| c.abs_diff(6_000) < 400), "{counts:?}");
        assert!(joint.iter().flatten().all(|&c| c.abs_diff(2_000) < 250), "{joint:?}");
        assert_ne!((0..20).map(|s| path(5, s, &options)).collect::<Vec<_>>(), (0..20).map(|s| path(6, s, &options)).collect::<Vec<_>>());
    }

    #[test]
    fn a_bound_is_kept_or_said() {
        let options = [4, 4];
        for step in 0..200 {
            let p = constrained(1, step, &options, &mut |p| p[0] + p[1] <= 2).expect("6 of 16 paths fit");
            assert!(p[0] + p[1] <= 2);
        }
        let mut asked = 0;
        let none = constrained(1, 0, &options, &mut |_| {
            asked += 1;
            false
        });
        assert_eq!((none, asked), (None, TRIES));
    }
}
