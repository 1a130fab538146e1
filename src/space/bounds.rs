//! `require METRIC max= min= of=reference`: what a sample may cost.

use super::expand::Cost;
use crate::document::{Diagnostic, Metric, Node, Span, Spanned, Value, nearest};

/// A bound with its numbers resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// `params`, `flops` or `macs`.
    pub metric: Metric,
    /// At least.
    pub min: Option<f64>,
    /// At most.
    pub max: Option<f64>,
    /// Where it is written.
    pub span: Span,
}

/// A cost as a metric.
pub fn measure(metric: &Metric, cost: &Cost) -> f64 {
    match metric {
        Metric::Params => cost.params as f64,
        Metric::Macs => cost.macs as f64,
        _ => 2.0 * cost.macs as f64,
    }
}

impl Bound {
    /// From its node; `reference` costs what `of=reference` multiplies.
    pub(super) fn compile(node: &Node, reference: &Cost) -> Result<Bound, Diagnostic> {
        let (name, span) = match node.property("metric").and_then(|p| p.values.first()) {
            Some(Spanned { value: Value::Text(t), span }) => (t.as_str(), *span),
            _ => return Err(Diagnostic::error("missing-value", "`require` needs a metric", node.name.span, "flops, macs or params")),
        };
        let metric = match name {
            "flops" => Metric::Flops,
            "macs" => Metric::Macs,
            "params" => Metric::Params,
            _ => {
                let d = Diagnostic::error(
                    "require-metric",
                    format!("`{name}` does not follow from a sample alone"),
                    span,
                    "not known before training",
                );
                let near = nearest(name, ["flops", "macs", "params"])
                    .map_or("require bounds flops, macs or params".into(), |n| format!("did you mean `{n}`?"));
                return Err(d.help(near));
            }
        };
        let factor = match node.property("of").and_then(|p| p.values.first()) {
            None => 1.0,
            Some(Spanned { value: Value::Text(t), .. }) if t == "reference" => measure(&metric, reference),
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
            _ => Ok(Bound { metric, min, max, span: node.span }),
        }
    }

    /// Whether a cost meets it.
    pub fn admits(&self, cost: &Cost) -> bool {
        let x = measure(&self.metric, cost);
        self.min.is_none_or(|min| x >= min) && self.max.is_none_or(|max| x <= max)
    }

    /// `flops ≤ 4.47 G`.
    pub fn text(&self) -> String {
        let name = self.metric.name();
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{} ≤ {name} ≤ {}", short(min), short(max)),
            (Some(min), None) => format!("{name} ≥ {}", short(min)),
            (None, max) => format!("{name} ≤ {}", short(max.unwrap_or(f64::INFINITY))),
        }
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
