//! Supernets executed: a subnet inside is the subnet cut out, bit for bit; a mixture with one weight of one is its path.

use super::testing::{assert_close, normal, output_grads};
use super::{DeviceChoice, NormOptions, Parameters, executor};
use crate::space::supernet::{DecisionKind, Mixed};
use crate::space::tests::conditional::LEVELS;
use crate::space::tests::whole;
use crate::space::{Architecture, ParamKind, Program, Sample, Supernet};
use std::collections::BTreeMap;

const NORM: NormOptions = NormOptions { eps: 1e-3, momentum: 0.03 };

/// Every kind of choice, over small maps; branches and depths keep shapes, so that they can be mixed.
const SPACE: &str = r#"space {
    choice "act" silu relu
    choice "op" plain deep
    network activation=(choice)"act" {
        input d
        conv 16 stride=4 { kernel 3 5 }
        choose "a" { skip; conv 16 { kernel 3 1 }; c3 16 { repeats 2 1 0; expansion 0.5 0.25 }; max-pool 3 }
        skip as="p"
        repeat "d" 1 3 0 { choose { mbconv 16 { kernel 5 3; expand 2 1; ratio 0 4 }; residual 16 { repeats 1 2 } } }
        conv stride=2 { channels 16 24 }
        choose (choice)"op" as="s" { conv 16 as="plain"; repeat 1 as="deep" { conv { channels 8 16 }; conv 16 kernel=3 } }
        choose (choice)"op" as="t" { skip as="plain"; ghost 16 as="deep" }
        upsample 2
        concat above "p"
        sppf 16 as="y"
        detect "y" "t" anchors=auto
    }
}"#;

fn supernet() -> Supernet {
    let space = whole(SPACE);
    Supernet::of(&space).unwrap_or_else(|e| panic!("{e:#?}"))
}

/// Values of all shared tensors, norms away from one and zero.
fn shared(net: &Supernet) -> Vec<Vec<f32>> {
    let value = |t: &crate::space::ParamSpec, v: f32| match t.kind {
        ParamKind::RunningVar => 1.0 + v.abs(),
        ParamKind::NormScale => 1.0 + 0.2 * v,
        ParamKind::NormShift | ParamKind::RunningMean => 0.2 * v,
        _ => v / (t.fan_in as f32).sqrt(),
    };
    let tensor =
        |(i, t): (usize, &crate::space::ParamSpec)| normal(&format!("tensor {i}"), t.len()).into_iter().map(|v| value(t, v)).collect();
    net.tensors().iter().enumerate().map(tensor).collect()
}

/// Outputs in inference, then outputs, gradients and running statistics of a training step.
fn run(program: &Program, params: &Parameters, device: DeviceChoice) -> (Vec<Vec<f32>>, Vec<Vec<f32>>, Parameters, Parameters) {
    let mut e = executor(program, device, 2).unwrap();
    let s = program.values[0];
    let images = normal("image", 2 * s.h * s.w * s.c);
    let outputs = |e: &dyn super::Executor| (0..program.outputs.len()).map(|i| e.output(i).to_vec()).collect::<Vec<_>>();
    e.forward_eval(params, &images, 2, NORM).unwrap();
    let inference = outputs(e.as_ref());
    let (mut params, mut grads) = (params.clone(), Parameters::zeros(program));
    e.forward_train(&mut params, &images, 2, NORM).unwrap();
    let trained = outputs(e.as_ref());
    e.backward(&params, &output_grads(program, 2), &mut grads).unwrap();
    (inference, trained, grads, params)
}

/// Shared tensors are initialised, saved and restored as a program's parameters are.
#[test]
fn shared_tensors_are_stored_like_parameters() {
    let storage = supernet().storage();
    let params = Parameters::init(&storage, 3);
    let bytes = params.to_safetensors(&storage, &BTreeMap::new()).unwrap();
    assert!(Parameters::from_safetensors(&storage, &bytes).unwrap() == params && !params.0.is_empty());
    assert!(storage.params.iter().all(|p| p.kind != ParamKind::Mixture));
}

#[test]
fn a_subnet_inside_is_the_subnet_cut_out() {
    cut_out(&supernet());
}

/// Also where layers and levels of the head come and go.
#[test]
fn a_subnet_without_some_layers_is_the_subnet_cut_out() {
    cut_out(&Supernet::of(&whole(LEVELS)).unwrap_or_else(|e| panic!("{e:#?}")));
}

fn cut_out(net: &Supernet) {
    let shared = shared(net);
    for i in 0..12 {
        let path = net.path(&net.uniform(1, &[i])).unwrap();
        let mut own = Parameters::zeros(&path.program);
        path.slices.iter().zip(&mut own.0).for_each(|(s, own)| s.gather(&shared[s.tensor], own));
        // What is cut out goes through files: an architecture as JSON, weights as safetensors.
        let cut = Architecture::from_json(&path.architecture.to_json()).unwrap().program().unwrap();
        let file = own.to_safetensors(&path.program, &BTreeMap::new()).unwrap();
        let inside = run(&path.program, &own, DeviceChoice::Fast);
        assert!(inside == run(&cut, &Parameters::from_safetensors(&cut, &file).unwrap(), DeviceChoice::Fast), "sample {i}");
        assert!(inside.0.iter().flatten().all(|v| v.is_finite()));
    }
}

fn weights_of(net: &Supernet, mixed: &Mixed, shared: &[Vec<f32>], sample: &Sample) -> Parameters {
    let mut params = Parameters::zeros(&mixed.program);
    for (slice, own) in mixed.slices.iter().zip(&mut params.0) {
        if let Some(slice) = slice {
            slice.gather(&shared[slice.tensor], own);
        }
    }
    for m in &mixed.mixtures {
        // Where the decision is not active in the sample, its mixture is multiplied by zero further on.
        let taken = sample.option(m.decision).unwrap_or(0);
        let decision = &net.decisions()[m.decision];
        // Of inputs, the option is named by those that it holds.
        let holds = |j: usize| match decision.kind {
            DecisionKind::Inputs => decision.options[taken].split('+').any(|name| name == candidate(&decision.label, j)),
            _ => j == taken,
        };
        params.0[m.param] = m.options.iter().map(|&o| f32::from(u8::from(holds(o)))).collect();
    }
    assert_eq!(mixed.slices.iter().filter(|s| s.is_none()).count(), mixed.mixtures.len());
    params
}

/// The states of a cell of two inputs.
fn candidate(label: &str, j: usize) -> String {
    assert!(label.ends_with(".edges"), "{label}");
    if j < 2 { format!("in{}", j + 1) } else { format!("n{}", j - 1) }
}

fn mixture_is_path(net: &Supernet, over: &BTreeMap<usize, Vec<usize>>, options: &[usize]) {
    let shared = shared(net);
    let sample = net.sample_from(options);
    let mixed = net.mixed(options, over).unwrap();
    let path = net.path(&sample).unwrap();
    let params = weights_of(net, &mixed, &shared, &sample);
    let mut own = Parameters::zeros(&path.program);
    path.slices.iter().zip(&mut own.0).for_each(|(s, own)| s.gather(&shared[s.tensor], own));
    for device in [DeviceChoice::Fast, DeviceChoice::ReferenceCpu] {
        let (a, b) = (run(&mixed.program, &params, device), run(&path.program, &own, device));
        for (a, b) in a.0.iter().chain(&a.1).zip(b.0.iter().chain(&b.1)) {
            assert_close(a, b, 1e-5, &format!("{options:?}, {device:?}"));
        }
        // Gradients of shared weights agree too; those of branches with weight zero are zero.
        let scatter = |grads: &Parameters, slices: &[Option<crate::space::supernet::Slice>]| {
            let mut sum: Vec<Vec<f32>> = net.tensors().iter().map(|t| vec![0.0; t.len()]).collect();
            slices.iter().zip(&grads.0).for_each(|(s, g)| s.iter().for_each(|s| s.scatter_add(g, &mut sum[s.tensor])));
            sum
        };
        let alone: Vec<_> = path.slices.iter().cloned().map(Some).collect();
        let (a, b) = (scatter(&a.2, &mixed.slices), scatter(&b.2, &alone));
        let largest = b.iter().flatten().fold(0f32, |m, g| m.max(g.abs()));
        for ((a, b), t) in a.iter().zip(&b).zip(net.tensors()) {
            let worst = a.iter().zip(b).fold(0f32, |m, (a, b)| m.max((a - b).abs()));
            assert!(worst <= 1e-4 * largest, "{options:?}, {device:?}: {} differs by {worst} of {largest}", t.name);
        }
    }
}

/// The paths of a cell in the way of DARTS: every edge there, with weights of one where the node reads it.
#[test]
fn a_cell_mixed_by_ones_is_its_path() {
    let space = whole(&crate::space::tests::cells::darts(1, 8).replace("conv 24 kernel=3", "conv 24 kernel=3 stride=4"));
    let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{e:#?}"));
    let over: BTreeMap<usize, Vec<usize>> = net.decisions().iter().enumerate().map(|(i, d)| (i, (0..d.candidates).collect())).collect();
    for i in 0..3 {
        let options: Vec<usize> = net.decisions().iter().enumerate().map(|(d, of)| (i * 5 + d * 3 + i * d) % of.options.len()).collect();
        mixture_is_path(&net, &over, &options);
    }
}

#[test]
fn a_mixture_with_one_weight_of_one_is_its_path() {
    let net = supernet();
    let mixable = |label: &str| !label.contains("repeats");
    let over: BTreeMap<usize, Vec<usize>> = (net.decisions().iter().enumerate())
        .filter(|(_, d)| d.kind != DecisionKind::Value && mixable(&d.label))
        .map(|(i, d)| (i, (0..d.options.len()).rev().collect()))
        .collect();
    assert_eq!(over.len(), 6);
    for i in 0..8 {
        let options: Vec<usize> = net.decisions().iter().enumerate().map(|(d, of)| (i * 7 + d * 3 + i * d) % of.options.len()).collect();
        mixture_is_path(&net, &over, &options);
    }
    assert!(net.mixed(&[], &BTreeMap::from([(0, vec![0, 1])])).is_err(), "an activation");
    assert!(net.mixed(&[], &BTreeMap::from([(99, vec![0])])).is_err());
    let branch = *over.keys().nth(1).unwrap();
    assert!(net.mixed(&[], &BTreeMap::from([(branch, vec![0, 0])])).is_err());
}
