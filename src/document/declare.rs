//! Metrics that a file itself declares: `metric "NAME" … { command … }` of an `evaluate`, `reports "NAME"` of a `runner`. They are
//! words from here on, before anything is decoded, because they may be named before they are declared.

use super::context::Context;
use super::pipeline::{Better, MetricWord, Reads, Unit, declared};
use super::shorten::shorten;
use super::{Diagnostic, Node, Span, Spanned, Value};

/// The most that one file may declare.
const MOST: usize = 200;
/// The most bytes of a name.
const LONGEST: usize = 40;

/// Makes words of the metrics that these nodes declare, as they are written. A name that is taken stays what it is: `typed` says so.
pub fn metrics(context: &mut Context, raw: &[Node]) {
    let mut found: Vec<(&'static MetricWord, Span)> = Vec::new();
    for node in raw {
        let inside = match node.name.value.as_str() {
            "evaluate" => children(node, "metric").filter(|m| is_own(m)).map(|m| (m, Reads::Command)).collect::<Vec<_>>(),
            "train" => children(node, "runner").flat_map(|r| children(r, "reports")).map(|r| (r, Reads::Reported)).collect(),
            _ => continue,
        };
        for (line, reads) in inside {
            let Some(Spanned { value: Value::Text(name), span }) = line.arguments.first().or_else(|| written(line, "name")) else {
                continue;
            };
            let better = match written(line, "better").map(|v| &v.value) {
                Some(Value::Text(side)) if side == "lower" => Better::Lower,
                _ => Better::Higher,
            };
            let unit = match written(line, "unit").map(|v| &v.value) {
                Some(Value::Text(word)) => unit(word),
                _ => Unit::Number,
            };
            let taken = |known: &&'static MetricWord| known.word.name == name;
            let foreign = context.language.metrics.known.iter().any(taken) || context.language.metrics.later.contains(&name.as_str());
            if name.is_empty() || foreign {
                continue;
            }
            if name.len() > LONGEST || !name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) {
                let message = format!("`{}` is no name for a metric", shorten(name));
                let d = Diagnostic::error("metric-name", message, *span, "letters, digits, `-`, `_` and `.` expected");
                context.spoil(d.help(format!("such as \"pi-ms\"; at most {LONGEST} bytes")), *span);
                continue;
            }
            if found.len() >= MOST {
                let d = Diagnostic::error("too-many", format!("a file declares at most {MOST} metrics"), line.name.span, "one too many");
                return context.push(d);
            }
            let word = declared(name, better, unit, reads);
            context.language.metrics.known.push(word);
            found.push((word, line.name.span));
        }
    }
    context.declared = found.into_iter().map(|(word, span)| Spanned { value: word, span }).collect();
}

/// The unit of a word of the table.
pub fn unit(word: &str) -> Unit {
    match word {
        "share" => Unit::Share,
        "ms" => Unit::Milliseconds,
        "bytes" => Unit::Bytes,
        "count" => Unit::Count,
        "per-second" => Unit::PerSecond,
        _ => Unit::Number,
    }
}

/// Whether a `metric` is one of the file's own, as it is written.
fn is_own(line: &Node) -> bool {
    ["command", "uses", "better"].iter().any(|name| written(line, name).is_some() || children(line, name).next().is_some())
}

fn children<'n>(node: &'n Node, name: &'static str) -> impl Iterator<Item = &'n Node> {
    node.children.iter().filter(move |c| c.name.value == name)
}

/// The value of a property, whichever way it is written.
fn written<'n>(node: &'n Node, name: &'static str) -> Option<&'n Spanned<Value>> {
    let child = || children(node, name).next().and_then(|c| c.arguments.first());
    node.property(name).and_then(|p| p.values.first()).or_else(child)
}
