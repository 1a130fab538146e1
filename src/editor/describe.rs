//! Fields, nodes and words in Markdown, from their descriptors.

use crate::document::form::{Form, written_as};
use crate::document::table::Spec;
use crate::document::values;
use crate::document::{Count, Field, Language, Type, Word};
use std::fmt::Write as _;

/// A field: what it is for, what it takes, what stands for it.
pub fn field(language: &Language, field: &Field) -> String {
    let mut out = format!("**{}**: {}\n\n", field.name, field.doc);
    if field.later.is_some() {
        return out + "Not supported yet.";
    }
    let several = match field.count {
        Count::One => "",
        Count::Choice => "; several are a choice",
        Count::List => "; a list",
    };
    let _ = write!(out, "Takes {}{}{several}.", values::expected(language, field), range(field));
    let default = match (field.required, field.default, field.preset.value()) {
        (true, ..) => "Required.".to_string(),
        (false, "", Some(value)) => format!("Default: `{value}`."),
        (false, "", None) => return out,
        (false, text, _) => format!("Default: {text}."),
    };
    out + " " + &default
}

/// The bounds of a number: ` from 1 to 64`.
fn range(field: &Field) -> String {
    let bound = |t: &Type| match *t {
        Type::Int(low, high) if high >= 1_000_000_000 => Some(format!(", at least {low}")),
        Type::Int(low, high) => Some(format!(" from {low} to {high}")),
        Type::Number(_, high) if high >= 1e12 => None,
        Type::Number(low, high) if high >= 1e9 => Some(format!(", at least {low}")),
        Type::Number(low, high) => Some(format!(" from {low} to {high}")),
        Type::Positive => Some(" above 0".into()),
        _ => None,
    };
    field.types.iter().find_map(bound).unwrap_or_default()
}

/// A node: what it is, an example, what it takes.
pub fn node(form: &Form) -> String {
    let spec: &Spec = form.spec;
    let mut out = format!("**{}**: {}\n\n```kdl\n{}\n```\n", spec.name, spec.doc, spec.example);
    for field in form.all_fields().filter(|f| f.later.is_none()).take(40) {
        let required = if field.required { " (required)" } else { "" };
        let _ = write!(out, "\n- `{}`{required}: {}", field.name, field.doc);
    }
    out
}

/// A word of a field: `strategy evolution`.
pub fn word(spec: Option<&Spec>, field: &Field, word: &Word) -> String {
    let written = spec.filter(|s| s.field(field.name).is_some()).map_or(word.name.to_string(), |spec| written_as(spec, field, word));
    let mut out = format!("**{written}**: {}", word.doc);
    if !word.example.is_empty() {
        let _ = write!(out, "\n\n```kdl\n{}\n```", word.example);
    }
    for field in word.fields.iter().filter(|f| f.later.is_none()) {
        let default = match (field.default, field.preset.value()) {
            ("", Some(value)) => format!(" [{value}]"),
            ("", None) => String::new(),
            (text, _) => format!(" [{text}]"),
        };
        let _ = write!(out, "\n- `{}`{default}: {}", field.name, field.doc);
    }
    out
}
