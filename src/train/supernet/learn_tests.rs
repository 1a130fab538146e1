//! Methods that learn choices, on real networks: resumption, gradients, penalties, results.

use super::tests::{oneshot, setup, step, trainer};
use super::trainer::Done;
use super::*;
use crate::document::{ChoiceRule, Cost, Elastic, Form, OneShot, Optimizer, Penalty, PenaltyForm, Recipe};
use crate::results::Learned;
use crate::space::Supernet;
use crate::space::tests::whole;
use crate::train::oneshot::controls::Settings;
use crate::train::oneshot::darts::Darts;
use crate::train::oneshot::enas::Enas;
use crate::train::oneshot::gdas::Gdas;
use crate::train::oneshot::gumbel::Gumbel;
use crate::train::oneshot::mixing::Purpose;
use crate::train::oneshot::pc_darts::PcDarts;
use crate::train::oneshot::progressive::{Phase, Shrinking};
use crate::train::oneshot::proxyless::Proxyless;
use crate::train::oneshot::sandwich::Sandwich;
use crate::train::oneshot::single_path::SinglePath;
use crate::train::oneshot::softmax::{self, Temperature};
use crate::train::reference::recipe;
use std::sync::Arc;

const RULE: ChoiceRule = ChoiceRule { lr: 0.05, beta1: 0.5, beta2: 0.999, weight_decay: 0.0, clip_norm: 0.0, warmup: 0 };
const FALLING: Temperature = Temperature { first: 2.0, last: 0.5, over: 3.0 };

const CONTROLLER: Settings = Settings { hidden: 4, steps: 2, samples: 2, baseline: 0.9, entropy: 1e-3 };

fn enas() -> Form {
    Enas { controller: CONTROLLER, choices: RULE }.form()
}

pub fn learning() -> Vec<Form> {
    vec![
        Darts { second_order: false, choices: ChoiceRule { warmup: 1, ..RULE } }.form(),
        Darts { second_order: true, choices: RULE }.form(),
        Gumbel { temperature: FALLING, choices: RULE }.form(),
        Gdas { temperature: FALLING, choices: RULE }.form(),
        Proxyless { choices: RULE }.form(),
        enas(),
        PcDarts { partial: 4, choices: RULE }.form(),
    ]
}

pub fn shrinking() -> Form {
    let phase = |kind, subnets, lr| Phase { kind, epochs: 1, subnets, lr };
    let phases = vec![
        phase(Elastic::Kernel, 1, None),
        phase(Elastic::Depth, 2, Some(1e-3)),
        phase(Elastic::Expand, 1, None),
        phase(Elastic::Width, 1, None),
        phase(Elastic::Branch, 2, None),
    ];
    Shrinking { teacher: 1, phases }.form()
}

fn plain() -> Recipe {
    Recipe { batch: 2, warmup: 0.5, ..recipe() }
}

fn fresh(method: &Form, recipe: &Recipe) -> SupernetTrainer {
    let setup = setup(method.clone(), recipe);
    let state = SupernetState::fresh(&setup).expect("a state");
    trainer(setup, state)
}

#[test]
fn interrupted_anywhere_they_end_with_the_same_bits() {
    for method in learning().into_iter().chain([shrinking()]) {
        let recipe = if method.tag == "Gdas" { Recipe { optimizer: Optimizer::AdamW, ..plain() } } else { plain() };
        let mut whole = fresh(&method, &recipe);
        let mut state = SupernetState::fresh(whole.setup()).expect("a state");
        for i in 0..10 {
            let loss = step(&mut whole).loss;
            let want = whole.state().to_bytes(whole.setup()).expect("bytes");
            let mut part = trainer(setup(method.clone(), &recipe), state);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1 + i % 3).build().expect("threads");
            assert_eq!(pool.install(|| step(&mut part)).loss, loss, "{}, iteration {i}", method.tag);
            let bytes = part.state().to_bytes(part.setup()).expect("bytes");
            assert!(bytes == want, "{}, iteration {i} differs", method.tag);
            state = SupernetState::from_bytes(&bytes, part.setup()).expect("a state");
            assert_eq!(state, *part.state());
            for end in (0..bytes.len()).step_by(bytes.len() / 13) {
                assert!(SupernetState::from_bytes(&bytes[..end], part.setup()).is_err());
            }
        }
        assert_eq!(state.teacher.is_some(), method.tag == "ProgressiveShrinking");
    }
}

/// A classifier with nested choices, of which two choose values.
const CLASSIFIER: &str = r#"space {
    network {
        input d
        conv 8 stride=8 { kernel 3 5 }
        choose "a" { skip; conv 8 kernel=1; c3 8 { repeats 1 2 } }
        repeat "d" 1 2 0 { choose { mbconv 8; residual 8 } }
        global-pool
        linear 4
    }
}"#;

/// The gradient by the logits is that of the loss as a function of the logits: central differences, on one batch. (Of a
/// classifier: YOLOv5's loss takes the overlap of its boxes as constant in the truth of objectness.)
#[test]
fn logits_have_the_gradient_of_the_loss() {
    let recipe = Recipe { task: crate::document::Task::Classify, ..plain() };
    let net = Supernet::of(&whole(CLASSIFIER)).expect("a supernet");
    let setup = Arc::new(Setup::new(net, oneshot(learning()[1].clone()), recipe, 5).expect("a setup"));
    let state = SupernetState::fresh(&setup).expect("a state");
    let mut t = trainer(setup, state);
    let images = crate::train::reference::uniform("images", 2 * 64 * 64 * 3).iter().map(|v| *v as f32).collect();
    let batch = crate::data::Batch { n: 2, images, targets: vec![], labels: vec![0, 3] };
    let batch = t.sources.with(batch, 64);
    let Choices::Alphas { alphas, .. } = t.state.choices.clone() else { panic!("no alphas") };
    let mut values = alphas.values().to_vec();
    values.iter_mut().flatten().enumerate().for_each(|(i, v)| *v = 0.4 * ((i * 7 % 5) as f64 - 2.0));
    let relaxed = t.setup.relax(Purpose::Choices, 9, 2, 0, &values);
    let options = t.setup.places.options(&relaxed.values);
    let network = t.networks.mixed(&t.setup.net, &options, &t.setup.over(&relaxed), 1).expect("a network");
    assert!(network.mixtures.len() >= 3 && !network.taken.is_empty());
    let places = t.setup.places.clone();
    let mut loss = |values: &[Vec<f64>]| {
        let mut relaxed = relaxed.clone();
        relaxed.weighed.iter_mut().for_each(|(&c, w)| w.weights = softmax::softmax(&values[c], 1.0));
        let Ok(Done::Well(parts)) = t.pass(&network, &relaxed, batch) else { panic!("no loss") };
        (parts.sum(), t.logit_grads(&network, &relaxed, values, parts.sum() / parts.total))
    };
    let grads = loss(&values).1;
    let mut checked = 0;
    for mixture in &network.mixtures {
        let d = places.place[mixture.decision];
        for o in 0..values[d].len() {
            let (mut up, mut down) = (values.clone(), values.clone());
            up[d][o] += 0.02;
            down[d][o] -= 0.02;
            let want = (loss(&up).0 - loss(&down).0) / 0.04;
            let found = grads.grads[d][o];
            assert!((found - want).abs() < 1e-4 + 1e-2 * want.abs(), "decision {d}: {found}, not {want}");
            checked += usize::from(found.abs() > 1e-3);
        }
    }
    assert!(checked > 3, "{checked}");
}

/// With a heavy penalty on multiply-adds every method ends at what costs little; costs are exact sums here, estimated there.
#[test]
fn a_penalty_leads_to_what_costs_little() {
    let chain = "space { network { input d; conv 8 stride=4; choose \"a\" { conv 8 kernel=5 as=\"big\"; conv 8 kernel=1 as=\"small\" }; \
                 choose \"b\" { conv 8 kernel=1 as=\"small\"; conv 8 kernel=5 as=\"big\" }; conv 16 stride=2 as=\"y\"; detect \"y\" anchors=auto } }";
    let widths = chain
        .replace("conv 8 stride=4;", "conv stride=4 { channels 16 8 }; conv 8;")
        .replace("\"b\" {", "\"b\" { c3 8 { expansion 0.5 1 };");
    for (text, exact) in [(chain.to_string(), true), (widths, false)] {
        for mut method in learning() {
            if method.tag == "Enas" {
                method = Enas { controller: Settings { steps: 20, samples: 6, ..CONTROLLER }, choices: RULE }.form();
            }
            let penalty = Penalty {
                of: Cost::Flops,
                target: 1.0,
                of_reference: true,
                weight: 30.0,
                form: PenaltyForm::Add,
                exponent: 0.6,
                table: None,
            };
            let net = Supernet::of(&whole(&text)).expect("a supernet");
            let with = OneShot { penalty: Some(penalty), ..oneshot(method.clone()) };
            let setup = Arc::new(Setup::new(net, with, plain(), 5).expect("a setup"));
            assert_eq!(setup.cost.as_ref().expect("a penalty").is_exact(), exact);
            let state = SupernetState::fresh(&setup).expect("a state");
            let mut t = trainer(setup, state);
            (0..64).for_each(|_| {
                step(&mut t);
            });
            let learned = t.learned().expect("a distribution");
            for label in ["a", "b"] {
                let decisions = t.setup().net.space().decisions();
                let d = decisions.iter().position(|d| d.label == label).expect("the choice");
                let c = t.setup().places.place[d];
                let p = &learned.choices[c].probabilities;
                assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                let taken = &decisions[d].options[decisions[d].ranked[learned.strongest[c]]];
                assert!(taken.contains("small"), "{}, exact {exact}: {label} = {taken}, {p:?}", method.tag);
            }
            let bytes = serde_json::to_vec(&learned).expect("JSON");
            assert_eq!(serde_json::from_slice::<Learned>(&bytes).expect("JSON"), learned);
        }
    }
}

/// Latencies of a table: the slow kernel is left, though it computes no more than the other; a row that is missing is named.
#[test]
fn a_penalty_on_a_table_of_latencies() {
    let text = "space { network { input d; conv 8 stride=4; choose \"a\" { conv 8 kernel=3 as=\"silu\"; conv 8 kernel=3 activation=relu as=\"relu\" }; \
                conv 16 stride=2 as=\"y\"; detect \"y\" anchors=auto } }";
    let space = whole(text);
    let operations = crate::space::operations(&space).operations;
    let slow = |key: &str| key.starts_with("conv 8x8x3x3 ") && key.ends_with("silu");
    assert_eq!(operations.keys().filter(|k| slow(k)).count(), 1);
    let rows = operations.keys().map(|k| (k.clone(), if slow(k) { 5.0 } else { 0.5 }));
    let train = |rows: std::collections::BTreeMap<String, f64>| {
        let penalty = Penalty {
            of: Cost::TableLatency,
            target: 2.0,
            of_reference: false,
            weight: 30.0,
            form: PenaltyForm::Add,
            exponent: 0.6,
            table: crate::space::LatencyTable::new("a device".into(), rows).to_json().ok(),
        };
        let net = Supernet::of(&space).expect("a supernet");
        Setup::new(net, OneShot { penalty: Some(penalty), ..oneshot(learning()[1].clone()) }, plain(), 5)
    };
    let setup = Arc::new(train(rows.clone().collect()).expect("a setup"));
    assert!(setup.cost.as_ref().expect("a penalty").is_exact());
    let state = SupernetState::fresh(&setup).expect("a state");
    let mut t = trainer(setup, state);
    (0..40).for_each(|_| {
        step(&mut t);
    });
    let learned = t.learned().expect("a distribution");
    let decision = &t.setup().net.space().decisions()[0];
    let taken = &decision.options[decision.ranked[learned.strongest[0]]];
    assert!(taken.contains("relu"), "{taken}: {:?}", learned.choices);
    let why = train(rows.filter(|(k, _)| !slow(k)).collect()).err().expect("a row is missing");
    assert!(why.contains("no row `conv 8x8x3x3 "), "{why}");
}

#[test]
fn weights_and_choices_learn_from_their_own_images() {
    let method = &learning()[0];
    let mut t = fresh(method, &plain());
    let first = t.state().clone();
    (0..4).for_each(|_| {
        step(&mut t);
    });
    assert_eq!(t.state().choices, first.choices, "an epoch of warm-up");
    assert_eq!(t.setup().choice_batches(0..40, 4), 4..40);
    step(&mut t);
    assert_ne!(t.state().choices, first.choices);
    assert_eq!(setup(enas(), &plain()).choice_batches(6..20, 4), 2..10);
    // Only gumbel may learn both from the same images.
    let none = |method: &Form| {
        let setup = setup(method.clone(), &plain());
        let state = SupernetState::fresh(&setup).expect("a state");
        super::tests::without_holdout(setup, state).map(|mut t| {
            step(&mut t);
        })
    };
    assert!(none(method).is_err() && none(&learning()[2]).is_ok());
}

/// Cells as of the papers, small: edges with zeros among their operators, chosen inputs, operators on nodes.
const CELLS: [&str; 3] = [
    "cell \"c\" inputs=2 nodes=2 { edges 2; choose { skip; max-pool 3; sep-conv kernel=3 }; output concat }",
    "cell \"c\" inputs=1 nodes=3 { edges all; choose { zero; skip; conv kernel=1; avg-pool 3 }; output last }",
    "cell \"c\" inputs=1 { nodes 2 0 1; edges any; on-node { choose { conv kernel=3; max-pool 3 } }; output concat }",
];

#[test]
fn cells_learn_their_edges() {
    for cell in CELLS {
        let text = format!(
            "space {{ {cell}; network {{ input d; conv 8 stride=8; use \"c\" channels=8; use \"c\" channels=8; detect anchors=auto }} }}"
        );
        for method in learning() {
            let net = Supernet::of(&whole(&text)).unwrap_or_else(|e| panic!("{e:#?}"));
            let setup = Arc::new(Setup::new(net, oneshot(method.clone()), plain(), 5).expect("a setup"));
            let alphas = method.tag != "Enas";
            let learns = |d: &crate::space::supernet::Decision| !matches!(d.kind, crate::space::supernet::DecisionKind::Depth);
            let mixes = |d: usize| setup.mixes[setup.places.place[d]];
            let all = setup.net.decisions().iter().enumerate().all(|(d, of)| mixes(d) == (alphas && learns(of)));
            assert!(all, "{cell}: {:?}", setup.mixes);
            let state = SupernetState::fresh(&setup).expect("a state");
            let before = state.choices.clone();
            let mut t = trainer(setup, state);
            for _ in 0..6 {
                assert!(step(&mut t).loss.sum().is_finite());
            }
            assert_ne!(t.state().choices, before, "{}: {cell}", method.tag);
            let learned = t.learned().expect("a distribution");
            assert!(t.setup().net.path(&t.setup().places.sample(&t.setup().net, &learned.strongest)).is_ok());
        }
    }
}

#[test]
fn a_collapse_into_skips_is_said() {
    let layers = "choose \"a\" { skip as=\"id\"; conv 8 }; choose \"b\" { conv 8; skip }; choose \"c\" { skip; conv 8 }";
    let text = format!("space {{ network {{ input d; conv 8 stride=8; {layers}; detect anchors=auto }} }}");
    let net = Supernet::of(&whole(&text)).expect("a supernet");
    let setup = Arc::new(Setup::new(net, oneshot(learning()[0].clone()), plain(), 5).expect("a setup"));
    let mut state = SupernetState::fresh(&setup).expect("a state");
    let Choices::Alphas { alphas, .. } = &mut state.choices else { panic!("no alphas") };
    for (c, values) in alphas.values_mut().iter_mut().enumerate() {
        let skip = setup.net.decisions()[setup.places.order[c]].skips[0];
        let rank = setup.places.ranked[c].iter().position(|&o| o == skip).expect("a rank");
        values[rank] = 3.0;
    }
    let learned = trainer(setup, state).learned().expect("a distribution");
    assert!(learned.collapse.as_ref().is_some_and(|c| (c.skipping.len(), c.of) == (3, 3)), "{learned:?}");
}

/// Labels and the order of values (but for the first) are no part of a supernet's key, so they may not be of its bits.
#[test]
fn names_and_orders_change_no_bit() {
    let text = "space { choice \"act\" silu relu hardswish; network activation=(choice)\"act\" { input d; conv 8 stride=4 { kernel 3 1 5 };
        choose \"a\" { skip; conv 8 kernel=1 as=\"x\"; conv 8 { kernel 5 3 } }; repeat \"d\" 1 0 2 { residual 8 }; conv stride=2 { channels 16 8 12 }; conv 16 as=\"y\";
        detect \"y\" anchors=auto } }";
    let other = text
        .replace("silu relu hardswish", "silu hardswish relu")
        .replace("\"act\"", "\"other\"")
        .replace("kernel 3 1 5", "kernel 3 5 1")
        .replace("conv 8 kernel=1 as=\"x\"; conv 8 { kernel 5 3 }", "conv 8 as=\"z\" { kernel 5 3 }; conv 8 kernel=1")
        .replace("\"a\"", "\"b\"")
        .replace("1 0 2", "1 2 0")
        .replace("channels 16 8 12", "channels 16 12 8")
        .replace("\"y\"", "\"out\"");
    let spaces = [whole(text), whole(&other)];
    assert_eq!(spaces[0].network(), spaces[1].network());
    let drawing = [SinglePath { fair: false }.form(), SinglePath { fair: true }.form(), Sandwich { random: 1 }.form(), shrinking()];
    for method in learning().into_iter().chain(drawing) {
        let penalty =
            Penalty { of: Cost::Params, target: 0.9, of_reference: true, weight: 0.2, form: PenaltyForm::Add, exponent: 0.6, table: None };
        let penalty = crate::train::oneshot::build(&method).expect("a method").1.choices().map(|_| penalty);
        let ends = spaces.each_ref().map(|space| {
            let net = Supernet::of(space).expect("a supernet");
            let with = OneShot { penalty: penalty.clone(), ..oneshot(method.clone()) };
            let setup = Arc::new(Setup::new(net, with, plain(), 5).expect("a setup"));
            let state = SupernetState::fresh(&setup).expect("a state");
            let mut t = trainer(setup, state);
            (0..9).for_each(|_| {
                step(&mut t);
            });
            (t.state().to_bytes(t.setup()).expect("bytes"), t.learned())
        });
        assert!(ends[0] == ends[1], "{}", method.tag);
    }
}
