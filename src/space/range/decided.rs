//! Samples that are decided in part: what a condition says of all of them, and which values a setting can have.

use crate::space::blocks::Scalar;
use crate::space::function::{Combinations, Condition, Function, Read};
use crate::space::structure::{DecisionId, Setting, Structure};

/// What is true of all samples, of none, or of some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// Of all.
    Yes,
    /// Of none.
    No,
    /// Not known to be either.
    Maybe,
}

/// Samples of which some decisions are known.
#[derive(Clone)]
pub struct Decided<'a> {
    structure: &'a Structure,
    /// By decision.
    options: &'a [Option<usize>],
    /// Decisions that every such sample has made by now, at their places.
    made: Vec<bool>,
}

impl<'a> Decided<'a> {
    /// Nothing was walked through yet.
    pub fn new(structure: &'a Structure, options: &'a [Option<usize>]) -> Self {
        Decided { structure, options, made: vec![false; structure.decisions.len()] }
    }

    /// The options that a decision may have.
    pub fn possible(&self, d: DecisionId) -> Vec<usize> {
        match self.options.get(d).copied().flatten() {
            Some(option) => vec![option],
            None => (0..self.structure.decisions[d].options.len()).collect(),
        }
    }

    /// A decision is made here, in every such sample that comes so far.
    pub fn make(&mut self, d: DecisionId) {
        self.made[d] = true;
    }

    fn is_made(&self, read: &Read) -> Truth {
        match (read.asks, self.structure.guards.get(&read.decision)) {
            (true, None) => Truth::Yes,
            (true, Some(guard)) => self.holds(guard),
            (false, _) if self.made[read.decision] => Truth::Yes,
            (false, _) => Truth::Maybe,
        }
    }

    /// Whether a condition holds: every decision that it reads is made, and they are as it says.
    pub fn holds(&self, condition: &Condition) -> Truth {
        let mut made = Truth::Yes;
        for read in &condition.reads {
            match self.is_made(read) {
                Truth::No => return Truth::No,
                Truth::Maybe => made = Truth::Maybe,
                Truth::Yes => {}
            }
        }
        let (mut holds, mut fails) = (false, made == Truth::Maybe);
        for options in self.combinations(condition) {
            if *condition.at(&options) {
                holds = true
            } else {
                fails = true
            }
            if holds && fails {
                return Truth::Maybe;
            }
        }
        if holds { Truth::Yes } else { Truth::No }
    }

    /// Whether no sample but the reference, which is not bound, can meet a `require (expr)`. Labels that a sample does not have
    /// leave it free.
    pub fn breaks(&self, condition: &Condition) -> bool {
        condition.reads.iter().all(|read| self.is_made(read) == Truth::Yes)
            && self.combinations(condition).all(|options| !*condition.at(&options) && options.iter().any(|o| *o != 0))
    }

    /// The combinations of options of what a function reads.
    fn combinations<T>(&self, function: &Function<T>) -> impl Iterator<Item = Vec<usize>> + use<T> {
        let possible: Vec<Vec<usize>> = function.reads.iter().map(|r| self.possible(r.decision)).collect();
        let all = Combinations::from(possible.iter().map(Vec::len).collect());
        all.map(move |places| places.iter().zip(&possible).map(|(place, options)| options[*place]).collect())
    }

    /// The values that a setting may have, each once.
    pub fn values(&self, setting: &Setting) -> Vec<Scalar> {
        let last = setting.values.len() - 1;
        let places: Vec<usize> = match (&setting.derived, setting.decision) {
            (Some(derived), _) => self.combinations(derived).map(|options| *derived.at(&options)).collect(),
            (None, Some(decision)) => self.possible(decision),
            (None, None) => vec![0],
        };
        let mut values: Vec<Scalar> = vec![];
        for place in places {
            let value = setting.values[place.min(last)];
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }
}
