//! What `fix` and `keep` leave of each decision, as it is made.

use super::compiler::Compiler;
use super::narrow::Narrowing;
use crate::document::{Diagnostic, Node, Span, nearest};
use crate::space::structure::Structure;

impl Compiler {
    /// Takes down what narrows decisions.
    pub(in crate::space) fn narrow(&mut self, nodes: &[&Node]) {
        self.narrowings = nodes.iter().filter_map(|n| Narrowing::of(n)).collect();
    }

    /// What is left of the options of a decision, in their order.
    pub(in crate::space) fn kept<T>(&mut self, label: &str, options: Vec<T>, name: impl Fn(&T) -> String) -> Vec<T> {
        let mut left = options;
        for narrowing in self.narrowings.iter_mut().filter(|n| n.label.value == label) {
            let names: Vec<String> = left.iter().map(&name).collect();
            let first = !std::mem::replace(&mut narrowing.met, true);
            match narrowing.among(&names) {
                Ok(places) => left = left.into_iter().enumerate().filter(|(i, _)| places.contains(i)).map(|(_, option)| option).collect(),
                Err(d) if first => self.errors.push(d),
                Err(_) => {}
            }
        }
        left
    }

    /// A `fix` or `keep` of this space that no decision answers to.
    pub(in crate::space) fn unmet_narrowings(&self, structure: &Structure, own: Span) -> Vec<Diagnostic> {
        let within = |s: Span| s.file == own.file && own.offset <= s.offset && s.offset < own.offset + own.len;
        let labels: Vec<&str> = structure.decisions.iter().map(|d| d.label.as_str()).collect();
        let unmet = self.narrowings.iter().filter(|n| !n.met && within(n.label.span));
        let said = unmet.map(|narrowing| {
            let label = &narrowing.label;
            let message = format!("nothing is decided by the name `{}` in this network", label.value);
            let d = Diagnostic::error("unknown-label", message, label.span, "no choice or decision");
            match nearest(&label.value, labels.iter().copied()) {
                Some(near) => d.help(format!("did you mean `{near}`?")),
                None if labels.is_empty() => d.help("all its values are fixed already; delete this line"),
                None => {
                    d.help(format!("what is decided: {}", labels.iter().take(12).map(|l| format!("`{l}`")).collect::<Vec<_>>().join(", ")))
                }
            }
        });
        said.collect()
    }
}
