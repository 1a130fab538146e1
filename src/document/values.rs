//! Whether a value fits its field, and what to say where it does not.

use super::field::{Field, Kind, Type};
use super::language::Language;
use super::shorten::shorten;
use super::{Diagnostic, Spanned, Value, nearest};
use crate::base::units;

/// What is wrong with a value of a field, or nothing.
pub fn check(language: &Language, node: &str, field: &Field, value: &Spanned<Value>) -> Option<Diagnostic> {
    if let Value::Choice(_) | Value::Expr(_) = value.value {
        return None; // Where they may stand is the decoder's question.
    }
    if field.types.iter().any(|t| fits(language, *t, &value.value)) {
        return None;
    }
    let at = |code, message: String, label: String| Diagnostic::error(code, message, value.span, label);
    let name = name(node, field);
    if let Some(d) = field.types.iter().find_map(|t| out_of_range(*t, &value.value)) {
        return Some(at("out-of-range", format!("`{name}` is {d}, not {}", value.value), format!("{d} expected")));
    }
    let expected = expected(language, field);
    let Value::Text(text) = &value.value else {
        let d = at("wrong-type", format!("`{name}` takes {expected}, not {}", describe(&value.value)), format!("{expected} expected"));
        return Some(match &value.value {
            Value::Float(x) if x.fract() == 0.0 && field.types.iter().any(|t| matches!(t, Type::Int(..))) => d.help(format!("write `{x}`")),
            Value::Int(_) | Value::Float(_) if field.types.iter().any(|t| matches!(t, Type::Bool)) => d.help("write `#true` or `#false`"),
            _ => d,
        });
    };
    let shown = shorten(text);
    if field.types.iter().any(|t| matches!(t, Type::Metric)) {
        return Some(metric(language, text, value));
    }
    let words: Vec<&str> = field.types.iter().flat_map(|t| words(language, *t)).collect();
    if !words.is_empty() {
        if field.types.iter().any(|t| later(language, *t).contains(&text.as_str())) {
            return Some(
                at("not-yet", format!("`{shown}` is not supported yet"), "not yet".into())
                    .help(format!("`{name}` takes {expected} in this version")),
            );
        }
        let help = nearest(text, words).map_or_else(|| format!("`{name}` takes {expected}"), |near| format!("did you mean `{near}`?"));
        return Some(at("unknown-word", format!("`{shown}` is nothing that `{name}` knows"), format!("{expected} expected")).help(help));
    }
    let d = at("wrong-type", format!("`{name}` takes {expected}, not the text `{shown}`"), format!("{expected} expected"));
    Some(if field.types.iter().any(|t| matches!(t, Type::Bool)) {
        let near = nearest(text, ["true", "false", "yes", "no", "on", "off"]).unwrap_or("true");
        d.help(format!("write `{}`", if matches!(near, "true" | "yes" | "on") { "#true" } else { "#false" }))
    } else if field.types.iter().all(|t| matches!(t, Type::Expr)) {
        d.help(format!("write `{}=(expr)\"…\"`", field.name))
    } else if text.parse::<f64>().is_ok_and(f64::is_finite) {
        d.help(format!("write `{shown}` without quotes"))
    } else {
        d
    })
}

/// What a reader calls a field: the first value of `strategy` or `trials` has no other name than its node's.
pub fn name<'a>(node: &'a str, field: &Field) -> &'a str {
    if matches!(field.name, "kind" | "names" | "count") { node } else { field.name }
}

/// The words that a type takes.
fn words(language: &Language, ty: Type) -> Vec<&'static str> {
    match ty {
        Type::Word(words) => words.to_vec(),
        Type::Of(kind) => language.names(kind),
        _ => Vec::new(),
    }
}

/// The words that a later version will take.
fn later(language: &Language, ty: Type) -> &'static [&'static str] {
    match ty {
        Type::LaterWord(words) => words,
        Type::Of(kind) => language.later(kind),
        _ => &[],
    }
}

fn metric(language: &Language, text: &str, value: &Spanned<Value>) -> Diagnostic {
    let shown = shorten(text);
    let known = language.names(Kind::Metric);
    if language.later(Kind::Metric).contains(&text) {
        return Diagnostic::error("not-yet", format!("the metric `{shown}` is not supported yet"), value.span, "not yet");
    }
    let help =
        nearest(text, known.iter().copied()).map_or_else(|| format!("metrics: {}", list(&known)), |near| format!("did you mean `{near}`?"));
    Diagnostic::error("unknown-metric", format!("`{shown}` is no metric"), value.span, "a metric expected").help(help)
}

fn fits(language: &Language, ty: Type, value: &Value) -> bool {
    let number = match value {
        Value::Int(i) => Some(*i as f64),
        Value::Float(x) => Some(*x),
        _ => None,
    };
    match (ty, value) {
        (Type::Word(words), Value::Text(t)) => words.contains(&t.as_str()),
        (Type::Name(_) | Type::Text | Type::Path | Type::Label, Value::Text(t)) => !t.is_empty(),
        (Type::Argument, Value::Text(_)) => true,
        (Type::Of(kind), Value::Text(t)) => language.word(kind, t).is_some(),
        (Type::Metric, Value::Text(t)) => {
            // `ap50:RBC` is `ap50` of a class.
            let word = |name: &str| language.word(Kind::Metric, name);
            let of_class = |(name, class): (&str, &str)| !class.is_empty() && word(name).is_some_and(|w| w.field("class").is_some());
            word(t).is_some() || t.split_once(':').is_some_and(of_class)
        }
        (Type::Int(low, high), Value::Int(i)) => (low..=high).contains(i),
        (Type::Number(low, high), _) => number.is_some_and(|x| low <= x && x <= high),
        (Type::Positive, _) => number.is_some_and(|x| x > 0.0),
        (Type::Bool, Value::Bool(_)) | (Type::Any, _) => true,
        (Type::Time, Value::Text(t)) => units::time(t).is_some(),
        (Type::Size, Value::Text(t)) => units::bytes(t).is_some(),
        _ => false,
    }
}

/// The bound that a value of the right kind misses.
fn out_of_range(ty: Type, value: &Value) -> Option<String> {
    let number = match value {
        Value::Int(i) => *i as f64,
        Value::Float(x) => *x,
        Value::Text(t) if t.is_empty() && matches!(ty, Type::Name(_) | Type::Text | Type::Path | Type::Label) => {
            return Some("a text that is not empty".into());
        }
        _ => return None,
    };
    match (ty, value) {
        (Type::Int(low, _), Value::Int(i)) if *i < low => Some(format!("at least {low}")),
        (Type::Int(_, high), Value::Int(i)) if *i > high => Some(format!("at most {high}")),
        (Type::Positive, _) if number <= 0.0 => Some("greater than 0".into()),
        (Type::Number(low, high), _) if number < low || number > high => {
            Some(if high >= 1e9 { format!("at least {low}") } else { format!("between {low} and {high}") })
        }
        _ => None,
    }
}

/// What a field takes, in words.
pub fn expected(language: &Language, field: &Field) -> String {
    let each: Vec<String> = field
        .types
        .iter()
        .filter_map(|t| {
            Some(match t {
                Type::Word(words) => list(words),
                Type::Of(kind) => list(&language.names(*kind)),
                Type::LaterWord(_) => return None,
                Type::Name(what) => format!("the name of a {what}"),
                Type::Text | Type::Argument => "a text".into(),
                Type::Path => "a path".into(),
                Type::Int(..) => "a whole number".into(),
                Type::Number(..) | Type::Positive => "a number".into(),
                Type::Bool => "`#true` or `#false`".into(),
                Type::Time => format!("a time such as {}", units::TIMES),
                Type::Size => format!("a size such as {}", units::SIZES),
                Type::Metric => "a metric".into(),
                Type::Label => "a label".into(),
                Type::Expr => "an expression".into(),
                Type::Any => "a value".into(),
            })
        })
        .collect();
    each.join(" or ")
}

fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Text(t) => format!("the text `{}`", shorten(t)),
        Value::Int(i) => format!("the number {i}"),
        Value::Float(x) => format!("the number {x:?}"),
        Value::Bool(b) => format!("`#{b}`"),
        Value::Choice(c) => format!("`(choice)\"{}\"`", shorten(c)),
        Value::Expr(e) => format!("`(expr)\"{}\"`", shorten(&e.text)),
    }
}
