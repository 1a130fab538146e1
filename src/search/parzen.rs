//! Parzen estimates of decisions: where good candidates lie, and where others do.

use super::strategy::Turn;
use crate::base::Random;
use crate::space::{Decision, Sample, Space};

/// The estimate of one decision: a share for every rank.
pub(super) struct Estimate {
    shares: Vec<f64>,
}

impl Estimate {
    /// Of every decision, from what the tickets took for it, with their weights; those in which it was not made are left out.
    pub fn of_all(turn: &Turn, tickets: &[usize], weights: &[f64], prior: f64) -> Vec<Estimate> {
        let decisions = turn.space.decisions();
        let mut observed = vec![Vec::with_capacity(tickets.len()); decisions.len()];
        for (&ticket, &weight) in tickets.iter().zip(weights) {
            turn.past[ticket].sample.pairs().for_each(|(d, option)| observed[d].push((decisions[d].rank(option), weight)));
        }
        decisions.iter().zip(&observed).map(|(decision, observed)| Estimate::of(decision, observed, prior)).collect()
    }

    /// Of observations. Unordered options: weighted counts, `prior` added to each. A range: a normal kernel over ranks around each observation, and a
    /// uniform prior that is worth `prior` of them.
    pub fn of(decision: &Decision, observed: &[(usize, f64)], prior: f64) -> Estimate {
        let levels = decision.ranked.len();
        let mut shares = vec![if decision.ordered { prior / levels as f64 } else { prior }; levels];
        if decision.ordered {
            let width = bandwidth(levels, observed.len());
            let kernels: Vec<Vec<f64>> = (0..levels).map(|rank| kernel(levels, rank, width)).collect();
            observed.iter().for_each(|&(rank, weight)| kernels[rank].iter().zip(&mut shares).for_each(|(k, share)| *share += weight * k));
        } else {
            observed.iter().for_each(|&(rank, weight)| shares[rank] += weight);
        }
        let sum: f64 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= sum);
        Estimate { shares }
    }

    pub fn share(&self, rank: usize) -> f64 {
        self.shares[rank]
    }

    pub fn draw(&self, random: &mut Random) -> usize {
        pick(&self.shares, random)
    }
}

/// Scott's rule (1992) over the ranks of a range, as if its values were uniform; at least half a rank.
fn bandwidth(levels: usize, observations: usize) -> f64 {
    let spread = levels as f64 / libm::sqrt(12.0);
    (spread * libm::pow(observations.max(1) as f64, -0.2)).max(0.5)
}

/// A normal density at every rank around one, scaled to the sum of 1.
fn kernel(levels: usize, around: usize, width: f64) -> Vec<f64> {
    let at = |rank: usize| (rank as f64 - around as f64) / width;
    let density: Vec<f64> = (0..levels).map(|rank| libm::exp(-0.5 * at(rank) * at(rank))).collect();
    let sum: f64 = density.iter().sum();
    density.into_iter().map(|d| d / sum).collect()
}

/// Draws a place by weights that are not negative.
fn pick(weights: &[f64], random: &mut Random) -> usize {
    let mut left = random.unit() * weights.iter().sum::<f64>();
    let found = weights.iter().position(|w| {
        left -= w;
        left < 0.0
    });
    // Rounding: the last that has any.
    found.or_else(|| weights.iter().rposition(|w| *w > 0.0)).unwrap_or(0)
}

/// No option: the sample does not make the decision.
const NONE: u32 = u32::MAX;

/// The estimate of whole samples: a mixture of a kernel around every ticket and a uniform prior.
pub(super) struct Joint<'a> {
    /// The samples; the prior is behind them.
    around: Vec<&'a Sample>,
    /// By sample and decision: the option that it took, or [`NONE`].
    taken: Vec<u32>,
    weights: Vec<f64>,
    /// By decision and, of a range, by rank around which: the shares of a kernel. An unordered one has two, of the observed option and of each other.
    kernels: Vec<Vec<Vec<f64>>>,
}

impl<'a> Joint<'a> {
    pub fn of(turn: &Turn<'a>, tickets: &[usize], weights: &[f64], prior: f64) -> Joint<'a> {
        let n = tickets.len();
        let kernels = turn.space.decisions().iter().map(|decision| {
            let levels = decision.ranked.len();
            if decision.ordered {
                let width = bandwidth(levels, n);
                return (0..levels).map(|around| kernel(levels, around, width)).collect();
            }
            // As Optuna's: the prior is shared out among the kernels.
            let each = prior / (n + 1) as f64;
            let sum = 1.0 + each * levels as f64;
            vec![vec![(1.0 + each) / sum, each / sum]]
        });
        let around: Vec<&Sample> = tickets.iter().map(|&t| &turn.past[t].sample).collect();
        let decisions = turn.space.decisions().len();
        let mut taken = vec![NONE; n * decisions];
        for (i, sample) in around.iter().enumerate() {
            sample.pairs().for_each(|(d, option)| taken[i * decisions + d] = option as u32);
        }
        Joint { around, taken, weights: weights.iter().copied().chain([prior]).collect(), kernels: kernels.collect() }
    }

    /// The share of an option under the kernel around another; uniform where the ticket did not make the decision.
    fn share(&self, decision: &Decision, d: usize, around: Option<usize>, option: usize) -> f64 {
        let Some(around) = around else { return 1.0 / decision.ranked.len() as f64 };
        let kernels = &self.kernels[d];
        match decision.ordered {
            true => kernels[decision.rank(around)][decision.rank(option)],
            false => kernels[0][usize::from(around != option)],
        }
    }

    /// A sample around a ticket that is drawn by the weights.
    pub fn draw(&self, space: &Space, seed: u64, position: &[u64]) -> Sample {
        let centre = self.around.get(pick(&self.weights, &mut Random::at(seed, "component", position)));
        space.sample(|d| {
            let decision = &space.decisions()[d];
            let around = centre.and_then(|sample| sample.option(d));
            let address: Vec<u64> = position.iter().copied().chain([decision.address]).collect();
            let shares: Vec<f64> = decision.ranked.iter().map(|&option| self.share(decision, d, around, option)).collect();
            decision.ranked[pick(&shares, &mut Random::at(seed, "kernel", &address))]
        })
    }

    /// ln of the density at a sample.
    pub fn log_density(&self, space: &Space, sample: &Sample) -> f64 {
        let decisions = space.decisions();
        // Of every decision that the sample makes: its share under the kernel around each option.
        let made: Vec<(usize, Vec<f64>, f64)> = sample
            .pairs()
            .map(|(d, option)| {
                let under = |around| self.share(&decisions[d], d, around, option);
                (d, (0..decisions[d].ranked.len()).map(|around| under(Some(around))).collect(), under(None))
            })
            .collect();
        let of = |(d, under, absent): &(usize, Vec<f64>, f64), taken: &[u32]| under.get(taken[*d] as usize).copied().unwrap_or(*absent);
        let kernels = self.taken.chunks(decisions.len().max(1));
        let mut sum: f64 = self.weights.iter().zip(kernels).map(|(w, taken)| w * made.iter().map(|m| of(m, taken)).product::<f64>()).sum();
        // The uniform prior has the last weight.
        sum += self.weights[self.around.len()] * made.iter().map(|(_, _, absent)| absent).product::<f64>();
        libm::log(sum.max(f64::MIN_POSITIVE)) - libm::log(self.weights.iter().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::search::Known;
    use crate::space::tests::whole;

    #[test]
    fn shares_are_counts_with_a_prior_and_ranges_spread() {
        let space = whole("space { network { input data; conv 8 { kernel 1 3 5 } } }");
        let decision = &space.decisions()[0];
        let shares = Estimate::of(decision, &[(0, 1.0), (0, 0.5), (2, 1.0)], 1.0).shares;
        assert_eq!(shares, [2.5 / 5.5, 1.0 / 5.5, 2.0 / 5.5]);
        let range = Decision { ordered: true, ranked: (0..9).collect(), ..decision.clone() };
        let shares = Estimate::of(&range, &[(4, 1.0), (4, 1.0)], 1.0).shares;
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((0..4).all(|i| shares[i] < shares[i + 1] && shares[i] == shares[8 - i]), "{shares:?}");
    }

    #[test]
    fn a_joint_density_sums_to_one_and_its_draws_follow_it() {
        // The second kernel is decided only where the first option is taken.
        let space = whole(
            "space { network { input data; choose \"a\" { conv 8 as=\"w\" { kernel 3 5 7 }; conv 8 kernel=1 as=\"n\" }; conv 8 { kernel 1 3 } } }",
        );
        let all = space.enumerate(100).unwrap();
        assert_eq!(all.len(), 8);
        let known = |i: usize| Known { sample: all[i].clone(), digest: Digest::of(&[i as u8]), macs: 0 };
        let past: Vec<Known> = [0, 0, 3, 7].map(known).to_vec();
        let turn = Turn {
            space: &space,
            seed: 0,
            number: 4,
            own: 0,
            proposed: &past,
            past: &past,
            values: &[Some(1.0); 4],
            scores: &[],
            epochs: &[],
        };
        let joint = Joint::of(&turn, &[0, 1, 2, 3], &[1.0, 0.5, 1.0, 1.0], 1.0);
        let density: Vec<f64> = all.iter().map(|s| libm::exp(joint.log_density(&space, s))).collect();
        assert!((density.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{density:?}");
        let mut drawn = vec![0.0; all.len()];
        for i in 0..4000 {
            let sample = joint.draw(&space, 1, &[i]);
            drawn[all.iter().position(|s| *s == sample).unwrap()] += 1.0 / 4000.0;
        }
        assert!(drawn.iter().zip(&density).all(|(a, b)| (a - b).abs() < 0.03), "{drawn:?} {density:?}");
    }
}
