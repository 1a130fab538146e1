//! A classifier in the same loop: it learns, is interrupted anywhere with the same bits, and wrong batches are refused.

use super::reference::{initial, recipe, uniform};
use super::{Batches, Outcome, Step, TrainError, TrainState, Trainer};
use crate::data::{Batch, DataError};
use crate::document::{LossGains, Recipe, Task};
use crate::nn::{DeviceChoice, executor};
use crate::space::{Architecture, Program};
use serde_json::json;

const SIZE: usize = 8;
const CLASSES: usize = 3;

/// A convolution of a grey image, the mean, a linear layer.
fn network() -> Program {
    let conv = json!({"block": "conv", "channels": 8, "kernel": [3, 3], "stride": 1, "padding": [1, 1], "dilation": 1, "groups": 1,
                      "activation": "relu"});
    let layers = [(conv, json!("image")), (json!({"block": "global-pool"}), json!({"layer": 0}))];
    let linear = (json!({"block": "linear", "channels": CLASSES}), json!({"layer": 1}));
    let layers: Vec<_> = layers.into_iter().chain([linear]).map(|(block, input)| json!({"block": block, "inputs": [input]})).collect();
    let text = json!({"input": {"channels": 1, "height": SIZE, "width": SIZE}, "layers": layers}).to_string();
    Architecture::from_json(&text).and_then(|a| a.program()).expect("a network")
}

/// Five batches an epoch, the last one shorter; a class is a row that is bright.
struct Bars;

impl Batches for Bars {
    fn per_epoch(&self) -> usize {
        5
    }
    fn batch(&mut self, epoch: usize, index: usize) -> Result<Batch, DataError> {
        let n = if index == 4 { 2 } else { 6 };
        let labels: Vec<u32> = (0..n).map(|i| ((i + index + epoch) % CLASSES) as u32).collect();
        let noise = uniform(&format!("{epoch} {index}"), n * SIZE * SIZE);
        let pixel = |(i, u): (usize, &f64)| {
            let bright = i / SIZE % SIZE / 2 == labels[i / (SIZE * SIZE)] as usize;
            // One class is bright in stripes, so that the mean does not tell them apart by place alone.
            (0.3 * u + if bright && i % (labels[i / (SIZE * SIZE)] as usize + 1) == 0 { 0.7 } else { 0.0 }) as f32
        };
        let images = noise.iter().enumerate().map(pixel).collect();
        Ok(Batch { n, images, labels, targets: vec![] })
    }
}

fn classify() -> Recipe {
    let loss = LossGains { label_smoothing: 0.1, ..recipe().loss };
    Recipe { task: Task::Classify, lr: 0.1, warmup: 0.5, over: 30.0, ema: 0.99, bn_momentum: 0.1, loss, ..recipe() }
}

fn trainer(program: &Program, recipe: &Recipe, state: TrainState) -> Trainer {
    let executor = executor(program, DeviceChoice::Fast, 6).expect("an executor");
    Trainer::new(program, recipe, Box::new(Bars), executor, state).expect("a trainer")
}

fn step(trainer: &mut Trainer) -> Step {
    match trainer.step().expect("an iteration") {
        Outcome::Step(step) => step,
        diverged => panic!("{diverged:?}"),
    }
}

#[test]
fn it_learns_and_continues_with_the_same_bits() {
    let (program, recipe) = (network(), classify());
    let fresh = || TrainState::fresh(initial(&program), &program, &recipe).expect("a state");
    let mut whole = trainer(&program, &recipe, fresh());
    let mut state = fresh();
    let mut epochs = Vec::new();
    while epochs.len() < 30 {
        let done = step(&mut whole);
        if done.epoch_ended {
            epochs.push(whole.epoch_summary().expect("an epoch").sum());
        }
        // For two epochs and a bit, a new trainer from bytes after every iteration.
        if done.iteration < 12 {
            let mut part = trainer(&program, &recipe, state);
            assert_eq!(step(&mut part).loss, done.loss);
            let bytes = part.state().to_bytes(&program).expect("bytes");
            assert!(bytes == whole.state().to_bytes(&program).expect("bytes"), "iteration {} differs", done.iteration);
            state = TrainState::from_bytes(&bytes, &program, &recipe).expect("a state");
        } else {
            state = fresh();
        }
    }
    assert!(epochs[0] > 0.9 && epochs[29] < 0.75 * epochs[0], "{epochs:?}");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let program = network();
    let unfit = |recipe: &Recipe| {
        let state = TrainState::fresh(initial(&program), &program, recipe).expect("a state");
        let executor = executor(&program, DeviceChoice::Fast, 6).expect("an executor");
        Trainer::new(&program, recipe, Box::new(Bars), executor, state).map(|_| ())
    };
    assert!(unfit(&classify()).is_ok());
    assert!(matches!(unfit(&recipe()), Err(TrainError::Unfit(why)) if why.contains("detect")));

    struct NoLabels;
    impl Batches for NoLabels {
        fn per_epoch(&self) -> usize {
            1
        }
        fn batch(&mut self, _: usize, _: usize) -> Result<Batch, DataError> {
            Ok(Batch { n: 1, images: vec![0.0; SIZE * SIZE], ..Batch::default() })
        }
    }
    let recipe = classify();
    let state = TrainState::fresh(initial(&program), &program, &recipe).expect("a state");
    let executor = executor(&program, DeviceChoice::Fast, 1).expect("an executor");
    let mut t = Trainer::new(&program, &recipe, Box::new(NoLabels), executor, state).expect("a trainer");
    assert!(matches!(t.step(), Err(TrainError::Batch(_))));
}
