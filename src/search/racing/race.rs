//! The fold: which ticket comes next.

use super::rule::{Field, Lane, Rule};
use crate::search::Told;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A new trial, trained to its first rung: say [`Race::started`] or [`Race::exhausted`].
    Start,
    /// A trial went on to its next rung.
    On(usize),
    /// Ask again when this trial has a result at this rung.
    Needs {
        /// The trial.
        trial: usize,
        /// The rung's index.
        rung: usize,
    },
    /// No further ticket.
    Over,
}

/// A ticket that was given.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Given {
    Run {
        trial: usize,
        rung: usize,
    },
    /// Nothing could be decided before the next one sees further.
    Nothing,
}

/// Trials under a rule. To replay one, make it again and ask again: the answers are the same.
pub struct Race {
    rule: Box<dyn Rule>,
    rungs: Vec<usize>,
    window: usize,
    trials: usize,
    /// Epochs that may be asked for in all.
    budget: Option<usize>,
    spent: usize,
    lanes: Vec<Lane>,
    given: Vec<Given>,
    /// Tickets whose results were looked at.
    seen: usize,
    over: bool,
    overspent: bool,
}

impl Race {
    /// Trials of at most so many epochs.
    pub fn new(rule: Box<dyn Rule>, epochs: usize, trials: usize, window: usize, budget: Option<usize>) -> Self {
        let mut rungs = rule.rungs(epochs);
        // A training that ends before the first rung has one.
        rungs.retain(|&rung| rung < epochs);
        rungs.push(epochs);
        let (lanes, given) = (Vec::new(), Vec::new());
        Race { rule, rungs, window: window.max(1), trials, budget, spent: 0, lanes, given, seen: 0, over: false, overspent: false }
    }

    /// The same, of so many trials; before the first ticket.
    pub fn of(&mut self, trials: usize) {
        self.trials = trials;
    }

    /// The epochs at which trials are read, ascending.
    pub fn rungs(&self) -> &[usize] {
        &self.rungs
    }

    /// The trials so far, as far as the last ticket may know of them.
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The trials of which the next ticket may know a result: the first so many.
    pub fn known(&self) -> impl Iterator<Item = &Lane> {
        self.lanes.iter().take_while(|lane| !lane.values.is_empty())
    }

    /// Epochs asked for so far.
    pub fn spent(&self) -> usize {
        self.spent
    }

    /// Whether it ended because the budget was spent.
    pub fn overspent(&self) -> bool {
        self.overspent
    }

    /// Whether a trial may still go on.
    pub fn open(&self, trial: usize) -> bool {
        let failed = |lane: &Lane| lane.seen() && matches!(lane.values.last(), Some(None));
        !self.over && self.lanes.get(trial).is_some_and(|l| !l.ended && l.asked + 1 < self.rungs.len() && !failed(l))
    }

    /// The next ticket. `reads` says whether a new trial would be proposed from results; `result` answers for a trial at a rung, and
    /// what it answered once must stay.
    pub fn next(&mut self, reads: bool, result: &dyn Fn(usize, usize) -> Option<Told>) -> Move {
        while !self.over {
            let number = self.given.len();
            let more = self.lanes.len() < self.trials;
            let starts = more && self.rule.starts(self.lanes.len(), self.trials, &self.rungs);
            if (!starts || reads)
                && let Some(needed) = self.look(number + 1, result)
            {
                return needed;
            }
            let next = if starts { None } else { self.rule.next(&self.field()) };
            if let Some(trial) = next.filter(|&t| self.lanes[t].waits(&self.rungs)) {
                let rung = self.lanes[trial].asked + 1;
                if self.pays(self.rungs[rung] - self.rungs[rung - 1]) {
                    self.lanes[trial].asked = rung;
                    self.given.push(Given::Run { trial, rung });
                    return Move::On(trial);
                }
            } else if more {
                let first = self.first();
                if self.affords(self.rungs[first]) {
                    return Move::Start;
                }
                self.pays(self.rungs[first]);
            } else if self.given[self.seen..].iter().any(|g| matches!(g, Given::Run { .. })) {
                self.given.push(Given::Nothing);
            } else {
                self.over = true;
            }
        }
        Move::Over
    }

    /// The trial that was to start has started; `macs` is what it costs.
    pub fn started(&mut self, macs: u64) {
        let (trial, first) = (self.lanes.len(), self.first());
        self.pays(self.rungs[first]);
        self.lanes.push(Lane { first, asked: first, values: Vec::new(), sums: Vec::new(), macs, ended: false });
        self.given.push(Given::Run { trial, rung: first });
    }

    /// There is no candidate for the trial that was to start: as many as there are, there will be.
    pub fn exhausted(&mut self) {
        self.trials = self.lanes.len();
    }

    fn first(&self) -> usize {
        self.rule.first(self.lanes.len(), &self.rungs).min(self.rungs.len() - 1)
    }

    fn field(&self) -> Field<'_> {
        Field { rungs: &self.rungs, lanes: &self.lanes, trials: self.trials }
    }

    /// Looks at the results of the tickets that one of this number, counted from 1, may know of; what is missing.
    fn look(&mut self, number: usize, result: &dyn Fn(usize, usize) -> Option<Told>) -> Option<Move> {
        while self.seen < number.saturating_sub(self.window) {
            if let Given::Run { trial, rung } = self.given[self.seen] {
                let value = match result(trial, rung) {
                    Some(Told::Value(x)) => Some(x).filter(|x| !x.is_nan()),
                    // Rules compare by one objective, the first.
                    Some(Told::Values(scores)) => scores.values().first().copied().filter(|x| !x.is_nan()),
                    Some(Told::Failed) => None,
                    None => return Some(Move::Needs { trial, rung }),
                };
                self.lanes[trial].see(value);
                if value.is_some() && rung + 1 < self.rungs.len() {
                    self.lanes[trial].ended = self.rule.ends(&self.field(), trial);
                }
            }
            self.seen += 1;
        }
        None
    }

    fn affords(&self, epochs: usize) -> bool {
        self.budget.is_none_or(|budget| self.spent.saturating_add(epochs) <= budget)
    }

    /// Takes so many epochs from the budget; where they are not there, the race is over.
    fn pays(&mut self, epochs: usize) -> bool {
        if !self.affords(epochs) {
            (self.over, self.overspent) = (true, true);
            return false;
        }
        self.spent += epochs;
        true
    }
}
