use super::*;
use crate::nn::ReferenceExecutor;
use crate::nn::testing::*;
use candle_core::Device;

const NORM: NormOptions = NormOptions { eps: 1e-3, momentum: 0.03 };

/// Everything a training step and an inference leave: outputs, gradients, running statistics, inference outputs.
#[derive(Clone, PartialEq)]
pub(crate) struct Step {
    outputs: Vec<Vec<f32>>,
    grads: Parameters,
    params: Parameters,
    inference: Vec<Vec<f32>>,
}

pub(crate) fn step(e: &mut dyn Executor, program: &Program, n: usize) -> Step {
    let s = program.values[0];
    let image = normal("image", n * s.h * s.w * s.c);
    let mut params = random_parameters(program);
    let mut grads = Parameters::zeros(program);
    let outputs = |e: &dyn Executor| (0..program.outputs.len()).map(|i| e.output(i).to_vec()).collect::<Vec<_>>();
    e.forward_train(&mut params, &image, n, NORM).unwrap();
    let trained = outputs(e);
    e.backward(&params, &output_grads(program, n), &mut grads).unwrap();
    e.forward_eval(&params, &image, n, NORM).unwrap();
    Step { outputs: trained, grads, params, inference: outputs(e) }
}

pub(crate) fn compare(name: &str, program: &Program, fast: &Step, reference: &Step, tolerance: f32) {
    for (i, (a, b)) in fast.outputs.iter().zip(&reference.outputs).enumerate() {
        assert_close(a, b, tolerance, &format!("{name}: output {i}"));
    }
    for (i, (a, b)) in fast.inference.iter().zip(&reference.inference).enumerate() {
        assert_close(a, b, tolerance, &format!("{name}: inference output {i}"));
    }
    for (id, spec) in program.params.iter().enumerate() {
        assert_close(&fast.params.0[id], &reference.params.0[id], tolerance, &format!("{name}: {} after the step", spec.name));
        // A bias or weight before a norm has a gradient that is zero but for rounding: measured against the largest of all.
        let largest = reference.grads.0.iter().flatten().fold(0f32, |m, g| m.max(g.abs()));
        let own = reference.grads.0[id].iter().fold(0f32, |m, g| m.max(g.abs()));
        let relative = tolerance * (largest * 1e-2 / own.max(1e-12)).max(1.0);
        assert_close(&fast.grads.0[id], &reference.grads.0[id], relative.min(1e6), &format!("{name}: gradient of {}", spec.name));
        assert!(spec.kind.has_gradient() || fast.grads.0[id].iter().all(|g| *g == 0.0), "{name}: {}", spec.name);
    }
}

#[test]
fn fast_and_reference_agree_on_every_operator() {
    for (name, program) in programs() {
        for n in [2, 5] {
            let mut fast = FastExecutor::new(&program, 5).unwrap();
            let mut reference = ReferenceExecutor::new(&program, Device::Cpu).unwrap();
            let (fast, reference) = (step(&mut fast, &program, n), step(&mut reference, &program, n));
            compare(name, &program, &fast, &reference, 1e-4);
        }
    }
}

/// The images' gradient, which no training asks for, against candle's; the rest of the step keeps its bits.
#[test]
fn images_have_a_gradient_where_it_is_sought() {
    for (name, program) in programs() {
        let n = 3;
        let mut gradients = Vec::new();
        let executors: [Box<dyn Executor>; 2] =
            [Box::new(FastExecutor::new(&program, n).unwrap()), Box::new(ReferenceExecutor::new(&program, Device::Cpu).unwrap())];
        for mut e in executors {
            let without = step(e.as_mut(), &program, n);
            assert!(e.image_gradient().is_empty(), "{name}");
            e.seek_image_gradient(true).unwrap();
            // As `step`, which ends with an inference.
            let s = program.values[0];
            let mut params = random_parameters(&program);
            let mut grads = Parameters::zeros(&program);
            e.forward_train(&mut params, &normal("image", n * s.h * s.w * s.c), n, NORM).unwrap();
            e.backward(&params, &output_grads(&program, n), &mut grads).unwrap();
            assert!(grads == without.grads && params == without.params, "{name}: other gradients");
            gradients.push(e.image_gradient().to_vec());
        }
        assert!(gradients[1].iter().any(|g| *g != 0.0), "{name}");
        assert_close(&gradients[0], &gradients[1], 1e-4, &format!("{name}: the images' gradient"));
    }
}

/// Random wirings: what the planning of buffers must survive.
#[test]
fn fast_and_reference_agree_on_random_wirings() {
    for seed in 0..100 {
        let program = random_wiring(seed);
        let mut fast = FastExecutor::new(&program, 2).unwrap();
        let mut reference = ReferenceExecutor::new(&program, Device::Cpu).unwrap();
        let (fast, reference) = (step(&mut fast, &program, 2), step(&mut reference, &program, 2));
        compare(&format!("wiring {seed}"), &program, &fast, &reference, 1e-3);
    }
}

#[test]
fn threads_batch_limits_and_history_change_no_bit() {
    for (name, program) in programs() {
        let run = |threads: usize, max_batch: usize, warm: bool| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut e = FastExecutor::new(&program, max_batch).unwrap();
                if warm {
                    step(&mut e, &program, max_batch);
                }
                step(&mut e, &program, 3)
            })
        };
        let one = run(1, 3, false);
        for (threads, max_batch, warm) in [(2, 3, false), (3, 3, true), (4, 3, false), (1, 8, true), (2, 8, false)] {
            assert!(run(threads, max_batch, warm) == one, "{name}: {threads} threads, up to {max_batch} images");
        }
    }
}

#[test]
fn gradients_are_added_to_what_is_there() {
    let (_, program) = programs().swap_remove(3);
    let mut e = FastExecutor::new(&program, 2).unwrap();
    let once = step(&mut e, &program, 2).grads;
    let s = program.values[0];
    let mut params = random_parameters(&program);
    e.forward_train(&mut params, &normal("image", 2 * s.h * s.w * s.c), 2, NORM).unwrap();
    let mut grads = once.clone();
    e.backward(&params, &output_grads(&program, 2), &mut grads).unwrap();
    for (sum, one) in grads.0.iter().zip(&once.0) {
        assert_close(sum, &one.iter().map(|g| 2.0 * g).collect::<Vec<_>>(), 1e-5, "twice");
    }
    assert!(e.backward(&params, &output_grads(&program, 2), &mut grads).is_err(), "a second backward");
}

/// With running statistics equal to the batch's, inference is training's forward.
#[test]
fn inference_is_training_with_given_statistics() {
    let (_, program) = programs().swap_remove(3);
    let mut e = FastExecutor::new(&program, 3).unwrap();
    let s = program.values[0];
    let image = normal("image", 3 * s.h * s.w * s.c);
    let mut params = random_parameters(&program);
    e.forward_train(&mut params, &image, 3, NormOptions { momentum: 1.0, ..NORM }).unwrap();
    let trained = e.output(0).to_vec();
    for node in &program.nodes {
        if let Op::Norm { var, .. } = node.op {
            let m = (3 * program.values[node.output].h * program.values[node.output].w) as f32;
            params.0[var].iter_mut().for_each(|v| *v *= (m - 1.0) / m);
        }
    }
    e.forward_eval(&params, &image, 3, NORM).unwrap();
    assert_close(e.output(0), &trained, 1e-5, "inference");
}

/// What the planning is for: these copies must not come back.
#[test]
fn concatenations_and_gradients_share_buffers() {
    let (_, program) = programs().swap_remove(2);
    let plan = Plan::training(&program, false);
    let concat = program.nodes.iter().find(|n| n.op == Op::Concat).unwrap();
    let block = plan.values[concat.output].block;
    assert!(concat.inputs.iter().all(|&v| plan.values[v].block == block), "SPPF's pools lie in its concatenation");
    let gradient = plan.gradients[concat.output].unwrap().block;
    assert!(concat.inputs.iter().all(|&v| plan.gradients[v].unwrap().block == gradient));
    for (i, node) in program.nodes.iter().enumerate() {
        if matches!(node.op, Op::Norm { .. }) {
            assert_eq!(plan.flows[i], [Flow::InPlace], "node {i}");
        }
    }
    let (_, neck) = programs().swap_remove(3);
    let e = FastExecutor::new(&neck, 4).unwrap();
    assert!(e.activation_bytes(4, false) * 2 < e.activation_bytes(4, true));
}

fn build(text: &str, size: usize) -> Vec<Program> {
    let (space, _) = crate::space::Space::compile(&crate::space::tests::node(text), &crate::space::tests::spec(size, 3)).unwrap();
    let samples = [space.reference(), space.random(1, &[]), space.random(2, &[])];
    samples[..if space.size() > 1.0 { 3 } else { 1 }].iter().map(|s| space.architecture(s).unwrap().program().unwrap()).collect()
}

/// Real networks: YOLOv5n, and samples of the flagship's space with their other blocks and activations.
#[test]
fn fast_and_reference_agree_on_yolov5() {
    let mut programs = build("space { network like=yolov5n { input data } }", 96);
    programs.extend(build(crate::space::tests::FLAGSHIP, 64));
    assert_eq!(programs.len(), 4);
    for (i, program) in programs.iter_mut().enumerate() {
        // Where a unit lies within rounding of a kink, its gradient is either slope, and over the few pixels of a deep map
        // that is a tenth of a channel (two f32 runs of the reference differ as much from f64): gradients are compared on
        // smooth networks.
        program.nodes.iter_mut().for_each(|node| match &mut node.op {
            Op::Norm { activation, .. } | Op::Activate(activation) => *activation = crate::space::Activation::Silu,
            _ => {}
        });
        let mut fast = FastExecutor::new(program, 2).unwrap();
        let mut reference = ReferenceExecutor::new(program, Device::Cpu).unwrap();
        let (fast, reference) = (step(&mut fast, program, 2), step(&mut reference, program, 2));
        compare(&format!("network {i}"), program, &fast, &reference, 1e-3);
    }
}

/// A supernet's executor goes from program to program: the bits are those of a fresh one.
#[test]
fn a_replaced_program_runs_as_in_a_fresh_executor() {
    let programs = programs();
    let mut e = FastExecutor::new(&programs[0].1, 3).unwrap();
    for (name, program) in programs.iter().chain(programs.iter().rev()) {
        e.replace(program).unwrap();
        assert!(e.output(0).is_empty() && e.backward(&Parameters::zeros(program), &[], &mut Parameters::zeros(program)).is_err());
        let fresh = step(&mut FastExecutor::new(program, 3).unwrap(), program, 2);
        assert!(step(&mut e, program, 2) == fresh, "{name}");
    }
    let mut broken = programs[0].1.clone();
    broken.values[3].h += 1;
    assert!(e.replace(&broken).unwrap_err().contains("node 2"));
    let (_, program) = &programs[0];
    assert!(step(&mut e, program, 2) == step(&mut FastExecutor::new(program, 3).unwrap(), program, 2), "after an error");
}

/// Operators that each begin with ReLU share it, outputs and all gradients as by the reference.
#[test]
fn equal_activations_are_computed_once() {
    let mut b = Builder::new(6, 6, 3);
    let x = b.conv_norm(0, 4, 3, 1, 1, crate::space::Activation::Identity);
    let relu = |b: &mut Builder| b.unary(Op::Activate(crate::space::Activation::Relu), x);
    let (p, q, r) = (relu(&mut b), relu(&mut b), relu(&mut b));
    let (p, q) = (b.conv_norm(p, 4, 3, 1, 1, crate::space::Activation::Identity), b.conv_bias(q, 4, 1, 1, 1));
    let y = b.add(&[x, p, q, r]);
    let program = b.features(&[y, r]);
    let mut fast = FastExecutor::new(&program, 2).unwrap();
    assert_eq!(program.nodes.len() - fast.program().nodes.len(), 1, "the two that are no outputs are one");
    let mut reference = ReferenceExecutor::new(&program, Device::Cpu).unwrap();
    let (fast, reference) = (step(&mut fast, &program, 2), step(&mut reference, &program, 2));
    compare("cell", &program, &fast, &reference, 1e-4);
}

/// Changed parameters, and another epsilon, are seen though packed weights are kept.
#[test]
fn inference_follows_its_parameters() {
    let (_, program) = programs().swap_remove(4);
    let s = program.values[0];
    let image = normal("image", 2 * s.h * s.w * s.c);
    let mut params = random_parameters(&program);
    let mut kept = FastExecutor::new(&program, 2).unwrap();
    for id in 0..=program.params.len() {
        let norm = NormOptions { eps: if id % 3 == 0 { 1e-3 } else { 0.1 }, ..NORM };
        kept.forward_eval(&params, &image, 2, norm).unwrap();
        let mut fresh = FastExecutor::new(&program, 2).unwrap();
        fresh.forward_eval(&params, &image, 2, norm).unwrap();
        assert!(kept.output(0) == fresh.output(0), "after a change of parameter {id}");
        kept.forward_eval_again(&params, &image[..image.len() / 2], 1, norm).unwrap();
        assert!(kept.output(0) == &fresh.output(0)[..fresh.output(0).len() / 2], "again");
        if let Some(p) = params.0.get_mut(id) {
            let last = p.len() - 1;
            p[last] += 0.25;
        }
    }
}

fn digest(step: &Step) -> String {
    let floats = step.outputs.iter().chain(&step.grads.0).chain(&step.params.0).chain(&step.inference).flatten();
    crate::base::Digest::of(&floats.flat_map(|v| (v + 0.0).to_le_bytes()).collect::<Vec<u8>>()).short()
}

/// One class for all machines: the instruction sets agree, and with a stored value. Where this fails because a kernel's
/// numbers changed, raise [`CLASS`] and store the new digests.
#[test]
fn all_instruction_sets_give_the_golden_bits() {
    let golden = [("pyramid", "32d91c2ab1"), ("neck", "3557527d3b"), ("mobile", "dba5fc5a1e")];
    let mut found = Vec::new();
    for (name, _) in golden {
        let program = programs().into_iter().find(|(n, _)| *n == name).unwrap().1;
        let run = || digest(&step(&mut FastExecutor::new(&program, 2).unwrap(), &program, 2));
        let sets = nasflow_kernels::InstructionSet::all_available();
        let digests: Vec<String> = sets.iter().map(|set| nasflow_kernels::with_instruction_set(*set, run)).collect();
        assert!(digests.iter().all(|d| *d == digests[0]), "{name}: {sets:?} give {digests:?}");
        found.push((name, digests[0].clone()));
    }
    assert_eq!(found, golden.map(|(name, digest)| (name, digest.to_string())));
}
