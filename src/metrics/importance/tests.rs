//! Functions whose shares are known.

use super::*;

/// So many trials at random: three choices of 2, 4 and 3 options.
fn drawn(trials: usize, score: impl Fn(&[usize], &mut Random) -> f64) -> (Vec<Chosen>, Vec<f64>) {
    let counts = [2usize, 4, 3];
    let mut chosen: Vec<Chosen> = counts
        .iter()
        .zip(["a", "b", "c"])
        .map(|(&n, label)| Chosen { label: label.into(), options: (0..n).map(|o| o.to_string()).collect(), ordered: n == 4, taken: vec![] })
        .collect();
    let mut scores = Vec::new();
    for trial in 0..trials {
        let mut random = Random::at(7, "trial", &[trial as u64]);
        let options: Vec<usize> = counts.iter().map(|&n| random.below(n)).collect();
        chosen.iter_mut().zip(&options).for_each(|(c, &o)| c.taken.push(o));
        scores.push(score(&options, &mut random));
    }
    (chosen, scores)
}

fn share<'a>(found: &'a Importance, label: &str) -> &'a Contribution {
    found.choices.iter().find(|c| c.label == label).expect("the choice")
}

#[test]
fn shares_of_a_sum_are_the_variances_of_its_parts() {
    // Var of 2·a is 1; of b (0 to 3) 1.25; c does nothing.
    let (chosen, scores) = drawn(400, |o, _| 2.0 * o[0] as f64 + o[1] as f64);
    let found = importance(&chosen, &scores).expect("enough trials");
    assert!(found.explained > 0.9, "{found:?}");
    assert!((share(&found, "a").share - 1.0 / 2.25).abs() < 0.08 && (share(&found, "b").share - 1.25 / 2.25).abs() < 0.08, "{found:?}");
    assert!(share(&found, "c").share < 0.01 && !share(&found, "c").is_beyond_chance(), "{found:?}");
    assert!(share(&found, "a").is_beyond_chance() && share(&found, "b").is_beyond_chance());
    let (low, high) = share(&found, "b").interval.expect("an interval");
    assert!(low < 1.25 / 2.25 && 1.25 / 2.25 < high + 0.05, "{low} {high}");
    let effects: Vec<f64> = share(&found, "b").effects.iter().map(|e| e.effect).collect();
    assert!((effects[3] - effects[0] - 3.0).abs() < 0.3, "{effects:?}");
    assert_eq!(share(&found, "b").effects.iter().map(|e| e.trials).sum::<usize>(), 400);
    assert_eq!(found, importance(&chosen, &scores).expect("the same"), "the same trials, the same bits");
}

#[test]
fn of_noise_nothing_is_explained() {
    let (chosen, scores) = drawn(60, |_, random| random.normal());
    let found = importance(&chosen, &scores).expect("enough trials");
    assert!(found.explained < 0.15, "{found:?}");
    assert!(found.choices.iter().all(|c| !c.is_beyond_chance()), "{found:?}");
}

#[test]
fn what_two_choices_do_only_together_is_neither_ones() {
    let (chosen, scores) = drawn(400, |o, _| if (o[0] == 0) == (o[1] < 2) { 1.0 } else { 0.0 });
    let found = importance(&chosen, &scores).expect("enough trials");
    assert!(found.explained > 0.7, "{found:?}");
    assert!(found.choices.iter().all(|c| c.share < 0.1), "{found:?}");
}

#[test]
fn too_few_trials_or_nothing_that_differs() {
    let (chosen, scores) = drawn(FEWEST - 1, |o, _| o[0] as f64);
    assert_eq!(importance(&chosen, &scores), None);
    let (chosen, scores) = drawn(50, |_, _| 1.0);
    assert_eq!(importance(&chosen, &scores), None, "all scores are one");
    let (mut chosen, scores) = drawn(50, |o, _| o[0] as f64);
    chosen.iter_mut().for_each(|c| c.taken.iter_mut().for_each(|t| *t = 0));
    assert_eq!(importance(&chosen, &scores), None, "no choice differs");
    assert_eq!(importance(&[], &[]), None);
}

#[test]
fn many_options_and_thousands_of_trials() {
    let n = 5000;
    let options: Vec<String> = (0..500).map(|o| o.to_string()).collect();
    let taken = |seed: u64| (0..n).map(|i| Random::at(seed, "wide", &[i as u64]).below(500)).collect::<Vec<_>>();
    let chosen: Vec<Chosen> =
        (0..12).map(|c| Chosen { label: format!("c{c}"), options: options.clone(), ordered: c % 2 == 0, taken: taken(c) }).collect();
    let scores: Vec<f64> = chosen[0].taken.iter().map(|&t| t as f64).collect();
    let found = importance(&chosen, &scores).expect("enough trials");
    assert_eq!(found.choices[0].label, "c0");
    assert!(found.choices[0].share > 0.8 && found.choices[0].effects.len() <= 64, "{:?}", found.choices[0]);
}
