//! `strategy reference`: the first values, once. A baseline, so the space's bounds do not bind it.

use super::{Propose, View};
use crate::space::Sample;

pub(super) struct Reference;

impl Propose for Reference {
    fn propose(&self, view: &View, attempt: u64) -> Option<Sample> {
        (view.number == 0 && attempt == 0).then(|| view.space.reference())
    }
    fn searches(&self) -> bool {
        false
    }
}
