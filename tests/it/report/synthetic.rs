//! Facts of a search that nobody ran: so many trials with choices, scores, costs and learning curves.

use nasflow::base::Random;
use nasflow::metrics::best_of;
use nasflow::metrics::importance::{Chosen, importance};
use nasflow::report::page::facts::*;
use nasflow::run::course::Course;

/// Choices and how many options each has.
const CHOICES: [(&str, usize); 12] = [
    ("px", 4),
    ("width", 5),
    ("act", 3),
    ("block 1", 4),
    ("block 2", 4),
    ("block 3", 4),
    ("block 4", 4),
    ("depth 1", 3),
    ("depth 2", 3),
    ("depth 3", 3),
    ("kernel", 2),
    ("sppf", 2),
];
/// Epochs of a trial.
const EPOCHS: usize = 12;

/// Of so many trials.
pub fn facts(trials: usize) -> Facts {
    let metric = |name: &str, higher: bool, unit: &'static str| Quantity { name: name.into(), higher, unit, of_network: !higher };
    let axes: Vec<Axis> = CHOICES
        .iter()
        .map(|(label, n)| Axis { label: (*label).into(), options: (0..*n).map(|o| format!("option {o}")).collect(), ordered: false })
        .collect();
    let (mut rows, mut courses, mut scores) = (Vec::new(), Vec::new(), Vec::new());
    for t in 0..trials {
        let mut random = Random::at(1, "trial", &[t as u64]);
        let c: Vec<i32> = CHOICES.iter().map(|(_, n)| random.below(*n) as i32).collect();
        let score = 0.3 + 0.05 * f64::from(c[0]) + 0.04 * f64::from(c[1]) + 0.02 * f64::from(c[2]) + 0.04 * random.normal();
        let flops = 4e7 * f64::from(1 + c[0]) * f64::from(1 + c[1]) * (0.8 + 0.4 * random.unit());
        let failed = random.below(50) == 0;
        rows.push(Trial {
            model: format!("trials #{t}"),
            s: 0,
            t,
            state: if failed { "failed" } else { "ready" },
            v: vec![(!failed).then_some(score), Some(flops), Some(flops / 50.0)],
            d: Vec::new(),
            c,
            e: Some(EPOCHS),
            it: Some(600),
            w: Some(600.0 * 16.0 * 3.0 * flops),
            why: failed.then(|| "the loss is not finite".into()),
            a: format!("{t:08x}"),
        });
        scores.push(if failed { f64::NAN } else { score });
        let loss = (0..EPOCHS).map(|e| (3.0 / (1.0 + e as f64) + 0.1 * random.unit()) as f32).collect();
        let (stage, model, sample) = ("short".into(), format!("trials #{t}"), "trials".into());
        courses.push(Course { stage, model, sample, trial: t, seed: 0, fold: None, status: "trained", loss });
    }
    let taken = |i: usize| rows.iter().map(|r| r.c[i] as usize).collect();
    let chosen: Vec<Chosen> = axes
        .iter()
        .enumerate()
        .map(|(i, a)| Chosen { label: a.label.clone(), options: a.options.clone(), ordered: false, taken: taken(i) })
        .collect();
    let answer = Answer {
        name: "best".into(),
        model: "trials #1".into(),
        metric: metric("map50", true, "share"),
        stage: "test".into(),
        values: vec![0.71, 0.73, 0.72],
        mean: 0.72,
        deviation: Some(0.01),
        baselines: vec![Baseline {
            name: "yolov5n".into(),
            values: vec![0.61, 0.64, 0.62],
            mean: 0.623,
            deviation: Some(0.015),
            models: 1,
            difference: 0.097,
            interval: Some((0.07, 0.12)),
            over_images: None,
            verdict: "better".into(),
            words: "better than yolov5n".into(),
            cost_ratio: 0.9,
        }],
    };
    let random: Vec<f64> = scores.iter().copied().take(40).collect();
    let search =
        Searched { name: "trials".into(), strategy: "evolution".into(), trials, space: "wide".into(), size: Some(1e7), random: false };
    let stage = Measured {
        name: "score".into(),
        about: "on `val` of `cells`, after 12 epochs".into(),
        metrics: vec![metric("map50", true, "share"), metric("flops", false, "count"), metric("params", false, "count")],
        headline: Some(0),
        searches: vec![search],
        importance: importance(&chosen, &scores),
        importance_note: "What choices contribute.".into(),
        choices: axes,
        rows,
        random: Some(RandomSearch {
            from: "the random beginning of `trials`".into(),
            trials: random.len(),
            flops: Some(6e12),
            iterations: Some(600.0),
            curve: best_of(&random),
        }),
        worth: None,
        luck: false,
        fronts: Vec::new(),
        objectives: vec!["map50".into()],
        rungs: Vec::new(),
    };
    Facts {
        format: FORMAT,
        pipeline: "synthetic".into(),
        progress: Progress { state: "finished".into(), done: trials, known: trials, line: "finished".into(), running: Vec::new() },
        question: vec!["Which network of the space `wide` has the highest map50?".into()],
        headline: "`best` has map50 0.720: better than `yolov5n` (+0.097).".into(),
        tone: Tone::Good,
        answer: Some(answer),
        stages: vec![stage],
        courses,
        ..Facts::default()
    }
}
