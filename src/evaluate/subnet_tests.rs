//! Property over random spaces: a network inside its supernet is the network cut out of it, bit for bit.

use super::recalibrate;
use crate::base::Random;
use crate::nn::{DeviceChoice, Executor, NormOptions, Parameters, executor};
use crate::space::tests::whole;
use crate::space::{Architecture, Program, Supernet};
use crate::train::{shared, weights_from_bytes, weights_to_bytes};

/// Entries that keep 16 channels and the size of the map, between them every kind of choice.
const ENTRIES: [&str; 12] = [
    "conv { channels 8 16 24 }; conv 16 { kernel 1 3 5 }",
    "choose { skip; conv 16 kernel=1; c3 16 { expansion 0.5 0.25; repeats 1 2 0 } }",
    "repeat 1 2 0 { residual 16 { repeats 1 2 } }",
    "repeat 2 1 { choose { mbconv 16 { kernel 3 5; expand 1 2; ratio 0 4 }; bottleneck 16 { expansion 0.5 1.0 } } }",
    "choose { max-pool 3; sppf 16; ghost 16; avg-pool 3 }",
    "conv (choice)\"w\"; conv 16 { activation relu silu }",
    "conv 16 { kernel-h 1 3; kernel-w 3 5; dilation 1 2 }",
    "depthwise-conv { kernel 3 5 }; conv groups=4 { channels 16 32 }; conv 16",
    "use \"edges\" channels=16",
    "use \"picks\" channels=16; conv 16 kernel=1",
    "choose { conv 16 as=\"plain\"; repeat 1 2 as=\"deep\" { conv { channels 8 16 }; conv 16 } }",
    "inception 16; concat above \"p\"; conv 16 { kernel 1 3 }",
];

const HEADS: [&str; 3] = [
    "skip as=\"x\"; conv stride=2 { channels 16 24 }; skip as=\"y\"; detect \"x\" \"y\" anchors=auto",
    "conv { channels 32 48 }; global-pool; linear",
    "upsample 2; conv { channels 8 16 }; max-pool 4 { stride 2 4 }; global-pool; linear",
];

fn text(seed: u64) -> String {
    let mut random = Random::at(seed, "space", &[]);
    let count = 2 + random.below(4);
    let entries: Vec<&str> = (0..count).map(|_| ENTRIES[random.below(ENTRIES.len())]).collect();
    let head = HEADS[random.below(HEADS.len())];
    format!(
        "space {{ choice \"w\" 8 16 24; choice \"act\" silu relu
            cell \"edges\" inputs=1 nodes=2 {{ edges all; choose {{ zero; skip; conv kernel=3; avg-pool 3 }}; output last }}
            cell \"picks\" inputs=2 nodes=2 {{ edges 1; choose {{ skip; sep-conv kernel=3 }}; output concat }}
            network activation=(choice)\"act\" {{ input d; conv 16 stride=4 {{ kernel 3 5 }}; conv 16 stride=2 as=\"p\"; {}; {head} }} }}",
        entries.join("; ")
    )
}

const NORM: NormOptions = NormOptions { eps: 1e-3, momentum: 0.1 };

fn images(n: usize, program: &Program, seed: u64) -> Vec<f32> {
    let s = program.values[0];
    let mut random = Random::at(seed, "images", &[]);
    (0..n * s.h * s.w * s.c).map(|_| random.unit() as f32).collect()
}

fn outputs(executor: &dyn Executor, program: &Program) -> Vec<Vec<f32>> {
    (0..program.outputs.len()).map(|i| executor.output(i).to_vec()).collect()
}

/// Outputs of a training step, and of inference before and after recalibration.
fn run(executor: &mut dyn Executor, program: &Program, params: &Parameters) -> Vec<Vec<Vec<f32>>> {
    let mut all = Vec::new();
    let pixels = images(3, program, 7);
    executor.forward_train(&mut params.clone(), &pixels, 3, NORM).expect("a training step");
    all.push(outputs(executor, program));
    executor.forward_eval(params, &pixels, 3, NORM).expect("inference");
    all.push(outputs(executor, program));
    let mut params = params.clone();
    let batches = (0..2).map(|i| (images(2, program, i), 2));
    assert_eq!(recalibrate(executor, &mut params, batches, NORM.eps), Ok(4));
    executor.forward_eval(&params, &pixels, 3, NORM).expect("inference");
    all.push(outputs(executor, program));
    all
}

#[test]
fn a_subnet_inside_is_the_subnet_cut_out_of_random_spaces() {
    let (mut spaces, mut kinds) = (0, std::collections::HashSet::new());
    for seed in 0..24 {
        let space = whole(&text(seed));
        let net = Supernet::of(&space).unwrap_or_else(|e| panic!("{}\n{e:#?}", text(seed)));
        let shared_values = Parameters::init(&shared::holder(&net).expect("a holder"), seed);
        // One executor goes from network to network, as in a supernet.
        let first = net.path(&net.largest()).expect("a path");
        let mut inside = executor(&first.program, DeviceChoice::Fast, 3).expect("an executor");
        for i in 0..3 {
            let Ok(path) = net.path(&net.uniform(seed, &[i])) else { continue };
            inside.replace(&path.program).expect("replaced");
            let own = shared::cut(&path, &shared_values).expect("its own");
            let found = run(inside.as_mut(), &path.program, &own);
            // Through files: an architecture as JSON, weights as safetensors.
            let cut = Architecture::from_json(&path.architecture.to_json()).and_then(|a| a.program()).expect("its program");
            let bytes = weights_to_bytes(&path.program, &own).expect("bytes");
            let weights = weights_from_bytes(&cut, &bytes).expect("its weights");
            let mut alone = executor(&cut, DeviceChoice::Fast, 3).expect("an executor");
            assert!(found == run(alone.as_mut(), &cut, &weights), "seed {seed}, sample {i}\n{}", text(seed));
            assert!(found.iter().flatten().flatten().all(|v| v.is_finite()));
            assert_ne!(found[1], found[2], "recalibration changes what inference says");
        }
        kinds.extend(net.decisions().iter().map(|d| format!("{:?}", d.kind)));
        spaces += 1;
    }
    assert_eq!((spaces, kinds.len()), (24, 4), "every kind of choice: {kinds:?}");
}
