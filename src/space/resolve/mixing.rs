//! Decisions of which several options are built, and their weighted sum.

use super::{Above, Resolver};
use crate::document::Span;
use crate::space::graph::ValueId;
use crate::space::input::Infeasible;
use crate::space::structure::{Decision, DecisionId, Item, What};

/// Whether an entry makes zeros, whatever it reads.
fn is_zero(item: &Item) -> bool {
    matches!(&item.what, What::Layer { kind, .. } if kind.word == "zero")
}

impl Resolver<'_> {
    /// The branches of a decision that is mixed, by option.
    pub(super) fn branches(
        &mut self,
        decision: DecisionId,
        branches: &[Item],
        above: Above,
        choose: &mut dyn FnMut(DecisionId) -> usize,
    ) -> Result<Vec<(usize, Above)>, Infeasible> {
        let mut made = vec![];
        for option in self.mixing.over[&decision].clone() {
            let branch = self.structure.decisions[decision].rank(option);
            let at = option.min(branches.len() - 1);
            // Zeros add nothing: only where there is nothing else are they built.
            if is_zero(&branches[at]) && (made.len(), option) != (0, *self.mixing.over[&decision].last().unwrap_or(&option)) {
                continue;
            }
            let weights = self.expander.params.len();
            let mut out = self.at(&format!("b{branch}"), |r| r.item(&branches[at], above, choose))?;
            if self.portion > 1 && self.expander.params.len() == weights && !is_zero(&branches[at]) {
                out = self.normed(out, branches[at].span)?;
            }
            made.push((option, out));
        }
        Ok(made)
    }

    /// The weighted sum of what the options of a decision make.
    pub(super) fn mix(&mut self, decision: DecisionId, made: &[(usize, Above)], span: Span) -> Result<Above, Infeasible> {
        let Decision { label, options, .. } = &self.structure.decisions[decision];
        let over = self.mixing.over[&decision].clone();
        if let Some(head) = self.ended {
            return Err(Infeasible { reason: format!("`{label}` holds the head, and heads are not mixed"), span: head });
        }
        let known = self.mixing.made.iter().find(|(_, d)| *d == decision).map(|(param, _)| *param);
        let weights = known.unwrap_or_else(|| {
            let param = self.expander.mixture(&format!("mixture.{label}"), over.len());
            self.mixing.made.push((param, decision));
            param
        });
        let values: Vec<ValueId> = made.iter().map(|(_, a)| a.value).collect();
        let picks: Vec<usize> = made.iter().filter_map(|(option, _)| over.iter().position(|o| o == option)).collect();
        let value = self.expander.mix(weights, picks, &values).map_err(|(a, b, why)| {
            let name = |j: usize| options.get(made[j].0).cloned().unwrap_or_default();
            Infeasible { reason: format!("`{label}` cannot be mixed: {} and {}: {why}", name(a), name(b)), span }
        })?;
        Ok(self.relabel(Above { value, ..made[0].1 }))
    }
}
