//! What a score is worth: the share of its spread that is the networks', the rest being the luck of their trainings.
//!
//! The intraclass correlation by an analysis of variance with random effects, groups of unequal size (Searle, Casella and McCulloch
//! 1992, section 3.6), with a generalised interval (Weerahandi 1993): both mean squares are what they are, the true ones as a chi-square
//! draw has them. (A bootstrap over networks holds the truth in 81 of 100 cases only, where eight of 64 are trained twice.) All networks are trained with the same seeds, so what a seed does to all of
//! them alike (its batches, say) is taken out first: it changes no ranking. This is consistency, not absolute agreement, as Shrout
//! and Fleiss 1979 tell them apart.

use super::bootstrap::interval;
use crate::base::Random;
use serde::Serialize;

/// The fewest networks, and the fewest of them trained more than once, of which anything is said.
pub const FEWEST: (usize, usize) = (4, 2);

/// How often mean squares are drawn.
const DRAWS: u64 = 1000;

/// The share of a score's spread that is the networks'.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reliability {
    /// Networks that were measured.
    pub networks: usize,
    /// Those of them that were trained more than once.
    pub repeated: usize,
    /// Between 0 (scores are luck) and 1 (trainings of one network agree).
    pub share: f64,
    /// Its 95 % interval.
    pub interval: Option<(f64, f64)>,
}

/// Of scores by network and training, the k-th training of each with the k-th seed; none where there are too few, or no spread at all.
/// From the first score of a network that is no number on, its scores count nowhere.
pub fn reliability(scores: &[Vec<f64>]) -> Option<Reliability> {
    let sound: Vec<&[f64]> =
        scores.iter().map(|n| &n[..n.iter().take_while(|v| v.is_finite()).count()]).filter(|n| !n.is_empty()).collect();
    let repeated = sound.iter().filter(|n| n.len() > 1).count();
    if sound.len() < FEWEST.0 || repeated < FEWEST.1 {
        return None;
    }
    let squares = squares(&sound)?;
    let share = squares.share(1.0, 1.0)?;
    let shares = (0..DRAWS).filter_map(|round| {
        let mut random = Random::at(0, "reliability", &[round]);
        let mut chi = |freedom: usize| chi_square(&mut random, freedom);
        squares.share(chi(squares.networks - 1), chi(squares.freedom))
    });
    Some(Reliability { networks: sound.len(), repeated, share, interval: interval(shares.collect()) })
}

/// The degrees of freedom beyond which a sum of squares takes longer than it is worth: thousands of networks are no more than ten.
const SUMMED: usize = 200;

/// A chi-square draw, divided by its mean: a sum of squares, or of many twice a gamma variate (Marsaglia and Tsang 2000).
fn chi_square(random: &mut Random, freedom: usize) -> f64 {
    if freedom <= SUMMED {
        return (0..freedom).map(|_| random.normal()).map(|z| z * z).sum::<f64>() / freedom as f64;
    }
    let d = freedom as f64 / 2.0 - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = random.normal();
        let v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x);
        if v > 0.0 && libm::log(1.0 - random.unit()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return 2.0 * d * v / freedom as f64;
        }
    }
}

/// The mean squares of an analysis of variance.
struct Squares {
    networks: usize,
    /// Between networks.
    between: f64,
    /// Within them: the seeds' luck.
    within: f64,
    /// Degrees of freedom within.
    freedom: usize,
    /// How many trainings a network has, as far as its part of the spread between means goes.
    trainings: f64,
}

impl Squares {
    /// The networks' share, were the true mean squares these divided by so much.
    fn share(&self, between: f64, within: f64) -> Option<f64> {
        let luck = self.within / within;
        let own = (self.between / between - luck) / self.trainings;
        let share = own / (own + luck);
        share.is_finite().then(|| share.clamp(0.0, 1.0))
    }
}

fn squares(networks: &[&[f64]]) -> Option<Squares> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    // What each seed does to all networks alike, beside the first.
    let seeds = networks.iter().map(|n| n.len()).max()?;
    let shift = |k: usize| mean(&networks.iter().filter_map(|n| Some(n.get(k)? - n[0])).collect::<Vec<_>>());
    let shifts: Vec<f64> = (0..seeds).map(shift).collect();
    let networks: Vec<Vec<f64>> = networks.iter().map(|n| n.iter().zip(&shifts).map(|(v, shift)| v - shift).collect()).collect();
    let (count, all) = (networks.len(), networks.iter().map(Vec::len).sum::<usize>());
    let freedom = all.checked_sub(count + seeds - 1).filter(|f| *f > 0)?;
    let grand = networks.iter().flatten().sum::<f64>() / all as f64;
    let between: f64 = networks.iter().map(|n| n.len() as f64 * (mean(n) - grand) * (mean(n) - grand)).sum();
    let within: f64 = networks.iter().flat_map(|n| n.iter().map(|v| (v - mean(n)) * (v - mean(n)))).sum();
    let more = count.checked_sub(1).filter(|n| *n > 0)? as f64;
    let twice = networks.iter().map(|n| (n.len() * n.len()) as f64).sum::<f64>() / all as f64;
    let trainings = (all as f64 - twice) / more;
    Some(Squares { networks: count, between: between / more, within: within / freedom as f64, freedom, trainings })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Networks with a true deviation `between` among them; the first `twice` are trained twice, with deviation 1.
    fn drawn(seed: u64, networks: u64, twice: u64, between: f64) -> Vec<Vec<f64>> {
        let of = |n: u64| {
            let mut r = Random::at(seed, "networks", &[n]);
            let own = between * r.normal();
            (0..if n < twice { 2 } else { 1 }).map(|_| own + r.normal()).collect()
        };
        (0..networks).map(of).collect()
    }

    /// Mean 1, variance 2/k, skewness √(8/k), on both sides of where the way of drawing changes.
    #[test]
    fn chi_square_draws_have_their_moments() {
        for freedom in [SUMMED, SUMMED + 1, 3000] {
            let draws: Vec<f64> = (0..20_000).map(|i| chi_square(&mut Random::at(1, "chi", &[i]), freedom)).collect();
            let moment = |about: f64, power: i32| draws.iter().map(|x| (x - about).powi(power)).sum::<f64>() / draws.len() as f64;
            let (mean, k) = (moment(0.0, 1), freedom as f64);
            let (variance, skew) = (moment(mean, 2), moment(mean, 3) / moment(mean, 2).powf(1.5));
            assert!((mean - 1.0).abs() < 4.0 * (2.0 / k / 20_000.0).sqrt(), "{freedom}: mean {mean}");
            assert!((variance * k / 2.0 - 1.0).abs() < 0.05, "{freedom}: variance {variance}");
            assert!((skew - (8.0 / k).sqrt()).abs() < 0.1, "{freedom}: skewness {skew}");
        }
    }

    #[test]
    fn shares_are_what_they_were_drawn_with() {
        for (between, twice) in [(0.0, 200), (1.0, 200), (3.0, 200), (1.0, 100)] {
            let truth = between * between / (between * between + 1.0);
            let found = reliability(&drawn(1, 200, twice, between)).unwrap();
            assert!((found.share - truth).abs() < 0.15, "{between}: {found:?}");
            let (low, high) = found.interval.unwrap();
            assert!(low <= truth && truth <= high && high - low < 0.5, "{between}: {found:?}");
            assert_eq!((found.networks, found.repeated), (200, twice as usize));
        }
        assert_eq!(reliability(&drawn(1, 30, 30, 1.0)), reliability(&drawn(1, 30, 30, 1.0)), "the same scores, the same bits");
    }

    #[test]
    fn what_a_seed_does_to_all_networks_is_no_luck_of_theirs() {
        // Eight of 64 trained twice, the second seed better for all of them.
        let shifted = |seed: u64, by: f64| {
            let mut drawn = drawn(seed, 64, 8, 1.0);
            drawn.iter_mut().filter_map(|n| n.get_mut(1)).for_each(|v| *v += by);
            reliability(&drawn).unwrap()
        };
        let (with, without) = (shifted(1, 8.0), shifted(1, 0.0));
        assert!((with.share - without.share).abs() < 1e-9, "{with:?} {without:?}");
        // And the interval holds the truth nearly as often as it says, though eight are few.
        let holds = |seed: &u64| shifted(*seed, 8.0).interval.is_some_and(|(low, high)| low <= 0.5 && 0.5 <= high);
        let held = (0..100).filter(holds).count();
        assert!(held >= 90, "{held} of 100");
    }

    #[test]
    fn of_too_few_nothing_is_said() {
        assert_eq!(reliability(&drawn(1, 3, 3, 1.0)), None);
        assert_eq!(reliability(&drawn(1, 20, 1, 1.0)), None);
        assert_eq!(reliability(&vec![vec![0.5, 0.5]; 5]), None, "no spread at all");
        let (mut broken, whole) = (drawn(1, 20, 20, 1.0), drawn(1, 20, 20, 1.0));
        broken.push(vec![f64::NAN]);
        assert_eq!(reliability(&broken), reliability(&whole));
    }
}
