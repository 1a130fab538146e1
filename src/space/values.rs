//! Values of properties: typed by the block's table, several of them a decision, `(choice)` a shared one.

use super::blocks::{ACTIVATIONS, Property as Field, Scalar, Type};
use super::compile::Compiler;
use super::structure::Setting;
use crate::document::{Diagnostic, Property, Span, Spanned, Value, nearest};

/// Channels are multiplied by `width` and rounded up to a multiple of 8, where it is written.
pub(super) fn widened(channels: usize, width: Option<f64>) -> usize {
    match width {
        Some(width) => ((channels as f64 * width / 8.0).ceil() as usize).saturating_mul(8),
        None => channels,
    }
}

impl Compiler {
    /// A property's values, typed; several are a decision.
    pub(super) fn setting(&mut self, property: &Property, field: &Field, label: &str) -> Option<Setting> {
        let span = property.values.first().map_or(property.name.span, |v| v.span);
        let span = property.values.last().map_or(span, |last| join(span, last.span));
        if let [Spanned { value: Value::Choice(name), span }] = property.values.as_slice() {
            let found = self.shared_choice(name, *span)?;
            let (id, values) = (self.shared[found].id, self.shared[found].values.clone());
            let typed: Vec<Scalar> = values.iter().filter_map(|v| self.scalar(v, field, Some(*span))).collect();
            return (typed.len() == values.len()).then_some(Setting { values: typed, decision: Some(id), derived: None, span: *span });
        }
        if let [Spanned { value: Value::Expr(expr), span }] = property.values.as_slice() {
            return self.derived(expr, *span, field);
        }
        if let Some(choice) = property.values.iter().find(|v| matches!(v.value, Value::Choice(_) | Value::Expr(_))) {
            let (message, help) = (format!("`{}` mixes values and a choice", field.name), "declare one choice with all values");
            self.error_help("mixed-choice", message, choice.span, "stands beside values", help);
            return None;
        }
        let values: Vec<Scalar> = property.values.iter().filter_map(|v| self.scalar(v, field, None)).collect();
        if values.len() < property.values.len() || values.is_empty() {
            if property.values.is_empty() {
                self.error("missing-value", format!("`{}` has no value", field.name), property.name.span, "write one");
            }
            return None;
        }
        let several = values.len() > 1;
        let values = if several { self.kept(label, values, ToString::to_string) } else { values };
        let decision = match several {
            false => None,
            _ => Some(self.decide(label, values.iter().map(ToString::to_string).collect(), span, false)?),
        };
        Some(Setting { values, decision, derived: None, span })
    }

    pub(super) fn shared_choice(&mut self, name: &str, span: Span) -> Option<usize> {
        let found = self.shared.iter().position(|s| s.label == name);
        self.used.extend(found.map(|i| self.shared[i].id));
        if found.is_none() {
            let near = nearest(name, self.shared.iter().map(|s| s.label.as_str())).map(str::to_string);
            let help = near.map_or("declare it in the space: choice \"label\" value …".to_string(), |n| format!("did you mean `{n}`?"));
            self.error_help("unknown-choice", format!("there is no choice `{name}` in this space"), span, "not declared", help);
        }
        found
    }

    /// A literal as the type of a property. `read_at`: where a declared choice is read, for the error.
    pub(super) fn scalar(&mut self, v: &Spanned<Value>, field: &Field, read_at: Option<Span>) -> Option<Scalar> {
        let (scalar, expected) = match (field.r#type, &v.value) {
            (Type::Channels, Value::Int(i)) if (1..=65_536).contains(i) => return Some(Scalar::Int(*i as usize)),
            (Type::Channels, _) => (None, "a whole number from 1 to 65536".to_string()),
            (Type::Whole(min, max), Value::Int(i)) if *i >= min as i64 && *i <= max as i64 => {
                (Some(Scalar::Int(*i as usize)), String::new())
            }
            (Type::Whole(min, max), _) => (None, format!("a whole number from {min} to {max}")),
            (Type::Number(max), Value::Float(x)) if *x > 0.0 && *x <= max => (Some(Scalar::Float(*x)), String::new()),
            (Type::Number(max), Value::Int(i)) if *i > 0 && *i as f64 <= max => (Some(Scalar::Float(*i as f64)), String::new()),
            (Type::Number(max), _) => (None, format!("a number above 0, at most {max}")),
            (Type::Flag, Value::Bool(b)) => (Some(Scalar::Bool(*b)), String::new()),
            (Type::Flag, _) => (None, "#true or #false".to_string()),
            (Type::Activation, Value::Text(t)) => {
                let found = ACTIVATIONS.iter().find(|(w, _)| w == t);
                (found.map(|(_, a)| Scalar::Activation(*a)), word_list(ACTIVATIONS.iter().map(|(w, _)| *w), t))
            }
            (Type::Activation, _) => (None, word_list(ACTIVATIONS.iter().map(|(w, _)| *w), "")),
            (Type::Word(words), Value::Text(t)) => {
                (words.iter().find(|w| *w == t).map(|w| Scalar::Word(w)), word_list(words.iter().copied(), t))
            }
            (Type::Word(words), _) => (None, word_list(words.iter().copied(), "")),
        };
        if scalar.is_none() {
            let message = format!("`{}` cannot be {}", field.name, v.value);
            let mut d = Diagnostic::error("value-type", message, v.span, format!("expected {expected}"));
            if let Some(read_at) = read_at {
                d = d.also(read_at, "read here");
            }
            self.errors.push(d);
        }
        scalar
    }
}

fn word_list<'w>(words: impl Iterator<Item = &'w str> + Clone, written: &str) -> String {
    let all = words.clone().collect::<Vec<_>>().join(", ");
    match nearest(written, words) {
        Some(near) if !written.is_empty() => format!("`{near}`? Known are {all}"),
        _ => format!("one of {all}"),
    }
}

fn join(a: Span, b: Span) -> Span {
    match a.file == b.file && b.offset >= a.offset {
        true => Span { len: b.offset + b.len - a.offset, ..a },
        false => a,
    }
}
