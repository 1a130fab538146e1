//! `stop-early` and `budget`: what they stop must be a training, and have learning curves.

use super::rules::Rules;
use crate::document::pipeline::{Objective, Sample, StageKind, Train};
use crate::document::shorten::shorten;
use crate::document::stopping::{ChosenStop, Raced};
use crate::document::{Diagnostic, Spanned};

impl Rules<'_> {
    /// A rule stops trainings that the objective measures at several epochs.
    pub(super) fn stops(&mut self, index: usize, sample: &Sample, objective: &Objective) {
        let Some(stop) = &objective.stop else { return };
        let Some(&target) = self.graph.index.get(&objective.stage.value) else { return };
        let Some(evaluate) = self.draft.stages[target].evaluate() else { return };
        let there = self.name(target);
        let fault = |message: String, label: &str| Diagnostic::error("stop-early", message, stop.span, label.to_string());
        if evaluate.table.is_some() {
            let message = format!("`{there}` looks figures up in a table: there is no learning curve to stop");
            let place = objective.stage.span;
            let d = fault(message, "nothing is trained here").also(place, "reads a table");
            self.context.push(d.help("delete `stop-early`, or measure trained models"));
            return;
        }
        let Some(train) = self.trained_between(index, target) else {
            let supernet = !self.graph.reads[index].is_empty();
            let (message, help) = match supernet {
                true => (
                    format!("networks of a supernet are measured with its weights, and not trained before `{there}`"),
                    "delete `stop-early`; to stop trainings of such networks, put a `train` between",
                ),
                false => (format!("nothing is trained before `{there}`"), "delete `stop-early`, or put a `train` between"),
            };
            self.context.push(fault(message, "there is no training to stop").help(help));
            return;
        };
        if objective.metric.value.is_of_network() || objective.metric.value.fed().is_some() {
            let message = format!("`{}` is the same at every epoch", objective.metric.value.name());
            let d = fault(message, "stops by it").also(objective.metric.span, "follows from the architecture");
            self.context.push(d.help("delete `stop-early`, or search by a metric of the trained network"));
        }
        if !evaluate.at.is_empty() {
            let d = fault(format!("`{there}` measures `at` an epoch of its own"), "measures at the rule's rungs")
                .also(self.draft.stages[target].name.span, "measures one epoch");
            self.context.push(d.help("delete `at` there, or evaluate that epoch in a stage of its own"));
        }
        if let Some(runner) = self.draft.stages[train].train().and_then(|t| t.runner.as_ref()) {
            let message = format!("a command trains `{}`: it is one run, which cannot be stopped early and gone on with", self.name(train));
            let d = fault(message, "stops trainings of nasflow's own").also(runner.span, "one's own trainer");
            self.context.push(d.help("delete `stop-early`"));
        }
        self.rule(sample, stop, train);
    }

    fn rule(&mut self, sample: &Sample, stop: &ChosenStop, train: usize) {
        let name = self.name(train);
        let Some(stage) = self.draft.stages[train].train() else { return };
        let trials = sample.strategy.strategy.needs().trials.then_some(Spanned { value: sample.trials, span: sample.trials_span });
        let raced = Raced { settings: &stop.settings, train: &name, epochs: stage.epochs, trials };
        for diagnostic in stop.rule.check(&raced) {
            self.context.push(diagnostic);
        }
    }

    /// The last `train` on the way from a sample to a stage.
    fn trained_between(&self, sample: usize, stage: usize) -> Option<usize> {
        let mut at = stage;
        loop {
            at = self.graph.reads[at].iter().copied().find(|&i| i == sample || self.graph.upstream(i).contains(&sample))?;
            match self.draft.stages[at].kind {
                StageKind::Train(_) => return Some(at),
                _ if at == sample => return None,
                _ => {}
            }
        }
    }

    /// A budget is of models that come one after the other.
    pub(super) fn budget(&mut self, index: usize, train: &Train) {
        let Some(budget) = &train.budget else { return };
        let stage = &self.draft.stages[index];
        let (here, one) = (shorten(&stage.name.value), train.epochs * train.seeds * self.fold_count(index));
        if self.draft.supernet(stage).is_some() {
            let d = Diagnostic::error("contradiction", "a supernet is one training", budget.span, "`epochs` says how long it takes");
            self.context.push(d.help("delete `budget`, or lower `epochs`"));
        } else if let [first, second, ..] = stage.from.as_slice() {
            let message = format!("`{here}` reads models of several stages: which of them the budget is for is not said");
            let d = Diagnostic::error("contradiction", message, budget.span, "the budget of one search").also(first.span, "models of one");
            let d = d.also(second.span, "models of another");
            self.context.push(d.help("give each its own `train`, with a budget of its own"));
        } else if budget.value < one {
            let message = format!("one model of `{here}` takes {one} epochs");
            let d = Diagnostic::error("out-of-range", message, budget.span, format!("at least {one} expected"));
            self.context.push(d.help("raise the budget, or lower `epochs`"));
        }
    }
}
