//! A regression tree over choices, whose leaves say which options lead to them: so its mean over everything but one choice is exact.

use crate::base::Random;

/// Most options of one choice: a leaf holds its options as bits.
pub(super) const MOST_OPTIONS: usize = 64;

/// Trials as a tree reads them.
pub(super) struct Points<'a> {
    /// By choice, by trial: the option's number.
    pub options: &'a [Vec<u8>],
    /// How many options each choice has.
    pub counts: &'a [usize],
    /// By choice: whether its options have an order, so that a split is a threshold.
    pub ordered: &'a [bool],
    /// By trial.
    pub scores: &'a [f64],
}

/// A part of the space with its mean.
struct Leaf {
    /// By choice: the options that lead here.
    allowed: Vec<u64>,
    mean: f64,
}

/// A tree.
pub(super) struct Tree(Vec<Leaf>);

/// How a node splits: which options of a choice go one way.
struct Split {
    choice: usize,
    side: u64,
    left: f64,
}

/// How trees are grown.
#[derive(Clone, Copy)]
pub(super) struct Growth {
    /// The fewest trials of a leaf.
    pub leaf: usize,
    /// The deepest.
    pub depth: usize,
    /// How many choices a node looks at.
    pub tried: usize,
}

impl Tree {
    /// A tree over these trials, each as often as it is named.
    pub fn grow(points: &Points, inside: Vec<u32>, growth: Growth, random: &mut Random) -> Tree {
        let whole = points.counts.iter().map(|&n| if n >= 64 { u64::MAX } else { (1 << n) - 1 }).collect();
        let mut leaves = Vec::new();
        split(points, inside, whole, growth, 0, random, &mut leaves);
        Tree(leaves)
    }

    /// What it says of a trial.
    pub fn guess(&self, points: &Points, trial: usize) -> f64 {
        let holds = |leaf: &&Leaf| leaf.allowed.iter().zip(points.options).all(|(allowed, options)| allowed >> options[trial] & 1 == 1);
        self.0.iter().find(holds).map_or(0.0, |leaf| leaf.mean)
    }

    /// Its mean over the space, all options of a choice counting alike.
    pub fn mean(&self, counts: &[usize]) -> f64 {
        self.0.iter().map(|leaf| leaf.mean * volume(leaf, counts, None)).sum()
    }

    /// By option of a choice: its mean over all other choices.
    pub fn marginal(&self, counts: &[usize], choice: usize) -> Vec<f64> {
        let mut means = vec![0.0; counts[choice]];
        for leaf in &self.0 {
            let part = leaf.mean * volume(leaf, counts, Some(choice));
            for (option, mean) in means.iter_mut().enumerate() {
                if leaf.allowed[choice] >> option & 1 == 1 {
                    *mean += part;
                }
            }
        }
        means
    }
}

/// The share of the space that leads to a leaf, a choice left out.
fn volume(leaf: &Leaf, counts: &[usize], without: Option<usize>) -> f64 {
    let sides = leaf.allowed.iter().zip(counts).enumerate().filter(|(choice, _)| Some(*choice) != without);
    sides.map(|(_, (allowed, count))| f64::from(allowed.count_ones()) / *count as f64).product()
}

fn split(points: &Points, inside: Vec<u32>, allowed: Vec<u64>, growth: Growth, depth: usize, random: &mut Random, leaves: &mut Vec<Leaf>) {
    let sum: f64 = inside.iter().map(|&i| points.scores[i as usize]).sum();
    let mean = sum / inside.len().max(1) as f64;
    let found =
        if depth < growth.depth && inside.len() >= 2 * growth.leaf { best(points, &inside, &allowed, growth, random) } else { None };
    let Some(Split { choice, side, .. }) = found else {
        leaves.push(Leaf { allowed, mean });
        return;
    };
    let (one, other): (Vec<u32>, Vec<u32>) = inside.into_iter().partition(|&i| side >> points.options[choice][i as usize] & 1 == 1);
    for (part, kept) in [(one, side), (other, !side)] {
        let mut narrowed = allowed.clone();
        narrowed[choice] &= kept;
        split(points, part, narrowed, growth, depth + 1, random, leaves);
    }
}

/// The split that leaves the least squares, of some choices; none where no choice splits.
fn best(points: &Points, inside: &[u32], allowed: &[u64], growth: Growth, random: &mut Random) -> Option<Split> {
    let mut choices: Vec<usize> = (0..allowed.len()).filter(|&c| allowed[c].count_ones() > 1).collect();
    random.shuffle(&mut choices);
    let mut best: Option<Split> = None;
    let mut tried = 0;
    for choice in choices {
        if tried == growth.tried {
            break;
        }
        let mut sums = [(0.0f64, 0.0f64); MOST_OPTIONS];
        let options = &points.options[choice];
        for &i in inside {
            let sum = &mut sums[usize::from(options[i as usize])];
            *sum = (sum.0 + 1.0, sum.1 + points.scores[i as usize]);
        }
        let mut met: Vec<usize> = (0..points.counts[choice]).filter(|&o| sums[o].0 > 0.0).collect();
        if met.len() < 2 {
            continue;
        }
        tried += 1;
        if !points.ordered[choice] {
            // The best two sets of options are those of a cut through their means (Fisher 1958).
            met.sort_by(|&a, &b| (sums[a].1 / sums[a].0).total_cmp(&(sums[b].1 / sums[b].0)).then(a.cmp(&b)));
        }
        let (count, total) = met.iter().fold((0.0, 0.0), |all, &o| (all.0 + sums[o].0, all.1 + sums[o].1));
        let (mut below, mut side) = ((0.0, 0.0), 0u64);
        for &option in &met[..met.len() - 1] {
            below = (below.0 + sums[option].0, below.1 + sums[option].1);
            side |= 1 << option;
            let above = (count - below.0, total - below.1);
            if below.0 < growth.leaf as f64 || above.0 < growth.leaf as f64 {
                continue;
            }
            // More of it is less of the squares that are left.
            let left = below.1 * below.1 / below.0 + above.1 * above.1 / above.0;
            if best.as_ref().is_none_or(|b| left > b.left) {
                best = Some(Split { choice, side: with_unmet(points, choice, allowed[choice], side, &met), left });
            }
        }
    }
    best
}

/// Options that no trial has go with their neighbours, of those without an order with the larger part.
fn with_unmet(points: &Points, choice: usize, allowed: u64, side: u64, met: &[usize]) -> u64 {
    let mut whole = side;
    let is_met = |o: usize| met.contains(&o);
    if points.ordered[choice] {
        let highest = 63 - side.leading_zeros() as usize;
        for option in (0..highest).filter(|&o| !is_met(o)) {
            whole |= 1 << option;
        }
    } else if 2 * side.count_ones() as usize > met.len() {
        for option in (0..points.counts[choice]).filter(|&o| !is_met(o)) {
            whole |= 1 << option;
        }
    }
    whole & allowed
}
