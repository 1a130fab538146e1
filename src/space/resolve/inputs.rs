//! What a layer reads: of layers that are there only in some samples, those that are there.

use super::{Above, Resolver};
use crate::document::Span;
use crate::space::blocks::{Kind, Resolved};
use crate::space::input::Infeasible;
use crate::space::structure::Input;

impl Resolver<'_> {
    /// What an entry reads, each with its number in the file's list. An error where nothing of the list is there.
    pub(super) fn inputs(&self, inputs: &[Input], above: Above, span: Span) -> Result<Vec<(usize, Above)>, Infeasible> {
        let of = |i: &Input| match i {
            Input::Above => Some(above),
            Input::Slot(s) => Some(self.slots[*s].unwrap_or(above)),
            Input::Last(slots) => slots.iter().rev().find_map(|s| self.slots[*s]),
        };
        let read: Vec<(usize, Above)> = inputs.iter().map(of).enumerate().filter_map(|(i, a)| Some((i, a?))).collect();
        match read.is_empty() {
            true => Err(Infeasible { reason: "no layer that this one reads is there".into(), span }),
            false => Ok(read),
        }
    }

    /// A layer over those of its inputs that are there, of `all` in the file: a join of one is that one.
    pub(super) fn joined(
        &mut self,
        kind: &Kind,
        resolved: &Resolved,
        all: usize,
        read: &[(usize, Above)],
        span: Span,
    ) -> Result<Above, Infeasible> {
        let detects = kind.word == "detect";
        if let (true, [(_, one)], false) = (read.len() < all, read, detects) {
            self.open(kind.word, span)?;
            return Ok(*one);
        }
        if let (true, Some(tracker)) = (detects, &mut self.expander.tracker) {
            tracker.levels = read.iter().map(|(i, _)| *i).collect();
        }
        let inputs: Vec<Above> = read.iter().map(|(_, a)| *a).collect();
        let out = self.layer(kind, resolved, &inputs, span);
        if let Some(tracker) = &mut self.expander.tracker {
            tracker.levels.clear();
        }
        out
    }

    /// An error behind the head.
    pub(super) fn open(&self, word: &str, span: Span) -> Result<(), Infeasible> {
        match self.ended {
            Some(head) => {
                Err(Infeasible { reason: format!("`{word}` stands behind `detect`, which ends a network"), span: span.max(head) })
            }
            None => Ok(()),
        }
    }
}
