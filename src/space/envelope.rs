//! The part of a space in which samples may meet its bounds: a tree of decisions, cut where an interval of costs excludes the rest.
//!
//! What is drawn stays what it is: uniform over each decision's options, and again until a sample is admitted. A draw that ends where
//! the tree is cut is one that would have been refused, so it is passed over without being built. A draw that is made inside the
//! tree (each option in proportion to what of it is not cut) is a draw of the space under the condition that it is not cut; refused
//! where it does not meet the bounds, it has the distribution of the loop, at as many fewer draws as was cut.

use super::range::Ranges;
use super::sample::{Sample, draw};
use super::space::Space;
use super::structure::{DecisionId, Structure};
use crate::base::Random;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

/// Intervals that are worked out for a tree.
const STEPS: usize = 1500;
/// Random samples by which decisions are ordered.
const PROBES: u64 = 192;

/// The tree. A pure function of the space.
#[derive(Debug)]
pub struct Envelope {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    /// The share of all draws that lead here and are not cut.
    open: f64,
    /// What is decided next, with the node of every option; none where the rest is drawn.
    split: Option<(DecisionId, Vec<usize>)>,
}

impl Envelope {
    pub(super) fn of(space: &Space) -> Envelope {
        let ranges = Ranges::new(&space.structure, &space.input, &space.bounds);
        let order = order(space);
        let decisions = &space.structure.decisions;
        let mut tree = Envelope { nodes: vec![Node { open: 1.0, split: None }] };
        let mut paths: Vec<(Option<usize>, Vec<Option<usize>>)> = vec![(None, vec![None; decisions.len()])];
        let mut steps = 1;
        if !ranges.may_meet(&paths[0].1) {
            tree.nodes[0].open = 0.0;
            return tree;
        }
        // The largest part that is not cut comes first, of equal ones the older.
        let mut leaves = BinaryHeap::from([(1f64.to_bits(), std::cmp::Reverse(0usize))]);
        while let Some((_, std::cmp::Reverse(leaf))) = leaves.pop() {
            let options = paths[leaf].1.clone();
            let Some(&next) = order.iter().find(|&&d| options[d].is_none()) else { continue };
            let count = decisions[next].options.len();
            if steps + count > STEPS {
                break;
            }
            steps += count;
            let share = tree.nodes[leaf].open / count as f64;
            let mut children = vec![0; count];
            // In canonical order, so that the order of the file moves nothing.
            for &option in &decisions[next].ranked {
                let mut options = options.clone();
                options[next] = Some(option);
                let open = if ranges.may_meet(&options) { share } else { 0.0 };
                children[option] = tree.nodes.len();
                if open > 0.0 {
                    leaves.push((open.to_bits(), std::cmp::Reverse(tree.nodes.len())));
                }
                tree.nodes.push(Node { open, split: None });
                paths.push((Some(leaf), options));
            }
            tree.nodes[leaf].split = Some((next, children));
        }
        for n in (0..tree.nodes.len()).rev() {
            if let Some((_, children)) = &tree.nodes[n].split {
                tree.nodes[n].open = children.iter().map(|&c| tree.nodes[c].open).sum();
            }
        }
        tree
    }

    /// The share of all draws that is not cut: no fewer are admitted.
    pub fn share(&self) -> f64 {
        self.nodes[0].open
    }

    /// Whether a draw ends where the tree is cut; `option` is what it takes for a decision, none where it takes nothing.
    fn cuts(&self, mut option: impl FnMut(DecisionId) -> Option<usize>) -> bool {
        let mut node = &self.nodes[0];
        while let Some((decision, children)) = &node.split {
            match option(*decision).and_then(|o| children.get(o)) {
                Some(&child) => node = &self.nodes[child],
                None => return false,
            }
        }
        node.open == 0.0
    }

    /// A draw inside the tree; none where all of it is cut.
    fn draw(&self, structure: &Structure, seed: u64, position: &[u64]) -> Option<Sample> {
        let mut taken: Vec<Option<usize>> = vec![None; structure.decisions.len()];
        let mut node = &self.nodes[0];
        if node.open == 0.0 {
            return None;
        }
        while let Some((decision, children)) = &node.split {
            let of = &structure.decisions[*decision];
            let address: Vec<u64> = position.iter().copied().chain([of.address]).collect();
            let mut left = Random::at(seed, "within", &address).unit() * children.iter().map(|&c| self.nodes[c].open).sum::<f64>();
            let open = || of.ranked.iter().copied().filter(|&o| self.nodes[children[o]].open > 0.0);
            let found = open().find(|&o| {
                left -= self.nodes[children[o]].open;
                left < 0.0
            });
            let option = found.or_else(|| open().last())?;
            taken[*decision] = Some(option);
            node = &self.nodes[children[option]];
        }
        Some(Sample::collect(structure, |d| taken[d].unwrap_or_else(|| draw(structure, seed, position, d))))
    }
}

/// The decisions with several options: those of the network as a whole, those on which hangs what is there, then by how far the mean
/// figure of a bound differs between their options.
fn order(space: &Space) -> Vec<DecisionId> {
    let structure = &space.structure;
    let drawn: Vec<(Sample, Vec<f64>)> = (0..PROBES)
        .filter_map(|i| {
            let sample = space.random(0, &[u64::MAX - 1, i]);
            let architecture = space.architecture(&sample).ok()?;
            let cost = architecture.cost().ok()?;
            let figures = space.bounds.iter().map(|b| b.of(&architecture, Some(&cost)).ok()).collect::<Option<Vec<f64>>>()?;
            Some((sample, figures))
        })
        .collect();
    let spread = |d: DecisionId| -> f64 {
        let means = |bound: usize| {
            let of = |o: usize| drawn.iter().filter(move |(s, _)| s.option(d) == Some(o)).map(move |(_, figures)| figures[bound]);
            let means: Vec<f64> = (0..structure.decisions[d].options.len())
                .filter(|&o| of(o).next().is_some())
                .map(|o| of(o).sum::<f64>() / of(o).count() as f64)
                .collect();
            let (low, high) = means.iter().fold((f64::INFINITY, 0f64), |(low, high), &m| (low.min(m), high.max(m)));
            if means.is_empty() || high == 0.0 { 0.0 } else { (high - low) / high }
        };
        (0..space.bounds.len()).map(means).fold(0.0, f64::max)
    };
    let head: BTreeSet<DecisionId> = structure.head().flat_map(|s| s.reads()).collect();
    let deciding: BTreeSet<DecisionId> = structure.deciding().into_iter().collect();
    let constrained: BTreeSet<DecisionId> =
        structure.constraints.iter().flat_map(|c| c.condition.reads.iter().map(|r| r.decision)).collect();
    let rank = |d: &DecisionId| match () {
        () if head.contains(d) => 0,
        () if deciding.contains(d) => 1,
        () if constrained.contains(d) => 2,
        () => 3,
    };
    let several = (0..structure.decisions.len()).filter(|&d| structure.decisions[d].options.len() > 1);
    let mut order: Vec<(DecisionId, usize, f64)> = several.map(|d| (d, rank(&d), spread(d))).collect();
    order.sort_by(|a, b| a.1.cmp(&b.1).then(b.2.total_cmp(&a.2)).then(a.0.cmp(&b.0)));
    order.into_iter().map(|(d, ..)| d).collect()
}

impl Space {
    /// Where its samples may meet its bounds; none where it has none. Worked out when it is first asked for, in tenths of a second.
    pub fn envelope(&self) -> Option<&Envelope> {
        let bounded = !self.bounds.is_empty() || !self.structure.constraints.is_empty();
        bounded.then(|| self.envelope.get_or_init(|| Arc::new(Envelope::of(self))).as_ref())
    }

    /// [`random`](Self::random), unless the bounds are known to refuse it.
    pub fn random_unless_cut(&self, seed: u64, position: &[u64]) -> Option<Sample> {
        let cut = self.envelope().is_some_and(|e| e.cuts(|d| Some(draw(&self.structure, seed, position, d))));
        (!cut).then(|| self.random(seed, position))
    }

    /// Whether the bounds are known to refuse a sample, without building it.
    pub fn cuts(&self, sample: &Sample) -> bool {
        self.envelope().is_some_and(|e| e.cuts(|d| sample.option(d)))
    }

    /// A draw of the samples that are not cut: refused where it does not meet the bounds, it has the distribution of
    /// [`random`](Self::random) refused likewise. None where the space has no bounds, or where nothing meets them.
    pub fn random_within(&self, seed: u64, position: &[u64]) -> Option<Sample> {
        self.envelope()?.draw(&self.structure, seed, position)
    }
}
