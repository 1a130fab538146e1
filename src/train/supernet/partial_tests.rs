//! PC-DARTS: networks over a part of their channels, weights of edges, what is exported.

use super::tests::{oneshot, step, trainer};
use super::trainer::Done;
use super::*;
use crate::document::{ChoiceRule, Cost, OneShot, Penalty, PenaltyForm, Recipe, Task};
use crate::space::supernet::DecisionKind;
use crate::space::tests::whole;
use crate::space::{Op, Shape, Supernet};
use crate::train::oneshot::mixing::Purpose;
use crate::train::oneshot::pc_darts::PcDarts;
use crate::train::oneshot::softmax;
use crate::train::reference::{recipe, uniform};
use std::sync::Arc;

const RULE: ChoiceRule = ChoiceRule { lr: 0.05, beta1: 0.5, beta2: 0.999, weight_decay: 0.0, clip_norm: 0.0, warmup: 1 };

/// DARTS's cell space in small, of 8 channels: a normal cell and a reduction.
const CELLS: &str = r#"space {
    cell "normal" inputs=2 nodes=2 { edges 2; choose { zero; skip; max-pool 3; avg-pool 3; sep-conv kernel=3; dil-conv kernel=3 } }
    cell "reduce" like="normal" stride=2
    network {
        input d
        conv 8 kernel=3 stride=4
        use "normal" channels=8
        use "reduce" channels=16
        use "normal" channels=16
        global-pool
        linear
    }
}"#;

fn classifier() -> Recipe {
    Recipe { batch: 2, warmup: 0.5, task: Task::Classify, ..recipe() }
}

fn setup(text: &str, partial: usize, penalty: Option<Penalty>) -> Result<Setup, String> {
    let net = Supernet::of(&whole(text)).unwrap_or_else(|e| panic!("{e:#?}"));
    Setup::new(net, OneShot { penalty, ..oneshot(PcDarts { partial, choices: RULE }.form()) }, classifier(), 5)
}

fn fresh(setup: Setup) -> SupernetTrainer {
    let setup = Arc::new(setup);
    let state = SupernetState::fresh(&setup).expect("a state");
    trainer(setup, state)
}

fn network(t: &mut SupernetTrainer, values: &[Vec<f64>]) -> (super::relax::Relaxed, Arc<Network>) {
    let relaxed = t.setup.relax(Purpose::Choices, 9, 2, 0, values);
    let options = t.setup.places.options(&relaxed.values);
    let network = t.networks.mixed(&t.setup.net, &options, &t.setup.over(&relaxed), t.setup.partial()).expect("a network");
    (relaxed, network)
}

fn alphas(t: &SupernetTrainer) -> Vec<Vec<f64>> {
    match &t.state.choices {
        Choices::Alphas { alphas, .. } => alphas.values().to_vec(),
        other => panic!("{other:?}"),
    }
}

/// Every edge: a slice of a quarter, its operators over a quarter, the rest beside it, a shuffle by four.
#[test]
fn edges_are_mixed_over_a_quarter_of_their_channels() {
    let mut t = fresh(setup(CELLS, 4, None).expect("a setup"));
    let values = alphas(&t);
    let (_, network) = network(&mut t, &values);
    let p = &network.program;
    let shape = |v: usize| p.values[v];
    let writer = |v: usize| p.nodes.iter().find(|n| n.output == v).expect("a writer");
    let (mut shuffles, mut pooled) = (0, 0);
    for node in p.nodes.iter().filter(|n| matches!(n.op, Op::Shuffle { groups: 4 })) {
        shuffles += 1;
        let joined = writer(node.inputs[0]);
        let (mixed, mut beside) = (writer(joined.inputs[0]), writer(joined.inputs[1]));
        assert!(matches!((&joined.op, &mixed.op), (Op::Concat, Op::Mix { .. })));
        // The reduction's edges from the cell's inputs.
        if let Op::MaxPool(w) = &beside.op {
            assert!(w.kernel == (2, 2) && w.stride == (2, 2));
            beside = writer(beside.inputs[0]);
            pooled += 1;
        }
        let c = shape(node.output).c;
        assert!(matches!(beside.op, Op::Slice { first, channels } if first == c / 4 && channels == c - c / 4));
        assert_eq!(shape(mixed.output).c, c / 4);
        assert_eq!(shape(node.output), Shape { c, ..shape(mixed.output) });
        // Zero is not computed; skip and pools end in a norm whose scale and shift are no shared tensors.
        let plain = |v: &&usize| match writer(**v).op {
            Op::Norm { scale, shift, mean, var, .. } => [scale, shift, mean, var].iter().all(|id| network.slices[*id].is_none()),
            _ => false,
        };
        let strided = matches!(writer(joined.inputs[1]).op, Op::MaxPool(_));
        assert_eq!((mixed.inputs.len(), mixed.inputs.iter().filter(plain).count()), (5, if strided { 2 } else { 3 }));
    }
    // Two nodes, of two and three edges, in three cells; each input of the reduction is read by both nodes.
    assert_eq!((shuffles, pooled), (15, 4));
    // Tensors of edges are read in their first quarter.
    let slices = network.slices.iter().flatten();
    assert!(slices.clone().any(|s| s.ranges[0] == [(0, 4)] && s.shared[0] == 16));
    assert!(slices.clone().all(|s| s.fits()));
    // Mixed whole it is another network, and costs more.
    let whole =
        t.networks.mixed(&t.setup.net, &[], &t.setup.over(&t.setup.relax(Purpose::Choices, 9, 2, 0, &values)), 1).expect("a network");
    assert!(whole.program.macs() > 3 * p.macs() && whole.program.nodes.iter().all(|n| !matches!(n.op, Op::Shuffle { .. })));
}

/// The gradient by α and β is that of the loss: central differences on one batch.
#[test]
fn alphas_and_betas_have_the_gradient_of_the_loss() {
    let mut t = fresh(setup(CELLS, 4, None).expect("a setup"));
    let images = uniform("images", 2 * 64 * 64 * 3).iter().map(|v| *v as f32).collect();
    let batch = crate::data::Batch { n: 2, images, targets: vec![], labels: vec![0, 3] };
    let batch = t.sources.with(batch, 64);
    let mut values = alphas(&t);
    values.iter_mut().flatten().enumerate().for_each(|(i, v)| *v = 0.4 * ((i * 7 % 5) as f64 - 2.0));
    let (relaxed, network) = network(&mut t, &values);
    let edges = t.setup.edges.clone();
    let mut loss = |values: &[Vec<f64>]| {
        let mut relaxed = relaxed.clone();
        relaxed.weighed.iter_mut().for_each(|(&c, w)| w.weights = softmax::softmax(&values[c], 1.0));
        let Ok(Done::Well(parts)) = t.pass(&network, &relaxed, batch) else { panic!("no loss") };
        (parts.sum(), t.logit_grads(&network, &relaxed, values, parts.sum() / parts.total))
    };
    let grads = loss(&values).1;
    let (mut checked, mut betas) = (0, 0);
    for c in relaxed.weighed.keys() {
        for o in 0..values[*c].len() {
            let (mut up, mut down) = (values.clone(), values.clone());
            up[*c][o] += 0.02;
            down[*c][o] -= 0.02;
            let want = (loss(&up).0 - loss(&down).0) / 0.04;
            let found = grads.grads[*c][o];
            assert!((found - want).abs() < 2e-4 + 2e-2 * want.abs(), "decision {c}, {o}: {found}, not {want}");
            checked += usize::from(found.abs() > 1e-3);
            betas += usize::from(found.abs() > 1e-3 && edges[*c]);
        }
    }
    assert!(checked > 10 && betas > 3, "{checked}, {betas}");
}

/// Interrupted anywhere and by any number of threads: the same bits. After the warm-up α and β move, and are exported.
#[test]
fn it_trains_resumes_and_exports_both_weights() {
    let mut whole = fresh(setup(CELLS, 4, None).expect("a setup"));
    let mut state = whole.state().clone();
    let first = alphas(&whole);
    for i in 0..8 {
        let loss = step(&mut whole).loss;
        assert!(loss.sum().is_finite());
        let mut part = trainer(Arc::new(setup(CELLS, 4, None).expect("a setup")), state);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1 + i % 3).build().expect("threads");
        assert_eq!(pool.install(|| step(&mut part)).loss, loss, "iteration {i}");
        let bytes = part.state().to_bytes(part.setup()).expect("bytes");
        assert!(bytes == whole.state().to_bytes(whole.setup()).expect("bytes"), "iteration {i} differs");
        state = SupernetState::from_bytes(&bytes, part.setup()).expect("a state");
        // An epoch of four iterations warms up.
        assert_eq!(alphas(&whole) == first, i < 4, "iteration {i}");
    }
    let (values, setup) = (alphas(&whole), whole.setup().clone());
    let learned = whole.learned().expect("a distribution");
    let mut picks = 0;
    for (c, &d) in setup.places.order.iter().enumerate() {
        let (of, p) = (&setup.net.decisions()[d], &learned.choices[c].probabilities);
        assert!(values[c].iter().zip(&first[c]).all(|(a, b)| a != b), "{}", of.label);
        assert!(p.len() == of.options.len() && (p.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        if of.kind == DecisionKind::Inputs {
            picks += 1;
            assert_eq!(values[c].len(), of.candidates, "one logit an edge");
        }
    }
    // Where a node reads two of three inputs.
    assert_eq!(picks, 2);
    assert!(whole.setup().net.path(&setup.places.sample(&setup.net, &learned.strongest)).is_ok());
}

/// Two edges a node, by α × β, zero left out.
#[test]
fn the_strongest_edges_are_exported() {
    let mut t = fresh(setup(CELLS, 4, None).expect("a setup"));
    let setup = t.setup().clone();
    let (c, d) = setup.places.order.iter().copied().enumerate().find(|(c, _)| setup.edges[*c]).expect("picked inputs");
    let of = setup.net.decisions()[d].clone();
    let edges: Vec<usize> = of.edges.iter().map(|e| setup.places.place[e.expect("a choose")]).collect();
    assert_eq!(edges.len(), 3);
    let rank_of = |c: usize, option: usize| setup.places.ranked[c].iter().position(|o| *o == option).expect("a rank");
    let Choices::Alphas { alphas, .. } = &mut t.state.choices else { panic!("no alphas") };
    let values = alphas.values_mut();
    // Edge 0 has the largest β, but only zero is strong there; edge 1 is weak and sure, edge 2 strong and unsure.
    values[c] = vec![1.0, 0.0, 0.5];
    edges.iter().for_each(|&e| values[e].fill(0.0));
    values[edges[0]][rank_of(edges[0], 0)] = 6.0;
    values[edges[1]][rank_of(edges[1], 4)] = 3.0;
    let learned = t.learned().expect("a distribution");
    let taken = &of.sets[setup.places.ranked[c][learned.strongest[c]]];
    assert_eq!(taken, &[1, 2]);
    let operator = |e: usize| setup.places.ranked[edges[e]][learned.strongest[edges[e]]];
    assert!(operator(0) != 0 && operator(1) == 4);
}

/// A penalty on a cost leads β and α to what costs little.
#[test]
fn a_penalty_is_felt_by_edges() {
    let penalty =
        Penalty { of: Cost::Macs, target: 1.0, of_reference: true, weight: 20.0, form: PenaltyForm::Add, exponent: 0.6, table: None };
    let mut t = fresh(setup(CELLS, 4, Some(penalty)).expect("a setup"));
    (0..30).for_each(|_| {
        step(&mut t);
    });
    let learned = t.learned().expect("a distribution");
    let setup = t.setup();
    let path = setup.net.path(&setup.places.sample(&setup.net, &learned.strongest)).expect("a network");
    let reference = setup.net.path(&setup.net.largest()).expect("a network");
    assert!(
        2 * path.program.macs() < reference.program.macs() + path.program.macs(),
        "{} of {}",
        path.program.macs(),
        reference.program.macs()
    );
    // The gradient by logits of a set's probability is the derivative.
    let (c, _) = setup.edges.iter().enumerate().find(|(_, e)| **e).expect("picked inputs");
    let mut values = alphas(&t);
    values[c] = vec![0.3, -0.5, 0.9];
    let cost: Vec<f64> = (0..setup.options[c]).map(|r| 1.0 + (r * r) as f64).collect();
    let expected = |values: &[Vec<f64>]| setup.probabilities(values)[c].iter().zip(&cost).map(|(p, c)| p * c).sum::<f64>();
    let by_option = softmax::backward(&setup.probabilities(&values)[c], &cost, 1.0);
    let found = setup.by_logits(c, &values[c], by_option);
    for j in 0..3 {
        let (mut up, mut down) = (values.clone(), values.clone());
        up[c][j] += 1e-5;
        down[c][j] -= 1e-5;
        assert!((found[j] - (expected(&up) - expected(&down)) / 2e-5).abs() < 1e-6);
    }
}

#[test]
fn channels_that_cannot_be_divided_are_refused() {
    let refused = |text: &str, partial| setup(text, partial, None).err().unwrap_or_else(|| panic!("{text} by {partial}"));
    assert!(refused(CELLS, 3).contains("8 channels cannot be divided by 3"), "{}", refused(CELLS, 3));
    let layers = |layers: &str| format!("space {{ network {{ input d; conv 8 stride=8; {layers}; global-pool; linear }} }}");
    let hidden = layers("choose { skip; repeat 1 { conv 6; conv 8 } }");
    assert!(refused(&hidden, 4).contains("6 channels of a layer cannot be divided by 4"), "{}", refused(&hidden, 4));
    assert!(setup(&hidden, 2, None).is_ok());
    // Branches that change the channels, and depths, are mixed whole.
    let wider = layers(
        "choose \"a\" { conv 18 as=\"x\"; conv 18 kernel=3 as=\"y\" }; repeat \"r\" 1 2 { conv 18 }; choose \"b\" { conv 30 as=\"x\"; conv 30 kernel=3 as=\"y\" }",
    );
    let mut t = fresh(setup(&wider, 4, None).expect("a setup"));
    let values = alphas(&t);
    let (_, network) = network(&mut t, &values);
    assert!(network.mixtures.len() == 3 && network.program.nodes.iter().all(|n| !matches!(n.op, Op::Slice { .. })));
    step(&mut t);
}
