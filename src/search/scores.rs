//! Results as normal scores, and what a model's guess is worth beside the best of them.
//!
//! Models of results see only their order (a rank-based inverse normal transform: Blom 1958): a network that failed to learn is
//! as far below the others as there are networks between, not by its accuracy, and a result of a trial that went further counts
//! above those that were stopped before.

use super::strategy::{Standing, Turn};
use std::cmp::Ordering;

/// The score of every ticket that this one may know of: normal quantiles of their ranks, equal results sharing one. Failed tickets are
/// the worst. None where no ticket has a result.
pub(super) fn normal_scores(turn: &Turn) -> Option<Vec<f64>> {
    let standings: Vec<Option<Standing>> = (0..turn.past.len()).map(|t| turn.standing(t)).collect();
    if standings.iter().all(Option::is_none) {
        return None;
    }
    let order = |a: &Option<Standing>, b: &Option<Standing>| match (a, b) {
        (Some(a), Some(b)) => a.order(b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    let mut by_rank: Vec<usize> = (0..standings.len()).collect();
    by_rank.sort_by(|&a, &b| order(&standings[a], &standings[b]));
    let mut scores = vec![0.0; standings.len()];
    let mut from = 0;
    while from < by_rank.len() {
        let alike = |t: &&usize| order(&standings[by_rank[from]], &standings[**t]) == Ordering::Equal;
        let to = from + by_rank[from..].iter().take_while(alike).count();
        let middle = (from + to) as f64 / 2.0;
        by_rank[from..to].iter().for_each(|&t| scores[t] = quantile(middle / standings.len() as f64));
        from = to;
    }
    Some(scores)
}

/// The share of a standard normal variable that is at most `x`.
fn share(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The inverse of [`share`], by bisection: within 2⁻⁴⁰.
fn quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..44 {
        let middle = (low + high) / 2.0;
        if share(middle) < p { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// ln of the expected improvement on `best` of a normal guess (Jones, Schonlau and Welch 1998). In the far tail, where the improvement
/// itself is no number of a computer any more, by its asymptote: the order of guesses stays.
pub(super) fn log_expected_improvement(mean: f64, deviation: f64, best: f64) -> f64 {
    let u = (mean - best) / deviation;
    if u < -20.0 {
        // φ(u)/u², the first term of Mills' ratio.
        return libm::log(deviation) - 0.5 * u * u - 2.0 * libm::log(-u) - 0.918_938_533_204_672_7;
    }
    let density = libm::exp(-0.5 * u * u) * 0.398_942_280_401_432_7;
    libm::log(deviation) + libm::log((u * share(u) + density).max(f64::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::search::Known;
    use crate::space::tests::whole;

    #[test]
    fn quantiles_and_improvements_are_those_of_the_normal_distribution() {
        for (p, x) in [(0.5, 0.0), (0.975, 1.959_963_984_540_054), (0.001, -3.090_232_306_167_813)] {
            assert!((quantile(p) - x).abs() < 1e-9, "{p}: {}", quantile(p));
        }
        // At the best, half of the guess improves: σ φ(0).
        assert!((log_expected_improvement(1.0, 2.0, 1.0) - (2.0 * 0.398_942_280_401_432_7f64).ln()).abs() < 1e-12);
        assert!((log_expected_improvement(9.0, 1e-3, 1.0) - 8f64.ln()).abs() < 1e-9);
        // No jump where the asymptote begins; further off is worse.
        let at = |u: f64| log_expected_improvement(u, 1.0, 0.0);
        assert!((at(-20.0 - 1e-9) - at(-20.0)).abs() < 0.02, "{} {}", at(-20.0 - 1e-9), at(-20.0));
        assert!(at(-30.0) < at(-25.0) && at(-25.0) < at(-19.0) && at(-19.0) < at(-5.0));
    }

    #[test]
    fn scores_are_ranks_failures_last_and_further_epochs_first() {
        let space = whole("space { network { input data; conv 8 { kernel 1 3 } } }");
        let known = |n: u8| Known { sample: space.reference(), digest: Digest::of(&[n]), macs: 0 };
        let past: Vec<Known> = (0..5).map(known).collect();
        let values = [Some(1.0), None, Some(5.0), Some(1.0), Some(9.0)];
        let turn =
            Turn { space: &space, seed: 0, number: 5, own: 0, proposed: &past, past: &past, values: &values, scores: &[], epochs: &[] };
        let scores = normal_scores(&turn).unwrap();
        assert_eq!(scores[0], scores[3]);
        assert!(scores[1] < scores[0] && scores[0] < scores[2] && scores[2] < scores[4]);
        assert!(scores.iter().sum::<f64>().abs() < 0.2, "{scores:?}");
        let turn = Turn { epochs: &[9, 1, 1, 1, 1], ..turn };
        assert!(normal_scores(&turn).unwrap().iter().all(|s| *s <= normal_scores(&turn).unwrap()[0]));
        let none = Turn { values: &[None; 5], ..turn };
        assert_eq!(normal_scores(&none), None);
    }
}
