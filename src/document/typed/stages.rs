//! `sample`, `evaluate`, `select` and `answer` nodes.

use super::data::resolve;
use super::metric::{every_metric, metrics, one_metric};
use super::reads::reads;
use super::untrained::untrained;
use super::{chain, objective, own, prior, supernet, table};
use crate::document::context::Context;
use crate::document::pipeline::{
    Answer, Bound, Evaluate, Fed, Metric, OwnMetric, Sample, Select, SelectBy, Stage, StageKind, Trust, UntrainedBy,
};
use crate::document::settings::Settings;
use crate::document::strategy::{Asked, Chosen};
use crate::document::{Diagnostic, Node, Spanned};

/// A `sample` stage.
pub fn sample(context: &mut Context, node: &Node) -> Option<Stage> {
    let name = node.text("name")?;
    let line = node.child("strategy");
    // An unknown strategy was reported; what it would need is not known.
    let known = line.is_none_or(|s| s.text("kind").is_some());
    let strategy = match line.and_then(|s| s.text("kind")) {
        Some(word) => context.language.strategies.find(&word.value)?,
        None => *context.language.strategies.known.first()?,
    };
    let place = line.map_or(name.span, |s| s.place("kind"));
    let settings = Settings::of(strategy.word(), line, place);
    let chosen = Chosen { strategy, settings };
    let trials = node.child("trials");
    let then = chain::then(context, node);
    let sample = Sample {
        proposer: line.and_then(|line| own::proposer(context, line)),
        priors: prior::priors(context, node),
        trials: trials.and_then(|t| t.count("count")).unwrap_or(1),
        window: trials.and_then(|t| t.count("window")).unwrap_or(4),
        seed: node.count("seed").unwrap_or(0) as u64,
        objective: node.child("objective").and_then(|o| objective::objective(context, o)),
        replicate: node.count("replicate").map(|value| Spanned { value, span: node.place("replicate") }),
        strategy: chosen,
        share: line.and_then(chain::share),
        then,
        start: node.child("start").map_or(Vec::new(), |start| start.texts("from")),
        earlier: node.child("earlier").and_then(|line| line.text("file")).map(|file| resolve(context, file)),
        recipe: std::collections::BTreeMap::new(),
        strategy_span: place,
        trials_span: trials.map_or(name.span, |t| t.place("count")),
    };
    if known {
        needs(context, node, &sample);
        chain::check(context, node, &sample);
        let count = trials.and_then(|t| Some(Spanned { value: t.count("count")?, span: t.place("count") }));
        // In a chain, and behind candidates that come first, it begins with what is known.
        let count = count.filter(|_| sample.then.is_empty() && sample.start.is_empty() && sample.earlier.is_none());
        for diagnostic in strategy.check(&Asked { settings: &sample.strategy.settings, trials: count }) {
            context.push(diagnostic);
        }
    }
    if let (Some(_), Some(stop)) = (&sample.proposer, sample.objective.as_ref().and_then(|o| o.stop.as_ref())) {
        let d = Diagnostic::error("contradiction", "`strategy command` is asked for whole trials", stop.span, "stops trials early");
        context.push(d.also(place, "a command proposes").help("delete `stop-early`, or write another strategy"));
    }
    Some(Stage { name, span: node.span, from: node.texts("from"), kind: StageKind::Sample(sample) })
}

/// What the strategies say must stand around them.
fn needs(context: &mut Context, node: &Node, sample: &Sample) {
    let (word, needs) = (sample.strategy.name(), sample.strategy.strategy.needs());
    match (node.child("trials"), needs.trials) {
        (Some(trials), false) if sample.then.is_empty() => {
            let message = format!("`strategy {word}` has one candidate");
            let d = Diagnostic::error("contradiction", message, trials.name.span, "no trials here");
            context.push(d.help("delete `trials`, or write another strategy"));
        }
        (None, true) => {
            let d = Diagnostic::error("missing", "`sample` needs `trials`", node.name.span, "`trials` is missing");
            context.missing(node, d.help("how many candidates are proposed: `trials 16`"));
        }
        _ => {}
    }
    objective::reads(context, node, sample);
}

/// An `evaluate` stage.
pub fn evaluate(context: &mut Context, node: &Node) -> Option<Stage> {
    let name = node.text("name")?;
    let metrics = metrics(context, node);
    let lines = node.children.iter().filter(|c| c.name.value == "metric");
    let own: Vec<OwnMetric> = lines.filter_map(|line| own::metric(context, line)).collect();
    if !node.children.iter().any(|c| matches!(c.name.value.as_str(), "metrics" | "metric")) {
        let d = Diagnostic::error("missing", "`evaluate` needs `metrics`", node.name.span, "`metrics` is missing");
        context.missing(node, d.help("what is measured, such as `metrics map50 params flops`"));
    }
    let reads = node.child("data").and_then(|line| reads(context, line));
    let (data, folds) = reads.map_or((None, None), |r| (Some((r.data, r.split)), r.folds));
    if let Some(method) = node.child("method") {
        if let Some(first) = own.first() {
            let message = format!("`{}` is measured by a command, and this stage reads a table", first.metric.value);
            let d = Diagnostic::error("contradiction", message, first.metric.span, "not out of a table");
            context.push(d.also(method.name.span, "reads a table").help("measure it in a stage of its own"));
        }
        let table = table::table(context, node, method, &metrics)?;
        let evaluate = Evaluate {
            data: None,
            folds: None,
            metrics,
            own: Vec::new(),
            at: Vec::new(),
            recalibrate: None,
            latency_table: None,
            untrained: UntrainedBy::default(),
            table: Some(std::sync::Arc::new(table)),
        };
        return Some(Stage { name, span: node.span, from: node.texts("from"), kind: StageKind::Evaluate(evaluate) });
    }
    let on_images = |m: &&Spanned<Metric>| m.value.reads_predictions() || m.value.fed().is_some_and(Fed::reads_images);
    if let (Some(first), None) = (metrics.iter().find(on_images), node.child("data")) {
        let d = Diagnostic::error("missing", format!("`{}` is measured on images", first.value.name()), first.span, "`data` is missing");
        context.missing(node, d.help("name the images and the split: `data \"shapes\" split=val`"));
    }
    let recalibrate = node.child("recalibrate").and_then(|line| supernet::recalibrate(context, line));
    let latency_table = latency_table(context, node, &metrics);
    let untrained = untrained(context, node, &metrics);
    let evaluate = Evaluate { data, folds, metrics, own, at: node.counts("at"), recalibrate, latency_table, untrained, table: None };
    Some(Stage { name, span: node.span, from: node.texts("from"), kind: StageKind::Evaluate(evaluate) })
}

/// The file of `latency-table`, which stands with `table-latency` and nowhere else.
fn latency_table(context: &mut Context, node: &Node, metrics: &[Spanned<Metric>]) -> Option<Spanned<String>> {
    let asked = metrics.iter().find(|m| m.value.is_table_latency());
    let line = node.child("latency-table");
    match (asked, line) {
        (Some(metric), None) => {
            let message = format!("`{}` needs `latency-table`", metric.value.name());
            let d = Diagnostic::error("missing", message, metric.span, "`latency-table` is missing");
            context.missing(node, d.help("name the file: `latency-table \"pi4.json\"`"));
        }
        (None, Some(line)) => {
            let message = "`latency-table` is read for `table-latency`, which is not measured here";
            let d = Diagnostic::error("contradiction", message, line.name.span, "nothing reads it");
            context.push(d.help("add `table-latency` to the metrics, or delete it"));
        }
        _ => {}
    }
    Some(resolve(context, line?.text("file")?))
}

/// A `select` stage.
pub fn select(context: &mut Context, node: &Node) -> Option<Stage> {
    let name = node.text("name")?;
    let mut bounds = Vec::new();
    for line in node.children.iter().filter(|c| c.name.value == "where") {
        let Some(metric) = one_metric(context, line, "metric") else { continue };
        let (min, max) = (line.number("min"), line.number("max"));
        if line.property("min").is_none() && line.property("max").is_none() {
            let d = Diagnostic::error("missing", "`where` needs a bound", line.name.span, "`min=` or `max=` is missing");
            context.missing(line, d.help(format!("write `where {} max=…`", metric.value.name())));
        }
        if let (Some(low), Some(high), true) = (min, max, min > max) {
            context.push(Diagnostic::error(
                "out-of-range",
                format!("nothing lies between {low} and {high}"),
                line.place("max"),
                format!("at least {low} expected"),
            ));
        }
        bounds.push(Bound { metric, min, max });
    }
    let pareto = every_metric(context, node, "pareto");
    let top = node.child("top").and_then(|t| Some((t.count("count")?, one_metric(context, t, "by")?)));
    let by = match (top, node.property("pareto")) {
        (Some(_), Some(p)) => {
            let d = Diagnostic::error("contradiction", "`top` and `pareto` exclude each other", p.name.span, "a second way to choose");
            context.push(d.help("use two stages: one selects by `pareto`, the next from it by `top`"));
            SelectBy::All
        }
        (Some((count, metric)), None) => SelectBy::Top(count, metric),
        (None, Some(_)) => SelectBy::Pareto(pareto),
        (None, None) => SelectBy::All,
    };
    if by == SelectBy::All
        && bounds.is_empty()
        && !node.children.iter().any(|c| matches!(c.name.value.as_str(), "top" | "where"))
        && node.property("pareto").is_none()
    {
        let d = Diagnostic::error(
            "missing",
            "this `select` says nothing about what it keeps",
            node.name.span,
            "`top`, `pareto` or `where` is missing",
        );
        context.missing(node, d.help("such as `top 1 by=map50`"));
    }
    Some(Stage { name, span: node.span, from: node.texts("from"), kind: StageKind::Select(Select { bounds, by }) })
}

/// The `answer`.
pub fn answer(context: &mut Context, node: &Node) -> Option<Answer> {
    let (name, within) = (node.text("name")?, node.text("in")?);
    let by = one_metric(context, node, "by")?;
    let mut trust = Vec::new();
    for line in node.children.iter().filter(|c| c.name.value == "trust") {
        let (Some(ranking), Some(truth)) = (line.text("ranking"), line.text("truth")) else { continue };
        let own = one_metric(context, line, "by");
        let by = own.unwrap_or_else(|| by.clone());
        let using = one_metric(context, line, "using").unwrap_or_else(|| by.clone());
        trust.push(Trust { ranking, truth, by, using });
    }
    Some(Answer { name, r#in: within, by, against: node.texts("against"), trust })
}
