//! `strategy random`: uniform over the choices. Ticket n of a seed is the same in every strategy that starts at random.

use super::{Propose, View};
use crate::space::Sample;

pub(super) struct RandomSearch;

impl Propose for RandomSearch {
    fn propose(&self, view: &View, attempt: u64) -> Option<Sample> {
        Some(draw(view, attempt))
    }
}

/// The random proposal of this ticket.
pub(super) fn draw(view: &View, attempt: u64) -> Sample {
    view.space.random(view.seed, &[view.number as u64, attempt])
}
