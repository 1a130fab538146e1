//! Networks of the zoo at half their cost, with drawn scores.

use super::{Bound, Pruning};
use crate::base::Random;
use crate::space::Architecture;
use crate::space::tests::whole;

const NETWORKS: [&str; 6] = [
    // YOLOv5's blocks with its neck.
    "conv 32 kernel=3 stride=2; conv 64 kernel=3 stride=2; c3 64 repeats=2 as=\"p2\"; conv 64 kernel=3 stride=2; c3 64; sppf 64; conv 32 as=\"t\"; \
     upsample 2; concat above \"p2\"; c3 64 shortcut=#false as=\"f\"; conv 64 kernel=3 stride=2; concat above \"t\"; c3 64 shortcut=#false as=\"g\"; \
     detect \"f\" \"g\"",
    // Inverted residuals with squeeze-excite, depthwise convolutions tied to what they read.
    "conv 16 kernel=3 stride=2; mbconv 16 expand=1; mbconv 24 stride=2 ratio=4; mbconv 24 ratio=4; mbconv 24 repeats=2; conv 64; global-pool; linear",
    "conv 16 kernel=3; residual 16; residual 32 stride=2; residual 32; residual 48; squeeze-excite ratio=4; global-pool; linear",
    "conv 16 kernel=3; depthwise-conv kernel=5; conv 32; bottleneck 32; bottleneck 32; inception 32; max-pool 2 stride=2; linear 24; linear",
    // Blocks that derive their channels in ways of their own stay.
    "conv 16 kernel=3 stride=2; shuffle 32 stride=2; shuffle 32; ghost 32; conv 64; global-pool; linear",
    "conv 16 kernel=3 as=\"a\"; conv 16 kernel=3 as=\"b\"; concat \"a\"; conv 16 kernel=5 as=\"c\"; add \"a\" \"b\" \"c\"; conv 32 groups=4; global-pool; linear",
];

fn network(text: &str) -> Architecture {
    let space = whole(&format!("space {{ network {{ input d image-size=64; {text} }} }}"));
    space.architecture(&space.reference()).unwrap_or_else(|e| panic!("{}", e.reason))
}

fn scores(pruning: &Pruning, seed: u64) -> Vec<Vec<f64>> {
    let groups = pruning.groups();
    let draw = |(g, channels): (usize, usize)| (0..channels).map(|c| Random::at(seed, "prune", &[g as u64, c as u64]).unit()).collect();
    groups.iter().map(|g| g.channels).enumerate().map(draw).collect()
}

#[test]
fn they_stay_valid_and_meet_the_bound() {
    for (i, text) in NETWORKS.iter().enumerate() {
        let architecture = network(text);
        let pruning = Pruning::of(&architecture).expect("a network");
        let whole = architecture.cost().expect("a cost");
        for (seed, (macs, params, multiple)) in
            [(0.5, 1.0, 1), (0.7, 1.0, 4), (1.0, 0.6, 1), (0.8, 0.8, 3), (1.0, 1.0, 8)].into_iter().enumerate()
        {
            let bound = Bound { macs, params, multiple, floor: 0.1 };
            let pruned = match pruning.to(&scores(&pruning, seed as u64), &bound) {
                Ok(pruned) => pruned,
                // What is fixed may be too much of it.
                Err(why) => {
                    assert!(i >= 4 && why.contains("at its least"), "{text}: {why}");
                    continue;
                }
            };
            let cost = pruned.architecture.cost().expect("a cost");
            assert!(cost.macs as f64 <= macs * whole.macs as f64 && cost.params as f64 <= params * whole.params as f64, "{text}");
            // It is one from outside, too, and its tensors are parts of those that were.
            assert_eq!(Architecture::from_json(&pruned.architecture.to_json()).as_ref(), Ok(&pruned.architecture), "{text}");
            let program = pruned.architecture.program().expect("a network");
            assert_eq!((program.params.len(), &program.head), (pruned.kept.len(), &pruning.program.head));
            for (spec, (old, kept)) in program.params.iter().zip(&pruned.kept) {
                let old = &pruning.program.params[*old];
                assert_eq!(spec.shape, kept.iter().map(Vec::len).collect::<Vec<_>>());
                assert!(kept.iter().zip(&old.shape).all(|(k, n)| k.is_sorted_by(|a, b| a < b) && k.last().is_none_or(|l| l < n)));
            }
            if (macs, params) == (1.0, 1.0) {
                assert_eq!(pruned.architecture, architecture);
            }
            for layer in pruned.architecture.layers.iter().zip(&architecture.layers) {
                if let (crate::space::Block::Conv(now), crate::space::Block::Conv(then)) = (&layer.0.block, &layer.1.block) {
                    assert!(now.channels == then.channels || now.channels.is_multiple_of(multiple), "{text}");
                }
            }
        }
    }
}

/// By hand: of two convolutions that are added the same channels go, of the others their own.
#[test]
fn what_is_added_goes_together() {
    let architecture = network("conv 4 kernel=3 as=\"a\"; conv 4 kernel=3; add above \"a\"; conv 4; global-pool; linear");
    let pruning = Pruning::of(&architecture).expect("a network");
    let groups = pruning.groups();
    assert_eq!(groups.iter().map(|g| (g.channels, g.makers.len())).collect::<Vec<_>>(), [(4, 2), (4, 1)]);
    let bound = Bound { macs: 0.45, params: 1.0, multiple: 1, floor: 0.1 };
    let pruned = pruning.to(&[vec![0.1, 3.0, 0.2, 3.0], vec![9.0; 4]], &bound).expect("prunes");
    let kept = |name: &str| {
        let at = pruning.program.params.iter().position(|p| p.name == name).expect("a tensor");
        pruned.kept.iter().find(|k| k.0 == at).map(|k| k.1[..k.1.len().min(2)].to_vec()).expect("kept")
    };
    assert_eq!(kept("model.0.conv.weight"), [vec![1, 3], vec![0, 1, 2]]);
    assert_eq!(kept("model.1.conv.weight"), [[1, 3], [1, 3]]);
    assert_eq!(kept("model.1.bn.running_var"), [[1, 3]]);
    assert_eq!(kept("model.3.conv.weight"), [vec![0, 1, 2, 3], vec![1, 3]]);
    assert!(pruning.to(&[vec![0.0; 4]], &bound).is_err());
    let why = pruning.to(&scores(&pruning, 0), &Bound { macs: 1e-3, ..bound }).expect_err("too small");
    assert!(why.starts_with("with every layer at its least there are still "), "{why}");
}

#[test]
fn sppf_keeps_half_of_its_input() {
    let architecture = network("conv 16 kernel=3; c3 32; sppf 32; global-pool; linear");
    let pruning = Pruning::of(&architecture).expect("a network");
    let pruned = pruning.to(&scores(&pruning, 1), &Bound { macs: 0.5, params: 1.0, multiple: 2, floor: 0.1 }).expect("prunes");
    let (crate::space::Block::C3(c3), crate::space::Block::Sppf(sppf)) =
        (&pruned.architecture.layers[1].block, &pruned.architecture.layers[2].block)
    else {
        panic!("other layers")
    };
    assert!(sppf.hidden == c3.channels / 2 && c3.channels < 32, "{c3:?} {sppf:?}");
}
