//! Candidates in the order of a model's liking, kept between the attempts of one ticket.
//!
//! A proposal that is refused asks for the next of the same order. Keeping it saves making the model again and changes nothing: the order
//! is found by all that it follows from.

use super::random;
use super::strategy::Turn;
use crate::base::{Digest, Hashing};
use crate::space::Sample;
use std::sync::Mutex;

/// The order of the last ticket.
#[derive(Default)]
pub(super) struct Ranked(Mutex<Option<(Digest, Vec<Sample>)>>);

impl Ranked {
    /// The sample at a place of the order that `rank` makes; beyond its end a random one.
    pub fn nth(&self, turn: &Turn, attempt: u64, rank: impl FnOnce() -> Vec<Sample>) -> Sample {
        let name = name(turn);
        // Who panicked with it in hand left no order that would be found.
        let mut kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = kept.take().filter(|(of, _)| *of == name);
        let (_, order) = kept.insert(known.unwrap_or_else(|| (name, rank())));
        match order.get(attempt as usize) {
            Some(sample) => sample.clone(),
            None => random::draw(turn, attempt),
        }
    }
}

/// All that an order follows from, beside the space and the strategy.
fn name(turn: &Turn) -> Digest {
    let mut hashing = Hashing::default();
    hashing.update(&turn.seed.to_le_bytes());
    hashing.update(&(turn.number as u64).to_le_bytes());
    hashing.update(&(turn.past.len() as u64).to_le_bytes());
    for (ticket, known) in turn.past.iter().enumerate() {
        hashing.update(&known.digest.0);
        let value = turn.values.get(ticket).copied().flatten();
        hashing.update(&[u8::from(value.is_some())]);
        hashing.update(&value.unwrap_or(0.0).to_le_bytes());
        hashing.update(&(turn.epochs.get(ticket).copied().unwrap_or(0) as u64).to_le_bytes());
    }
    hashing.digest()
}
