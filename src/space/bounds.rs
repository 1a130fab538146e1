//! `require METRIC max= min= of=reference`: what a sample may cost.

use super::architecture::Architecture;
use super::costs::{COSTS, Cost, cost_as};
use super::latency::{LATENCIES, LatencyTable};
use crate::base::{Canon, Digest};
use crate::document::{Diagnostic, Metric, Node, Span, Spanned, Value, nearest};
use std::sync::Arc;

/// A bound with its numbers resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// `params`, `flops`, `macs` or `table-latency`.
    pub metric: Metric,
    /// At least.
    pub min: Option<f64>,
    /// At most.
    pub max: Option<f64>,
    /// Where it is written.
    pub span: Span,
    /// The table of `table-latency`, with what names it in keys.
    pub(super) table: Option<(Arc<LatencyTable>, Digest)>,
}

impl Bound {
    /// From its node; `of=reference` multiplies what `reference` costs. Where the node names a table, what is in the file stands in
    /// the place of its name.
    pub(super) fn compile(node: &Node, reference: &Architecture) -> Result<Bound, Diagnostic> {
        let (name, span) = match node.property("metric").and_then(|p| p.values.first()) {
            Some(Spanned { value: Value::Text(t), span }) => (t.as_str(), *span),
            _ => return Err(Diagnostic::error("missing-value", "`require` needs a metric", node.name.span, "flops, macs or params")),
        };
        let Some(metric) = COSTS.iter().map(|c| c.metric()).chain(LATENCIES.iter().map(|c| c.metric())).find(|m| m.name() == name) else {
            let d = Diagnostic::error(
                "require-metric",
                format!("`{name}` does not follow from a sample alone"),
                span,
                "not known before training",
            );
            let costs = COSTS.iter().map(|c| c.word.word.name);
            let mut known: Vec<&str> = costs.chain(LATENCIES.iter().map(|c| c.word.word.name)).collect();
            known.sort_unstable();
            let near = nearest(name, known.iter().copied()).map(|n| format!("did you mean `{n}`?"));
            return Err(d.help(near.unwrap_or_else(|| format!("require bounds {}", any_of(&known)))));
        };
        let mut bound = Bound { table: table(node, &metric)?, metric, min: None, max: None, span: node.span };
        let factor = match node.property("of").and_then(|p| p.values.first()) {
            None => 1.0,
            Some(Spanned { value: Value::Text(t), span }) if t == "reference" => bound.of(reference, None).map_err(|why| {
                let d = Diagnostic::error("latency-rows", "the reference has no latency by this table", *span, why);
                d.help(MEASURE)
            })?,
            Some(other) => {
                return Err(Diagnostic::error("require-of", format!("`of` cannot be {}", other.value), other.span, "only `reference`"));
            }
        };
        let number = |name: &str| match node.property(name).and_then(|p| p.values.first()) {
            None => Ok(None),
            Some(Spanned { value: Value::Float(x), .. }) if *x > 0.0 => Ok(Some(x * factor)),
            Some(Spanned { value: Value::Int(i), .. }) if *i > 0 => Ok(Some(*i as f64 * factor)),
            Some(other) => {
                Err(Diagnostic::error("value-type", format!("`{name}` cannot be {}", other.value), other.span, "expected a number above 0"))
            }
        };
        let (min, max) = (number("min")?, number("max")?);
        match (min, max) {
            (None, None) => Err(Diagnostic::error("missing-value", "`require` bounds nothing", node.span, "write max= or min=")),
            (Some(min), Some(max)) if min > max => {
                Err(Diagnostic::error("empty-bound", "no sample can meet this", node.span, "min is above max"))
            }
            _ => {
                (bound.min, bound.max) = (min, max);
                Ok(bound)
            }
        }
    }

    /// What a network is in its metric, of which `cost` is the cost where it is known. The error says which rows its table lacks.
    pub fn of(&self, architecture: &Architecture, cost: Option<&Cost>) -> Result<f64, String> {
        if let Some((table, _)) = &self.table {
            return table.latency(architecture);
        }
        let cost = cost.copied().map_or_else(|| architecture.cost(), Ok)?;
        Ok(cost_as(&self.metric, &cost).unwrap_or(f64::NAN))
    }

    /// Whether such a figure meets it.
    pub fn admits(&self, x: f64) -> bool {
        !x.is_nan() && self.min.is_none_or(|min| x >= min) && self.max.is_none_or(|max| x <= max)
    }

    /// The table that it is measured by, with what names it in keys.
    pub fn table(&self) -> Option<&(Arc<LatencyTable>, Digest)> {
        self.table.as_ref()
    }

    /// A figure of its metric for people, with its unit where it has one.
    pub fn say(&self, x: f64) -> String {
        match &self.table {
            Some(_) => format!("{} ms", (x * 1000.0).round() / 1000.0),
            None => short(x),
        }
    }

    /// What it is in the keys of proposals.
    pub(super) fn canon(&self) -> Canon {
        let mut canon = vec![self.metric.name().into(), self.min.into(), self.max.into()];
        canon.extend(self.table.as_ref().map(|(_, digest)| Canon::from(*digest)));
        Canon::List(canon)
    }

    /// `flops ≤ 4.47 G`.
    pub fn text(&self) -> String {
        let name = self.metric.name();
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{} ≤ {name} ≤ {}", self.say(min), self.say(max)),
            (Some(min), None) => format!("{name} ≥ {}", self.say(min)),
            (None, max) => format!("{name} ≤ {}", self.say(max.unwrap_or(f64::INFINITY))),
        }
    }
}

/// How a table comes to be.
pub const MEASURE: &str = "`nasflow latency-table PIPELINE > FILE` measures every operation that occurs, on the machine that it is for";

/// The table of a `require table-latency`, from the text that stands in the place of the file's name.
fn table(node: &Node, metric: &Metric) -> Result<Option<(Arc<LatencyTable>, Digest)>, Diagnostic> {
    if !metric.is_table_latency() {
        return Ok(None);
    }
    let Some(Spanned { value: Value::Text(text), span }) = node.property("latency-table").and_then(|p| p.values.first()) else {
        let d = Diagnostic::error("missing", "`table-latency` needs `latency-table`", node.name.span, "`latency-table` is missing");
        return Err(d.help("name the file: `latency-table=\"pi4.json\"`"));
    };
    let table = LatencyTable::parse(text);
    let table = table.map_err(|why| Diagnostic::error("table-broken", "the latency table cannot be used", *span, why).help(MEASURE))?;
    let digest = table.digest();
    Ok(Some((Arc::new(table), digest)))
}

/// `flops, macs or params`
fn any_of(words: &[&str]) -> String {
    match words {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        words => words.concat(),
    }
}

/// A large number for people.
pub fn short(x: f64) -> String {
    match x {
        1e9.. => format!("{:.3} G", x / 1e9),
        1e6.. => format!("{:.3} M", x / 1e6),
        1e3.. => format!("{:.1} k", x / 1e3),
        _ => format!("{x}"),
    }
}
