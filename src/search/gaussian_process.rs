//! `strategy gaussian-process`: Bayesian optimisation (Jones, Schonlau and Welch 1998) with a Gaussian process over the decisions.
//!
//! The first `initial` tickets are random, at the addresses of `strategy random`. After that a process over the results that this ticket may know of
//! guesses at neighbours of the best, edits of the good and random samples; the one of the highest expected improvement is
//! proposed. Results are taken by their ranks ([`scores`](super::scores)).
//!
//! Work grows with the cube of the results: a process is conditioned on at most [`MOST`] of them, half the best and half the newest of
//! the others. Scale and noise are found on fewer, chosen alike.

use super::gaussian::{Process, Shape};
use super::informative::informative;
use super::pool::{best_first, pool};
use super::random;
use super::ranked::Ranked;
use super::scores::{log_expected_improvement, normal_scores};
use super::strategy::{Propose, Strategy, Turn};
use crate::document::{Asked, Diagnostic, Field, Needs, Objectives, Preset, Type, Word};
use crate::space::{Sample, Space};

/// Results that a process is conditioned on.
const MOST: usize = 400;
/// Results by which its scale and noise are found.
const SHAPED: usize = 128;

/// The descriptor.
pub(super) static STRATEGY: Strategy = Strategy {
    word: Word::new(
        "gaussian-process",
        "Bayesian optimisation: a Gaussian process over the decisions, the highest expected improvement next.",
    )
    .fields(&[Field::one("initial", &[Type::Int(1, 1_000_000)], "", "How many random candidates come first.").preset(Preset::Int(20))])
    .example("strategy gaussian-process initial=20"),
    needs: Needs { objective: Objectives::One, ..Needs::TRIALS },
    check,
    build: |settings, _| Ok(Box::new(GaussianProcess { initial: settings.count("initial")?, ranked: Ranked::default() })),
};

fn check(asked: &Asked) -> Vec<Diagnostic> {
    random::all_random(asked, "nothing is left to model")
}

struct GaussianProcess {
    initial: usize,
    ranked: Ranked,
}

impl Propose for GaussianProcess {
    fn reads_results(&self, number: usize) -> bool {
        number >= self.initial
    }

    fn propose(&self, turn: &Turn, attempt: u64) -> Option<Sample> {
        if turn.number < self.initial || turn.values.iter().all(Option::is_none) {
            return Some(random::draw(turn, attempt));
        }
        Some(self.ranked.nth(turn, attempt, || rank(turn)))
    }
}

/// Candidates by what they promise, the most first.
fn rank(turn: &Turn) -> Vec<Sample> {
    let Some(scores) = normal_scores(turn) else { return Vec::new() };
    let best = best_first(&scores);
    let candidates = pool(turn, &best);
    let metric = Metric::of(turn);
    let points: Vec<Vec<f64>> = turn.past.iter().map(|known| metric.point(&known.sample)).collect();
    let shape = {
        let some = informative(&best, SHAPED);
        let of: Vec<f64> = some.iter().map(|&t| scores[t]).collect();
        Shape::likeliest(some.len(), &|i, j| metric.apart(&points[some[i]], &points[some[j]]), &of)
    };
    let some = informative(&best, MOST);
    let of: Vec<f64> = some.iter().map(|&t| scores[t]).collect();
    let Some(process) = Process::new(shape, some.len(), &|i, j| metric.apart(&points[some[i]], &points[some[j]]), &of) else {
        return candidates;
    };
    let highest = of.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let promise = |sample: &Sample| {
        let point = metric.point(sample);
        let (mean, deviation) = process.guess(&|i| metric.apart(&point, &points[some[i]]));
        log_expected_improvement(mean, deviation, highest)
    };
    let mut order: Vec<(f64, usize)> = candidates.iter().map(promise).zip(0..).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    order.into_iter().map(|(_, i)| candidates[i].clone()).collect()
}

/// How far samples are apart.
struct Metric<'a> {
    space: &'a Space,
    /// How many decisions a known sample makes at most.
    most: f64,
}

/// What a sample does not decide.
const ABSENT: f64 = -1.0;

impl<'a> Metric<'a> {
    fn of(turn: &'a Turn) -> Self {
        let most = turn.past.iter().map(|known| known.sample.pairs().count()).max().unwrap_or(1).max(1);
        Metric { space: turn.space, most: most as f64 }
    }

    /// By decision: the rank of its option; of a range, as a share of it.
    fn point(&self, sample: &Sample) -> Vec<f64> {
        let mut point = vec![ABSENT; self.space.decisions().len()];
        for (d, option) in sample.pairs() {
            let decision = &self.space.decisions()[d];
            let (rank, last) = (decision.rank(option) as f64, (decision.ranked.len() - 1).max(1) as f64);
            point[d] = if decision.ordered { rank / last } else { rank };
        }
        point
    }

    fn apart(&self, a: &[f64], b: &[f64]) -> f64 {
        let of = |((x, y), decision): ((&f64, &f64), &crate::space::Decision)| match () {
            () if x == y => 0.0,
            () if decision.ordered && *x != ABSENT && *y != ABSENT => (x - y).abs(),
            () => 1.0,
        };
        a.iter().zip(b).zip(self.space.decisions()).map(of).sum::<f64>() / self.most
    }
}
