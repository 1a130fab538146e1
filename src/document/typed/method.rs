//! `method`, `holdout` and `penalty` of a `train`: what each method takes, with its defaults (facts of the methods' sources).

use super::data::resolve;
use super::train::betas;
use crate::document::context::Context;
use crate::document::method::{
    ChoiceRule, Controller, Cost, Elastic, Method, OneShot, Penalty, PenaltyForm, Phase, Shrinking, Temperature,
};
use crate::document::{Diagnostic, Node, Property, Spanned};

/// The methods whose choices learn.
const LEARN: &[&str] = &["darts", "gumbel", "gdas", "pc-darts", "proxyless", "enas"];

/// Which methods take what.
const BELONGS: &[(&str, &[&str])] = &[
    ("sampling", &["single-path"]),
    ("random", &["sandwich"]),
    ("order", &["darts"]),
    ("partial", &["pc-darts"]),
    ("warmup", LEARN),
    ("temperature", &["gumbel", "gdas"]),
    ("choices", LEARN),
    ("controller", &["enas"]),
    ("teacher", &["progressive-shrinking"]),
    ("phase", &["progressive-shrinking"]),
];

/// The one-shot method of a `train`; none where there is no `method`, or `single`. `epochs` as written.
pub fn oneshot(context: &mut Context, train: &Node, epochs: Option<usize>) -> Option<Spanned<OneShot>> {
    let node = train.child("method");
    let kind = match node {
        Some(node) => node.text("kind")?,
        None => {
            foreign_lines(context, train, "single");
            return None;
        }
    };
    let node = node?;
    foreign(context, node, &kind.value);
    foreign_lines(context, train, &kind.value);
    if kind.value == "single" {
        return None;
    }
    let method = method(context, node, &kind, epochs);
    let learns = method.choices().is_some();
    let holdout = train.number("holdout").unwrap_or(if learns { 0.5 } else { 0.0 });
    if learns && holdout == 0.0 && kind.value != "gumbel" {
        let d = Diagnostic::error(
            "out-of-range",
            format!("`{}` learns its choices from images that weights do not learn from", kind.value),
            train.place("holdout"),
            "greater than 0 expected",
        );
        context.push(d.help("leave `holdout` out for 0.5; only `gumbel` may learn both from the same images"));
    }
    if let (Some(choices), Some(epochs)) = (method.choices(), epochs)
        && choices.warmup >= epochs
    {
        let d = Diagnostic::error(
            "out-of-range",
            format!("choices would never learn: weights learn alone for {} epochs, of {epochs}", choices.warmup),
            if node.property("warmup").is_some() { node.place("warmup") } else { kind.span },
            format!("a `warmup` below {epochs} expected"),
        );
        context.push(d.help("raise `epochs`, or write a smaller `warmup`"));
    }
    let penalty = if learns { train.child("penalty").and_then(|p| penalty(context, p)) } else { None };
    Some(Spanned { value: OneShot { method, holdout, penalty }, span: kind.span })
}

/// What a method does not take, of its own node.
fn foreign(context: &mut Context, node: &Node, kind: &str) {
    let written = node.properties.iter().map(|p| &p.name).chain(node.children.iter().map(|c| &c.name));
    for name in written {
        let Some((_, owners)) = BELONGS.iter().find(|(n, _)| *n == name.value) else { continue };
        if !owners.contains(&kind) {
            let d = Diagnostic::error(
                "contradiction",
                format!("`{}` belongs to {}", name.value, owned(owners)),
                name.span,
                format!("not to `{kind}`"),
            );
            context.push(d.help("delete it"));
        }
    }
}

fn owned(owners: &[&str]) -> String {
    match owners {
        [one] => format!("`method {one}`"),
        [a, b] => format!("`method {a}` and `{b}`"),
        _ => format!("methods whose choices learn: `{}`", owners.join("`, `")),
    }
}

/// `holdout` and `penalty` where no choices learn.
fn foreign_lines(context: &mut Context, train: &Node, kind: &str) {
    let lines = [train.property("holdout").map(|p| &p.name), train.child("penalty").map(|c| &c.name)];
    for name in lines.into_iter().flatten().filter(|_| !LEARN.contains(&kind)) {
        let label = match kind {
            "single" => "this training has no choices".to_string(),
            kind => format!("`{kind}` draws its paths, and learns no choices"),
        };
        let d = Diagnostic::error("contradiction", format!("`{}` belongs to {}", name.value, owned(LEARN)), name.span, label);
        context.push(d.help("delete it, or write another `method`"));
    }
}

fn method(context: &mut Context, node: &Node, kind: &Spanned<String>, epochs: Option<usize>) -> Method {
    // Defaults: NNI for DARTS and Gumbel, AutoDL for GDAS, the authors' code for PC-DARTS, ProxylessNAS and (lr) ENAS.
    let rule = |context: &mut Context, lr, beta1, weight_decay, clip_norm, warmup| {
        choices(context, node, ChoiceRule { lr, beta1, beta2: 0.999, weight_decay, clip_norm, warmup })
    };
    match kind.value.as_str() {
        "sandwich" => Method::Sandwich { random: node.count("random").unwrap_or(2) },
        "progressive-shrinking" => Method::ProgressiveShrinking(shrinking(context, node)),
        "darts" => {
            let choices = rule(context, 3e-4, 0.5, 1e-3, 0.0, 0);
            Method::Darts { second_order: node.count("order") == Some(2), choices }
        }
        "gumbel" => {
            let choices = rule(context, 3e-4, 0.5, 1e-3, 0.0, 0);
            Method::Gumbel { temperature: temperature(context, node, 1.0, 0.33, epochs), choices }
        }
        "gdas" => {
            let choices = rule(context, 3e-4, 0.5, 1e-3, 5.0, 0);
            Method::Gdas { temperature: temperature(context, node, 10.0, 0.1, epochs), choices }
        }
        "pc-darts" => {
            let choices = rule(context, 6e-4, 0.5, 1e-3, 0.0, 15);
            Method::PcDarts { partial: node.count("partial").unwrap_or(4), choices }
        }
        "proxyless" => Method::Proxyless { choices: rule(context, 1e-3, 0.0, 0.0, 0.0, 0) },
        "enas" => {
            let c = node.child("controller");
            let count = |name: &str, default| c.and_then(|c| c.count(name)).unwrap_or(default);
            let number = |name: &str, default| c.and_then(|c| c.number(name)).unwrap_or(default);
            let controller = Controller {
                hidden: count("hidden", 64),
                steps: count("steps", 50),
                samples: count("samples", 20),
                baseline: number("baseline", 0.99),
                entropy: number("entropy", 1e-4),
            };
            Method::Enas { controller, choices: rule(context, 1e-3, 0.9, 0.0, 5.0, 0) }
        }
        _ => Method::SinglePath { fair: node.text("sampling").is_some_and(|s| s.value == "fair") },
    }
}

fn choices(context: &mut Context, node: &Node, mut rule: ChoiceRule) -> ChoiceRule {
    rule.warmup = node.count("warmup").unwrap_or(rule.warmup);
    let Some(c) = node.child("choices") else { return rule };
    rule.lr = c.number("lr").unwrap_or(rule.lr);
    rule.weight_decay = c.number("weight-decay").unwrap_or(rule.weight_decay);
    rule.clip_norm = c.number("clip-norm").unwrap_or(rule.clip_norm);
    if let Some(property) = c.property("betas")
        && let Some((first, second)) = betas(context, c, property)
    {
        (rule.beta1, rule.beta2) = (first, second);
    }
    rule
}

fn temperature(context: &mut Context, node: &Node, first: f64, last: f64, epochs: Option<usize>) -> Temperature {
    let line = node.child("temperature");
    let number = |name: &str| line.and_then(|t| t.number(name));
    let first = number("first").unwrap_or(first);
    let rule = Temperature { first, last: number("final").unwrap_or(last), over: number("over").unwrap_or(epochs.unwrap_or(1) as f64) };
    if let (Some(line), true) = (line, rule.last > rule.first) {
        let place = if line.property("final").is_some() { line.place("final") } else { line.place("first") };
        let d = Diagnostic::error(
            "out-of-range",
            format!("the temperature would rise from {} to {}", rule.first, rule.last),
            place,
            if line.property("final").is_some() { format!("at most {} expected", rule.first) } else { format!("`final` is {}", rule.last) },
        );
        context.push(d.help("a lower temperature makes samples harder: write it as `final`"));
    }
    rule
}

fn shrinking(context: &mut Context, node: &Node) -> Shrinking {
    let mut missing = |what: &str, help: &str| {
        let d =
            Diagnostic::error("missing", format!("`progressive-shrinking` needs `{what}`"), node.name.span, format!("`{what}` is missing"));
        context.missing(node, d.help(help));
    };
    if node.child("teacher").is_none() {
        missing("teacher", "the largest network is trained first: `teacher epochs=180`");
    }
    if node.child("phase").is_none() {
        missing("phase", "then choices are opened, one kind after the other: `phase kernel epochs=120`");
    }
    let phase = |p: &Node| {
        let kind = match p.text("kind")?.value.as_str() {
            "kernel" => Elastic::Kernel,
            "depth" => Elastic::Depth,
            "expand" => Elastic::Expand,
            "width" => Elastic::Width,
            _ => Elastic::Branch,
        };
        Some(Phase { kind, epochs: p.count("epochs")?, subnets: p.count("subnets").unwrap_or(1), lr: p.number("lr") })
    };
    Shrinking {
        teacher: node.child("teacher").and_then(|t| t.count("epochs")).unwrap_or(1),
        phases: node.children.iter().filter(|c| c.name.value == "phase").filter_map(phase).collect(),
    }
}

fn penalty(context: &mut Context, node: &Node) -> Option<Penalty> {
    let of = match node.text("metric")?.value.as_str() {
        "flops" => Cost::Flops,
        "macs" => Cost::Macs,
        "params" => Cost::Params,
        _ => Cost::TableLatency,
    };
    let form = match node.text("form").map(|f| f.value).as_deref() {
        Some("multiply") => PenaltyForm::Multiply,
        Some("log") => PenaltyForm::Log,
        _ => PenaltyForm::Add,
    };
    match (node.property("latency-table"), of == Cost::TableLatency) {
        (None, true) => {
            let d =
                Diagnostic::error("missing", "`table-latency` needs `latency-table`", node.place("metric"), "`latency-table` is missing");
            context.missing(node, d.help("name the file: `latency-table=\"pi4.json\"`"));
        }
        (Some(p), false) => belongs_to_line(context, p, "`latency-table` belongs to `penalty table-latency`"),
        _ => {}
    }
    if let (Some(p), true) = (node.property("exponent"), form != PenaltyForm::Log) {
        belongs_to_line(context, p, "`exponent` belongs to `form=log`");
    }
    let (target, of_reference) = (node.number("target")?, node.property("of").is_some());
    if form == PenaltyForm::Log && !of_reference && target <= 1.0 {
        let d = Diagnostic::error(
            "out-of-range",
            "`form=log` divides by the logarithm of the target",
            node.place("target"),
            "more than 1 expected",
        );
        context.push(d.help("write the target in its unit, or `of=reference`"));
    }
    Some(Penalty {
        of,
        target,
        of_reference,
        weight: node.number("weight").unwrap_or(0.2),
        form,
        exponent: node.number("exponent").unwrap_or(0.6),
        table: node.text("latency-table").map(|path| resolve(context, path).value),
    })
}

fn belongs_to_line(context: &mut Context, property: &Property, message: &str) {
    context.push(Diagnostic::error("contradiction", message, property.name.span, "not here").help("delete it"));
}
