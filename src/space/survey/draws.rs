//! Draws that are nearly uniform over samples.
//!
//! Where each option of a decision is as likely as any other, a branch without decisions comes as often as one with a thousand samples in
//! it. Here an option is as likely as it has samples, as far as a few edits show: how many assignments of the other decisions there are
//! once it is taken. What is not right about that is made up for by the weight of a draw, one over its probability.

use crate::base::Random;
use crate::space::sample::Sample;
use crate::space::space::Space;

/// Samples around which edits are made, for each decision.
const TRIES: u64 = 6;
/// Decisions of which it is found; those of larger spaces are drawn as always.
const MOST: usize = 2000;

/// How likely each option of each decision is.
pub struct Draws<'a> {
    space: &'a Space,
    odds: Vec<Vec<f64>>,
}

impl<'a> Draws<'a> {
    /// Of a space.
    pub fn of(space: &'a Space) -> Self {
        let equal = |n: usize| vec![1.0 / n.max(1) as f64; n];
        let mut odds: Vec<Vec<f64>> = space.decisions().iter().map(|d| equal(d.options.len())).collect();
        if odds.len() > MOST {
            return Draws { space, odds };
        }
        let around: Vec<Sample> = (0..TRIES).map(|i| space.random(0, &[u64::MAX - 4, i])).collect();
        for (d, odds) in odds.iter_mut().enumerate().filter(|(_, o)| o.len() > 1) {
            let mut sums = vec![0.0; odds.len()];
            for (i, sample) in around.iter().enumerate().filter(|(_, s)| s.option(d).is_some()) {
                let other = &around[(i + 1) % around.len()];
                // Decisions that it brings in take what they take elsewhere.
                let taken = |asked: usize| sample.option(asked).or(other.option(asked)).unwrap_or(0);
                let volumes: Vec<f64> = (0..sums.len())
                    .map(|option| volume(space, &space.sample(|asked| if asked == d { option } else { taken(asked) })))
                    .collect();
                let largest = volumes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                sums.iter_mut().zip(volumes).for_each(|(sum, v)| *sum += libm::exp(v - largest));
            }
            let all: f64 = sums.iter().sum();
            if all > 0.0 {
                *odds = sums.into_iter().map(|s| s / all).collect();
            }
        }
        Draws { space, odds }
    }

    /// Draw number `i`, with the logarithm of one over its probability.
    pub fn draw(&self, i: u64) -> (Sample, f64) {
        let decisions = self.space.decisions();
        let sample = self.space.sample(|d| {
            let mut left = Random::at(0, "survey", &[i, decisions[d].address]).range(0.0, 1.0);
            let ranked = &decisions[d].ranked;
            let found = ranked.iter().copied().find(|&option| {
                left -= self.odds[d][option];
                left < 0.0
            });
            found.or(ranked.last().copied()).unwrap_or(0)
        });
        let weight = sample.pairs().map(|(d, option)| -libm::log(self.odds[d][option].max(f64::MIN_POSITIVE))).sum();
        (sample, weight)
    }
}

/// The logarithm of how many assignments there are of the decisions that a sample makes.
fn volume(space: &Space, sample: &Sample) -> f64 {
    sample.pairs().map(|(d, _)| libm::log(space.decisions()[d].options.len() as f64)).sum()
}

#[cfg(test)]
mod tests {
    use super::Draws;
    use crate::space::tests::whole;

    /// Branches with decisions of their own are as likely as they have samples; counts of a `repeat`, too.
    #[test]
    fn draws_are_uniform_over_samples() {
        let branches = "repeat 9 { choose { mbconv 8 { kernel 3 5; expand 2 3 }; skip } }";
        let depths = "repeat 4 3 2 { mbconv 8 { kernel 3 5 7; expand 2 3 } }";
        for layers in [branches, depths] {
            let space = whole(&format!("space {{ network {{ input d; conv 8 stride=4; {layers}; global-pool; linear }} }}"));
            let draws = Draws::of(&space);
            for i in 0..200 {
                let (sample, weight) = draws.draw(i);
                assert!((libm::exp(weight) / space.size() - 1.0).abs() < 1e-9, "{layers}: {:?}", space.describe(&sample));
            }
            assert_ne!(draws.draw(0).0, draws.draw(1).0);
        }
    }
}
