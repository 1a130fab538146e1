//! How much of a search fits a time: trials, their length, finals, seeds, and the size of images.
//!
//! The rule. Levels stand from a thorough search to a first look; each says how many optimiser steps a trial takes, how much longer
//! the last trainings are, how many finalists and seeds there are. The first level whose least number of trials fits the time is
//! taken, and then as many trials as fit. Lower levels have fewer trials before they have shorter ones, since short trainings rank
//! networks by luck; then images become smaller. The figures are those that were measured to
//! work (docs/results.md): trials of some 320 steps, last trainings three times as long, three finalists with three seeds.

use super::measure::Rates;

/// What of the time is planned: the rest is for what is not reckoned.
const PLANNED: f64 = 0.9;
/// Seconds of a worker for a training or a measurement beside its steps: assignment, checkpoint, files.
const EACH: f64 = 0.3;
/// Seconds for the start, the comparison and the closing table.
const REST: f64 = 3.0;
/// Most epochs of a trial, however few the images are.
const MOST_EPOCHS: usize = 60;

/// One way to spend a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Least and most trials.
    trials: [usize; 2],
    /// Optimiser steps of a trial, about.
    steps: usize,
    /// How many times as long the last trainings are.
    longer: usize,
    /// Trials that are trained again, longer, beside the reference, before one is chosen.
    pub finals: usize,
    /// Seeds of the last trainings.
    pub seeds: usize,
    /// Random networks that the answer is compared with.
    pub chance: usize,
    /// Of the size that fits the boxes.
    pub scale: f64,
    /// What such a search can tell.
    pub worth: &'static str,
}

const GOOD: &str = "This is enough to choose well among the trials. Whether the answer is better than the baseline is told with a 95 % \
                    interval, which few test images make wide.";
const FAIR: &str = "Trials this short rank networks roughly, and with so few seeds only a large difference from the baseline can be \
                    shown. More time gives longer trials and more seeds.";
const LOOK: &str = "This is a first look: it shows that everything works on these images, but trials this short rank networks mostly \
                    by luck, and the answer will not be told apart from the baseline. Give it `--time 1h` or more for a search.";

const LEVELS: [Level; 12] = [
    level([48, 96], 960, 3, (4, 5, 8), 1.0, GOOD),
    level([32, 96], 640, 3, (3, 5, 8), 1.0, GOOD),
    level([24, 64], 480, 3, (3, 3, 6), 1.0, GOOD),
    level([16, 48], 320, 3, (3, 3, 6), 1.0, GOOD),
    level([10, 32], 240, 2, (3, 3, 4), 1.0, FAIR),
    level([8, 24], 240, 2, (2, 2, 3), 1.0, FAIR),
    level([6, 16], 200, 2, (2, 2, 2), 0.75, FAIR),
    level([5, 12], 160, 2, (1, 2, 2), 0.75, LOOK),
    level([4, 12], 120, 2, (1, 1, 2), 0.5, LOOK),
    level([4, 10], 80, 2, (1, 1, 1), 0.5, LOOK),
    level([4, 10], 40, 2, (1, 1, 1), 0.5, LOOK),
    level([4, 8], 8, 1, (1, 1, 1), 0.4, LOOK),
];

const fn level(
    trials: [usize; 2],
    steps: usize,
    longer: usize,
    (finals, seeds, chance): (usize, usize, usize),
    scale: f64,
    worth: &'static str,
) -> Level {
    Level { trials, steps, longer, finals, seeds, chance, scale, worth }
}

/// Images of the splits, and a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Images {
    /// For training.
    pub train: usize,
    /// For choosing.
    pub val: usize,
    /// For the last comparison.
    pub test: usize,
    /// Images a batch.
    pub batch: usize,
}

/// How long one kind of training lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Length {
    /// Epochs.
    pub epochs: usize,
    /// The share of the images that is trained on.
    pub share: f64,
}

impl Length {
    /// Of about so many steps: where even three epochs are longer, over a share of the images.
    fn of(steps: usize, images: &Images) -> Length {
        let per_epoch = images.train.div_ceil(images.batch.max(1)).max(1);
        if per_epoch * 3 > steps {
            let share = steps as f64 * images.batch as f64 / 3.0 / images.train.max(1) as f64;
            let least = (2 * images.batch) as f64 / images.train.max(1) as f64;
            return Length { epochs: 3, share: ((share.max(least) * 100.0).ceil() / 100.0).clamp(0.01, 1.0) };
        }
        Length { epochs: (steps as f64 / per_epoch as f64).round().clamp(3.0, MOST_EPOCHS as f64) as usize, share: 1.0 }
    }

    /// Images that it reads.
    fn images(&self, images: &Images) -> f64 {
        (self.epochs * ((images.train as f64 * self.share).round() as usize).max(1)) as f64
    }
}

/// What fits a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The level.
    pub level: Level,
    /// Trials.
    pub trials: usize,
    /// Of a trial.
    pub short: Length,
    /// Of the last trainings.
    pub long: Length,
    /// Seconds by the clock: decoding, trials, finals, comparison, the rest.
    pub seconds: [f64; 5],
}

impl Plan {
    /// All seconds.
    pub fn total(&self) -> f64 {
        self.seconds.iter().sum()
    }
}

/// The plan for so many seconds. `sizes` is at how many sizes images are read; `rates` are those at scale 1; `area` is how many pixels
/// images have at a scale, as a share of those at scale 1.
pub fn plan(time: f64, images: &Images, sizes: usize, rates: &Rates, area: &dyn Fn(f64) -> f64) -> Plan {
    let of = |level: Level, trials: usize| reckon(level, trials, images, sizes, rates, area(level.scale));
    for level in LEVELS {
        let [least, most] = level.trials;
        let fits = |trials: usize| of(level, trials).total() <= time * PLANNED;
        if fits(least) {
            let trials = (least..=most).rev().find(|&trials| fits(trials)).unwrap_or(least);
            return of(level, trials);
        }
    }
    let last = LEVELS[LEVELS.len() - 1];
    of(last, last.trials[0])
}

fn reckon(level: Level, trials: usize, images: &Images, sizes: usize, rates: &Rates, area: f64) -> Plan {
    let (short, long) = (Length::of(level.steps, images), Length::of(level.steps * level.longer, images));
    let workers = rates.workers.max(1);
    // Trainings of one kind run side by side, as many as there are workers.
    let stage = |count: usize, trained: f64, evaluated: usize| {
        let each = EACH + trained * rates.train * area + evaluated as f64 * rates.evaluate * area;
        count.div_ceil(workers) as f64 * each
    };
    let decoded = (sizes * (images.train + images.val) + images.test) as f64 * rates.decode;
    let search = stage(trials, short.images(images), images.val);
    // The reference is trained beside the finalists; the winner and it are only tested after that.
    let finals = stage((level.finals + 1) * level.seeds, long.images(images), images.val);
    let compared = stage(level.chance, long.images(images), images.test) + stage(2 * level.seeds, 0.0, images.test);
    Plan { level, trials, short, long, seconds: [decoded, search, finals, compared, REST] }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BCCD: Images = Images { train: 205, val: 87, test: 72, batch: 8 };
    const RATES: Rates = Rates { train: 0.03, evaluate: 0.01, decode: 0.002, workers: 2 };

    #[test]
    fn more_time_is_never_a_smaller_search() {
        let (mut before, mut steps) = (0.0, 0);
        for minutes in [1, 2, 5, 10, 20, 40, 60, 120, 240, 480, 5000] {
            let plan = plan(f64::from(minutes) * 60.0, &BCCD, 6, &RATES, &|scale| scale * scale);
            assert!(plan.level.steps >= steps, "{minutes} min: {plan:?}");
            assert!(plan.total() <= f64::from(minutes) * 60.0 || minutes == 1, "{minutes} min: {plan:?}");
            assert!(plan.total() >= before * 0.7, "{minutes} min: {plan:?}");
            (before, steps) = (plan.total(), plan.level.steps);
        }
    }

    /// What is measured to work comes out where there is time for it.
    #[test]
    fn two_hours_are_a_search_as_it_was_measured_to_work() {
        let plan = plan(7200.0, &BCCD, 6, &RATES, &|scale| scale * scale);
        assert!((12..=20).contains(&plan.short.epochs) && plan.trials >= 24 && plan.level.finals == 3 && plan.level.seeds >= 3, "{plan:?}");
        assert_eq!((plan.short.share, plan.long.share), (1.0, 1.0));
        assert!(plan.total() > 7200.0 * 0.6, "{plan:?}");
    }

    #[test]
    fn of_many_images_a_trial_reads_a_share_and_of_few_many_epochs() {
        let many = Length::of(320, &Images { train: 20_000, ..BCCD });
        assert_eq!((many.epochs, many.share), (3, 0.05));
        let few = Length::of(320, &Images { train: 10, ..BCCD });
        assert_eq!((few.epochs, few.share), (60, 1.0));
        assert_eq!(Length::of(8, &BCCD), Length { epochs: 3, share: 0.11 });
    }

    #[test]
    fn no_time_still_gives_the_smallest_search() {
        let plan = plan(1.0, &BCCD, 6, &RATES, &|scale| scale * scale);
        assert_eq!((plan.trials, plan.level.worth), (4, LOOK));
        assert!(plan.total() > 1.0);
    }
}
