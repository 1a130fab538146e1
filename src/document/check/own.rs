//! Trainers and metrics of one's own: what nasflow's stages can do with them.

use super::rules::Rules;
use crate::document::pipeline::{Evaluate, Init, Runner, StageKind, Train};
use crate::document::shorten::shorten;
use crate::document::{Diagnostic, Spanned};
use std::collections::HashSet;

impl Rules<'_> {
    /// A `train` with a `runner`, and one that starts from what such a one left.
    pub(super) fn runner(&mut self, index: usize, train: &Train) {
        self.starts_from_runner(index, train);
        let Some(runner) = &train.runner else { return };
        let stage = &self.draft.stages[index];
        if self.draft.supernet(stage).is_some() || train.oneshot.is_some() {
            let d = Diagnostic::error("contradiction", "a command trains one network, not a supernet", runner.span, "not of a space");
            self.context.push(d.also(stage.name.span, "trains a supernet").help(
                "sample the space first, and let the command train its networks one by one; supernets are trained by nasflow itself",
            ));
        }
    }

    /// Weights are those of a network that nasflow knows.
    fn starts_from_runner(&mut self, index: usize, train: &Train) {
        let (sources, place) = match &train.init {
            Init::Continue => (self.trainings(&self.graph.reads[index].clone()), self.draft.stages[index].name.span),
            Init::From(name, _) => (self.graph.index.get(&name.value).copied().into_iter().collect(), name.span),
            _ => return,
        };
        let Some((name, runner)) = self.without_weights(&sources) else { return };
        let message = format!("`{name}` leaves no weights to start from");
        let d = Diagnostic::error("no-weights", message, place, "starts from them").also(runner.span, "`weights #false`");
        self.context.push(d.help("write `init scratch`"));
    }

    /// The nearest trainings at or before these stages.
    pub(super) fn trainings(&self, stages: &[usize]) -> Vec<usize> {
        let (mut next, mut seen, mut found) = (stages.to_vec(), HashSet::new(), Vec::new());
        while let Some(i) = next.pop().filter(|&i| i < self.draft.stages.len()) {
            if !seen.insert(i) {
                continue;
            }
            match self.draft.stages[i].kind {
                StageKind::Train(_) => found.push(i),
                _ => next.extend(&self.graph.reads[i]),
            }
        }
        found.sort_unstable();
        found
    }

    /// Whether a stage's network was trained by a command that leaves no weights: it teaches nobody.
    pub(super) fn teacher_left_no_weights(&mut self, source: usize, name: &Spanned<String>) -> bool {
        let Some((trained, runner)) = self.without_weights(&self.trainings(&[source])) else { return false };
        let message = format!("`{trained}` leaves no weights to learn from");
        let d = Diagnostic::error("no-weights", message, name.span, "teaches").also(runner.span, "`weights #false`");
        self.context.push(d.help("name another training, or let the command leave `weights.safetensors`"));
        true
    }

    /// The first of these trainings that leaves no weights of its network, and its runner.
    fn without_weights(&self, trainings: &[usize]) -> Option<(String, Spanned<Runner>)> {
        trainings.iter().find_map(|&i| {
            let runner = self.draft.stages[i].train()?.runner.as_ref().filter(|r| !r.value.weights)?;
            Some((self.name(i), runner.clone()))
        })
    }

    /// What an `evaluate` can measure of models that a command trained, or by a command.
    pub(super) fn measures_own(&mut self, index: usize, evaluate: &Evaluate) {
        let trainings = self.trainings(&self.graph.reads[index].clone());
        let runner = |i: usize| self.draft.stages[i].train().and_then(|t| t.runner.as_ref());
        if let (false, Some(&by)) = (evaluate.at.is_empty(), trainings.iter().find(|&&i| runner(i).is_some())) {
            let d = Diagnostic::error(
                "contradiction",
                format!("a command trains `{}`: it leaves weights at its end, and at no epoch before", self.name(by)),
                self.draft.stages[index].name.span,
                "measures `at` an epoch",
            );
            let d = runner(by).map_or(d.clone(), |r| d.also(r.span, "one's own trainer"));
            self.context.push(d.help("delete `at`, or give each epoch a `train` of its own"));
        }
        for metric in &evaluate.metrics {
            let name = metric.value.name();
            if metric.value.is_reported() {
                self.reported(index, metric, &trainings);
            } else if metric.value.reads_predictions() || metric.value.is_observation() {
                let Some((train, runner)) = self.without_weights(&trainings) else { continue };
                let d = Diagnostic::error(
                    "no-weights",
                    format!("`{name}` needs weights, and `{train}` leaves none"),
                    metric.span,
                    "needs weights",
                );
                self.context.push(
                    d.also(runner.span, "`weights #false`")
                        .help("measure what it reports (`reports`), or by a command of your own; or let it leave `weights.safetensors`"),
                );
            } else if metric.value.is_by_command() {
                let Some(from) = self.carrying(index, |c| c.shared).map(|f| f.span) else { continue };
                let d = Diagnostic::error(
                    "no-weights",
                    format!("`{name}` is measured on networks of their own"),
                    metric.span,
                    "not in a supernet",
                );
                self.context
                    .push(d.also(from, "these share a supernet's weights").help("train them first (`init inherit`), and measure it there"));
            }
        }
    }

    /// A figure that trainers report: every training that leads here must.
    fn reported(&mut self, index: usize, metric: &Spanned<crate::document::Metric>, trainings: &[usize]) {
        let name = metric.value.name();
        let reports = |i: &usize| {
            let runner = self.draft.stages[*i].train().and_then(|t| t.runner.as_ref());
            runner.is_some_and(|r| r.value.reports.iter().any(|m| m.value == metric.value))
        };
        let silent = trainings.iter().find(|i| !reports(i)).map(|&i| self.draft.stages[i].name.clone());
        let never = self.carrying(index, |c| c.none || c.shared).map(|f| f.span);
        let d = |why: String| Diagnostic::error("not-reported", why, metric.span, "reported by a trainer of one's own");
        let help = format!("write `reports {}` in its `runner`", crate::document::quoted(&name));
        match (silent, never) {
            (Some(train), _) => {
                let message = format!("`{}` does not report `{name}`", shorten(&train.value));
                self.context.push(d(message).also(train.span, "trains them").help(help));
            }
            (None, Some(place)) => {
                self.context.push(d(format!("nobody reports `{name}` of these")).also(place, "not trained by themselves"));
            }
            (None, None) => {}
        }
    }
}
