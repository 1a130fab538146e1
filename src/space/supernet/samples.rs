//! Samples of a supernet: drawn, the cheapest, the costliest.

use super::{Decision, Supernet, probe};
use crate::space::input::Infeasible;
use crate::space::sample::Sample;

/// Passes over the decisions before [`Supernet::smallest`] and [`Supernet::largest`] give up improving.
const PASSES: usize = 4;
/// Draws before a bounded sample is given up.
const TRIES: u64 = 10_000;

impl Supernet {
    /// Every decision, in the order of the file: what [`sample_from`](Self::sample_from) takes an option of.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// The sample in which decision d takes option `options[d]`; missing ones, and ones too large, are the first or last
    /// option. Decisions that are not active under the others are left out. (FairNAS draws one permutation for each
    /// decision of kind [`Branch`](super::DecisionKind::Branch) and passes the k-th entries here.)
    pub fn sample_from(&self, options: &[usize]) -> Sample {
        Sample::collect(&self.space.structure, |d| options.get(d).copied().unwrap_or(0))
    }

    /// The decision between sizes of images, where the space has one.
    pub fn size_decision(&self) -> Option<usize> {
        self.space.structure.size.as_ref()?.decision
    }

    /// The sample with another option of one decision.
    pub fn with_option(&self, sample: &Sample, decision: usize, option: usize) -> Sample {
        Sample::collect(&self.space.structure, |d| if d == decision { option } else { sample.option(d).unwrap_or(0) })
    }

    /// Uniform over each decision's options, whatever the bounds of the space.
    pub fn uniform(&self, seed: u64, position: &[u64]) -> Sample {
        self.space.random(seed, position)
    }

    /// Uniform among the samples that can be built and meet the `require` bounds: [`uniform`](Self::uniform) drawn again
    /// until one does.
    pub fn uniform_within(&self, seed: u64, position: &[u64]) -> Result<Sample, Infeasible> {
        let mut last = None;
        for attempt in 0..TRIES {
            let address: Vec<u64> = position.iter().copied().chain([attempt]).collect();
            let sample = self.space.random(seed, &address);
            match self.space.architecture(&sample).and_then(|a| self.space.admits(&a)) {
                Ok(()) => return Ok(sample),
                Err(why) => last = Some(why),
            }
        }
        let last = last.unwrap_or(Infeasible { reason: String::new(), span: Default::default() });
        Err(Infeasible { reason: format!("none of {TRIES} random samples meets the bounds: {}", last.reason), ..last })
    }

    /// The cheapest sample for sandwich training, bounds aside. Found by coordinates: from the smallest number of every
    /// decision on, each decision in turn takes the option with the fewest multiply-adds (then parameters), the others
    /// held, until a pass changes nothing.
    pub fn smallest(&self) -> Sample {
        self.extreme(probe::smallest(&self.space.structure), |new, old| new < old)
    }

    /// The costliest sample, found as [`smallest`](Self::smallest) is.
    pub fn largest(&self) -> Sample {
        self.extreme(probe::largest(&self.space.structure), |new, old| new > old)
    }

    fn extreme(&self, mut options: Vec<usize>, better: fn((u64, u64), (u64, u64)) -> bool) -> Sample {
        let cost = |options: &[usize]| {
            let cost = self.space.architecture(&self.sample_from(options)).ok()?.cost().ok()?;
            Some((cost.macs, cost.params))
        };
        let mut best = cost(&options);
        for _ in 0..PASSES {
            let before = options.clone();
            for d in 0..options.len() {
                // What is not active costs nothing whatever it is.
                if self.sample_from(&options).option(d).is_none() {
                    continue;
                }
                for option in 0..self.decisions[d].options.len() {
                    let held = std::mem::replace(&mut options[d], option);
                    match cost(&options) {
                        Some(found) if best.is_none_or(|best| better(found, best)) => best = Some(found),
                        _ => options[d] = held,
                    }
                }
            }
            if options == before {
                break;
            }
        }
        self.sample_from(&options)
    }
}
