//! How sure a rank correlation is: a paired bootstrap over the candidates.

use super::rank::{kendall_tau_b, spearman};
use crate::base::Random;
use serde::Serialize;

/// How one predictor orders candidates, held against the truth.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Agreement {
    /// Kendall's tau-b; none where there is no order.
    pub kendall: Option<f64>,
    /// The 95 % interval of tau.
    pub interval: Option<(f64, f64)>,
    /// Spearman's rho.
    pub spearman: Option<f64>,
    /// Tau of the first predictor minus this one's; none for the first itself.
    pub behind: Option<f64>,
    /// The 95 % interval of that difference, over the same resamples.
    pub behind_interval: Option<(f64, f64)>,
}

/// How many times candidates are drawn anew; fewer where there are many of them, because the interval is narrow then.
pub fn resamples(candidates: usize) -> usize {
    if candidates <= 1000 { 1000 } else { 200 }
}

/// Each predictor against the truth, over the same resamples of candidates (Efron's percentile intervals). The resamples are
/// addressed by their number, so that the same values in the same order give the same bits. All slices have one length.
pub fn agreements(predictors: &[&[f64]], truth: &[f64]) -> Vec<Agreement> {
    let n = truth.len();
    let taus = |pick: &dyn Fn(&[f64]) -> Vec<f64>| -> Vec<Option<f64>> {
        let truth = pick(truth);
        predictors.iter().map(|p| kendall_tau_b(&pick(p), &truth)).collect()
    };
    let whole = taus(&|values| values.to_vec());
    let rounds: Vec<Vec<Option<f64>>> = (0..resamples(n) as u64)
        .map(|round| {
            let mut random = Random::at(0, "trust", &[round]);
            let drawn: Vec<usize> = (0..n).map(|_| random.below(n)).collect();
            taus(&|values| drawn.iter().filter_map(|&i| values.get(i).copied()).collect())
        })
        .collect();
    let difference = |taus: &[Option<f64>], k: usize| Some(taus.first().copied()?? - taus.get(k).copied()??);
    (0..predictors.len())
        .map(|k| Agreement {
            kendall: whole[k],
            interval: whole[k].and_then(|_| interval(rounds.iter().filter_map(|r| r[k]).collect())),
            spearman: spearman(predictors[k], truth),
            behind: if k == 0 { None } else { difference(&whole, k) },
            behind_interval: if k == 0 { None } else { interval(rounds.iter().filter_map(|r| difference(r, k)).collect()) },
        })
        .collect()
}

/// The 2.5 and 97.5 per cent points, interpolated.
pub(super) fn interval(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let point = |share: f64| {
        let at = share * (values.len().checked_sub(1)?) as f64;
        let (low, high) = (values.get(at.floor() as usize)?, values.get(at.ceil() as usize)?);
        Some(low + (high - low) * (at - at.floor()))
    };
    Some((point(0.025)?, point(0.975)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(n: u64, noise: f64, purpose: &str) -> Vec<f64> {
        (0..n).map(|i| i as f64 + noise * Random::at(3, purpose, &[i]).normal()).collect()
    }

    #[test]
    fn a_perfect_ranking_has_no_doubt_and_a_noisy_one_has() {
        let truth: Vec<f64> = (0..40).map(f64::from).collect();
        let (good, bad) = (noisy(40, 3.0, "good"), noisy(40, 40.0, "bad"));
        let found = agreements(&[&truth, &good, &bad], &truth);
        assert_eq!((found[0].kendall, found[0].spearman), (Some(1.0), Some(1.0)));
        // Resamples have ties, so that their tau is a quotient of roots.
        assert!(found[0].interval.is_some_and(|(low, high)| low > 1.0 - 1e-12 && high <= 1.0), "{found:?}");
        let (low, high) = found[1].interval.unwrap();
        let tau = found[1].kendall.unwrap();
        assert!(low < tau && tau < high && high < 1.0 && low > 0.5, "{found:?}");
        let behind = found[2].behind.unwrap();
        let (low, high) = found[2].behind_interval.unwrap();
        assert!(low > 0.0 && low < behind && behind < high, "{found:?}");
        assert_eq!(found[0].behind, None);
        assert_eq!(found, agreements(&[&truth, &good, &bad], &truth));
    }

    #[test]
    fn intervals_cover_the_truth_about_as_often_as_they_say() {
        // Two normal variables of correlation r have tau = 2/π · asin(r).
        let tau = 2.0 / std::f64::consts::PI * libm::asin(0.6);
        let covered = (0..100u64)
            .filter(|&round| {
                let mut r = Random::at(round, "cover", &[]);
                let (a, b): (Vec<f64>, Vec<f64>) = (0..50)
                    .map(|_| {
                        let x = r.normal();
                        (x, 0.6 * x + 0.8 * r.normal())
                    })
                    .unzip();
                let (low, high) = agreements(&[&a], &b)[0].interval.unwrap();
                low <= tau && tau <= high
            })
            .count();
        assert!((87..=99).contains(&covered), "{covered} of 100 intervals hold the truth");
    }

    #[test]
    fn nothing_is_said_where_there_is_no_order() {
        let found = agreements(&[&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]], &[1.0, 2.0, 3.0]);
        assert_eq!((found[0].kendall, found[0].interval), (None, None));
        assert_eq!((found[1].kendall, found[1].behind, found[1].behind_interval), (Some(1.0), None, None));
        assert_eq!(agreements(&[&[]], &[])[0].kendall, None);
    }
}
