//! Supernets trained on real networks: resumption, threads, methods.

use super::*;
use crate::document::{Form, OneShot, Optimizer, Recipe};
use crate::nn::{DeviceChoice, executor};
use crate::space::Supernet;
use crate::space::tests::whole;
use crate::train::oneshot::sandwich::Sandwich;
use crate::train::oneshot::single_path::SinglePath;
use crate::train::reference::{Generated, recipe, symmetric, targets};
use crate::train::{Outcome, Step, TrainState, Trainer, shared, weights_to_bytes};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A small detector with every kind of choice.
pub const SPACE: &str = r#"space {
    choice "act" silu relu
    network activation=(choice)"act" {
        input d
        conv 8 stride=4 { kernel 3 5 }
        conv stride=2 { channels 16 8 }
        skip as="p"
        choose "a" { skip; conv 16 kernel=1; c3 16 { repeats 1 2; expansion 0.5 0.25 } }
        conv 16 kernel=1
        repeat "d" 1 2 0 { choose { mbconv 16 { kernel 3 5; expand 2 1 }; residual 16 } }
        skip as="x"
        conv 16 stride=2 as="y"
        detect "x" "y" anchors=auto
    }
}"#;

pub fn net() -> Supernet {
    Supernet::of(&whole(SPACE)).unwrap_or_else(|e| panic!("{e:#?}"))
}

pub fn oneshot(method: Form) -> OneShot {
    OneShot { method, holdout: 0.0, penalty: None }
}

pub fn setup(method: Form, recipe: &Recipe) -> Arc<Setup> {
    Arc::new(Setup::new(net(), oneshot(method), recipe.clone(), 5).expect("a setup"))
}

const PER_EPOCH: usize = 4;

pub fn trainer(setup: Arc<Setup>, state: SupernetState) -> SupernetTrainer {
    let loader = Box::new(Generated { n: 2, size: 64, classes: 4, per_epoch: PER_EPOCH });
    let held = Box::new(Generated { n: 2, size: 64, classes: 4, per_epoch: 3 });
    let executor = executor(&setup.net.path(&setup.net.space().reference()).expect("a path").program, DeviceChoice::Fast, 2);
    SupernetTrainer::new(setup, loader, Some(held), executor.expect("an executor"), state).expect("a trainer")
}

pub fn without_holdout(setup: Arc<Setup>, state: SupernetState) -> Result<SupernetTrainer, crate::train::TrainError> {
    let loader = Box::new(Generated { n: 2, size: 64, classes: 4, per_epoch: PER_EPOCH });
    let executor = executor(&setup.net.path(&setup.net.space().reference()).expect("a path").program, DeviceChoice::Fast, 2);
    SupernetTrainer::new(setup, loader, None, executor.expect("an executor"), state)
}

pub fn step(trainer: &mut SupernetTrainer) -> Step {
    match trainer.step().expect("an iteration") {
        Outcome::Step(step) => step,
        diverged => panic!("{diverged:?}"),
    }
}

fn recipes() -> [Recipe; 2] {
    let base = Recipe { batch: 2, warmup: 0.5, ..recipe() };
    [base.clone(), Recipe { optimizer: Optimizer::AdamW, ema: 0.0, accumulate: 2, ..base }]
}

pub fn paths() -> [Form; 3] {
    [SinglePath { fair: false }.form(), SinglePath { fair: true }.form(), Sandwich { random: 1 }.form()]
}

#[test]
fn interrupted_anywhere_it_ends_with_the_same_bits() {
    for method in paths() {
        for recipe in recipes() {
            let make = || setup(method.clone(), &recipe);
            let mut whole = trainer(make(), SupernetState::fresh(&make()).expect("a state"));
            let mut state = SupernetState::fresh(&make()).expect("a state");
            for i in 0..9 {
                let loss = step(&mut whole).loss;
                let want = whole.state().to_bytes(whole.setup()).expect("bytes");
                let mut part = trainer(make(), state);
                // Bits do not depend on threads.
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1 + i % 3).build().expect("threads");
                assert_eq!(pool.install(|| step(&mut part)).loss, loss, "{method:?}, iteration {i}");
                let bytes = part.state().to_bytes(part.setup()).expect("bytes");
                assert!(bytes == want, "{method:?}, iteration {i} differs");
                state = SupernetState::from_bytes(&bytes, part.setup()).expect("a state");
                assert_eq!(state, *part.state());
            }
        }
    }
}

/// A space with one network is trained as that network is: the same bits, by other names.
#[test]
fn one_network_is_trained_as_alone() {
    let text = "space { network { input d; conv 8 stride=4; c3 8; conv 16 stride=2 as=\"y\"; detect \"y\" anchors=auto } }";
    let single = || Supernet::of(&whole(text)).expect("a supernet");
    for recipe in recipes().into_iter().chain([Recipe { optimizer: Optimizer::Adam, nominal_batch: 6, ..recipes()[0].clone() }]) {
        let recipe = Recipe { accumulate: 1, nominal_batch: 0, ..recipe };
        let setup = Setup::new(single(), oneshot(SinglePath { fair: false }.form()), recipe.clone(), 5).map(Arc::new).expect("a setup");
        let path = setup.net.path(&setup.net.space().reference()).expect("a path");
        let state = SupernetState::fresh(&setup).expect("a state");
        let own = shared::cut(&path, &state.train.params).expect("its own");
        let alone = TrainState::fresh(own, &path.program, &recipe).expect("a state");
        let loader = Box::new(Generated { n: 2, size: 64, classes: 4, per_epoch: PER_EPOCH });
        let device = executor(&path.program, DeviceChoice::Fast, 2).expect("an executor");
        let mut alone = Trainer::new(&path.program, &recipe, loader, device, alone).expect("a trainer");
        let mut inside = trainer(setup, state);
        for _ in 0..6 {
            let Outcome::Step(want) = alone.step().expect("an iteration") else { panic!("diverged") };
            assert_eq!(step(&mut inside), want);
        }
        assert!(shared::cut(&path, inside.weights()).expect("its own") == *alone.weights());
        assert!(shared::cut(&path, &inside.state().train.first).expect("its own") == alone.state().first);
    }
}

/// The tensors that the sample's network reads.
fn read_by(net: &Supernet, sample: &crate::space::Sample) -> BTreeSet<usize> {
    net.path(sample).expect("a path").slices.iter().map(|s| s.tensor).collect()
}

#[test]
fn what_no_network_has_read_stands_still() {
    let recipe = &recipes()[0];
    let mut t = trainer(setup(paths()[0].clone(), recipe), SupernetState::fresh(&setup(paths()[0].clone(), recipe)).expect("a state"));
    let mut moved = BTreeSet::new();
    // The first iteration's rate for weights is 0.
    step(&mut t);
    for iteration in 1..8 {
        let drawn = t.setup.draw(iteration, 0, &mut t.networks).expect("a path");
        let read = read_by(&t.setup.net, &drawn[0].sample);
        let before = t.state.clone();
        step(&mut t);
        for i in 0..t.setup.holder.params.len() {
            let (a, b) = (&before.train, &t.state.train);
            let same = a.params.0[i] == b.params.0[i] && a.first.0[i] == b.first.0[i] && before.steps[i] == t.state.steps[i];
            assert_eq!(same, !read.contains(&i), "{}", t.setup.holder.params[i].name);
        }
        moved.extend(read);
    }
    assert!(moved.len() > read_by(&t.setup.net, &t.setup.smallest).len());
}

#[test]
fn a_fair_step_trains_every_option_and_a_sandwich_its_ends() {
    let recipe = Recipe { ema: 0.0, warmup: 0.0, ..recipes()[0].clone() };
    let fresh = |m: &Form| trainer(setup(m.clone(), &recipe), SupernetState::fresh(&setup(m.clone(), &recipe)).expect("a state"));
    let mut fair = fresh(&paths()[1]);
    assert_eq!(fair.setup.batches_a_step(), 3);
    let steps: Vec<bool> = (0..9).map(|_| step(&mut fair).stepped).collect();
    assert_eq!(steps, [false, false, true].repeat(3));
    let layer = fair.setup.net.decisions().iter().position(|d| d.label == "a").expect("the choice");
    for s in 0..4 {
        let drawn = fair.setup.draw(s, 0, &mut fair.networks).expect("paths");
        let options: BTreeSet<_> = drawn.iter().filter_map(|d| d.sample.option(layer)).collect();
        assert_eq!((drawn.len(), options.len()), (3, 3));
    }
    let mut sandwich = fresh(&paths()[2]);
    for iteration in 0..4 {
        let drawn = sandwich.setup.draw(iteration, 0, &mut sandwich.networks).expect("paths");
        assert_eq!(drawn[0].sample, sandwich.setup.largest);
        assert_eq!(drawn[drawn.len() - 1].sample, sandwich.setup.smallest);
        let before = sandwich.state.clone();
        step(&mut sandwich);
        let own = read_by(&sandwich.setup.net, &sandwich.setup.smallest);
        let trained = |i: &&usize| sandwich.setup.holder.params[**i].kind.is_trained();
        assert!(own.iter().filter(trained).all(|&i| before.train.params.0[i] != sandwich.state.train.params.0[i]));
    }
}

/// Gradients by the outputs are those of the losses that are told, for a classifier and for a detector.
#[test]
fn the_gradient_is_of_labels_and_teacher() {
    let heads = ["conv 4 stride=16; global-pool; linear 4", "conv 8 stride=16 as=\"y\"; detect \"y\" anchors=auto"];
    for (head, task) in heads.iter().zip([crate::document::Task::Classify, crate::document::Task::Detect]) {
        let space = whole(&format!("space {{ network {{ input d; {head} }} }}"));
        let program = space.architecture(&space.reference()).and_then(|a| a.program().map_err(|_| panic!())).expect("a program");
        let shape = program.values[program.outputs[0]];
        let n = 3;
        let count = n * shape.h * shape.w * shape.c;
        let (student, teacher) = (symmetric("student", count, 1.0), vec![symmetric("teacher", count, 2.0)]);
        let targets = if task == crate::document::Task::Detect { targets("boxes", n, 4) } else { vec![] };
        let batch = crate::data::Batch { n, images: vec![], targets, labels: vec![2, 0, 3] };
        let mut objective = objective::Objective::new(&Recipe { task, ..recipe() });
        let each = if task == crate::document::Task::Detect { n as f64 } else { 1.0 };
        let mut total = |student: &[f32], labels: f64, weight: f64| {
            let teacher = (weight != 0.0).then_some((weight, &teacher[..]));
            let loss = objective.evaluate(&program, &[student], &batch, labels, teacher).expect("a loss");
            (labels * loss.labels.map_or(0.0, |l| l.total) + each * loss.soft, objective.grads()[0].clone())
        };
        for (labels, weight) in [(1.0, 0.0), (0.0, 1.0), (0.5, 2.0)] {
            let (_, grads) = total(&student, labels, weight);
            for i in (0..count).step_by(count / 12) {
                let (mut up, mut down) = (student.clone(), student.clone());
                up[i] += 1e-2;
                down[i] -= 1e-2;
                let want = (total(&up, labels, weight).0 - total(&down, labels, weight).0) / f64::from(up[i] - down[i]);
                let found = f64::from(grads[i]);
                assert!((found - want).abs() < 2e-4 * (1.0 + want.abs()), "{task:?} {labels} {weight} {i}: {found} {want}");
            }
        }
    }
}

#[test]
fn a_loss_that_is_no_number_is_a_result() {
    let recipe = Recipe { diverged_above: 1e-3, ..recipes()[0].clone() };
    let mut t = trainer(setup(paths()[2].clone(), &recipe), SupernetState::fresh(&setup(paths()[2].clone(), &recipe)).expect("a state"));
    for _ in 0..2 {
        assert!(matches!(t.step(), Ok(Outcome::Diverged { iteration: 0, loss }) if loss > 1e-3));
    }
    let mut broken = SupernetState::fresh(&setup(paths()[0].clone(), &recipes()[0])).expect("a state");
    broken.train.params.0.iter_mut().for_each(|p| p.fill(f32::NAN));
    let mut t = trainer(setup(paths()[0].clone(), &recipes()[0]), broken);
    assert!(matches!(t.step(), Ok(Outcome::Diverged { iteration: 0, loss }) if loss.is_nan()));
}

#[test]
fn hostile_states_are_refused_and_names_match() {
    let make = || setup(paths()[0].clone(), &recipes()[1]);
    let mut t = trainer(make(), SupernetState::fresh(&make()).expect("a state"));
    step(&mut t);
    let bytes = t.state().to_bytes(t.setup()).expect("bytes");
    for end in (0..bytes.len()).step_by(bytes.len() / 31 + 1).chain([bytes.len() - 1]) {
        assert!(SupernetState::from_bytes(&bytes[..end], &make()).is_err(), "cut at {end}");
    }
    for at in (0..bytes.len()).step_by(bytes.len() / 149 + 1).chain(0..64).chain(bytes.len() - 64..bytes.len()) {
        let mut hostile = bytes.clone();
        hostile[at] ^= 0xff;
        // It reads, or says why not.
        let _ = SupernetState::from_bytes(&hostile, &make()).map(|s| s.to_bytes(&make()));
    }
    let other = setup(paths()[0].clone(), &recipes()[0]);
    assert!(SupernetState::from_bytes(&bytes, &other).is_err(), "another optimiser");
    let weights = weights_to_bytes(&make().holder, t.weights()).expect("bytes");
    let (state, taken) = SupernetState::matching(&weights, &make()).expect("the same names");
    assert!(taken == make().holder.params.len() && state.train.params == *t.weights() && state.train.iteration == 0);
    assert!(SupernetState::matching(&crate::nn::save_tensors(&[], &Default::default()).expect("bytes"), &make()).is_err());
}

/// What sharing costs beside a training of the same network alone: run by hand, `--ignored --nocapture`. The best of several
/// rounds counts, because machines are shared.
#[test]
#[ignore = "prints what sharing costs and asserts nothing: performance is measured by hand, never by a timed test"]
fn the_cost_of_sharing() {
    use std::time::{Duration, Instant};
    const ROUNDS: usize = 7;
    let recipe = Recipe { batch: 8, optimizer: Optimizer::AdamW, ..recipe() };
    let start = Instant::now();
    let net = Supernet::of(&whole(crate::space::tests::FLAGSHIP)).expect("a supernet");
    println!("the supernet: {:?}", start.elapsed());
    let setup = Setup::new(net, oneshot(SinglePath { fair: false }.form()), recipe.clone(), 5).map(Arc::new).expect("a setup");
    let loader = || Box::new(Generated { n: 8, size: 64, classes: 4, per_epoch: 4 });
    let batch = crate::train::Batches::batch(&mut *loader(), 0, 0).expect("a batch");
    let state = SupernetState::fresh(&setup).expect("a state");
    let path = setup.net.path(&setup.largest).expect("a path");
    let device = executor(&path.program, DeviceChoice::Fast, 8).expect("an executor");
    let mut t = SupernetTrainer::new(setup.clone(), loader(), None, device, state).expect("a trainer");
    let other = t.networks.path(&setup.net, &setup.smallest).expect("a path");
    let names = ["planning", "replace and gather", "forward", "loss", "backward", "add", "statistics", "optimise", "all", "alone"];
    let mut sums = [Duration::ZERO; 10];
    for i in 0..20u64 {
        let sample = setup.net.uniform(1, &[i]);
        let start = Instant::now();
        let network = t.networks.path(&setup.net, &sample).expect("a path");
        sums[0] += start.elapsed();
        let mut best = [Duration::MAX; 10];
        for _ in 0..ROUNDS {
            t.runner.load(&other, &t.state.train.params.0).expect("loaded");
            let (begun, mut at) = (Instant::now(), Instant::now());
            let mut lap = |part: usize| {
                best[part] = best[part].min(at.elapsed());
                at = Instant::now();
            };
            t.runner.load(&network, &t.state.train.params.0).expect("loaded");
            lap(1);
            t.runner.forward(&batch).expect("forward");
            lap(2);
            t.objective.evaluate(&network.program, &t.runner.outputs(), &batch, 1.0, None).expect("a loss");
            lap(3);
            t.runner.backward(t.objective.grads()).expect("backward");
            lap(4);
            t.runner.add_grads(&mut t.state.train.grads, &mut t.state.touched);
            lap(5);
            t.runner.keep_statistics(&mut t.state.train.params);
            lap(6);
            let rates = t.setup.rates(4, i);
            optimise::step(&recipe, &t.kinds, &rates, i, &mut t.state);
            lap(7);
            best[8] = best[8].min(begun.elapsed());
        }
        let path = setup.net.path(&sample).expect("a path");
        let own = shared::cut(&path, t.weights()).expect("its own");
        let alone = TrainState::fresh(own, &path.program, &recipe).expect("a state");
        let device = executor(&path.program, DeviceChoice::Fast, 8).expect("an executor");
        let mut alone = Trainer::new(&path.program, &recipe, loader(), device, alone).expect("a trainer");
        for _ in 0..ROUNDS {
            let start = Instant::now();
            crate::train::Batches::batch(&mut *loader(), 0, 0).expect("a batch");
            let made = start.elapsed();
            let start = Instant::now();
            alone.step().expect("an iteration");
            best[9] = best[9].min(start.elapsed().saturating_sub(made));
        }
        sums.iter_mut().zip(best).skip(1).for_each(|(sum, best)| *sum += best);
    }
    names.iter().zip(sums).for_each(|(name, time)| println!("{name}: {:.2} ms", time.as_secs_f64() * 1e3 / 20.0));
    println!("ratio {:.3}", sums[8].as_secs_f64() / sums[9].as_secs_f64());
}
