//! Decisions and options in an order that neither names nor the order of the file decide: decisions by their addresses,
//! options by their ranks. A supernet is known by its space without these, so its training may not depend on them.

use crate::space::{Sample, Supernet};

/// The order.
#[derive(Clone, Debug, PartialEq)]
pub struct Places {
    /// By place: the decision.
    pub order: Vec<usize>,
    /// By decision: its place.
    pub place: Vec<usize>,
    /// By place: the option of each rank.
    pub ranked: Vec<Vec<usize>>,
    /// By place: what names the decision.
    pub address: Vec<u64>,
}

/// Passes over the decisions before an extreme is taken as it is.
const PASSES: usize = 4;

impl Places {
    /// Of a supernet's decisions.
    pub fn of(net: &Supernet) -> Self {
        let decisions = net.space().decisions();
        let mut order: Vec<usize> = (0..decisions.len()).collect();
        order.sort_by_key(|&d| (decisions[d].address, d));
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(c, &d)| place[d] = c);
        let ranked = order.iter().map(|&d| decisions[d].ranked.clone()).collect();
        Places { address: order.iter().map(|&d| decisions[d].address).collect(), order, place, ranked }
    }

    /// Decisions.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// The number of options of each decision.
    pub fn counts(&self) -> Vec<usize> {
        self.ranked.iter().map(Vec::len).collect()
    }

    /// By decision of the file: its option, from ranks by place.
    pub fn options(&self, ranks: &[usize]) -> Vec<usize> {
        let option = |&c: &usize| ranks.get(c).and_then(|&r| self.ranked[c].get(r)).copied().unwrap_or(0);
        self.place.iter().map(option).collect()
    }

    /// The sample of ranks by place.
    pub fn sample(&self, net: &Supernet, ranks: &[usize]) -> Sample {
        net.sample_from(&self.options(ranks))
    }

    /// The rank that a sample takes at a place; none where the decision is not active.
    pub fn rank(&self, sample: &Sample, c: usize) -> Option<usize> {
        let option = sample.option(self.order[c])?;
        self.ranked[c].iter().position(|&o| o == option)
    }

    /// The network that costs most (`more`) or least, by multiply-adds, then parameters; bounds aside. Found by coordinates: from the
    /// last (first) rank of every decision on, each in turn takes the option that costs most (least), the others held,
    /// until a pass changes nothing.
    pub fn extreme(&self, net: &Supernet, more: bool) -> Vec<usize> {
        let cost = |ranks: &[usize]| {
            let cost = net.space().architecture(&self.sample(net, ranks)).ok()?.cost().ok()?;
            Some((cost.macs, cost.params))
        };
        let better = |new: (u64, u64), old: (u64, u64)| if more { new > old } else { new < old };
        let mut ranks: Vec<usize> = self.ranked.iter().map(|r| if more { r.len().saturating_sub(1) } else { 0 }).collect();
        let mut best = cost(&ranks);
        for _ in 0..PASSES {
            let before = ranks.clone();
            for c in 0..self.len() {
                // What is not active costs nothing whatever it is.
                if self.sample(net, &ranks).option(self.order[c]).is_none() {
                    continue;
                }
                for rank in 0..self.ranked[c].len() {
                    let held = std::mem::replace(&mut ranks[c], rank);
                    match cost(&ranks) {
                        Some(found) if best.is_none_or(|best| better(found, best)) => best = Some(found),
                        _ => ranks[c] = held,
                    }
                }
            }
            if ranks == before {
                break;
            }
        }
        ranks
    }
}
