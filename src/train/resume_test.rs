//! A training interrupted anywhere continues with the same bits; what is hostile or broken is refused or reported.

use super::reference::{Generated, TinyExecutor, initial, recipe, tiny};
use super::state::TrainState;
use super::trainer::{Batches, Outcome, Step, TrainError, Trainer};
use super::weights::{weights_from_bytes, weights_to_bytes};
use crate::data::{Batch, DataError};
use crate::document::{Optimizer, Recipe};
use crate::space::Program;

const PER_EPOCH: usize = 5;

fn trainer(program: &Program, recipe: &Recipe, state: TrainState) -> Trainer {
    let loader = Box::new(Generated { n: 2, size: 64, classes: 2, per_epoch: PER_EPOCH });
    Trainer::new(program, recipe, loader, Box::new(TinyExecutor::new(program)), state).expect("a trainer")
}

fn step(trainer: &mut Trainer) -> Step {
    match trainer.step().expect("an iteration") {
        Outcome::Step(step) => step,
        diverged => panic!("{diverged:?}"),
    }
}

fn fresh(program: &Program, recipe: &Recipe) -> TrainState {
    TrainState::fresh(initial(program), program, recipe).expect("a state")
}

/// Accumulation over three batches in epochs of five; one recipe a kind of state.
fn recipes() -> [Recipe; 3] {
    let base = Recipe { batch: 2, accumulate: 3, warmup: 0.5, ..recipe() };
    [
        base.clone(),
        Recipe { optimizer: Optimizer::AdamW, ema: 0.0, ..base.clone() },
        Recipe { optimizer: Optimizer::Adam, nominal_batch: 6, warmup: 2.0, ..base },
    ]
}

#[test]
fn interrupted_anywhere_it_ends_with_the_same_bits() {
    let program = tiny(2, 64);
    for recipe in recipes() {
        let mut whole = trainer(&program, &recipe, fresh(&program, &recipe));
        let mut states = Vec::new();
        let mut losses = Vec::new();
        for _ in 0..13 {
            losses.push(step(&mut whole).loss);
            states.push(whole.state().to_bytes(&program).expect("bytes"));
        }
        assert!(states.windows(2).all(|s| s[0] != s[1]));
        // After every iteration a new trainer from bytes.
        let mut state = fresh(&program, &recipe);
        for (i, want) in states.iter().enumerate() {
            let mut part = trainer(&program, &recipe, state);
            assert_eq!(step(&mut part).loss, losses[i]);
            let bytes = part.state().to_bytes(&program).expect("bytes");
            assert!(bytes == *want, "iteration {i} differs");
            state = TrainState::from_bytes(&bytes, &program, &recipe).expect("a state");
            assert_eq!(state, *part.state());
        }
    }
}

#[test]
fn accumulates_and_drops_what_an_epoch_leaves_over() {
    let program = tiny(2, 64);
    let [recipe, ..] = recipes();
    let mut t = trainer(&program, &recipe, fresh(&program, &recipe));
    let steps: Vec<Step> = (0..10).map(|_| step(&mut t)).collect();
    // Iterations since the last step count through the epoch's end (last_step −1, 2, 5, 8), their gradients do not.
    let stepped: Vec<u64> = steps.iter().filter(|s| s.stepped).map(|s| s.iteration).collect();
    assert_eq!(stepped, [2, 5, 8]);
    let ended: Vec<u64> = steps.iter().filter(|s| s.epoch_ended).map(|s| s.iteration).collect();
    assert_eq!(ended, [4, 9]);
    assert!(!t.state().accumulated && t.state().grads.0.iter().flatten().all(|g| *g == 0.0));
    let mean = steps[5..].iter().map(|s| s.loss.r#box).sum::<f64>() / 5.0;
    assert!((t.epoch_summary().expect("an epoch").r#box - mean).abs() < 1e-12);
    assert_eq!(t.state().steps, 3);
}

#[test]
fn it_learns() {
    let program = tiny(2, 64);
    let recipe = Recipe { batch: 2, warmup: 0.0, lr: 0.05, over: 100.0, ..recipe() };
    let mut t = trainer(&program, &recipe, fresh(&program, &recipe));
    let mut epochs = Vec::new();
    while epochs.len() < 20 {
        if step(&mut t).epoch_ended {
            epochs.push(t.epoch_summary().expect("an epoch").sum());
        }
    }
    assert!(epochs[19] < 0.5 * epochs[0], "{epochs:?}");
}

#[test]
fn divergence_is_a_result() {
    let program = tiny(2, 64);
    let above = Recipe { diverged_above: 1e-3, ..recipe() };
    let mut t = trainer(&program, &above, fresh(&program, &above));
    let first = t.step().expect("a result");
    assert!(matches!(first, Outcome::Diverged { iteration: 0, loss } if loss > 1e-3));
    assert_eq!(t.step().expect("a result"), first);

    let wild = Recipe { lr: 1e30, warmup: 0.0, clip_norm: 0.0, ..recipe() };
    let mut t = trainer(&program, &wild, fresh(&program, &wild));
    let ends = (0..10).map(|_| t.step().expect("a result")).find(|o| matches!(o, Outcome::Diverged { .. }));
    assert!(matches!(ends, Some(Outcome::Diverged { iteration: 1.., .. })), "{ends:?}");
}

#[test]
fn weights_are_the_average_and_start_a_new_training() {
    let program = tiny(2, 64);
    let [recipe, plain, _] = recipes();
    let mut t = trainer(&program, &recipe, fresh(&program, &recipe));
    (0..4).for_each(|_| {
        step(&mut t);
    });
    assert_eq!(Some(t.weights()), t.state().ema.as_ref());
    assert_ne!(*t.weights(), t.state().params);
    let bytes = weights_to_bytes(&program, t.weights()).expect("bytes");
    assert_eq!(bytes, weights_to_bytes(&program, t.weights()).expect("bytes"));
    assert_eq!(weights_from_bytes(&program, &bytes).as_ref(), Ok(t.weights()));
    let state = TrainState::from_weights(&bytes, &program, &plain).expect("a state");
    assert_eq!((&state.params, state.iteration, state.last_step), (t.weights(), 0, -1));
    assert!(state.ema.is_none() && state.second.is_some());
    // A state is not a blob of weights, nor the other way.
    assert!(weights_from_bytes(&program, &t.state().to_bytes(&program).expect("bytes")).is_err());
    assert!(TrainState::from_bytes(&bytes, &program, &recipe).is_err());
}

#[test]
fn hostile_bytes_are_errors() {
    let program = tiny(2, 64);
    let [recipe, adam, _] = recipes();
    let mut t = trainer(&program, &recipe, fresh(&program, &recipe));
    step(&mut t);
    let bytes = t.state().to_bytes(&program).expect("bytes");
    assert!(TrainState::from_bytes(&bytes, &program, &recipe).is_ok());
    assert!(TrainState::from_bytes(&bytes, &program, &adam).is_err());
    assert!(TrainState::from_bytes(&bytes, &program, &Recipe { ema: 0.0, ..recipe.clone() }).is_err());
    assert!(TrainState::from_bytes(&bytes, &tiny(3, 64), &recipe).is_err());
    for n in (0..bytes.len()).step_by(17) {
        assert!(TrainState::from_bytes(&bytes[..n], &program, &recipe).is_err());
    }
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("eight")) as usize;
    for i in 0..header {
        for flip in [1u8, 0x80] {
            let mut bad = bytes.clone();
            bad[i] ^= flip;
            // A digit of a counter may become another digit; what is read must then be what is written.
            if let Ok(state) = TrainState::from_bytes(&bad, &program, &recipe) {
                assert!(state.fits(&program, &recipe).is_ok());
                assert!(state.to_bytes(&program).is_ok());
            }
        }
    }
}

struct Wrong(Batch);
impl Batches for Wrong {
    fn per_epoch(&self) -> usize {
        1
    }
    fn batch(&mut self, _: usize, _: usize) -> Result<Batch, DataError> {
        Ok(self.0.clone())
    }
}

#[test]
fn wrong_batches_are_errors() {
    let program = tiny(2, 64);
    let [recipe, ..] = recipes();
    for batch in [Batch::default(), Batch { n: 2, images: vec![0.0; 64 * 64 * 3], ..Batch::default() }] {
        let executor = Box::new(TinyExecutor::new(&program));
        let mut t = Trainer::new(&program, &recipe, Box::new(Wrong(batch)), executor, fresh(&program, &recipe)).expect("a trainer");
        assert!(matches!(t.step(), Err(TrainError::Batch(_))));
    }
}
