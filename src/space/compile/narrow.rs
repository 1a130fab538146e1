//! `fix` and `keep`: what is left of a decision's options, as if no others had been written.

use super::compiler::Compiler;
use crate::document::{Diagnostic, Node, Span, Spanned, Value, nearest};
use crate::space::names::plain;
use crate::space::structure::Structure;

/// A `fix` or a `keep`.
pub(in crate::space) struct Narrowing {
    label: Spanned<String>,
    /// As a person reads them, like options.
    values: Vec<Spanned<String>>,
    fix: bool,
    /// What is wrong with it, for the first place that has its label.
    met: bool,
}

impl Narrowing {
    /// From its node; none where it was refused.
    fn of(node: &Node) -> Option<Self> {
        let fix = node.name.value == "fix";
        let Spanned { value: Value::Text(label), span } = node.property("label")?.values.first()? else { return None };
        let values = &node.property(if fix { "value" } else { "values" })?.values;
        let values = values.iter().map(|v| Spanned { value: plain(&v.value), span: v.span }).collect();
        Some(Narrowing { label: Spanned { value: label.clone(), span: *span }, values, fix, met: false })
    }

    /// The places of its values among options, ascending; or what is wrong.
    fn among(&self, options: &[String]) -> Result<Vec<usize>, Diagnostic> {
        let label = &self.label.value;
        let is = |option: &String, value: &str| match (option.parse::<f64>(), value.parse::<f64>()) {
            (Ok(a), Ok(b)) => a == b,
            _ => option == value,
        };
        let mut found = vec![];
        for value in &self.values {
            let Some(place) = options.iter().position(|o| is(o, &value.value)) else {
                let message = format!("`{label}` has no value {}", value.value);
                let d = Diagnostic::error("no-value", message, value.span, "no value of it");
                return Err(match nearest(&value.value, options.iter().map(String::as_str)) {
                    Some(near) => d.help(format!("did you mean `{near}`?")),
                    None => d.help(format!("its values are {}", options.join(", "))),
                });
            };
            found.push(place);
        }
        found.sort_unstable();
        if let (false, Some(reference), false) = (self.fix, options.first(), found.contains(&0)) {
            let message = format!("`keep` leaves out {reference}, which is what the reference has for `{label}`");
            let d = Diagnostic::error("reference-left-out", message, self.label.span, "what is the reference then?");
            return Err(d.help(format!("keep {reference}, too; or say by `fix \"{label}\" …` the one value that it shall have")));
        }
        Ok(found)
    }
}

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
                None => d.help(format!("what is decided: {}", labels.iter().take(12).map(|l| format!("`{l}`")).collect::<Vec<_>>().join(", "))),
            }
        });
        said.collect()
    }
}
