//! How fast a search finds what is best, over many runs of it: regret, queries to a goal, and how sure both are.
//!
//! Regret after q queries is the best value of all minus that of the network that the search would hand over then (its best so far
//! by what it was told). Intervals are Efron's percentile intervals over the runs, resamples addressed by their number.

use super::bootstrap::interval;
use crate::base::Random;

/// How many times the runs are drawn anew.
const RESAMPLES: u64 = 1000;

/// Lower quartile, median and upper quartile. Infinite values are runs that did not come so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// A quarter of the runs is at most here.
    pub lower: f64,
    /// Half of them.
    pub median: f64,
    /// Three quarters.
    pub upper: f64,
}

impl Quartiles {
    /// Of at least one value, interpolated between neighbours where both are finite.
    pub fn of(values: &[f64]) -> Option<Quartiles> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (sorted.len().checked_sub(1)?) as f64;
            let (low, high) = (*sorted.get(place.floor() as usize)?, *sorted.get(place.ceil() as usize)?);
            Some(if place.fract() == 0.0 || low == high { low } else { low + (high - low) * place.fract() })
        };
        Some(Quartiles { lower: at(0.25)?, median: at(0.5)?, upper: at(0.75)? })
    }
}

/// A statistic of runs with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Of all runs.
    pub value: f64,
    /// The interval; none of a single run, or where resamples are infinite.
    pub interval: Option<(f64, f64)>,
}

/// The mean over runs.
pub fn mean(values: &[f64]) -> Estimate {
    estimate(values, |values| values.iter().sum::<f64>() / values.len() as f64)
}

/// The median over runs.
pub fn median(values: &[f64]) -> Estimate {
    estimate(values, |values| Quartiles::of(values).map_or(f64::NAN, |q| q.median))
}

fn estimate(values: &[f64], of: impl Fn(&[f64]) -> f64) -> Estimate {
    let value = if values.is_empty() { f64::NAN } else { of(values) };
    if values.len() < 2 {
        return Estimate { value, interval: None };
    }
    let resample = |round: u64| {
        let mut random = Random::at(0, "runs", &[round]);
        let drawn: Vec<f64> = (0..values.len()).map(|_| values[random.below(values.len())]).collect();
        of(&drawn)
    };
    let interval = interval((0..RESAMPLES).map(resample).collect()).filter(|(low, high)| low.is_finite() && high.is_finite());
    Estimate { value, interval }
}

/// What one run was told and is judged by, query by query; none where the network has no figure. More is better in both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Query {
    /// What the search chooses by.
    pub told: Option<f64>,
    /// What its choice is worth.
    pub judged: Option<f64>,
}

/// The regret after every query: `best` minus what the best network by what was told is worth. Before there is one, it is the regret
/// of `worst`.
pub fn regrets(queries: &[Query], best: f64, worst: f64) -> Vec<f64> {
    let (mut incumbent, mut held) = (f64::NEG_INFINITY, worst);
    let after = |query: &Query| {
        if let (Some(told), Some(judged)) = (query.told, query.judged)
            && told > incumbent
        {
            (incumbent, held) = (told, judged);
        }
        best - held
    };
    queries.iter().map(after).collect()
}

/// How many queries it took until one was worth at least `goal`; infinite where none was.
pub fn queries_to(queries: &[Query], goal: f64) -> f64 {
    queries.iter().position(|q| q.judged.is_some_and(|x| x >= goal)).map_or(f64::INFINITY, |i| (i + 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(told: f64, judged: f64) -> Query {
        Query { told: Some(told), judged: Some(judged) }
    }

    #[test]
    fn regret_is_that_of_what_would_be_handed_over() {
        let queries = [Query { told: None, judged: Some(9.0) }, query(1.0, 5.0), query(3.0, 2.0), query(2.0, 8.0), query(4.0, 8.0)];
        // The third is told to be better than it is; the fourth is better and was not taken.
        assert_eq!(regrets(&queries, 10.0, 0.0), [10.0, 5.0, 8.0, 8.0, 2.0]);
        assert_eq!(queries_to(&queries, 8.0), 1.0);
        assert_eq!(queries_to(&queries[1..], 8.0), 3.0);
        assert_eq!(queries_to(&queries, 10.0), f64::INFINITY);
    }

    #[test]
    fn quartiles_of_runs_that_did_not_arrive_are_infinite() {
        let q = Quartiles::of(&[3.0, 1.0, 2.0, f64::INFINITY, f64::INFINITY]).unwrap();
        assert_eq!((q.lower, q.median, q.upper), (2.0, 3.0, f64::INFINITY));
        assert_eq!(Quartiles::of(&[1.0, 2.0]).unwrap(), Quartiles { lower: 1.25, median: 1.5, upper: 1.75 });
        assert_eq!(Quartiles::of(&[]), None);
        assert_eq!(median(&[f64::INFINITY, f64::INFINITY]), Estimate { value: f64::INFINITY, interval: None });
    }

    #[test]
    fn the_interval_of_a_mean_is_about_that_of_the_normal_distribution() {
        let values: Vec<f64> = (0..200).map(|i| Random::at(1, "values", &[i]).normal()).collect();
        let Estimate { value, interval: Some((low, high)) } = mean(&values) else { panic!() };
        let half = 1.96 / 200f64.sqrt();
        assert!((value - low - half).abs() < 0.03 && (high - value - half).abs() < 0.03, "{low} {value} {high}");
        assert_eq!(mean(&values), mean(&values));
        assert_eq!(mean(&[2.0]), Estimate { value: 2.0, interval: None });
    }
}
