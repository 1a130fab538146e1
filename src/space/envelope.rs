//! The part of a space in which samples may meet its bounds: a tree of decisions, cut where an interval of costs excludes the rest.
//!
//! What is drawn stays what it is: uniform over each decision's options, and again until a sample is admitted. A draw that ends where
//! the tree is cut is one that would have been refused, so it is passed over without being built. A draw that is made inside the
//! tree (each option in proportion to what of it is not cut) is a draw of the space under the condition that it is not cut; refused
//! where it does not meet the bounds, it has the distribution of the loop, at as many fewer draws as was cut.

use super::bounds::Bound;
use super::input::InputSpec;
use super::range::Ranges;
use super::structure::{DecisionId, Structure};
use crate::base::Random;
use std::collections::BinaryHeap;

/// Intervals that are worked out for a tree.
const STEPS: usize = 1500;

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
    /// Of a space, its decisions in the order in which they are to be looked at.
    pub(super) fn of(structure: &Structure, input: &InputSpec, bounds: &[Bound], order: &[DecisionId]) -> Envelope {
        let ranges = Ranges::new(structure, input, bounds);
        let decisions = &structure.decisions;
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
    pub(super) fn cuts(&self, mut option: impl FnMut(DecisionId) -> Option<usize>) -> bool {
        let mut node = &self.nodes[0];
        while let Some((decision, children)) = &node.split {
            match option(*decision).and_then(|o| children.get(o)) {
                Some(&child) => node = &self.nodes[child],
                None => return false,
            }
        }
        node.open == 0.0
    }

    /// The options that a draw inside the tree takes on its way; none where all of it is cut.
    pub(super) fn draw(&self, structure: &Structure, seed: u64, position: &[u64]) -> Option<Vec<Option<usize>>> {
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
            let option = found.or_else(|| open().next_back())?;
            taken[*decision] = Some(option);
            node = &self.nodes[children[option]];
        }
        Some(taken)
    }
}
