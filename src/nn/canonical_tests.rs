//! The canonical form computes what is written: two samples of one class have equal outputs once their weights are mapped, two of
//! different classes have not.

use super::testing::{assert_close, normal};
use super::{DeviceChoice, NormOptions, Parameters, executor};
use crate::space::supernet::{Mixed, Path};
use crate::space::tests::cells::{BENCH101, bench201, macro_bench};
use crate::space::tests::{node, spec};
use crate::space::{ParamKind, Program, Sample, Space, Supernet};
use std::collections::{BTreeMap, HashMap};

const NORM: NormOptions = NormOptions { eps: 1e-3, momentum: 0.03 };

fn space(text: &str) -> Space {
    Space::compile(&node(text), &spec(16, 4)).unwrap_or_else(|e| panic!("{e:#?}")).0
}

/// Outputs on one batch in inference, where batch norms have statistics of their own.
fn outputs(program: &Program, params: &Parameters) -> Vec<f32> {
    let mut e = executor(program, DeviceChoice::Fast, 2).expect("an executor");
    let s = program.values[0];
    e.forward_eval(params, &normal("image", 2 * s.h * s.w * s.c), 2, NORM).expect("runs");
    (0..program.outputs.len()).flat_map(|i| e.output(i).to_vec()).collect()
}

/// Values of all shared tensors; norms away from one and zero, so that zeros are told from what batch norm makes of them.
fn shared(net: &Supernet) -> Vec<Vec<f32>> {
    let value = |kind: ParamKind, fan_in: usize, v: f32| match kind {
        ParamKind::RunningVar => 0.5 + v.abs(),
        ParamKind::NormScale => 1.0 + 0.2 * v,
        ParamKind::NormShift | ParamKind::RunningMean => 0.5 * v,
        _ => 2.0 * v / (fan_in as f32).sqrt(),
    };
    let tensor = |(i, t): (usize, &crate::space::ParamSpec)| {
        normal(&format!("tensor {i}"), t.len()).into_iter().map(|v| value(t.kind, t.fan_in, v)).collect()
    };
    net.tensors().iter().enumerate().map(tensor).collect()
}

/// A sample as it is written: with its zeros and skips, in the order of the file.
fn written(net: &Supernet, space: &Space, sample: &Sample) -> Mixed {
    let options: Vec<usize> = (0..space.decisions().len()).map(|d| sample.option(d).unwrap_or(0)).collect();
    net.mixed(&options, &BTreeMap::new()).unwrap_or_else(|e| panic!("{e:?}"))
}

fn run_written(mixed: &Mixed, tensors: &[Vec<f32>]) -> Vec<f32> {
    let mut params = Parameters::zeros(&mixed.program);
    for (slice, own) in mixed.slices.iter().zip(&mut params.0) {
        let slice = slice.as_ref().expect("nothing is mixed");
        slice.gather(&tensors[slice.tensor], own);
    }
    outputs(&mixed.program, &params)
}

fn own(path: &Path, tensors: &[Vec<f32>]) -> Parameters {
    let mut params = Parameters::zeros(&path.program);
    path.slices.iter().zip(&mut params.0).for_each(|(s, own)| s.gather(&tensors[s.tensor], own));
    params
}

/// The tensors with a network's parameters in the places that another sample has for them. What is added to is not empty, so the difference is.
fn mapped(path: &Path, params: &Parameters, tensors: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut tensors = tensors.to_vec();
    let there = own(path, &tensors);
    for ((slice, new), old) in path.slices.iter().zip(&params.0).zip(&there.0) {
        let change: Vec<f32> = new.iter().zip(old).map(|(n, o)| n - o).collect();
        slice.scatter_add(&change, &mut tensors[slice.tensor]);
    }
    tensors
}

fn checked(text: &str, samples: Vec<Sample>) -> (usize, usize) {
    let space = space(text);
    let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{e:#?}"));
    let tensors = shared(&net);
    let mut classes: HashMap<_, (Sample, Parameters, Vec<f32>)> = HashMap::new();
    let mut different: Vec<(Vec<f32>, Sample)> = vec![];
    let mut equal = 0;
    for sample in samples {
        let Ok(architecture) = space.architecture(&sample) else { continue };
        let path = net.path(&sample).expect("a path");
        let mixed = written(&net, &space, &sample);
        let (params, out) = (own(&path, &tensors), run_written(&mixed, &tensors));
        assert_close(&out, &outputs(&path.program, &params), 1e-4, "a sample as it is written, and its canonical form");
        match classes.get(&architecture.digest()) {
            None => {
                for (other, of) in &different {
                    let largest = other.iter().fold(1e-6f32, |m, v| m.max(v.abs()));
                    let apart = out.iter().zip(other).any(|(a, b)| (a - b).abs() > 1e-4 * largest);
                    assert!(apart, "{:?} and {:?} compute the same", space.describe(&sample), space.describe(of));
                }
                different.push((out.clone(), sample.clone()));
                classes.insert(architecture.digest(), (sample, params, out));
            }
            Some((first, theirs, out)) => {
                assert_ne!(*first, sample);
                let there = mapped(&path, theirs, &tensors);
                assert_close(&run_written(&mixed, &there), out, 1e-4, "two samples of one class");
                equal += 1;
            }
        }
    }
    (classes.len(), equal)
}

fn drawn(text: &str, n: u64) -> Vec<Sample> {
    let space = space(text);
    let mut samples: Vec<Sample> = (0..n).map(|i| space.random(9, &[i])).collect();
    samples.sort();
    samples.dedup();
    samples
}

#[test]
fn cells_compute_what_their_canonical_form_does() {
    let one = bench201(1);
    let (head, _) = one.split_once("repeat 1").expect("a stage");
    let text = format!("{head} use \"cell\" channels=8; conv 8; global-pool; linear }} }}")
        .replace("conv 16 kernel=3", "conv 8 kernel=3 stride=4");
    let (classes, equal) = checked(&text, drawn(&text, 260));
    assert!(classes > 150 && equal > 10, "{classes} {equal}");
}

#[test]
fn stages_with_skips_compute_what_their_canonical_form_does() {
    let text = macro_bench()
        .replace("conv 1280", "conv 16")
        .replace("256", "16")
        .replace("128", "16")
        .replace("64", "16")
        .replace("conv 32", "conv 8");
    // All options of the last two layers, where the others are few.
    let space = space(&text);
    let samples = (0..81usize).map(|i| {
        let of = [i % 3, i / 3 % 3, 0, i / 9 % 3, i / 27 % 3, 0, 0, 0];
        space.sample(|d| of[d])
    });
    let (classes, equal) = checked(&text, samples.collect());
    assert_eq!((classes, equal), (9 * 7, 81 - 63));
}

#[test]
fn graphs_of_nodes_and_pairs_compute_what_their_canonical_form_does() {
    let text =
        BENCH101.replace("conv 16 kernel=3", "conv 8 kernel=3").replace("channels=16", "channels=8").replace("channels=32", "channels=8");
    let (classes, _) = checked(&text, drawn(&text, 60));
    assert!(classes > 30);
    let pairs = "space { cell \"c\" inputs=2 nodes=2 { edges pair; combine add concat; choose { skip; conv kernel=3; max-pool 3 } }; \
        network activation=relu { input d; conv 8 kernel=3 stride=4; use \"c\" channels=8; conv 8; global-pool; linear } }";
    let (classes, equal) = checked(pairs, drawn(pairs, 120));
    assert!(classes > 60 && equal > 0, "{classes} {equal}");
}
