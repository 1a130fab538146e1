//! `fix` and `keep`: what is left of a decision's options, as if no others had been written.

use crate::document::{Diagnostic, Node, Spanned, Value, nearest};
use crate::space::names::plain;

/// A `fix` or a `keep`.
pub(in crate::space) struct Narrowing {
    /// The decision.
    pub label: Spanned<String>,
    /// As a person reads them, like options.
    values: Vec<Spanned<String>>,
    fix: bool,
    /// Whether the values are those that occur in a stage, and whether it is not known yet which.
    found: bool,
    open: bool,
    /// Whether a decision has answered to it.
    pub met: bool,
}

impl Narrowing {
    /// From its node; none where it was refused.
    pub fn of(node: &Node) -> Option<Self> {
        let fix = node.name.value == "fix";
        let Spanned { value: Value::Text(label), span } = node.property("label")?.values.first()? else { return None };
        // What occurs in a stage is put in by whoever knows the stage; until then, all may.
        let found = node.property("from").is_some();
        let values = match node.property(if fix { "value" } else { "values" }) {
            None if found => None,
            written => Some(&written?.values),
        };
        let open = values.is_none();
        let values = values.into_iter().flatten().map(|v| Spanned { value: plain(&v.value), span: v.span }).collect();
        Some(Narrowing { label: Spanned { value: label.clone(), span: *span }, values, fix, found, open, met: false })
    }

    /// The places of its values among options, ascending; or what is wrong.
    pub fn among(&self, options: &[String]) -> Result<Vec<usize>, Diagnostic> {
        let label = &self.label.value;
        let is = |option: &String, value: &str| match (option.parse::<f64>(), value.parse::<f64>()) {
            (Ok(a), Ok(b)) => a == b,
            _ => option == value,
        };
        if self.open {
            return Ok((0..options.len()).collect());
        }
        if self.found {
            let occur: Vec<usize> = (0..options.len()).filter(|&i| self.values.iter().any(|v| is(&options[i], &v.value))).collect();
            let none = || Diagnostic::error("no-value", format!("no value of `{label}` occurs there"), self.label.span, "nothing is kept");
            return if occur.is_empty() { Err(none()) } else { Ok(occur) };
        }
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
