//! `method table` of an `evaluate`: the file, the key of a row, and which column is which metric.

use super::data::resolve;
use super::metric;
use crate::document::context::Context;
use crate::document::pipeline::{KeyPart, Metric, TableColumn, TableSource};
use crate::document::traps::shorten;
use crate::document::{Diagnostic, Node, Spanned, Value, nearest};

/// The table of an `evaluate` node, whose `metrics` are known.
pub fn table(context: &mut Context, evaluate: &Node, method: &Node, metrics: &[Spanned<Metric>]) -> Option<TableSource> {
    for name in ["data", "at", "recalibrate"] {
        let place = evaluate.child(name).map(|c| c.name.span).or_else(|| evaluate.property(name).map(|p| p.name.span));
        if let Some(span) = place {
            let d = Diagnostic::error("contradiction", format!("a table is read without `{name}`"), span, "nothing is measured here");
            context.push(d.also(method.name.span, "the figures come from a table").help("delete it, or write a stage of its own"));
        }
    }
    for metric in metrics.iter().filter(|m| m.value.is_observation()) {
        let d = Diagnostic::error(
            "observation",
            format!("`{}` is measured on this machine, never read from a table", metric.value.name()),
            metric.span,
            "not from a table",
        );
        context.push(d.help("`table-latency` comes in a later version"));
    }
    for metric in metrics.iter().filter(|m| m.value == Metric::Likelihood) {
        let message = "`likelihood` is what a supernet has learned, never read from a table";
        let d = Diagnostic::error("contradiction", message, metric.span, "not from a table");
        context.push(d.help("measure it in a stage of its own: `evaluate \"…\" { from \"…\"; metrics likelihood }`"));
    }
    let key = match method.text("key") {
        Some(written) => key(context, &written),
        None => Some(Spanned { value: vec![KeyPart::Decisions], span: method.name.span }),
    };
    let keys = method.text("keys").unwrap_or(Spanned { value: "arch".into(), span: method.name.span });
    let words = words(context, method);
    let columns = columns(context, method, metrics);
    let file = method.text("file").map(|file| resolve(context, file))?;
    Some(TableSource { file, key: key?, keys, words, columns })
}

/// `arch`, or a text with `{label}` and `{label:index}`; `{{` and `}}` are braces.
fn key(context: &mut Context, written: &Spanned<String>) -> Option<Spanned<Vec<KeyPart>>> {
    if written.value == "arch" {
        return Some(Spanned { value: vec![KeyPart::Decisions], span: written.span });
    }
    let help = "`{label}` is the option that a decision took, `{label:index}` its place from 0; `{{` and `}}` are braces";
    let mut wrong = |message: String, label: &str| {
        context.push(Diagnostic::error("table-key", message, written.span, label).help(help));
        None
    };
    let mut parts: Vec<KeyPart> = Vec::new();
    let mut text = String::new();
    let mut rest = written.value.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        text += &rest[..at];
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            text += brace;
            rest = after;
            continue;
        }
        let Some(end) = rest.find('}').filter(|_| brace == "{") else {
            return wrong(format!("a `{brace}` of this key has no partner"), "`{label}` expected");
        };
        let inside = &rest[..end];
        rest = &rest[end + 1..];
        if inside.is_empty() || inside.contains('{') {
            return wrong("a pair of braces of this key names no decision".into(), "`{label}` expected");
        }
        if !text.is_empty() {
            parts.push(KeyPart::Text(std::mem::take(&mut text)));
        }
        parts.push(match inside.strip_suffix(":index") {
            Some(label) => KeyPart::Index(label.to_string()),
            None => KeyPart::Option(inside.to_string()),
        });
    }
    text += rest;
    if parts.is_empty() {
        return wrong(format!("the key `{}` is the same for every network", shorten(&written.value)), "`arch`, or a text with `{label}`");
    }
    if !text.is_empty() {
        parts.push(KeyPart::Text(text));
    }
    Some(Spanned { value: parts, span: written.span })
}

/// Options and what stands for them.
fn words(context: &mut Context, method: &Node) -> Vec<(Spanned<String>, String)> {
    let plain = |v: &Spanned<Value>| match &v.value {
        Value::Text(t) => t.clone(),
        Value::Bool(b) => b.to_string(),
        other => other.to_string(),
    };
    let mut words: Vec<(Spanned<String>, String)> = Vec::new();
    for line in method.children.iter().filter(|c| c.name.value == "word") {
        let (Some(option), Some(text)) = (line.value("option"), line.value("text")) else { continue };
        let (option, text) = (Spanned { value: plain(option), span: option.span }, plain(text));
        if let Some((first, _)) = words.iter().find(|(o, _)| o.value == option.value) {
            let d = Diagnostic::error("given-twice", format!("`{}` has two words", shorten(&option.value)), option.span, "again here");
            context.push(d.also(first.span, "first here").help("keep one"));
            continue;
        }
        words.push((option, text));
    }
    words
}

/// The column of every metric: written, or of the metric's own name. Costs that have none follow from the network.
fn columns(context: &mut Context, method: &Node, metrics: &[Spanned<Metric>]) -> Vec<TableColumn> {
    let mut columns: Vec<TableColumn> = Vec::new();
    for line in method.children.iter().filter(|c| c.name.value == "column") {
        let Some(word) = line.text("metric") else { continue };
        let Some(value) = metric(&word.value, None) else {
            let d = Diagnostic::error("missing", "`ap50` is of one class", word.span, "which class?");
            context.push(d.help("name it `\"ap50:NAME\"`"));
            continue;
        };
        if let Some(first) = columns.iter().find(|c| c.metric.value == value) {
            let d = Diagnostic::error("given-twice", format!("`{}` has two columns", value.name()), word.span, "again here");
            let d = d.also(first.metric.span, "first here");
            context.push(d.help(format!("several columns of several seeds stand in one line: `column {} \"a\" \"b\"`", value.name())));
            continue;
        }
        if !metrics.iter().any(|m| m.value == value) {
            let names: Vec<String> = metrics.iter().map(|m| m.value.name()).collect();
            let d =
                Diagnostic::error("not-measured", format!("`{}` is none of the metrics here", value.name()), word.span, "not asked for");
            let near = nearest(&word.value, names.iter().map(String::as_str)).map_or(String::new(), |n| format!("did you mean `{n}`? or "));
            context.push(d.help(format!("{near}add it to `metrics`")));
        }
        let percent = line.text("unit").is_some_and(|u| u.value == "percent");
        if let (true, false, Some(unit)) = (percent, value.is_share(), line.value("unit")) {
            let d = Diagnostic::error("contradiction", format!("`{}` is no share", value.name()), unit.span, "nothing to divide by 100");
            context.push(d.help("delete `unit`"));
        }
        let mut names = line.texts("names");
        if names.is_empty() {
            names.push(Spanned { value: word.value.clone(), span: word.span });
        }
        columns.push(TableColumn { metric: Spanned { value, span: word.span }, names, percent });
    }
    for metric in metrics.iter().filter(|m| m.value.reads_predictions()) {
        if !columns.iter().any(|c| c.metric.value == metric.value) {
            let names = vec![Spanned { value: metric.value.name(), span: metric.span }];
            columns.push(TableColumn { metric: metric.clone(), names, percent: false });
        }
    }
    columns
}
