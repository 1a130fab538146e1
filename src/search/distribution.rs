//! What a method has learned of a space's choices, as `strategy learned` draws from it.
//!
//! The strongest network takes the strongest option of every decision. Where a node of a cell keeps some of its edges, and the
//! method mixed them all (DARTS), it keeps the strongest edges: those with the largest probability of an option that is no
//! `zero` (Liu et al. 2019, section 2.4), times the edge's own weight where that was learned too (PC-DARTS).

use crate::base::Random;
use crate::space::{Decision, Sample, Space};

/// What a method has learned of the choices of a space.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// By decision of the space: the probability of every option, by canonical rank.
    probabilities: Vec<Vec<f64>>,
    /// By decision: the strongest option, in the order of the file.
    strongest: Vec<usize>,
}

impl Distribution {
    /// The distribution over a space's decisions. `of` answers for one decision: probabilities by rank, and the rank of the
    /// strongest option. `mixed`: edges of cells were mixed, so that the strongest network keeps its strongest edges. None
    /// where a decision has no answer, or one that is no distribution over its options.
    pub fn new(space: &Space, mixed: bool, of: &dyn Fn(&Decision) -> Option<(Vec<f64>, usize)>) -> Option<Distribution> {
        let (mut probabilities, mut ranks) = (Vec::new(), Vec::new());
        for decision in space.decisions() {
            let (p, strongest) = of(decision)?;
            let sound = p.len() == decision.ranked.len() && strongest < p.len() && p.iter().all(|p| p.is_finite() && *p >= 0.0);
            if !sound || (p.iter().sum::<f64>() - 1.0).abs() > 1e-6 {
                return None;
            }
            probabilities.push(p);
            ranks.push(strongest);
        }
        if mixed {
            for pick in space.edge_picks() {
                let d = pick.decision;
                let share = |edge: usize| {
                    let holding = space.decisions()[d].ranked.iter().zip(&probabilities[d]).filter(|(o, _)| pick.sets[**o].contains(&edge));
                    holding.map(|(_, p)| p).sum::<f64>()
                };
                let strength = |edge: usize| share(edge) * pick.on[edge].map_or(1.0, |on| probabilities[on][ranks[on]]);
                let strengths: Vec<f64> = (0..pick.on.len()).map(strength).collect();
                let of = |rank: usize| pick.sets[space.decisions()[d].ranked[rank]].iter().map(|&e| strengths[e]).sum::<f64>();
                ranks[d] = (0..probabilities[d].len()).fold(0, |best, r| if of(r) > of(best) { r } else { best });
            }
        }
        let strongest = space.decisions().iter().zip(ranks).map(|(d, r)| d.ranked[r]).collect();
        Some(Distribution { probabilities, strongest })
    }

    /// The strongest network.
    pub fn strongest(&self, space: &Space) -> Sample {
        space.sample(|d| self.strongest[d])
    }

    /// A network drawn by the probabilities: a pure function of seed and position. The draw of a decision is addressed by its
    /// place, its options by their ranks.
    pub fn draw(&self, space: &Space, seed: u64, position: &[u64]) -> Sample {
        space.sample(|d| {
            let decision = &space.decisions()[d];
            let address: Vec<u64> = position.iter().copied().chain([decision.address]).collect();
            let mut left = Random::at(seed, "learned", &address).unit();
            let drawn = self.probabilities[d].iter().position(|p| {
                left -= p;
                left < 0.0
            });
            // Rounding: the last that has any.
            let rank = drawn.or_else(|| self.probabilities[d].iter().rposition(|p| *p > 0.0)).unwrap_or(0);
            decision.ranked[rank]
        })
    }

    /// ln of a network's probability in nats, the sum over its active decisions; −∞ where one took an option without any.
    pub fn log_probability(&self, space: &Space, sample: &Sample) -> f64 {
        let ln = |(d, option): (usize, usize)| {
            let p = space.decisions().get(d).and_then(|decision| self.probabilities[d].get(decision.rank(option)));
            p.map_or(f64::NEG_INFINITY, |p| libm::log(*p))
        };
        sample.pairs().map(ln).sum()
    }
}
