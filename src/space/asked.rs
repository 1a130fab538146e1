//! What a walk through a space has decided so far, so that conditions can be looked at.

use super::function::{Condition, DecisionId};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// What is known of a decision in this walk.
#[derive(Clone, Copy)]
enum Known {
    /// It was not met yet.
    Nothing,
    /// Its option.
    Taken(usize),
    /// Its own condition is false: it is not made here.
    Never,
}

/// The decisions of one walk.
pub struct Asked<'a> {
    guards: &'a BTreeMap<DecisionId, Condition>,
    known: RefCell<Vec<Known>>,
    missing: Cell<Option<DecisionId>>,
}

impl<'a> Asked<'a> {
    /// Nothing was asked yet, of so many decisions; `guards` are the conditions under which some of them are made.
    pub fn new(decisions: usize, guards: &'a BTreeMap<DecisionId, Condition>) -> Self {
        let known = RefCell::new(vec![Known::Nothing; decisions]);
        Asked { guards, known, missing: Cell::new(None) }
    }

    /// The option of a decision. One that is not made here is not asked: its first option stands in, and it is noted.
    pub fn ask(&self, decision: DecisionId, choose: &mut dyn FnMut(DecisionId) -> usize) -> usize {
        let option = self.made(decision, choose);
        if option.is_none() {
            self.missing.set(self.missing.get().or(Some(decision)));
        }
        option.unwrap_or(0)
    }

    /// The option of a decision, asked for unless its own condition is false.
    fn made(&self, decision: DecisionId, choose: &mut dyn FnMut(DecisionId) -> usize) -> Option<usize> {
        let known = self.known.borrow()[decision];
        if let Known::Never = known {
            return None;
        }
        let guard = self.guards.get(&decision).filter(|_| matches!(known, Known::Nothing));
        let made = guard.is_none_or(|guard| self.holds(guard, choose));
        let option = made.then(|| choose(decision));
        self.known.borrow_mut()[decision] = option.map_or(Known::Never, Known::Taken);
        option
    }

    /// Whether a condition holds: every decision that it reads is made here, and they are as it says.
    pub fn holds(&self, condition: &Condition, choose: &mut dyn FnMut(DecisionId) -> usize) -> bool {
        let read = |(decision, asks): (DecisionId, bool), choose: &mut dyn FnMut(DecisionId) -> usize| match asks {
            true => self.made(decision, choose),
            false => match self.known.borrow()[decision] {
                Known::Taken(option) => Some(option),
                _ => None,
            },
        };
        // All are asked, whatever the first says: what a sample decides does not depend on the order of a condition.
        let options: Vec<Option<usize>> = condition.reads.iter().map(|r| read((r.decision, r.asks), choose)).collect();
        let options: Option<Vec<usize>> = options.into_iter().collect();
        options.is_some_and(|options| *condition.at(&options))
    }

    /// A decision that a layer has read although it is not made here.
    pub fn missing(&self) -> Option<DecisionId> {
        self.missing.take()
    }
}
