//! Commands of one's own: `runner` of a `train`, `metric` with a `command`, `strategy command`.

use super::data::resolve;
use crate::document::context::Context;
use crate::document::pipeline::{Metric, OwnCommand, OwnMetric, Reads, Runner, Used};
use crate::document::{Diagnostic, Node, Spanned, declare, paths};

/// The most words of a command.
const MOST: usize = 1000;
/// Names in a command's folder that nasflow itself fills.
const TAKEN: [&str; 8] =
    ["job.json", "data.json", "out", "network.py", "network.json", "network.safetensors", "network.onnx", "__pycache__"];

/// The `runner` of a `train`.
pub fn runner(context: &mut Context, node: &Node) -> Spanned<Runner> {
    let command = command(context, node);
    let mut reports: Vec<Spanned<Metric>> = Vec::new();
    for line in node.children.iter().filter(|c| c.name.value == "reports") {
        let Some(metric) = own_name(context, line, Reads::Reported) else { continue };
        if let Some(first) = reports.iter().find(|m| m.value == metric.value) {
            let d = Diagnostic::error("given-twice", format!("`{}` is reported twice", metric.value), metric.span, "again here");
            context.push(d.also(first.span, "first here"));
            continue;
        }
        reports.push(metric);
    }
    let weights = node.truth("weights").unwrap_or(true);
    if !weights && reports.is_empty() {
        let d = Diagnostic::error("missing", "nothing would be known of what this `runner` trains", node.name.span, "`reports` is missing");
        context.missing(node, d.help("name what it reports: `reports \"dice\" better=higher`; or let it leave weights"));
    }
    Spanned { value: Runner { command, reports, weights }, span: node.name.span }
}

/// The command of a `strategy command`; none of another strategy, which has none.
pub fn proposer(context: &mut Context, line: &Node) -> Option<OwnCommand> {
    if line.text("kind").is_some_and(|kind| kind.value == "command") {
        return Some(command(context, line));
    }
    for child in line.children.iter().filter(|c| matches!(c.name.value.as_str(), "command" | "uses")) {
        let message = format!("`{}` belongs to `strategy command`", child.name.value);
        context.push(
            Diagnostic::error("contradiction", message, child.name.span, "of another strategy")
                .help("write `strategy command`, or delete it"),
        );
    }
    None
}

/// The metric that a line of an `evaluate` declares; none where it names one that is there.
pub fn metric(context: &mut Context, node: &Node) -> Option<OwnMetric> {
    let own = ["better", "unit", "alone"].iter().any(|p| node.property(p).is_some());
    if !own && node.child("command").is_none() && node.child("uses").is_none() {
        return None;
    }
    let metric = own_name(context, node, Reads::Command)?;
    if node.property("better").is_none() {
        let d = Diagnostic::error("missing", "a metric of one's own needs `better`", node.name.span, "`better` is missing");
        context.missing(node, d.help("say which side is better: `better=lower` or `better=higher`"));
    }
    Some(OwnMetric { metric, command: command(context, node), alone: node.truth("alone").unwrap_or(false) })
}

/// The metric that a line declares, which nothing else may be called.
fn own_name(context: &mut Context, line: &Node, reads: Reads) -> Option<Spanned<Metric>> {
    let name = line.text("name")?;
    let known = Metric::parse(&context.language.metrics, &name.value, None);
    let Some(metric) = known.filter(|m| m.reads() == reads) else {
        let declared = context.declared.iter().find(|d| d.value.word.name == name.value).map(|d| d.span);
        let d = match declared {
            Some(other) => {
                let message = format!("`{}` is declared twice, as two things", name.value);
                Diagnostic::error("given-twice", message, name.span, "again here").also(other, "first here")
            }
            None => Diagnostic::error("taken", format!("`{}` is a metric of nasflow", name.value), name.span, "this name is taken"),
        };
        context.push(d.help("choose another name"));
        return None;
    };
    let metric = Spanned { value: metric, span: name.span };
    // A command measures one thing; a figure may be reported by several trainings, with one better side.
    let first = context.declared.iter().find(|d| d.value.word.name == name.value);
    let differs = first.is_some_and(|first| {
        let unit = line.text("unit").map_or(declare::unit(""), |u| declare::unit(&u.value));
        let higher = line.text("better").is_none_or(|b| b.value == "higher");
        first.value.unit != unit || metric.value.higher_is_better() != higher
    });
    if let Some(first) = first.filter(|first| first.span != line.name.span && (reads == Reads::Command || differs)) {
        let (message, help) = match reads {
            Reads::Command => (
                format!("`{}` is declared twice", name.value),
                format!("declare it once; other stages name it: `metrics {}`", crate::document::quoted(&name.value)),
            ),
            _ => (format!("`{}` has two sides or units", name.value), "write the same in both, or choose another name".to_string()),
        };
        let first = first.span;
        context.push(Diagnostic::error("given-twice", message, name.span, "again here").also(first, "first here").help(help));
    }
    Some(metric)
}

/// The command of a node, and what it uses.
fn command(context: &mut Context, node: &Node) -> OwnCommand {
    let words: Vec<String> = node.child("command").map_or(Vec::new(), |c| c.texts("words")).into_iter().map(|w| w.value).collect();
    if node.child("command").is_none() {
        let d = Diagnostic::error("missing", format!("`{}` needs `command`", node.name.value), node.name.span, "`command` is missing");
        context.missing(node, d.help("what runs: `command \"python\" \"train.py\"`"));
    }
    if let Some(line) = node.child("command").filter(|_| words.len() > MOST || words.first().is_some_and(|w| w.is_empty())) {
        let d =
            Diagnostic::error("out-of-range", "a command is a program and its arguments", line.name.span, "no program, or too many words");
        context.push(d);
    }
    let mut uses: Vec<Used> = Vec::new();
    for path in node.child("uses").map_or(Vec::new(), |u| u.texts("paths")) {
        let name = paths::join("", &path.value);
        if !paths::inside("", &name) || name == "." {
            let message = "a command uses files of the pipeline's own folder";
            let d = Diagnostic::error("outside", message, path.span, "not inside it");
            context.push(d.help("put the file, or a link to it, beside the pipeline; what is installed on the machine is not named here"));
            continue;
        }
        if TAKEN.contains(&name.split('/').next().unwrap_or_default()) {
            let message = format!("`{name}` is what nasflow itself puts beside a command");
            let d = Diagnostic::error("taken", message, path.span, "this name is taken");
            context.push(d.help("rename the file or its folder"));
            continue;
        }
        if uses.iter().any(|u| u.name == name || paths::inside(&u.name, &name) || paths::inside(&name, &u.name)) {
            let d = Diagnostic::error("given-twice", format!("`{name}` is used twice"), path.span, "again here");
            context.push(d.help("a folder is used with all that is in it"));
            continue;
        }
        uses.push(Used { name, path: resolve(context, path) });
    }
    OwnCommand { words, uses }
}
