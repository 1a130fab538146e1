//! Properties of draws and edits, over random spaces.

use super::*;
use crate::base::Random;
use std::collections::{HashMap, HashSet};

/// Layers that keep 32×32 (or what they are given) and 16 channels, nested at random.
fn random_layers(random: &mut Random, depth: usize, n: &mut usize) -> String {
    let mut text = String::new();
    for _ in 0..1 + random.below(3) {
        *n += 1;
        let id = *n;
        let values = |random: &mut Random, all: &[&str]| {
            let k = 1 + random.below(all.len());
            all[..k].join(" ")
        };
        text += &match random.below(if depth == 0 { 5 } else { 8 }) {
            0 => format!("conv 16 {{ kernel {} }}; ", values(random, &["3", "1", "5"])),
            1 => format!("residual 16 {{ repeats {}; groups {} }}; ", values(random, &["1", "2"]), values(random, &["1", "4"])),
            2 => format!("c3 16 {{ repeats {}; expansion {} }}; ", values(random, &["2", "1", "0"]), values(random, &["0.5", "0.25"])),
            3 => format!("mbconv 16 {{ kernel {}; activation {} }}; ", values(random, &["3", "5"]), values(random, &["relu", "silu"])),
            4 => format!("ghost 16 as=\"g{id}\"; add above \"g{id}\"; "),
            5 => format!("repeat \"r{id}\" {} {{ {} }}; ", values(random, &["2", "1", "3"]), random_layers(random, depth - 1, n)),
            6 => format!(
                "choose \"c{id}\" {{ skip; conv 16 {{ kernel 3 5 }}; repeat 1 as=\"b\" {{ {} }} }}; ",
                random_layers(random, depth - 1, n)
            ),
            _ => format!("conv 16 kernel=(choice)\"k\"; choose (choice)\"op\" as=\"o{id}\" {{ conv 16; residual 16 {{ repeats 1 2 }} }}; "),
        };
    }
    text
}

pub(crate) fn random_space(seed: u64) -> Space {
    let layers = random_layers(&mut Random::at(seed, "space", &[]), 2, &mut 0);
    whole(&format!(
        "space {{ choice \"k\" 1 3 5; choice \"op\" conv residual; network {{ input d; conv 16 kernel=3 stride=2; {layers} }} }}"
    ))
}

#[test]
fn random_spaces_build_whatever_is_drawn_and_edited() {
    for seed in 0..60 {
        let space = random_space(seed);
        let mut sample = space.reference();
        for i in 0..20 {
            let architecture = space.architecture(&sample).unwrap();
            let again = Architecture::from_json(&architecture.to_json()).unwrap();
            assert_eq!(again, architecture, "canonical form is a fixed point");
            sample = space.random(seed, &[i]);
            assert_eq!(sample, space.random(seed, &[i]));
            if let Some(child) = space.mutate(&sample, seed, &[i]) {
                one_edit(&space, &sample, &child);
                space.architecture(&child).unwrap();
            }
        }
        if let Some(all) = space.enumerate(3000) {
            assert_eq!(all.len() as f64, space.size());
            assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        }
    }
}

/// Of the decisions that are active in both, one differs, or the rest follows from one that does.
fn one_edit(space: &Space, parent: &Sample, child: &Sample) {
    let both: Vec<usize> = parent.pairs().map(|(d, _)| d).filter(|d| child.option(*d).is_some()).collect();
    let changed: Vec<usize> = both.into_iter().filter(|d| parent.option(*d) != child.option(*d)).collect();
    assert_eq!(changed.len(), 1, "{:?}\n{:?}", space.describe(parent), space.describe(child));
}

#[test]
fn edits_reach_every_other_value_and_only_those() {
    let space = whole(FLAGSHIP);
    let parent = space.reference();
    let mut reached: HashMap<(usize, usize), usize> = HashMap::new();
    for i in 0..4000 {
        let child = space.mutate(&parent, 3, &[i]).unwrap();
        let (d, o) = child.pairs().find(|(d, o)| parent.option(*d).is_some_and(|p| p != *o)).unwrap();
        *reached.entry((d, o)).or_default() += 1;
    }
    let active: Vec<usize> = parent.pairs().map(|(d, _)| d).collect();
    let expected: usize = active.iter().map(|&d| space.decisions()[d].options.len() - 1).sum();
    assert_eq!(reached.len(), expected);
    // Each active decision is as likely as the others.
    for d in active {
        let times: usize = reached.iter().filter(|((e, _), _)| *e == d).map(|(_, n)| n).sum();
        let mean = 4000.0 / parent.pairs().count() as f64;
        assert!((times as f64 / mean - 1.0).abs() < 0.25, "{d}: {times} of {mean}");
    }
    let fixed = space_of_one();
    assert_eq!(fixed.mutate(&fixed.reference(), 0, &[0]), None);
}

fn space_of_one() -> Space {
    space("conv 8")
}

#[test]
fn draws_are_uniform() {
    let space = space("conv 8 { kernel 1 3 5 }; choose { skip; conv 8; residual 8 { repeats 1 2 } }");
    let mut counts: HashMap<(usize, usize), f64> = HashMap::new();
    for i in 0..6000 {
        for pair in space.random(1, &[i]).pairs() {
            *counts.entry(pair).or_default() += 1.0;
        }
    }
    for (d, o) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
        assert!((counts[&(d, o)] / 2000.0 - 1.0).abs() < 0.08, "{counts:?}");
    }
    assert!((counts[&(2, 0)] / 1000.0 - 1.0).abs() < 0.12);
}

#[test]
fn names_and_the_order_of_values_and_branches_change_no_draw() {
    let one = r#"space { choice "k" 3 5 1; choice "act" silu relu
        network activation=(choice)"act" { input d
            conv 8 kernel=(choice)"k"
            choose "a" { c3 8 { repeats 1 2 3 }; skip; residual 8 as="r" { groups 1 2 } }
            repeat "d" 2 1 3 { conv 8 as="x" { kernel 3 5 } } } }"#;
    let two = r#"space { choice "activation" relu silu; choice "kernels" 1 5 3
        network activation=(choice)"activation" { input d
            conv kernel=(choice)"kernels" { channels 8 }
            choose "other" { residual 8 { groups 2 1 }; c3 8 as="named" { repeats 3 1 2 }; skip }
            repeat 3 2 1 as="deep" { conv 8 { kernel 5 3 } } } }"#;
    let (a, b) = (whole(one), whole(two));
    assert_eq!(a.size(), b.size());
    let build = |s: &Space, sample: &Sample| s.architecture(sample).unwrap().digest();
    for i in 0..200 {
        let (x, y) = (a.random(5, &[i]), b.random(5, &[i]));
        assert_eq!(build(&a, &x), build(&b, &y));
        let edited = (a.mutate(&x, 5, &[i]).unwrap(), b.mutate(&y, 5, &[i]).unwrap());
        assert_eq!(build(&a, &edited.0), build(&b, &edited.1));
    }
    assert_ne!(a.digest(), b.digest(), "their references differ");
    let renamed = one
        .replace("\"act\"", "\"b\"")
        .replace("\"k\"", "\"q\"")
        .replace("\"a\"", "\"z\"")
        .replace("\"d\"", "\"y\"")
        .replace("\"r\"", "\"w\"");
    assert_eq!(a.digest(), whole(&renamed).digest());
}

#[test]
fn samples_hold_only_what_is_active() {
    let space = space("conv 8; choose \"a\" { c3 8 { repeats 1 2 }; skip }");
    assert_eq!(space.describe(&space.reference()).len(), 2);
    let all = space.enumerate(10).unwrap();
    assert_eq!(space.describe(&all[2]), [("a".to_string(), "skip".to_string())]);
    let text = serde_json::to_string(&all[1]).unwrap();
    assert_eq!(serde_json::from_str::<Sample>(&text).unwrap(), all[1]);
}
