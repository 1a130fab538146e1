//! `method`, `holdout` and `penalty` of a `train`: what the method's own descriptor says of its lines, and what holds for all methods.

use super::data::resolve;
use crate::document::context::Context;
use crate::document::method::{Cost, MethodLines, Named, OneShot, Penalty, PenaltyForm};
use crate::document::settings::Settings;
use crate::document::{Diagnostic, Node, Property, Spanned};

/// The one-shot method of a `train`, and what it says of it.
pub struct Line {
    /// Which method.
    pub method: Named,
    /// Its numbers; none where there is no `method`, or `single`.
    pub oneshot: Option<Spanned<OneShot>>,
    /// How long its own lines say that it takes.
    pub epochs: Option<usize>,
}

/// The `method` of a `train`, which is the first of the language's where none is written. `epochs` as written.
pub fn line(context: &mut Context, train: &Node, epochs: Option<usize>) -> Option<Line> {
    let node = train.child("method");
    let (named, place) = match node.map(|n| n.text("kind")) {
        Some(kind) => {
            let kind = kind?;
            (context.language.methods.find(&kind.value)?, kind.span)
        }
        None => (*context.language.methods.known.first()?, train.name.span),
    };
    let method = Named(named);
    foreign_lines(context, train, method, node.is_some());
    let settings = Settings::of(named.word(), node, place);
    let mut found = Vec::new();
    let read = named.read(&MethodLines { settings: &settings, epochs }, &mut found);
    for d in found {
        // What is missing may be an unknown line that was reported.
        if d.code == "missing" { context.missing(node.unwrap_or(train), d) } else { context.push(d) }
    }
    let reading = match read {
        Ok(Some(reading)) => reading,
        Ok(None) => return Some(Line { method, oneshot: None, epochs: None }),
        Err(unset) => {
            context.push(Diagnostic::error("descriptor", format!("`method {}` cannot be read", method.name()), place, unset.to_string()));
            return None;
        }
    };
    let traits = method.traits();
    let holdout = train.number("holdout").unwrap_or(if traits.learns { 0.5 } else { 0.0 });
    if traits.learns && holdout == 0.0 && !traits.shares_images {
        let message = format!("`{}` learns its choices from images that weights do not learn from", method.name());
        let d = Diagnostic::error("out-of-range", message, train.place("holdout"), "greater than 0 expected");
        let sharing = context.language.methods.known.iter().filter(|m| m.traits().shares_images).map(|m| format!("`{}`", m.word().name));
        let sharing = sharing.collect::<Vec<_>>().join(", ");
        context.push(d.help(format!("leave `holdout` out for 0.5; only {sharing} may learn both from the same images")));
    }
    if let Some(epochs) = epochs.filter(|&epochs| traits.learns && reading.warmup >= epochs) {
        let message = format!("choices would never learn: weights learn alone for {} epochs, of {epochs}", reading.warmup);
        let d = Diagnostic::error("out-of-range", message, settings.place("warmup"), format!("a `warmup` below {epochs} expected"));
        context.push(d.help("raise `epochs`, or write a smaller `warmup`"));
    }
    let penalty = if traits.learns { train.child("penalty").and_then(|p| penalty(context, p)) } else { None };
    let oneshot = Spanned { value: OneShot { method: reading.form, holdout, penalty }, span: place };
    Some(Line { method, oneshot: Some(oneshot), epochs: reading.epochs })
}

/// `holdout` and `penalty` where no choices learn.
fn foreign_lines(context: &mut Context, train: &Node, method: Named, written: bool) {
    if method.traits().learns {
        return;
    }
    let learning = context.language.methods.learning().join("`, `");
    let lines = [train.property("holdout").map(|p| &p.name), train.child("penalty").map(|c| &c.name)];
    for name in lines.into_iter().flatten() {
        let label = match written && method.name() != "single" {
            false => "this training has no choices".to_string(),
            true => format!("`{}` draws its paths, and learns no choices", method.name()),
        };
        let message = format!("`{}` belongs to methods whose choices learn: `{learning}`", name.value);
        context.push(Diagnostic::error("contradiction", message, name.span, label).help("delete it, or write another `method`"));
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
