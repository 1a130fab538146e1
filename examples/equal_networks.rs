//! How often the answer calls equal networks better: every baseline here is as good as the answer, in truth.
//!
//! ```text
//! cargo run --release --example equal_networks            (about a minute)
//! ```
//!
//! First by numbers drawn: a network's runs lie around its true figure, images move the difference, and the interval is made as
//! `nasflow::metrics::comparison` makes it. Beside it stand two rules that are not used: the normal quantile in place of Student's,
//! which is what resampling the seeds would come to, and one deviation for all networks, pooled. Then by detections: images, boxes and
//! trainings are drawn, matched, resampled and compared as in a run.

use nasflow::base::Random;
use nasflow::metrics::comparison::{Part, Runs, compare, student};
use nasflow::metrics::student::quantile;
use nasflow::metrics::words::mean_average_precision::MAP50;
use nasflow::metrics::{Detection, Matched, Parts, Resampled, Truth, TruthBox};

fn main() {
    println!(
        "| seeds | networks | answer's deviation | between networks | images | better | without 0 | normal: better | pooled: better |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for seeds in [2, 3, 5] {
        for networks in [1, 2, 3, 4] {
            for (ours, between, images) in [(1.0, 0.0, 0.0), (1.0, 0.0, 0.5), (0.2, 0.0, 0.5), (5.0, 0.0, 0.5), (1.0, 2.0, 0.5)] {
                if networks > 1 || between == 0.0 {
                    drawn(seeds, networks, ours, between, images);
                }
            }
        }
    }
    println!("\n| seeds | networks | images | better | worse | no better |\n|---|---|---|---|---|---|");
    for (seeds, networks, images) in [(2, 1, 60), (3, 1, 60), (2, 3, 60), (3, 3, 60), (3, 1, 150)] {
        detected(seeds, networks, images);
    }
}

/// Answers whose figures are drawn; deviations in units of that of the baseline's seeds.
fn drawn(seeds: usize, networks: usize, ours: f64, between: f64, images: f64) {
    const ANSWERS: u64 = 4000;
    let (mut better, mut without, mut normal, mut pooled) = (0, 0, 0, 0);
    for answer in 0..ANSWERS {
        let mut r = Random::at(answer, "drawn", &[seeds as u64, networks as u64]);
        let own: Vec<f64> = (0..seeds).map(|_| ours * r.normal()).collect();
        let theirs = (0..networks)
            .map(|_| {
                let network = between * r.normal();
                (0..seeds).map(|_| network + r.normal()).collect()
            })
            .collect();
        let runs = Runs { ours: own, theirs };
        let found = (0..59).map(|_| r.normal()).map(|x| x * x).sum::<f64>() / 59.0;
        let difference = runs.difference() + images * r.normal();
        let over_images = Part { variance: images * images * found, freedom: 59.0 };
        let Some(parts) = runs.parts() else { continue };
        let (low, high, _) = student(difference, &parts, Some(over_images));
        better += usize::from(low > 0.0);
        without += usize::from(low > 0.0 || high < 0.0);
        let all: f64 = parts.iter().map(|p| p.variance).sum::<f64>() + over_images.variance;
        normal += usize::from(difference > 1.96 * all.sqrt());
        let (variance, freedom) = one_deviation(&runs);
        let all = variance * (1.0 / seeds as f64 + 1.0 / (seeds * networks) as f64) + over_images.variance;
        pooled += usize::from(difference > quantile(0.975, freedom) * all.sqrt());
    }
    let share = |n: usize| format!("{:.1} %", 100.0 * n as f64 / ANSWERS as f64);
    println!(
        "| {seeds} | {networks} | {ours} | {between} | {images} | {} | {} | {} | {} |",
        share(better),
        share(without),
        share(normal),
        share(pooled)
    );
}

/// The variance of seeds within all networks together.
fn one_deviation(runs: &Runs) -> (f64, f64) {
    let (mut squares, mut freedom) = (0.0, 0.0);
    for values in runs.theirs.iter().chain([&runs.ours]) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        squares += values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
        freedom += values.len() as f64 - 1.0;
    }
    (squares / freedom, freedom)
}

/// Answers whose detections are drawn, and compared as a run does.
fn detected(seeds: usize, networks: usize, images: usize) {
    const ANSWERS: u64 = 400;
    let (mut better, mut worse) = (0, 0);
    for answer in 0..ANSWERS {
        let world = World::draw(answer, images);
        let all: Vec<Vec<Resampled>> = (0..=networks).map(|n| (0..seeds).map(|s| world.training(n, s)).collect()).collect();
        let once = vec![1; images];
        let values = |copies: &[u32]| {
            let value = |run: &Resampled| run.report(copies).map50;
            let mut each = all.iter().map(|network| network.iter().map(value).collect::<Vec<f64>>());
            Runs { ours: each.next().unwrap_or_default(), theirs: each.collect() }
        };
        let resample = |round: u64| {
            let (mut r, mut copies) = (Random::at(answer, "resample", &[round]), vec![0; images]);
            (0..images).for_each(|_| copies[r.below(images)] += 1);
            values(&copies)
        };
        let resamples: Vec<Runs> = (0..200).map(resample).collect();
        let Some((low, high)) = compare(&values(&once), &resamples, images).interval else { continue };
        better += usize::from(low > 0.0);
        worse += usize::from(high < 0.0);
    }
    let share = |n: usize| format!("{:.1} %", 100.0 * n as f64 / ANSWERS as f64);
    println!("| {seeds} | {networks} | {images} | {} | {} | {} |", share(better), share(worse), share(ANSWERS as usize - better - worse));
}

/// A test split of two classes.
struct World {
    seed: u64,
    truth: Vec<Truth>,
    /// How hard each box is to find; boxes of an image share a part of it.
    hard: Vec<Vec<f64>>,
}

impl World {
    fn draw(seed: u64, images: usize) -> World {
        let mut r = Random::at(seed, "world", &[]);
        let (mut truth, mut hard) = (Vec::new(), Vec::new());
        for _ in 0..images {
            let (boxes, image) = (1 + r.below(4), r.normal());
            truth.push(Truth { boxes: (0..boxes).map(|b| object(b, r.below(2) as u16)).collect() });
            hard.push((0..boxes).map(|_| image + r.normal()).collect());
        }
        World { seed, truth, hard }
    }

    /// What a training finds: all networks are alike, trainings differ by their luck.
    fn training(&self, network: usize, seed: usize) -> Resampled {
        let mut r = Random::at(self.seed, "training", &[network as u64, seed as u64]);
        let luck = 0.4 * r.normal();
        let found: Vec<Vec<Detection>> = (self.truth.iter().zip(&self.hard))
            .map(|(truth, hard)| {
                let mut found = Vec::new();
                for (b, (object, hard)) in truth.boxes.iter().zip(hard).enumerate() {
                    let sure = luck - hard + r.normal();
                    if sure > -0.5 {
                        found.push(seen(b, object.class, 0.5 + 0.15 * sure + 0.1 * r.normal(), 0.0));
                    }
                }
                for b in 0..r.below(3) {
                    found.push(seen(b, r.below(2) as u16, 0.35 - 0.1 * luck + 0.15 * r.normal(), 50.0));
                }
                found
            })
            .collect();
        let names = ["a", "b"].map(String::from);
        let matched = Matched::new(&names, &self.truth, &found).unwrap_or_else(|e| panic!("{e}"));
        let report = nasflow::metrics::DetectionReport::of(&matched);
        Resampled::new(matched, Parts::read_by(&report, |r| (MAP50.value)(r, None)))
    }
}

fn object(place: usize, class: u16) -> TruthBox {
    let x = 20.0 * place as f32;
    TruthBox { x1: x, y1: 0.0, x2: x + 10.0, y2: 10.0, class }
}

fn seen(place: usize, class: u16, score: f64, below: f32) -> Detection {
    let b = object(place, class);
    Detection { x1: b.x1, y1: b.y1 + below, x2: b.x2, y2: b.y2 + below, score: score as f32, class }
}
