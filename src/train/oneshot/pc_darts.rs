//! PC-DARTS (Xu et al. 2020): DARTS over one of K channels, and weights of a node's edges.
//!
//! How it maps to mixed operators. An edge takes the first C / K of its C input channels (K must divide them in a space's networks) through all options, which are built for so
//! many channels, and mixes them by softmax(α); the other channels pass by (through a 2×2 max pool where the options have stride 2);
//! both are concatenated, mixed ones first, and channels are shuffled ([`shuffle`]), so that the next operator's first channels are
//! others: the sampling of channels is this fixed one, not random. A node is again a mixed operator, over its edges, weighted by the
//! softmax of β, one logit an edge; one `Alphas` vector for each. Both mixed operators' gradients are softmax's (`darts::logits`).
//! Steps are first order; in the first 15 epochs (of 50) only weights learn. Skip and pooling options end in a batch norm without
//! scale and shift.
//!
//! The result of an edge is α × β: [`combined`] and [`edges`].

use super::darts;
use super::lines::{CHOICES, choices, warmup};
use super::method::{Family, Method, Mixes, form, numbers};
use super::softmax::softmax;
use crate::document::{ChoiceRule, Field, Form, MethodRule, Preset, Traits, Type, Word};
use serde::{Deserialize, Serialize};

/// The descriptor. Defaults are those of the authors' code.
pub(super) static METHOD: Method = Method {
    word: Word::new("pc-darts", "DARTS over one of so many channels, with weights of the edges.")
        .fields(&[
            Field::one("partial", &[Type::Int(1, 64)], "", "One of so many channels goes through the choices.").preset(Preset::Int(4)),
            warmup(15),
        ])
        .lines(&[&CHOICES])
        .example("method pc-darts partial=4"),
    tag: "PcDarts",
    traits: Traits { mixes_edges: true, partial: true, ..Traits::LEARNS },
    read: |lines, found| {
        let choices = choices(lines.settings, ChoiceRule { lr: 6e-4, ..darts::CHOICE_RULE }, found)?;
        Ok(Some(MethodRule::learning(PcDarts { partial: lines.settings.count("partial")?, choices }.form(), &choices)))
    },
    build: |value| Ok(Family::Mixes(Box::new(numbers::<PcDarts>(value)?))),
};

/// Its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PcDarts {
    /// `partial`: one of so many channels is mixed.
    pub partial: usize,
    /// How choices learn.
    pub choices: ChoiceRule,
}

impl PcDarts {
    /// What keys hold.
    pub fn form(&self) -> Form {
        form(METHOD.tag, self)
    }
}

impl Mixes for PcDarts {
    fn choices(&self) -> &ChoiceRule {
        &self.choices
    }

    fn partial(&self) -> Option<usize> {
        Some(self.partial)
    }
}

/// (channels through the options, channels that pass by).
pub fn partial(channels: usize, portion: usize) -> (usize, usize) {
    let mixed = channels.div_ceil(portion.max(1));
    (mixed, channels - mixed)
}

/// For each output channel of the shuffle, which input channel it is: the `groups` × (C / groups) grid, transposed (ShuffleNet). None
/// where `groups` does not divide the channels.
pub fn shuffle(channels: usize, groups: usize) -> Option<Vec<usize>> {
    if groups == 0 || !channels.is_multiple_of(groups) {
        return None;
    }
    let each = channels / groups;
    Some((0..channels).map(|i| (i % groups) * each + i / groups).collect())
}

/// Probabilities of the options of each edge of one node times the edge's own: `alphas` by edge, `betas` one logit an edge.
pub fn combined(alphas: &[Vec<f64>], betas: &[f64]) -> Vec<Vec<f64>> {
    let edge = softmax(betas, 1.0);
    alphas.iter().zip(edge).map(|(a, b)| softmax(a, 1.0).iter().map(|p| p * b).collect()).collect()
}

/// By edge: the weight of its strongest option; 0 where none counts.
pub fn strengths(combined: &[Vec<f64>], never: &dyn Fn(usize, usize) -> bool) -> Vec<f64> {
    let of = |(e, p): (usize, &Vec<f64>)| p.iter().enumerate().filter(|(o, _)| !never(e, *o)).fold(0.0, |best: f64, (_, p)| best.max(*p));
    combined.iter().enumerate().map(of).collect()
}

/// The export of a node: its `keep` edges with the strongest option (edge, option), in the order of edges. `never` says which options do
/// not count (DARTS's `zero`). Equal ones: the first.
pub fn edges(combined: &[Vec<f64>], keep: usize, never: &dyn Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let best = |p: &Vec<f64>| {
        let options = (0..p.len()).filter(|&i| !never(i));
        options.fold(None, |best: Option<usize>, i| if best.is_none_or(|b| p[i] > p[b]) { Some(i) } else { best })
    };
    let mut all: Vec<(usize, usize)> = combined.iter().enumerate().filter_map(|(e, p)| Some((e, best(p)?))).collect();
    all.sort_by(|a, b| combined[b.0][b.1].total_cmp(&combined[a.0][a.1]));
    all.truncate(keep);
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels() {
        assert_eq!((partial(16, 4), partial(6, 4), partial(3, 1), partial(2, 4)), ((4, 12), (2, 4), (3, 0), (1, 1)));
        assert_eq!(shuffle(8, 4), Some(vec![0, 2, 4, 6, 1, 3, 5, 7]));
        assert_eq!((shuffle(7, 4), shuffle(4, 0), shuffle(3, 1)), (None, None, Some(vec![0, 1, 2])));
        // Two shuffles of 16 by 4 are the identity; one takes the mixed channels apart.
        let once = shuffle(16, 4).expect("divides");
        assert!((0..16).all(|i| once[once[i]] == i));
        assert_eq!(once.iter().take(4).filter(|c| **c < 4).count(), 1);
    }

    #[test]
    fn edges_are_kept_by_both_weights() {
        let alphas = [vec![5.0, 2.0, 0.0], vec![9.0, 0.0, 1.0], vec![0.0, 0.0, 3.0]];
        let c = combined(&alphas, &[0.0, 2.0, 0.0]);
        let sum: f64 = c.iter().flatten().sum();
        assert!((sum - 1.0).abs() < 1e-12);
        assert_eq!(edges(&c, 2, &|_| false), [(0, 0), (1, 0)]);
        assert_eq!(edges(&c, 2, &|i| i == 0), [(0, 1), (2, 2)]);
        assert_eq!(edges(&c, 9, &|_| true), []);
        // Edge weights decide where options are alike.
        let even = combined(&[vec![0.0, 0.0], vec![0.0, 0.0]], &[0.0, 0.5]);
        assert_eq!(edges(&even, 1, &|_| false), [(1, 0)]);
    }
}
