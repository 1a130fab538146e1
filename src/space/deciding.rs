//! The decisions on which hangs what is there: those that conditions read, and those that decide whether these are made.

use super::function::{Combinations, Condition};
use super::sample::Sample;
use super::structure::{Constraint, DecisionId, Item, Structure, What};
use std::collections::HashMap;

/// Options of some decisions.
pub type Case = HashMap<DecisionId, usize>;

impl Structure {
    /// Whether layers or choices are there only in some samples.
    pub fn is_conditional(&self) -> bool {
        !self.guards.is_empty() || self.conditions().next().is_some()
    }

    /// The conditions of layers, in the order of the file.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let mut found = vec![];
        conditions(&self.items, &mut found);
        found.into_iter()
    }

    /// Every decision that a condition reads, of layers or of choices.
    pub fn read_by_conditions(&self) -> Vec<DecisionId> {
        let mut found: Vec<DecisionId> =
            self.conditions().chain(self.guards.values()).flat_map(|c| c.reads.iter().map(|r| r.decision)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Those, and the decisions around such of them as are made at a place: whether they are made is known by these.
    pub fn deciding(&self) -> Vec<DecisionId> {
        let mut around: HashMap<DecisionId, Vec<DecisionId>> = HashMap::new();
        places(&self.items, &mut vec![], &mut |d, path| {
            around.entry(d).or_default().extend(path);
        });
        let mut found = self.read_by_conditions();
        let mut next = 0;
        while let Some(&d) = found.get(next) {
            next += 1;
            if self.decisions[d].shared {
                continue;
            }
            for &outer in around.get(&d).into_iter().flatten() {
                if !found.contains(&outer) {
                    found.push(outer);
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// The first `require (expr)` that a sample does not meet. One that reads what the sample does not decide is met.
    pub fn unmet(&self, sample: &Sample) -> Option<&Constraint> {
        self.constraints.iter().find(|c| {
            let options: Option<Vec<usize>> = c.condition.reads.iter().map(|r| sample.option(r.decision)).collect();
            options.is_some_and(|options| !c.condition.at(&options))
        })
    }

    /// Every combination of what [`deciding`](Self::deciding) lists; none where there are more than `most`. The first is the reference's.
    pub fn cases(&self, most: usize) -> Option<Vec<Case>> {
        let deciding = self.deciding();
        let counts: Vec<usize> = deciding.iter().map(|&d| self.decisions[d].options.len()).collect();
        counts.iter().try_fold(1usize, |n, &c| n.checked_mul(c)).filter(|n| *n <= most)?;
        Some(Combinations::from(counts).map(|options| deciding.iter().copied().zip(options).collect()).collect())
    }
}

fn conditions<'a>(items: &'a [Item], found: &mut Vec<&'a Condition>) {
    for item in items {
        match &item.what {
            What::Skip | What::Layer { .. } | What::Pick { .. } => {}
            What::When { condition, body } => {
                found.push(condition);
                conditions(body, found);
            }
            What::Choose { branches, .. } => conditions(branches, found),
            What::Repeat { copies, .. } => copies.iter().for_each(|c| conditions(c, found)),
            // There is none in a cell.
            What::Cell(_) => {}
        }
    }
}

/// Visits every decision where it is made, with the decisions around that place. Those of cells are read by no condition.
fn places(items: &[Item], path: &mut Vec<DecisionId>, visit: &mut dyn FnMut(DecisionId, &[DecisionId])) {
    for item in items {
        let depth = path.len();
        match &item.what {
            What::Skip | What::Cell(_) => {}
            What::Layer { settings, .. } => settings.iter().filter_map(|(_, s)| s.decision).for_each(|d| visit(d, path)),
            What::Pick { pick, .. } => pick.iter().for_each(|p| visit(p.decision, path)),
            What::When { condition, body } => {
                path.extend(condition.reads.iter().map(|r| r.decision));
                places(body, path, visit);
            }
            What::Choose { decision, branches } => {
                visit(*decision, path);
                path.push(*decision);
                places(branches, path, visit);
            }
            What::Repeat { count, copies } => {
                count.decision.iter().for_each(|&d| visit(d, path));
                path.extend(count.reads());
                copies.iter().for_each(|c| places(c, path, visit));
            }
        }
        path.truncate(depth);
    }
}
