//! `method table` of an `evaluate`: the file, the key of a row, and which column is which metric.

use super::data::resolve;
use super::metric::without_class;
use crate::document::context::Context;
use crate::document::pipeline::{KeyPart, Metric, TABLE_UNITS, TableColumn, TableSource, TableUnit, TableWord, table_units};
use crate::document::shorten::shorten;
use crate::document::{Diagnostic, Node, Spanned, Value, nearest};

/// The table of an `evaluate` node, whose `metrics` are known.
pub fn table(context: &mut Context, evaluate: &Node, method: &Node, metrics: &[Spanned<Metric>]) -> Option<TableSource> {
    for name in ["data", "at", "recalibrate", "latency-table", "untrained"] {
        let place = evaluate.child(name).map(|c| c.name.span).or_else(|| evaluate.property(name).map(|p| p.name.span));
        if let Some(span) = place {
            let d = Diagnostic::error("contradiction", format!("a table is read without `{name}`"), span, "nothing is measured here");
            context.push(d.also(method.name.span, "the figures come from a table").help("delete it, or write a stage of its own"));
        }
    }
    for metric in metrics.iter().filter(|m| m.value.is_learned()) {
        let name = metric.value.name();
        let message = format!("`{name}` is what a supernet has learned, never read from a table");
        let d = Diagnostic::error("contradiction", message, metric.span, "not from a table");
        context.push(d.help(format!("measure it in a stage of its own: `evaluate \"…\" {{ from \"…\"; metrics {name} }}`")));
    }
    let mut keys = method.texts("keys");
    if keys.is_empty() {
        keys.push(Spanned { value: "arch".into(), span: method.name.span });
    }
    let key = self::key(context, method, &keys);
    let words = words(context, method);
    let columns = columns(context, method, metrics);
    let file = method.text("file").map(|file| resolve(context, file))?;
    Some(TableSource { file, key: key?, keys, words, columns })
}

/// One text for each column of keys; where none is written, several columns are called as the decisions that they hold.
fn key(context: &mut Context, method: &Node, keys: &[Spanned<String>]) -> Option<Vec<Spanned<Vec<KeyPart>>>> {
    let written = method.texts("key");
    if written.is_empty() {
        return Some(match keys {
            [one] => vec![Spanned { value: vec![KeyPart::Decisions], span: one.span }],
            several => several.iter().map(|k| Spanned { value: vec![KeyPart::Option(k.value.clone())], span: k.span }).collect(),
        });
    }
    if written.len() != keys.len() {
        let message = format!("{} of `key` for {} of `keys`", plural(written.len(), "text"), plural(keys.len(), "column"));
        let d = Diagnostic::error("table-key", message, method.place("key"), "one text a column");
        context.push(d.help("write one text for each column: `keys \"depth\" \"kernel\"; key \"{d}\" \"{k}\"`"));
        return None;
    }
    let parts: Vec<Spanned<Vec<KeyPart>>> = written.iter().map(|text| template(context, text)).collect::<Option<_>>()?;
    let fixed = |part: &KeyPart| matches!(part, KeyPart::Text(_));
    if parts.iter().all(|p| p.value.iter().all(fixed)) {
        let texts: Vec<String> = written.iter().map(|w| format!("`{}`", shorten(&w.value))).collect();
        let message = format!("the key {} is the same for every network", texts.join(", "));
        let d = Diagnostic::error("table-key", message, written[0].span, "`arch`, or a text with `{label}`");
        context.push(d.help(TEMPLATE));
        return None;
    }
    Some(parts)
}

fn plural(n: usize, word: &str) -> String {
    if n == 1 { format!("one {word}") } else { format!("{n} {word}s") }
}

const TEMPLATE: &str = "`{label}` is the option that a decision took, `{label:index}` its place from 0; `{{` and `}}` are braces";

/// `arch`, or a text with `{label}` and `{label:index}`; `{{` and `}}` are braces.
fn template(context: &mut Context, written: &Spanned<String>) -> Option<Spanned<Vec<KeyPart>>> {
    if written.value == "arch" {
        return Some(Spanned { value: vec![KeyPart::Decisions], span: written.span });
    }
    let mut wrong = |message: &str, label: &str| {
        context.push(Diagnostic::error("table-key", message, written.span, label).help(TEMPLATE));
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
            return wrong(&format!("a `{brace}` of this key has no partner"), "`{label}` expected");
        };
        let inside = &rest[..end];
        rest = &rest[end + 1..];
        if inside.is_empty() || inside.contains('{') {
            return wrong("a pair of braces of this key names no decision", "`{label}` expected");
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
    if !text.is_empty() {
        parts.push(KeyPart::Text(text));
    }
    Some(Spanned { value: parts, span: written.span })
}

/// Options and what stands for them.
fn words(context: &mut Context, method: &Node) -> Vec<TableWord> {
    let plain = |v: &Spanned<Value>| match &v.value {
        Value::Text(t) => t.clone(),
        Value::Bool(b) => b.to_string(),
        other => other.to_string(),
    };
    let mut words: Vec<TableWord> = Vec::new();
    for line in method.children.iter().filter(|c| c.name.value == "word") {
        let (Some(option), Some(text)) = (line.value("option"), line.value("text")) else { continue };
        let word = TableWord { label: line.text("label"), option: Spanned { value: plain(option), span: option.span }, text: plain(text) };
        let name = |w: &TableWord| w.label.as_ref().map(|l| l.value.clone());
        if let Some(first) = words.iter().find(|w| w.option.value == word.option.value && name(w) == name(&word)) {
            let message = format!("`{}` has two words", shorten(&word.option.value));
            let d = Diagnostic::error("given-twice", message, word.option.span, "again here");
            context.push(d.also(first.option.span, "first here").help("keep one, or say which decision each is for: `label=`"));
            continue;
        }
        words.push(word);
    }
    words
}

/// The column of every metric: written, or of the metric's own name. Costs that have none follow from the network.
fn columns(context: &mut Context, method: &Node, metrics: &[Spanned<Metric>]) -> Vec<TableColumn> {
    let mut columns: Vec<TableColumn> = Vec::new();
    for line in method.children.iter().filter(|c| c.name.value == "column") {
        let Some(word) = line.text("metric") else { continue };
        let Some(value) = context.language.metric(&word.value) else {
            context.push(without_class(&word));
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
        let unit = unit(context, line, &value);
        let mut names = line.texts("names");
        if names.is_empty() {
            names.push(Spanned { value: word.value.clone(), span: word.span });
        }
        columns.push(TableColumn { metric: Spanned { value, span: word.span }, names, unit });
    }
    for metric in metrics.iter().filter(|m| !m.value.is_cost() && !m.value.is_learned()) {
        if !columns.iter().any(|c| c.metric.value == metric.value) {
            let names = vec![Spanned { value: metric.value.name(), span: metric.span }];
            columns.push(TableColumn { metric: metric.clone(), names, unit: None });
        }
    }
    columns
}

/// The unit of a column, which must be one of its metric's.
fn unit(context: &mut Context, line: &Node, metric: &Metric) -> Option<&'static TableUnit> {
    let written = line.text("unit")?;
    let unit = TABLE_UNITS.iter().find(|unit| unit.word == written.value)?;
    if unit.of != metric.unit() {
        let message = format!("`{metric}` is not measured in `{}`", unit.word);
        let d = Diagnostic::error("contradiction", message, written.span, "another kind of unit");
        let units: Vec<String> = table_units(metric.unit()).iter().map(|word| format!("`{word}`")).collect();
        context.push(d.help(match units.as_slice() {
            [] => "delete `unit`".to_string(),
            units => format!("delete `unit`, or write one of {}", units.join(", ")),
        }));
        return None;
    }
    Some(unit)
}
