//! Which channels go: all of a network in one ranking, until a bound is met.
//!
//! A group's scores are what its makers say of each channel, so a *unit* of a width is the weakest channel of each of its groups; the j-th
//! unit has the mean of the j-th lowest scores. Scores are relative to the mean of their layer, so that layers can be compared (as in
//! Torch-Pruning, Fang et al. 2023).

use super::fields::Field;
use super::pruning::{Pruned, Pruning};
use crate::space::architecture::Source;
use crate::space::costs::Cost;

/// What is aimed at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// Most of the network's multiply-adds that may be left, 0 … 1.
    pub macs: f64,
    /// Most of its parameters.
    pub params: f64,
    /// Channels of a layer stay multiples of this, or all that it has.
    pub multiple: usize,
    /// Least share of a layer's channels that stays.
    pub floor: f64,
}

impl Bound {
    /// How many of so many channels stay at least.
    fn least(&self, channels: usize) -> usize {
        self.rounded(((channels as f64 * self.floor).ceil() as usize).max(1), channels)
    }

    fn rounded(&self, keep: usize, channels: usize) -> usize {
        keep.next_multiple_of(self.multiple.max(1)).min(channels)
    }

    fn holds(&self, cost: Cost, of: Cost) -> bool {
        cost.macs as f64 <= self.macs * of.macs as f64 && cost.params as f64 <= self.params * of.params as f64
    }
}

impl Pruning<'_> {
    /// The largest network of the ranking that meets a bound. `scores` are those of every group of [`Self::groups`], channel by channel: what
    /// has the lowest goes first.
    ///
    /// # Errors
    /// A bound that is not met when every layer is at its least; scores that do not fit.
    pub fn to(&self, scores: &[Vec<f64>], bound: &Bound) -> Result<Pruned, String> {
        let counts: Vec<usize> = self.widths.iter().flat_map(|w| w.groups.iter().map(|_| w.channels)).collect();
        if !scores.iter().map(Vec::len).eq(counts) {
            return Err("scores of other groups".into());
        }
        let ranks: Vec<Vec<usize>> = scores.iter().map(|s| ranked(s)).collect();
        let units = self.units(scores, &ranks);
        let whole = self.architecture.cost()?;
        // Fewest units that have to go, by bisection: what is left shrinks with every unit.
        let (mut low, mut high) = (0, units.len());
        while low < high {
            let middle = (low + high) / 2;
            match bound.holds(self.layers(&self.keep(&units[..middle], bound)).cost()?, whole) {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        for gone in low..=units.len() {
            let keep = self.keep(&units[..gone], bound);
            let layers = self.layers(&keep);
            // A shortcut must not come or go: the next unit tells both numbers apart again.
            if bound.holds(layers.cost()?, whole) && self.alike(&layers.program()?) {
                return self.rebuild(&keep, &self.kept(&keep, &ranks));
            }
        }
        let least = self.layers(&self.keep(&units, bound)).cost()?;
        Err(format!(
            "with every layer at its least there are still {:.0} % of its multiply-adds and {:.0} % of its parameters: {}",
            100.0 * least.macs as f64 / whole.macs.max(1) as f64,
            100.0 * least.params as f64 / whole.params.max(1) as f64,
            "raise the bound, or lower `least` or `multiple`"
        ))
    }

    /// The widths that units are taken of, weakest unit first; each as often as it has channels.
    fn units(&self, scores: &[Vec<f64>], ranks: &[Vec<usize>]) -> Vec<usize> {
        let (mut units, mut first) = (Vec::new(), 0);
        for (w, width) in self.widths.iter().enumerate() {
            let groups = first..first + width.groups.len();
            first = groups.end;
            if width.half_of.is_some() {
                continue;
            }
            let mut before = f64::NEG_INFINITY;
            for j in 0..width.channels {
                let mean = groups.clone().map(|g| scores[g][ranks[g][j]]).sum::<f64>() / groups.len() as f64;
                before = mean.max(before);
                // Of equal scores, layers give equal shares.
                units.push((before, j as f64 / width.channels as f64, w));
            }
        }
        units.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        units.into_iter().map(|(_, _, w)| w).collect()
    }

    /// Channels by width after these units went.
    fn keep(&self, gone: &[usize], bound: &Bound) -> Vec<usize> {
        let mut keep: Vec<usize> = self.widths.iter().map(|w| w.channels).collect();
        gone.iter().for_each(|&w| keep[w] -= 1);
        for (keep, width) in keep.iter_mut().zip(&self.widths) {
            *keep = bound.rounded((*keep).max(bound.least(width.channels)), width.channels);
        }
        for w in 0..keep.len() {
            let Some(Source::Layer(layer)) = self.widths[w].half_of else { continue };
            let read = self.widths.iter().position(|o| o.fields.contains(&(layer, Field::Channels)));
            if let Some(read) = read {
                keep[w] = (keep[read] / 2).max(1);
            }
        }
        keep
    }

    /// Which channels stay, by maker: the strongest of each group, ascending.
    fn kept(&self, keep: &[usize], ranks: &[Vec<usize>]) -> Vec<Vec<usize>> {
        let mut kept: Vec<Vec<usize>> = self.makers.all.iter().map(|m| (0..m.channels).collect()).collect();
        let mut ranks = ranks.iter();
        for (width, &keep) in self.widths.iter().zip(keep) {
            for group in &width.groups {
                let Some(rank) = ranks.next() else { continue };
                let mut stay = rank[rank.len() - keep.min(rank.len())..].to_vec();
                stay.sort_unstable();
                group.iter().for_each(|&m| kept[m].clone_from(&stay));
            }
        }
        kept
    }
}

/// Channels from the lowest score to the highest; of equal ones the last goes first.
fn ranked(scores: &[f64]) -> Vec<usize> {
    let mut rank: Vec<usize> = (0..scores.len()).collect();
    rank.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(b.cmp(&a)));
    rank
}
