//! Metrics where a file names them.

use crate::document::context::Context;
use crate::document::pipeline::Metric;
use crate::document::{Diagnostic, Node, Spanned};

/// The metrics of an `evaluate`: its lines `metrics` and `metric`.
pub fn metrics(context: &mut Context, node: &Node) -> Vec<Spanned<Metric>> {
    let mut metrics: Vec<Spanned<Metric>> = Vec::new();
    for lines in node.children.iter().filter(|c| matches!(c.name.value.as_str(), "metrics" | "metric")) {
        let field = if lines.name.value == "metric" { "name" } else { "names" };
        let class = lines.text("class");
        let words = lines.texts(field);
        let of_class: Vec<&str> = context.language.metrics.known.iter().filter(|m| m.of_class()).map(|m| m.word.name).collect();
        if let (Some(class), false) = (&class, words.iter().any(|w| of_class.contains(&w.value.as_str()))) {
            let names = of_class.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let d = Diagnostic::error(
                "contradiction",
                format!("`class` belongs to {names}"),
                class.span,
                "no metric of one class in this line",
            );
            context.push(d);
        }
        for word in &words {
            let class = class.as_ref().map(|c| c.value.as_str());
            let Some(value) = Metric::parse(&context.language.metrics, &word.value, class) else {
                context.push(without_class(word));
                continue;
            };
            if let Some(first) = metrics.iter().find(|m| m.value == value) {
                // Within one line the table has said so.
                if words.iter().any(|w| w.span == first.span) {
                    continue;
                }
                let d = Diagnostic::error("given-twice", format!("`{}` is measured twice", value.name()), word.span, "again here");
                context.push(d.also(first.span, "first here"));
                continue;
            }
            metrics.push(Spanned { value, span: word.span });
        }
    }
    metrics
}

/// All metrics of a property; one whose class is missing is reported and left out.
pub fn every_metric(context: &mut Context, node: &Node, field: &str) -> Vec<Spanned<Metric>> {
    let mut metrics = Vec::new();
    for word in node.texts(field) {
        match context.language.metric(&word.value) {
            Some(value) => metrics.push(Spanned { value, span: word.span }),
            None => context.push(without_class(&word)),
        }
    }
    metrics
}

/// The metric of a property.
pub fn one_metric(context: &mut Context, node: &Node, field: &str) -> Option<Spanned<Metric>> {
    every_metric(context, node, field).into_iter().next()
}

/// The table knows all words, so that what is no metric here lacks its class.
pub fn without_class(word: &Spanned<String>) -> Diagnostic {
    let name = &word.value;
    // `ap50` is one class's part of `map50`, `recall-of` of `recall`.
    let mean = name.strip_suffix("-of").map_or_else(|| format!("m{name}"), String::from);
    let d = Diagnostic::error("missing", format!("`{name}` is of one class"), word.span, "which class?");
    d.help(format!("measure it by `metric {name} class=\"NAME\"`, and name it `\"{name}:NAME\"` elsewhere; `{mean}` is of all classes"))
}
