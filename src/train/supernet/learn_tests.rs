//! Methods that learn choices, on real networks: resumption, gradients, penalties, results.

use super::relax::Purpose;
use super::tests::{net, oneshot, setup, step, trainer};
use super::trainer::Done;
use super::*;
use crate::document::{ChoiceRule, Controller, Cost, Elastic, Method, OneShot, Penalty, PenaltyForm, Phase, Shrinking, Temperature};
use crate::document::{Optimizer, Recipe};
use crate::space::Supernet;
use crate::space::tests::whole;
use crate::train::oneshot::softmax;
use crate::train::reference::recipe;
use std::sync::Arc;

const RULE: ChoiceRule = ChoiceRule { lr: 0.05, beta1: 0.5, beta2: 0.999, weight_decay: 0.0, clip_norm: 0.0, warmup: 0 };
const FALLING: Temperature = Temperature { first: 2.0, last: 0.5, over: 3.0 };

fn enas() -> Method {
    Method::Enas { controller: Controller { hidden: 4, steps: 2, samples: 2, baseline: 0.9, entropy: 1e-3 }, choices: RULE }
}

fn learning() -> Vec<Method> {
    vec![
        Method::Darts { second_order: false, choices: ChoiceRule { warmup: 1, ..RULE } },
        Method::Darts { second_order: true, choices: RULE },
        Method::Gumbel { temperature: FALLING, choices: RULE },
        Method::Gdas { temperature: FALLING, choices: RULE },
        Method::Proxyless { choices: RULE },
        enas(),
    ]
}

fn shrinking() -> Method {
    let phase = |kind, subnets, lr| Phase { kind, epochs: 1, subnets, lr };
    let phases = vec![
        phase(Elastic::Kernel, 1, None),
        phase(Elastic::Depth, 2, Some(1e-3)),
        phase(Elastic::Expand, 1, None),
        phase(Elastic::Width, 1, None),
        phase(Elastic::Branch, 2, None),
    ];
    Method::ProgressiveShrinking(Shrinking { teacher: 1, phases })
}

fn plain() -> Recipe {
    Recipe { batch: 2, warmup: 0.5, ..recipe() }
}

fn fresh(method: &Method, recipe: &Recipe) -> SupernetTrainer {
    let setup = setup(method.clone(), recipe);
    let state = SupernetState::fresh(&setup).expect("a state");
    trainer(setup, state)
}

#[test]
fn interrupted_anywhere_they_end_with_the_same_bits() {
    for method in learning().into_iter().chain([shrinking()]) {
        let recipe = if method.word() == "gdas" { Recipe { optimizer: Optimizer::AdamW, ..plain() } } else { plain() };
        let mut whole = fresh(&method, &recipe);
        let mut state = SupernetState::fresh(whole.setup()).expect("a state");
        for i in 0..10 {
            let loss = step(&mut whole).loss;
            let want = whole.state().to_bytes(whole.setup()).expect("bytes");
            let mut part = trainer(setup(method.clone(), &recipe), state);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1 + i % 3).build().expect("threads");
            assert_eq!(pool.install(|| step(&mut part)).loss, loss, "{}, iteration {i}", method.word());
            let bytes = part.state().to_bytes(part.setup()).expect("bytes");
            assert!(bytes == want, "{}, iteration {i} differs", method.word());
            state = SupernetState::from_bytes(&bytes, part.setup()).expect("a state");
            assert_eq!(state, *part.state());
            for end in (0..bytes.len()).step_by(bytes.len() / 13) {
                assert!(SupernetState::from_bytes(&bytes[..end], part.setup()).is_err());
            }
        }
        assert_eq!(state.teacher.is_some(), method.word() == "progressive-shrinking");
    }
}

/// The gradient by the logits is that of the loss as a function of the logits: central differences, on one batch.
#[test]
fn logits_have_the_gradient_of_the_loss() {
    let mut t = fresh(&learning()[1], &plain());
    (0..3).for_each(|_| {
        step(&mut t);
    });
    let batch = t.held_batch(0).expect("a batch");
    let Choices::Alphas { alphas, .. } = t.state.choices.clone() else { panic!("no alphas") };
    let mut values = alphas.values().to_vec();
    values.iter_mut().flatten().enumerate().for_each(|(i, v)| *v = 0.4 * ((i * 7 % 5) as f64 - 2.0));
    let relaxed = t.setup.relax(Purpose::Choices, 9, 2, 0, &values);
    let network = t.networks.mixed(&t.setup.net, &relaxed.values, &t.setup.over(&relaxed)).expect("a network");
    assert!(network.mixtures.len() >= 3 && !network.taken.is_empty());
    let mut loss = |values: &[Vec<f64>]| {
        let mut relaxed = relaxed.clone();
        relaxed.weighed.iter_mut().for_each(|(&d, w)| w.weights = softmax::softmax(&values[d], 1.0));
        let Ok(Done::Well(parts)) = t.pass(&network, &relaxed, &batch) else { panic!("no loss") };
        (parts.sum(), t.logit_grads(&network, &relaxed, values, parts.sum() / parts.total))
    };
    let grads = loss(&values).1;
    let mut checked = 0;
    for mixture in &network.mixtures {
        let d = mixture.decision;
        for o in 0..values[d].len() {
            let (mut up, mut down) = (values.clone(), values.clone());
            up[d][o] += 0.02;
            down[d][o] -= 0.02;
            let want = (loss(&up).0 - loss(&down).0) / 0.04;
            let found = grads.grads[d][o];
            assert!((found - want).abs() < 2e-3 * (1.0 + want.abs()), "{}: {found}, not {want}", t_label(d));
            checked += usize::from(found.abs() > 1e-4);
        }
    }
    assert!(checked > 3, "{checked}");
}

fn t_label(d: usize) -> String {
    net().decisions()[d].label.clone()
}

/// With a heavy penalty on multiply-adds every method ends at what costs little; costs are exact sums here, estimated there.
#[test]
fn a_penalty_leads_to_what_costs_little() {
    let chain = "space { network { input d; conv 8 stride=4; choose \"a\" { conv 8 kernel=5; conv 8 kernel=1 }; \
                 choose \"b\" { conv 8 kernel=1; conv 8 kernel=5 }; conv 16 stride=2 as=\"y\"; detect \"y\" anchors=auto } }";
    let widths = chain
        .replace("conv 8 stride=4;", "conv stride=4 { channels 16 8 }; conv 8;")
        .replace("\"b\" {", "\"b\" { c3 8 { expansion 0.5 1 };");
    for (text, exact) in [(chain.to_string(), true), (widths, false)] {
        for mut method in learning() {
            if let Method::Enas { controller, .. } = &mut method {
                (controller.steps, controller.samples) = (20, 6);
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
            for (name, cheap) in [("a", "kernel=1"), ("b", "kernel=1")] {
                let choice = learned.choices.iter().find(|c| c.name == name).expect("the choice");
                let sum: f64 = choice.options.iter().map(|o| o.1).sum();
                assert!((sum - 1.0).abs() < 1e-9);
                let best = choice.options.iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("options");
                assert!(best.0.contains(cheap), "{}, exact {exact}: {choice:?}", method.word());
            }
            let bytes = serde_json::to_vec(&learned).expect("JSON");
            assert_eq!(serde_json::from_slice::<Learned>(&bytes).expect("JSON"), learned);
        }
    }
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
    let none = |method: &Method| {
        let setup = setup(method.clone(), &plain());
        let state = SupernetState::fresh(&setup).expect("a state");
        super::tests::without_holdout(setup, state).map(|mut t| {
            step(&mut t);
        })
    };
    assert!(none(method).is_err() && none(&learning()[2]).is_ok());
}

#[test]
fn what_cannot_be_trained_says_why() {
    let refused = |method: Method| Setup::new(net(), oneshot(method), plain(), 5).err().expect("refused");
    let short = Method::ProgressiveShrinking(Shrinking { teacher: 1, phases: vec![] });
    assert!(refused(short).contains("no phase opens `act`"));
    assert!(refused(Method::PcDarts { partial: 4, choices: RULE }).contains("pc-darts"));
}
