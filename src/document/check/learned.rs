//! What reads the choices that a supernet's method has learned: `strategy learned` and metrics such as `likelihood`.

use super::rules::Rules;
use crate::document::pipeline::{Evaluate, Sample, StageKind};
use crate::document::shorten::shorten;
use crate::document::strategy::Chosen;
use crate::document::{Diagnostic, Span};

impl Rules<'_> {
    /// A strategy that draws from what was learned reads a supernet whose method learns.
    pub(super) fn draws_learned(&mut self, index: usize, sample: &Sample) {
        let reads = |(chosen, _): &(&Chosen, Option<usize>)| chosen.strategy.needs().learned;
        let Some((chosen, _)) = sample.strategies().find(reads) else { return };
        let (word, help) = (chosen.name(), self.learning());
        let Some(from) = self.draft.stages[index].from.first() else { return };
        let name = shorten(&from.value);
        if self.draft.spaces.iter().any(|s| s.name.value == from.value) {
            let message = format!("`strategy {word}` draws from what a supernet has learned; `{name}` is a space");
            let d = Diagnostic::error("not-learned", message, sample.strategy_span, "nothing was learned").also(from.span, "a space");
            self.context.push(d.help(format!("sample a `train` over `{name}`; {help}")));
            return;
        }
        let Some(&supernet) = self.graph.index.get(&from.value) else { return };
        if let Some((method, place)) = self.learns_nothing(supernet) {
            let message = format!("`method {method}` learns no choices: `strategy {word}` has nothing to draw from");
            let d = Diagnostic::error("not-learned", message, sample.strategy_span, "nothing was learned")
                .also(place, format!("trains `{name}`"));
            self.context.push(d.help(help));
        }
    }

    /// A metric of what was learned is of networks of such a supernet, not trained since.
    pub(super) fn likelihood(&mut self, index: usize, evaluate: &Evaluate) {
        let Some(metric) = evaluate.metrics.iter().find(|m| m.value.is_learned()) else { return };
        let mut found = None;
        for from in &self.draft.stages[index].from {
            let Some(&source) = self.graph.index.get(&from.value) else { continue };
            found = self.without_likelihood(source).map(|why| (from.span, why));
            if found.is_some() {
                break;
            }
        }
        let Some((place, why)) = found else { return };
        let help = self.learning();
        let message = format!("`{}` is of networks of a supernet whose method learns choices", metric.value);
        let d = Diagnostic::error("not-learned", message, metric.span, "not known of these").also(place, why);
        self.context.push(d.help(format!("sample them from such a supernet, and measure it before they are trained; {help}")));
    }

    /// Why models of a stage have no likelihood.
    fn without_likelihood(&self, stage: usize) -> Option<String> {
        let mut next = vec![stage];
        let mut seen = std::collections::HashSet::new();
        while let Some(i) = next.pop() {
            match self.draft.stages[i].kind {
                StageKind::Train(_) => return Some("these were trained themselves".into()),
                StageKind::Sample(_) => match self.graph.reads[i].first() {
                    None => return Some("these are of no supernet".into()),
                    Some(&supernet) => {
                        if let Some((word, _)) = self.learns_nothing(supernet) {
                            return Some(format!("`method {word}` learns no choices"));
                        }
                    }
                },
                _ if seen.insert(i) => next.extend(&self.graph.reads[i]),
                _ => {}
            }
        }
        None
    }

    /// The method of a supernet that learns no choices, and its place.
    fn learns_nothing(&self, supernet: usize) -> Option<(&'static str, Span)> {
        let train = self.draft.stages[supernet].train()?;
        let (method, oneshot) = (train.method?, train.oneshot.as_ref()?);
        (!method.traits().learns).then(|| (method.name(), oneshot.span))
    }

    /// Which methods do.
    fn learning(&self) -> String {
        let names = self.context.language.methods.learning();
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("methods that learn choices are `{}` and `{last}`", rest.join("`, `")),
            _ => format!("methods that learn choices: `{}`", names.concat()),
        }
    }
}
