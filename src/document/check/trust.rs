//! `trust`: both stages measure the same networks by the same metric, each network once.

use super::rules::Rules;
use crate::document::pipeline::{Metric, Trust};
use crate::document::shorten::shorten;
use crate::document::{Diagnostic, Spanned};

impl Rules<'_> {
    /// Every `trust` line.
    pub(super) fn trust(&mut self) {
        let lines: Vec<Trust> = self.draft.answers.iter().flat_map(|a| a.trust.clone()).collect();
        for (i, line) in lines.iter().enumerate() {
            if line.ranking.value == line.truth.value {
                let name = shorten(&line.truth.value);
                let d = Diagnostic::error("trust", format!("`{name}` is held against itself"), line.truth.span, "the same stage");
                self.context.push(d.help("the second stage measures the same networks in a way that is trusted"));
                continue;
            }
            let same = |l: &&Trust| {
                (&l.ranking.value, &l.truth.value, &l.by.value, &l.using.value)
                    == (&line.ranking.value, &line.truth.value, &line.by.value, &line.using.value)
            };
            if let Some(first) = lines[..i].iter().find(same) {
                let d = Diagnostic::error("given-twice", "the same ranking is checked twice", line.ranking.span, "again here");
                self.context.push(d.also(first.ranking.span, "first here").help("keep one of them"));
                continue;
            }
            let known = [self.ranks(&line.ranking, &line.using), self.ranks(&line.truth, &line.by)];
            let [Some(ranking), Some(truth)] = known else { continue };
            if self.origins(ranking).is_disjoint(&self.origins(truth)) {
                let message = format!("`{}` and `{}` may have few networks in common", self.name(ranking), self.name(truth));
                let d = Diagnostic::warning("trust", message, line.truth.span, "of other samples")
                    .also(line.ranking.span, "its networks come from elsewhere");
                self.context.push(d.help("only networks that both measure count: let both come from one `sample`"));
            }
        }
    }

    /// The stage, where it gives every network one value of the metric.
    fn ranks(&mut self, name: &Spanned<String>, by: &Spanned<Metric>) -> Option<usize> {
        let stage = *self.graph.index.get(&name.value)?;
        let evaluate = self.draft.stages[stage].evaluate()?;
        if evaluate.at.len() > 1 {
            let d = Diagnostic::error("trust", format!("`{}` measures several epochs", self.name(stage)), name.span, "each has one value");
            self.context.push(d.help("evaluate one epoch in a stage of its own"));
        }
        if !evaluate.metrics.iter().any(|m| m.value == by.value) {
            let known: Vec<String> = evaluate.metrics.iter().map(|m| m.value.name()).collect();
            self.not_measured(by, &name.value, &known, name.span);
        }
        Some(stage)
    }

    /// The samples that the models of a stage come from.
    fn origins(&self, stage: usize) -> std::collections::BTreeSet<usize> {
        let sample = |i: &usize| self.draft.stages[*i].sample().is_some();
        self.graph.upstream(stage).into_iter().filter(sample).collect()
    }
}
