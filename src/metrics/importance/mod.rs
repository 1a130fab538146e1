//! What each choice contributed to a score: functional analysis of variance over an ensemble of trees (Hutter, Hoos and Leyton-Brown 2014).
//!
//! Trees learn the score from the choices of all measured trials. The mean of a tree over everything but one choice is exact, and the
//! variance of that mean is what this choice contributes alone. It is given as a share of the variance of the *scores*, not of the trees: what luck
//! and other choices do stays outside. Every group of trees sees another bootstrap of the trials; the spread between groups is the uncertainty.
//! The same is done with the scores shuffled among the trials: what a choice contributes there it contributes by chance.
//!
//! Trials of a guided search crowd where scores are good; shares are of the whole space, every option counting alike, so they are least sure where
//! few trials are.

mod tree;

use crate::base::Random;
use serde::Serialize;
use tree::{Growth, MOST_OPTIONS, Points, Tree};

/// The fewest trials of which anything is said.
pub const FEWEST: usize = 20;
/// Bootstraps of the trials.
const GROUPS: u64 = 30;
/// Trees of each.
const TREES: u64 = 4;
/// Shuffles of the scores.
const SHUFFLES: u64 = 20;
/// Trials that a tree learns from, at most: thousands tell it no more.
const LEARNT: usize = 1500;
/// The deepest tree.
const DEPTH: usize = 12;

/// One choice, as trials have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// Its label.
    pub label: String,
    /// Its options in order.
    pub options: Vec<String>,
    /// Whether they are ordered (numbers).
    pub ordered: bool,
    /// By trial: the number of its option.
    pub taken: Vec<usize>,
}

/// What one option is worth beside the others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// The option.
    pub option: String,
    /// Trials that have it.
    pub trials: usize,
    /// The mean score of the space with it, minus that of the space.
    pub effect: f64,
    /// Its 95 % interval over bootstraps.
    pub interval: Option<(f64, f64)>,
}

/// What one choice contributed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contribution {
    /// The choice.
    pub label: String,
    /// The share of the scores' variance that it makes alone.
    pub share: f64,
    /// Its 95 % interval over bootstraps.
    pub interval: Option<(f64, f64)>,
    /// What it would make by chance: of 20 shuffles of the scores the 95 per cent point.
    pub chance: f64,
    /// By option.
    pub effects: Vec<Effect>,
}

impl Contribution {
    /// Whether it is more than chance makes.
    pub fn is_beyond_chance(&self) -> bool {
        self.interval.map_or(self.share, |i| i.0) > self.chance
    }
}

/// What all contributed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Importance {
    /// Trials that were learnt from.
    pub trials: usize,
    /// The share of the scores' variance that the trees foresee in trials that they have not seen; 0 where they foresee nothing.
    pub explained: f64,
    /// Its 95 % interval over bootstraps.
    pub interval: Option<(f64, f64)>,
    /// The choices, the greatest first.
    pub choices: Vec<Contribution>,
}

/// Of choices and scores by trial (all of one length; scores that are no number are left out). None below [`FEWEST`] trials, where all
/// scores are one, or where no choice differs.
pub fn importance(choices: &[Chosen], scores: &[f64]) -> Option<Importance> {
    let sound: Vec<usize> = (0..scores.len()).filter(|&i| scores[i].is_finite()).collect();
    if sound.len() < FEWEST || choices.iter().any(|c| c.taken.len() != scores.len()) {
        return None;
    }
    let scores: Vec<f64> = sound.iter().map(|&i| scores[i]).collect();
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let scores: Vec<f64> = scores.iter().map(|v| v - mean).collect();
    let variance = scores.iter().map(|v| v * v).sum::<f64>() / scores.len() as f64;
    let differing: Vec<&Chosen> = choices.iter().filter(|c| sound.iter().any(|&i| c.taken[i] != c.taken[sound[0]])).collect();
    if differing.is_empty() || variance <= 0.0 || !variance.is_finite() {
        return None;
    }
    let folded: Vec<Folded> = differing.iter().map(|c| Folded::of(c, &sound)).collect();
    let options: Vec<Vec<u8>> = folded.iter().map(|f| f.taken.clone()).collect();
    let counts: Vec<usize> = folded.iter().map(|f| f.names.len()).collect();
    let ordered: Vec<bool> = differing.iter().map(|c| c.ordered).collect();
    let points = Points { options: &options, counts: &counts, ordered: &ordered, scores: &scores };
    let found: Vec<Group> = (0..GROUPS).map(|g| Group::of(&points, "importance", g)).collect();
    let by_chance: Vec<Group> = (0..SHUFFLES)
        .map(|g| {
            let mut shuffled = scores.clone();
            Random::at(0, "importance shuffled", &[g]).shuffle(&mut shuffled);
            Group::of(&Points { scores: &shuffled, ..points }, "importance by chance", g)
        })
        .collect();
    let of = |choice: usize, groups: &[Group]| groups.iter().map(|g| g.variances[choice] / variance).collect::<Vec<f64>>();
    let mut contributions: Vec<Contribution> = (0..folded.len())
        .map(|choice| {
            let shares = of(choice, &found);
            let mut chance = of(choice, &by_chance);
            chance.sort_by(f64::total_cmp);
            let effects = folded[choice].names.iter().enumerate().map(|(option, name)| {
                let values: Vec<f64> = found.iter().map(|g| g.marginals[choice][option]).collect();
                let trials = folded[choice].taken.iter().filter(|&&t| usize::from(t) == option).count();
                Effect { option: name.clone(), trials, effect: average(&values), interval: super::bootstrap::interval(values) }
            });
            Contribution {
                label: differing[choice].label.clone(),
                share: average(&shares),
                effects: effects.collect(),
                chance: chance.get(SHUFFLES as usize - 2).copied().unwrap_or(0.0),
                interval: super::bootstrap::interval(shares),
            }
        })
        .collect();
    contributions.sort_by(|a, b| b.share.total_cmp(&a.share));
    let explained: Vec<f64> = found.iter().filter_map(|g| g.explained).collect();
    Some(Importance {
        trials: scores.len(),
        explained: average(&explained).max(0.0),
        interval: super::bootstrap::interval(explained.iter().map(|e| e.max(0.0)).collect()),
        choices: contributions,
    })
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// A choice with no more options than a tree takes: neighbours are put together where there are more.
struct Folded {
    names: Vec<String>,
    taken: Vec<u8>,
}

impl Folded {
    fn of(chosen: &Chosen, sound: &[usize]) -> Folded {
        let count = chosen.options.len().max(1);
        let width = count.div_ceil(MOST_OPTIONS);
        let name = |options: &[String]| match options {
            [one] => one.clone(),
            [first, .., last] => format!("{first} … {last}"),
            [] => String::new(),
        };
        let names: Vec<String> = chosen.options.chunks(width).map(name).collect();
        let last = names.len().saturating_sub(1);
        let taken = sound.iter().map(|&i| (chosen.taken[i] / width).min(last) as u8).collect();
        Folded { names, taken }
    }
}

/// What the trees of one bootstrap say.
struct Group {
    /// By choice: the variance of its mean.
    variances: Vec<f64>,
    /// By choice and option: the mean, minus the space's.
    marginals: Vec<Vec<f64>>,
    /// The share of the variance of trials outside the bootstrap that is foreseen.
    explained: Option<f64>,
}

impl Group {
    fn of(points: &Points, purpose: &str, number: u64) -> Group {
        let n = points.scores.len();
        let mut random = Random::at(0, purpose, &[number]);
        let inside: Vec<u32> = (0..n.min(LEARNT)).map(|_| random.below(n) as u32).collect();
        let choices = points.counts.len();
        let growth = Growth { leaf: (inside.len() / 100).max(3), depth: DEPTH, tried: (2 * choices).div_ceil(3).max(2) };
        let trees: Vec<Tree> = (0..TREES).map(|_| Tree::grow(points, inside.clone(), growth, &mut random)).collect();
        let share = 1.0 / TREES as f64;
        let mut marginals: Vec<Vec<f64>> = points.counts.iter().map(|&count| vec![0.0; count]).collect();
        for tree in &trees {
            let mean = tree.mean(points.counts);
            for (choice, sums) in marginals.iter_mut().enumerate() {
                for (sum, value) in sums.iter_mut().zip(tree.marginal(points.counts, choice)) {
                    *sum += (value - mean) * share;
                }
            }
        }
        let variances = marginals.iter().map(|m| m.iter().map(|v| v * v).sum::<f64>() / m.len().max(1) as f64).collect();
        Group { variances, marginals, explained: explained(points, &inside, &trees) }
    }
}

/// 1 − squares left ÷ squares, of trials that the trees have not seen.
fn explained(points: &Points, inside: &[u32], trees: &[Tree]) -> Option<f64> {
    let n = points.scores.len();
    let mut seen = vec![false; n];
    inside.iter().for_each(|&i| seen[i as usize] = true);
    // Some hundred tell enough.
    let outside: Vec<usize> = (0..n).filter(|&i| !seen[i]).take(500).collect();
    let mean = outside.iter().map(|&i| points.scores[i]).sum::<f64>() / outside.len().max(1) as f64;
    let (mut left, mut all) = (0.0, 0.0);
    for &i in &outside {
        let guess = trees.iter().map(|tree| tree.guess(points, i)).sum::<f64>() / trees.len() as f64;
        left += (points.scores[i] - guess) * (points.scores[i] - guess);
        all += (points.scores[i] - mean) * (points.scores[i] - mean);
    }
    (outside.len() >= 5 && all > 0.0).then(|| 1.0 - left / all)
}

#[cfg(test)]
mod tests;
