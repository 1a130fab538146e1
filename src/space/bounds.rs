//! `require METRIC max= min= of=reference`: what a sample may cost.

use super::costs::{COSTS, cost_as};
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

impl Bound {
    /// From its node; `reference` costs what `of=reference` multiplies.
    pub(super) fn compile(node: &Node, reference: &Cost) -> Result<Bound, Diagnostic> {
        let (name, span) = match node.property("metric").and_then(|p| p.values.first()) {
            Some(Spanned { value: Value::Text(t), span }) => (t.as_str(), *span),
            _ => return Err(Diagnostic::error("missing-value", "`require` needs a metric", node.name.span, "flops, macs or params")),
        };
        let Some(metric) = COSTS.iter().map(|c| c.metric()).find(|m| m.name() == name) else {
            let d = Diagnostic::error(
                "require-metric",
                format!("`{name}` does not follow from a sample alone"),
                span,
                "not known before training",
            );
            let mut known: Vec<&str> = COSTS.iter().map(|c| c.word.word.name).collect();
            known.sort_unstable();
            let near = nearest(name, known.iter().copied()).map(|n| format!("did you mean `{n}`?"));
            return Err(d.help(near.unwrap_or_else(|| format!("require bounds {}", any_of(&known)))));
        };
        let factor = match node.property("of").and_then(|p| p.values.first()) {
            None => 1.0,
            Some(Spanned { value: Value::Text(t), .. }) if t == "reference" => cost_as(&metric, reference).unwrap_or(f64::NAN),
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

    /// What a cost is in its metric.
    pub fn measure(&self, cost: &Cost) -> f64 {
        cost_as(&self.metric, cost).unwrap_or(f64::NAN)
    }

    /// Whether a cost meets it.
    pub fn admits(&self, cost: &Cost) -> bool {
        let x = self.measure(cost);
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
