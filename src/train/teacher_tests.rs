//! Against PyTorch's values, finite differences, and a training that is interrupted.

use super::super::criterion::{Criterion, criterion};
use super::super::reference::{Generated, TinyExecutor, initial, recipe, symmetric, targets, tiny};
use super::super::state::TrainState;
use super::super::trainer::{Outcome, Trainer};
use super::*;
use crate::document::{Recipe, Task};
use crate::nn::{DeviceChoice, executor};
use crate::space::Shape;
use crate::space::tests::whole;

/// Says the same of whatever it is shown.
struct Said(Vec<Vec<f32>>);

impl Executor for Said {
    fn class(&self) -> String {
        "said".into()
    }
    fn replace(&mut self, _: &Program) -> Result<(), String> {
        Ok(())
    }
    fn forward_train(&mut self, _: &mut Parameters, _: &[f32], _: usize, _: NormOptions) -> Result<(), String> {
        Err("a teacher does not train".into())
    }
    fn forward_eval(&mut self, _: &Parameters, _: &[f32], _: usize, _: NormOptions) -> Result<(), String> {
        Ok(())
    }
    fn output(&self, i: usize) -> &[f32] {
        &self.0[i]
    }
    fn backward(&mut self, _: &Parameters, _: &[Vec<f32>], _: &mut Parameters) -> Result<(), String> {
        Err("a teacher does not train".into())
    }
}

fn classifier(classes: usize) -> Program {
    let values = vec![Shape { h: 4, w: 4, c: 3 }, Shape { h: 1, w: 1, c: classes }];
    Program { values, nodes: vec![], params: vec![], outputs: vec![1], head: Head::Classify { classes } }
}

fn teacher(program: &Program, said: Vec<Vec<f32>>, recipe: &Recipe, how: Distillation) -> Teacher {
    let network = (program, Parameters::default(), Box::new(Said(said)) as Box<dyn Executor>);
    Teacher::new(network, 1e-3, program, &recipe.loss, how).expect("a teacher")
}

fn outputs(program: &Program, name: &str, n: usize, bound: f64) -> Vec<Vec<f32>> {
    let shape = |(i, &o): (usize, &usize)| (i, program.values[o]);
    let levels = program.outputs.iter().enumerate().map(shape);
    levels.map(|(i, s)| symmetric(&format!("{name}{i}"), n * s.h * s.w * s.c, bound)).collect()
}

/// Loss and gradients of a student that says `outputs`.
fn loss(teacher: &mut Teacher, hard: &mut dyn Criterion, outputs: &[Vec<f32>], batch: &Batch) -> LossParts {
    let outputs: Vec<&[f32]> = outputs.iter().map(|o| &o[..]).collect();
    let parts = hard.evaluate(&outputs, batch).expect("a loss");
    teacher.teach(&outputs, batch, parts, hard.grads()).expect("a loss")
}

fn batch(n: usize, classes: usize) -> Batch {
    let labels = (0..n).map(|i| (i % classes) as u32).collect();
    Batch { n, images: vec![], targets: targets("boxes", n, classes), labels }
}

/// tests/reference/distillation.json, made by scripts/distillation.py.
#[test]
fn as_pytorch() {
    let file: serde_json::Value = serde_json::from_str(include_str!("../../tests/reference/distillation.json")).expect("JSON");
    let number = |case: &serde_json::Value, name: &str| case[name].as_f64().unwrap_or_else(|| panic!("{name}"));
    let cases = file.as_array().expect("a list");
    assert_eq!(cases.len(), 4);
    for case in cases {
        let (n, classes) = (number(case, "images") as usize, number(case, "classes") as usize);
        let how = Distillation { temperature: number(case, "temperature"), weight: number(case, "weight") };
        let detects = case["task"] == "detect";
        let recipe = Recipe { task: if detects { Task::Detect } else { Task::Classify }, ..recipe() };
        let program = if detects { tiny(classes, 64) } else { classifier(classes) };
        let (said, student) = (outputs(&program, "teacher", n, 3.0), outputs(&program, "student", n, 2.0));
        let mut teacher = teacher(&program, said, &recipe, how);
        let mut hard = criterion(&program, &recipe).expect("a loss");
        let got = loss(&mut teacher, hard.as_mut(), &student, &batch(n, classes));
        let near = |got: f64, name: &str| {
            let want = number(case, name);
            assert!((got - want).abs() < 1e-5 * (1.0 + want.abs()), "{name} of {case}: {got}");
        };
        near(got.total, "total");
        let grads = teacher.grads();
        near(grads.iter().flatten().map(|g| f64::from(*g).abs()).sum(), "grads-l1");
        near(grads.iter().flatten().enumerate().map(|(i, g)| f64::from(*g) * ((i % 7) as f64 - 3.0)).sum(), "grads-weighted");
    }
}

#[test]
fn gradients_are_differences() {
    for (task, temperature) in [(Task::Classify, 3.0), (Task::Detect, 1.0)] {
        let recipe = Recipe { task, ..recipe() };
        let program = if task == Task::Detect { tiny(3, 32) } else { classifier(5) };
        let classes = if task == Task::Detect { 3 } else { 5 };
        let batch = batch(2, classes);
        let mut teacher = teacher(&program, outputs(&program, "t", 2, 2.0), &recipe, Distillation { temperature, weight: 0.7 });
        let mut hard = criterion(&program, &recipe).expect("a loss");
        let student = outputs(&program, "s", 2, 1.0);
        loss(&mut teacher, hard.as_mut(), &student, &batch);
        let grads = teacher.grads().to_vec();
        assert!(grads.iter().flatten().any(|g| g.abs() > 1e-3));
        for level in 0..student.len() {
            for i in (0..student[level].len()).step_by(if task == Task::Detect { 17 } else { 1 }) {
                // The target of objectness is the box's overlap, detached: boxes of cells with an object are checked in `loss_test`.
                if task == Task::Detect && !(4..8).contains(&(i % 8)) {
                    continue;
                }
                let mut at = |d: f32| {
                    let mut moved = student.clone();
                    moved[level][i] += d;
                    (loss(&mut teacher, hard.as_mut(), &moved, &batch).total, f64::from(moved[level][i]))
                };
                let ((up, x1), (down, x0)) = (at(1e-2), at(-1e-2));
                let want = (up - down) / (x1 - x0);
                let error = (f64::from(grads[level][i]) - want).abs();
                assert!(error < 2e-4 * (1.0 + want.abs()), "{task:?} level {level}, {i}: {} is not {want}", grads[level][i]);
            }
        }
    }
}

#[test]
fn weights_share_the_loss() {
    let program = classifier(4);
    let recipe = Recipe { task: Task::Classify, ..recipe() };
    let (said, student, batch) = (outputs(&program, "t", 3, 2.0), outputs(&program, "s", 3, 1.0), batch(3, 4));
    let mut hard = criterion(&program, &recipe).expect("a loss");
    let mut at = |weight: f64, said: &[Vec<f32>]| {
        let mut teacher = teacher(&program, said.to_vec(), &recipe, Distillation { temperature: 4.0, weight });
        loss(&mut teacher, hard.as_mut(), &student, &batch).total
    };
    // All of it the teacher's: nothing where both agree; a half of each is their mean.
    assert!(at(1.0, &student).abs() < 1e-12);
    let (none, half, all) = (at(0.0, &said), at(0.5, &said), at(1.0, &said));
    assert!((half - (none + all) / 2.0).abs() < 1e-12 && none != all);
}

#[test]
fn other_heads_do_not_teach() {
    let recipe = recipe();
    let how = Distillation { temperature: 1.0, weight: 1.0 };
    let student = tiny(2, 64);
    let told = |teacher: &Program| {
        let network = (teacher, Parameters::default(), Box::new(Said(vec![])) as Box<dyn Executor>);
        Teacher::new(network, 1e-3, &student, &recipe.loss, how).err().unwrap_or_default()
    };
    assert_eq!(told(&student), "");
    assert_eq!(told(&tiny(3, 64)), "classes differ: 2 of the network, 3 of its teacher");
    assert_eq!(told(&tiny(2, 96)), "images differ: 64×64×3 of the network, 96×96×3 of its teacher");
    let mut other = student.clone();
    let Head::Detect { strides, .. } = &mut other.head else { panic!("a detector") };
    strides[0] = 4;
    assert_eq!(told(&other), "strides of the head differ: [8, 16, 32] of the network, [4, 16, 32] of its teacher");
    let mut other = student.clone();
    let Head::Detect { anchors, .. } = &mut other.head else { panic!("a detector") };
    anchors[2][0].0 = 7.0;
    assert!(told(&other).starts_with("anchors differ: "));
    assert!(
        told(&classifier(2)).starts_with("images differ")
            && told(&Program { values: student.values.clone(), ..classifier(2) }).contains("classifies")
    );
}

/// Real networks on both executors: they agree, and the teacher is heard.
#[test]
fn both_executors_agree() {
    let network = |text: &str| {
        let space = whole(&format!("space {{ network {{ input d image-size=32; conv 8 kernel=3 stride=4; {text} detect above }} }}"));
        space.architecture(&space.reference()).expect("builds").program().expect("builds")
    };
    let (student, large) = (network("conv 8 kernel=3 stride=2;"), network("c3 16; conv 16 kernel=3 stride=2;"));
    let Head::Detect { classes, .. } = student.head else { panic!("a detector") };
    let recipe = Recipe { batch: 2, warmup: 0.0, ..recipe() };
    let losses = |device: DeviceChoice, taught: bool| -> Vec<f64> {
        let loader = Box::new(Generated { n: 2, size: 32, classes, per_epoch: 5 });
        let state = TrainState::fresh(initial(&student), &student, &recipe).expect("a state");
        let run = |program: &Program| executor(program, device, 2).expect("an executor");
        let mut trainer = Trainer::new(&student, &recipe, loader, run(&student), state).expect("a trainer");
        if taught {
            let how = Distillation { temperature: 1.0, weight: 1.0 };
            trainer =
                trainer.taught(Teacher::new((&large, initial(&large), run(&large)), 1e-3, &student, &recipe.loss, how).expect("a teacher"));
        }
        let mut one = || match trainer.step().expect("an iteration") {
            Outcome::Step(step) => step.loss.sum(),
            diverged => panic!("{diverged:?}"),
        };
        (0..4).map(|_| one()).collect()
    };
    let (fast, reference, alone) =
        (losses(DeviceChoice::Fast, true), losses(DeviceChoice::ReferenceCpu, true), losses(DeviceChoice::Fast, false));
    assert!(fast.iter().zip(&reference).all(|(a, b)| (a - b).abs() < 1e-4 * b.abs()), "{fast:?} {reference:?}");
    assert!(fast.iter().zip(&alone).all(|(a, b)| a > b), "{fast:?} {alone:?}");
}

/// A teacher is no state: a training that goes on from bytes meets the same one, and its bits are those of one that never stopped.
#[test]
fn interrupted_anywhere_it_ends_with_the_same_bits() {
    let program = tiny(2, 64);
    let recipe = Recipe { batch: 2, accumulate: 3, warmup: 0.5, ..recipe() };
    let how = Distillation { temperature: 1.0, weight: 1.0 };
    let trainer = |state: TrainState, taught: bool| {
        let loader = Box::new(Generated { n: 2, size: 64, classes: 2, per_epoch: 5 });
        let trainer = Trainer::new(&program, &recipe, loader, Box::new(TinyExecutor::new(&program)), state).expect("a trainer");
        let mut params = initial(&program);
        params.0.iter_mut().flatten().for_each(|v| *v *= 1.5);
        let network = (&program, params, Box::new(TinyExecutor::new(&program)) as Box<dyn Executor>);
        let teacher = Teacher::new(network, 1e-3, &program, &recipe.loss, how).expect("a teacher");
        if taught { trainer.taught(teacher) } else { trainer }
    };
    let fresh = || TrainState::fresh(initial(&program), &program, &recipe).expect("a state");
    let run = |mut trainer: Trainer| match trainer.step().expect("an iteration") {
        Outcome::Step(step) => (step.loss, trainer.state().to_bytes(&program).expect("bytes")),
        diverged => panic!("{diverged:?}"),
    };
    let (alone, taught) = (run(trainer(fresh(), false)), run(trainer(fresh(), true)));
    assert!(taught.0.sum() > alone.0.sum() && taught.1 != alone.1, "the teacher changes nothing");
    let mut whole = trainer(fresh(), true);
    let mut state = fresh();
    for i in 0..8 {
        let want = match whole.step().expect("an iteration") {
            Outcome::Step(step) => (step.loss, whole.state().to_bytes(&program).expect("bytes")),
            diverged => panic!("{diverged:?}"),
        };
        let got = run(trainer(state, true));
        assert!(got == want, "iteration {i} differs");
        state = TrainState::from_bytes(&got.1, &program, &recipe).expect("a state");
    }
}
