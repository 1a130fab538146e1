//! Supernets whose networks read images of several sizes.

use super::learn_tests::{learning, shrinking};
use super::tests::{SPACE, oneshot, paths, step};
use super::*;
use crate::data::{Batch, DataError};
use crate::document::{Form, Recipe};
use crate::nn::{DeviceChoice, executor};
use crate::space::Supernet;
use crate::space::tests::whole;
use crate::train::Batches;
use crate::train::reference::{Generated, recipe};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// (held out, epoch, batch, size)
type Seen = Arc<Mutex<Vec<(bool, usize, usize, usize)>>>;

/// Batches of any size, with a list of those that were asked for.
struct Several {
    held: bool,
    per_epoch: usize,
    seen: Seen,
}

impl Batches for Several {
    fn per_epoch(&self) -> usize {
        self.per_epoch
    }
    fn batch(&mut self, epoch: usize, index: usize) -> Result<Batch, DataError> {
        self.batch_at(epoch, index, 64)
    }
    fn batch_at(&mut self, epoch: usize, index: usize, size: usize) -> Result<Batch, DataError> {
        self.seen.lock().expect("a list").push((self.held, epoch, index, size));
        Generated { n: 2, size, classes: 4, per_epoch: self.per_epoch }.batch(epoch, index)
    }
}

fn setup(method: &Form) -> Arc<Setup> {
    let text = SPACE.replace("input d", "input d { image-size 64 32 96 }");
    let net = Supernet::of(&whole(&text)).unwrap_or_else(|e| panic!("{e:#?}"));
    let recipe = Recipe { batch: 2, warmup: 0.5, ..recipe() };
    Arc::new(Setup::new(net, oneshot(method.clone()), recipe, 5).expect("a setup"))
}

fn trainer(setup: &Arc<Setup>, state: SupernetState) -> (SupernetTrainer, Seen) {
    let seen = Seen::default();
    let source = |held, per_epoch| Box::new(Several { held, per_epoch, seen: seen.clone() });
    let executor = executor(&setup.net.path(&setup.net.space().reference()).expect("a path").program, DeviceChoice::Fast, 2);
    let trainer = SupernetTrainer::new(setup.clone(), source(false, 4), Some(source(true, 3)), executor.expect("an executor"), state);
    (trainer.expect("a trainer"), seen)
}

#[test]
fn every_method_trains_networks_at_their_sizes_with_the_same_bits_after_a_stop() {
    for method in paths().into_iter().chain(learning()).chain([shrinking()]) {
        let setup = setup(&method);
        let (mut whole, seen) = trainer(&setup, SupernetState::fresh(&setup).expect("a state"));
        let mut state = SupernetState::fresh(&setup).expect("a state");
        for i in 0..8 {
            let loss = step(&mut whole).loss;
            let (mut part, _) = trainer(&setup, state);
            assert_eq!(step(&mut part).loss, loss, "{}, iteration {i}", method.tag);
            let bytes = part.state().to_bytes(&setup).expect("bytes");
            assert!(bytes == whole.state().to_bytes(&setup).expect("bytes"), "{}, iteration {i} differs", method.tag);
            state = SupernetState::from_bytes(&bytes, &setup).expect("a state");
        }
        let seen = seen.lock().expect("a list").clone();
        let sizes: BTreeSet<usize> = seen.iter().map(|s| s.3).collect();
        assert!(sizes.len() > 1, "{}: {seen:?}", method.tag);
        let weights: Vec<_> = seen.iter().filter(|s| !s.0).collect();
        // Each batch of the weights is made once, at one size; second order also looks ahead on it at the size of the choices.
        let most = if method.tag == "Darts" { 16 } else { 8 };
        assert!((8..=most).contains(&weights.len()), "{}: {weights:?}", method.tag);
    }
}

#[test]
fn the_networks_of_a_batch_and_their_teacher_have_one_size() {
    for method in paths().into_iter().chain([shrinking()]) {
        let setup = setup(&method);
        let (mut t, _) = trainer(&setup, SupernetState::fresh(&setup).expect("a state"));
        let mut met = BTreeSet::new();
        for at in 0..24 {
            let drawn = setup.draw(at, at as usize / 4, &mut t.networks).expect("networks");
            for batch in 0..setup.batches_a_step() {
                let size = |sample: &crate::space::Sample| setup.net.space().architecture(sample).expect("builds").input.height;
                let sizes: BTreeSet<usize> = drawn.iter().filter(|d| d.batch == batch).map(|d| size(&d.sample)).collect();
                assert_eq!(sizes.len(), 1, "{}, step {at}: {drawn:?}", method.tag);
                assert!(drawn.iter().all(|d| size(&setup.sized_as(&setup.largest, &d.sample)) == size(&d.sample)));
                met.extend(sizes);
            }
        }
        assert_eq!(met.into_iter().collect::<Vec<_>>(), [32, 64, 96], "{}", method.tag);
    }
}
