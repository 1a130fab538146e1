//! What is cut away says nothing where its weights are zeros; what stays is what counts most.

use super::*;
use crate::base::Random;
use crate::nn::{DeviceChoice, NormOptions, executor};
use crate::space::tests::whole;
use crate::space::{Architecture, ParamKind, Program};

const NETWORKS: [&str; 4] = [
    "conv 16 kernel=3 stride=2; conv 32 kernel=3 stride=2; c3 32 repeats=2 as=\"p2\"; conv 32 kernel=3 stride=2; c3 32; sppf 32; conv 16 as=\"t\"; \
     upsample 2; concat above \"p2\"; c3 32 shortcut=#false as=\"f\"; conv 32 kernel=3 stride=2; concat above \"t\"; c3 32 shortcut=#false as=\"g\"; \
     detect \"f\" \"g\"",
    "conv 16 kernel=3 stride=2; mbconv 16 expand=1; mbconv 24 stride=2 ratio=4; mbconv 24 ratio=4; conv 64; max-pool 2 stride=2; linear 24; linear",
    "conv 16 kernel=3 activation=relu; residual 16; residual 32 stride=2; residual 32; squeeze-excite ratio=4; inception 32; global-pool; linear",
    "conv 16 kernel=3 as=\"a\"; conv 16 kernel=3 as=\"b\"; concat \"a\"; conv 16 kernel=5 as=\"c\"; add \"a\" \"b\" \"c\"; depthwise-conv; conv 32; global-pool; linear",
];

fn network(text: &str) -> Architecture {
    let space = whole(&format!("space {{ network {{ input d image-size=64; {text} }} }}"));
    space.architecture(&space.reference()).unwrap_or_else(|e| panic!("{}", e.reason))
}

/// Weights as a training may leave them.
fn drawn(program: &Program, seed: u64) -> Parameters {
    let mut params = Parameters::init(program, seed);
    for (p, (spec, values)) in program.params.iter().zip(&mut params.0).enumerate() {
        let mut random = Random::at(seed, "pruned", &[p as u64]);
        match spec.kind {
            ParamKind::NormScale | ParamKind::RunningVar => values.iter_mut().for_each(|v| *v = random.range(0.5, 1.5) as f32),
            ParamKind::NormShift | ParamKind::RunningMean => values.iter_mut().for_each(|v| *v = random.range(-0.2, 0.2) as f32),
            _ => {}
        }
    }
    params
}

fn outputs(program: &Program, params: &Parameters, device: DeviceChoice) -> Vec<f32> {
    let image = program.values[0];
    let mut random = Random::at(5, "image", &[]);
    let images: Vec<f32> = (0..2 * image.h * image.w * image.c).map(|_| random.unit() as f32).collect();
    let mut executor = executor(program, device, 2).expect("an executor");
    executor.forward_eval(params, &images, 2, NormOptions { eps: 1e-3, momentum: 0.0 }).expect("outputs");
    (0..program.outputs.len()).flat_map(|i| executor.output(i).to_vec()).collect()
}

const HALF: Prune = Prune { by: Importance::L1, flops: 0.5, params: 1.0, multiple: 2, least: 0.1 };

#[test]
fn channels_of_zeros_can_go() {
    for (i, text) in NETWORKS.iter().enumerate() {
        let architecture = network(text);
        let pruning = Pruning::of(&architecture).expect("a network");
        let mut params = drawn(&pruning.program, i as u64);
        // What a first pruning takes away is made zeros: weights, shifts and running means.
        let scores: Vec<Vec<f64>> = pruning.groups().iter().map(|g| (0..g.channels).map(|c| ((c * 7) % 5) as f64).collect()).collect();
        let bound = Bound { macs: 0.6, params: 1.0, multiple: [8, 1, 3, 2][i], floor: 0.1 };
        let first = pruning.to(&scores, &bound).expect("prunes");
        for (p, kept) in &first.kept {
            let spec = &pruning.program.params[*p];
            if spec.kind != ParamKind::RunningVar {
                let row = spec.len() / spec.shape[0];
                let gone = (0..spec.shape[0]).filter(|r| !kept[0].contains(r));
                gone.for_each(|r| params.0[*p][r * row..(r + 1) * row].fill(0.0));
            }
        }
        let shape = |p: usize| &pruning.program.params[p].shape[..];
        let left = Parameters(first.kept.iter().map(|(p, kept)| gather(&params.0[*p], shape(*p), kept)).collect());
        let smaller = first.architecture.program().expect("a network");
        for device in [DeviceChoice::Fast, DeviceChoice::ReferenceCpu] {
            let (before, after) = (outputs(&pruning.program, &params, device), outputs(&smaller, &left, device));
            assert_eq!(before.len(), after.len());
            assert!(before.iter().any(|v| v.abs() > 1e-3), "{text}: nothing but zeros");
            for (a, b) in before.iter().zip(&after) {
                assert!((a - b).abs() <= 1e-4 * (1.0 + a.abs()), "{text}: {a} was, {b} is");
            }
        }
    }
}

#[test]
fn every_importance_meets_the_bound_and_goes_its_own_way() {
    let architecture = network(NETWORKS[0]);
    let program = architecture.program().expect("a network");
    let params = drawn(&program, 3);
    let whole = architecture.cost().expect("a cost");
    let mut seen = Vec::new();
    for by in [Importance::L1, Importance::L2, Importance::Fpgm, Importance::Bn] {
        let (smaller, left) = prune(&architecture, &params, &Prune { by, ..HALF }).expect("prunes");
        assert!(2 * smaller.cost().expect("a cost").macs <= whole.macs);
        assert_eq!(
            left.0.iter().map(Vec::len).collect::<Vec<_>>(),
            smaller.program().expect("a network").params.iter().map(|p| p.len()).collect::<Vec<_>>()
        );
        assert!(!seen.contains(&left), "{by:?} does as another");
        seen.push(left.clone());
        // The same again, to the bit.
        assert_eq!(prune(&architecture, &params, &Prune { by, ..HALF }), Ok((smaller, left)));
    }
}

/// By hand, one convolution of four filters.
#[test]
fn what_counts_least_goes_first() {
    let architecture = network("conv 4 kernel=1; global-pool; linear");
    let program = architecture.program().expect("a network");
    let mut params = drawn(&program, 1);
    params.0[0] = vec![3.0, 0.0, 0.0, 1.2, 1.2, 1.2, -2.0, -2.0, 0.0, 0.0, 2.4, 0.0];
    params.0[1] = vec![0.5, -2.0, 0.1, 1.0];
    let gone = |by| {
        let (_, left) = prune(&architecture, &params, &Prune { by, flops: 0.8, multiple: 1, ..HALF }).expect("prunes");
        (0..4).find(|c| !left.0[1].contains(&params.0[1][*c])).expect("one goes")
    };
    // Sums 3, 3.6, 4, 2.4; norms 3, 2.08, 2.83, 2.4; the second lies between the others; gammas as they stand.
    assert_eq!([Importance::L1, Importance::L2, Importance::Fpgm, Importance::Bn].map(gone), [3, 1, 1, 2]);
}

#[test]
fn what_cannot_be_is_said() {
    let architecture = network(NETWORKS[3]);
    let program = architecture.program().expect("a network");
    let mut params = drawn(&program, 1);
    let why = prune(&architecture, &params, &Prune { flops: 0.001, ..HALF }).expect_err("too small");
    assert!(why.contains("at its least"), "{why}");
    params.0[2][0] = f32::NAN;
    assert!(prune(&architecture, &params, &HALF).expect_err("NaN").contains("not finite"));
    params.0.pop();
    assert!(prune(&architecture, &params, &HALF).is_err());
}
