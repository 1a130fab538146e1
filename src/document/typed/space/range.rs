//! `range`: a choice of a number between two bounds. It becomes a `choice` of its values, so that all that reads choices reads it.

use crate::document::context::Context;
use crate::document::shorten::shorten;
use crate::document::typed::as_number;
use crate::document::{Diagnostic, Node, Property, Span, Spanned, Value};

/// The mark of a choice whose values are numbers in an order: one is near to the next.
pub const ORDERED: &str = "ordered";

/// Values of a range that names no step: 64 equal steps, or equal factors.
const STEPS: usize = 64;
/// Most values of a range.
const MOST: usize = 1024;

/// Puts choices in the place of the ranges of a space; of one that is wrong, that is said, and nothing stands there.
pub fn ranges(context: &mut Context, space: &mut Node) {
    for child in space.children.iter_mut().filter(|c| c.name.value == "range") {
        let values = Range::of(child).and_then(|range| match range.values() {
            Ok(values) => Some(values),
            Err(d) => {
                context.push(d);
                None
            }
        });
        child.name.value = "choice".into();
        let named = |name: &str, values| Property { name: Spanned { value: name.into(), span: child.name.span }, values };
        let mut properties: Vec<Property> =
            child.properties.iter().filter(|p| matches!(p.name.value.as_str(), "label" | "when")).cloned().collect();
        properties.push(named("values", values.unwrap_or_default()));
        properties.push(named(ORDERED, vec![Spanned { value: Value::Bool(true), span: child.name.span }]));
        child.properties = properties;
    }
}

/// A range as it is written.
struct Range<'n> {
    label: String,
    min: &'n Spanned<Value>,
    max: &'n Spanned<Value>,
    reference: &'n Spanned<Value>,
    step: Option<&'n Spanned<Value>>,
    log: bool,
}

fn number(value: &Spanned<Value>) -> f64 {
    as_number(&value.value).unwrap_or(f64::NAN)
}

impl<'n> Range<'n> {
    /// None where something was refused, or is missing.
    fn of(node: &'n Node) -> Option<Self> {
        let label = node.text("label")?.value;
        let [min, max] = ["min", "max"].map(|name| node.value(name));
        // The first value, as of every choice.
        let reference = node.value("reference").or(min);
        let refused = ["step", "scale", "reference"].iter().any(|name| node.property(name).is_some_and(|p| p.values.is_empty()));
        let log = node.text("scale").is_some_and(|s| s.value == "log");
        (!refused).then_some(Range { label, min: min?, max: max?, reference: reference?, step: node.value("step"), log })
    }

    /// Its values: the reference first, the others ascending.
    fn values(&self) -> Result<Vec<Spanned<Value>>, Diagnostic> {
        let (min, max, reference) = (number(self.min), number(self.max), number(self.reference));
        let out = |message: String, span: Span, label: &str| Diagnostic::error("out-of-range", message, span, label);
        let label = shorten(&self.label);
        if min >= max {
            return Err(
                out(format!("the range `{label}` is empty"), self.max.span, "more than `min` expected").also(self.min.span, "its `min`")
            );
        }
        if self.log && min <= 0.0 {
            let d = out(format!("the range `{label}` begins at {min}"), self.min.span, "more than 0 expected");
            return Err(d.help("factors lead from no number to 0; write a small `min`, or leave `scale=log` out"));
        }
        if !(min..=max).contains(&reference) {
            let d = out(format!("the reference of `{label}` is not between {min} and {max}"), self.reference.span, "outside of the range");
            return Err(d.help("the reference is one of the values"));
        }
        let mut grid = match self.step {
            Some(step) => self.stepped(min, max, step)?,
            None => self.even(min, max),
        };
        let near = |x: f64| (x - reference).abs() <= 1e-9 * (max - min).min(reference.abs().max(min.abs()));
        match grid.iter().position(|&x| x == reference || near(x)) {
            Some(i) => drop(grid.remove(i)),
            None if self.step.is_some() => {
                let (below, above) = (grid.iter().rfind(|x| **x < reference), grid.iter().find(|x| **x > reference));
                let d = out(format!("the steps of `{label}` do not meet its reference"), self.reference.span, "between two values");
                let near: Vec<String> = below.into_iter().chain(above).map(ToString::to_string).collect();
                return Err(d.help(format!("the nearest are {}", near.join(" and "))));
            }
            None => {}
        }
        let whole = [Some(self.min), Some(self.max), Some(self.reference), self.step];
        let whole = self.step.is_some() && whole.into_iter().flatten().all(|v| matches!(v.value, Value::Int(_)));
        let literal = |x: f64| if whole { Value::Int(x as i64) } else { Value::Float(x) };
        // An error of a value is shown at the bound on its side.
        let place = |x: f64| if x < reference { self.min.span } else { self.max.span };
        let first = Spanned { value: literal(reference), span: self.reference.span };
        Ok(std::iter::once(first).chain(grid.into_iter().map(|x| Spanned { value: literal(x), span: place(x) })).collect())
    }

    /// From `min` on, as long as `max` is not passed.
    fn stepped(&self, min: f64, max: f64, step: &Spanned<Value>) -> Result<Vec<f64>, Diagnostic> {
        let by = number(step);
        if self.log && by <= 1.0 {
            let message = format!("the step of `{}` is the factor from one value to the next", shorten(&self.label));
            return Err(Diagnostic::error("out-of-range", message, step.span, "more than 1 expected"));
        }
        let at = |k: usize| tidy(if self.log { min * libm::pow(by, k as f64) } else { min + by * k as f64 });
        let end = max + 1e-9 * (max - min);
        let grid: Vec<f64> = (0..=MOST).map(at).take_while(|x| *x <= end).map(|x| x.min(max)).collect();
        if grid.len() > MOST {
            let message = format!("the range `{}` has more than {MOST} values", shorten(&self.label));
            return Err(Diagnostic::error("out-of-range", message, step.span, "a larger step expected"));
        }
        Ok(grid)
    }

    /// Values at equal distances on the scale, of four digits.
    fn even(&self, min: f64, max: f64) -> Vec<f64> {
        let at = |k: usize| {
            let share = k as f64 / STEPS as f64;
            rounded(if self.log { min * libm::pow(max / min, share) } else { min + (max - min) * share }, 3)
        };
        let mut grid: Vec<f64> = (1..STEPS).map(at).filter(|x| min < *x && *x < max).collect();
        grid.insert(0, min);
        grid.push(max);
        grid.dedup();
        grid
    }
}

/// Without what binary fractions add: 0.3, not 0.30000000000000004.
fn tidy(x: f64) -> f64 {
    rounded(x, 11)
}

/// With so many digits behind the first.
fn rounded(x: f64, digits: usize) -> f64 {
    format!("{x:.digits$e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::load::fragments;

    fn values(line: &str) -> Vec<String> {
        let name = Spanned { value: "space".into(), span: Span::default() };
        let children = fragments("space", line).expect("nodes");
        let mut space = Node { name, span: Span::default(), arguments: vec![], properties: vec![], children };
        let mut context = Context::default();
        ranges(&mut context, &mut space);
        if let Some(d) = context.found.first() {
            return vec![d.message.clone()];
        }
        space.children[0].property("values").expect("values").values.iter().map(|v| v.value.to_string()).collect()
    }

    #[test]
    fn the_reference_comes_first_then_the_others_ascending() {
        assert_eq!(values("range \"w\" min=0 max=5 step=1 reference=3"), ["3", "0", "1", "2", "4", "5"]);
        assert_eq!(values("range \"w\" min=0 max=3 step=1"), ["0", "1", "2", "3"], "nothing said: the least");
        assert_eq!(values("range \"m\" min=0.0 max=0.5 step=0.1 reference=0.3"), ["0.3", "0", "0.1", "0.2", "0.4", "0.5"]);
        assert_eq!(values("range \"b\" min=8 max=64 scale=log step=2 reference=16"), ["16", "8", "32", "64"]);
    }

    #[test]
    fn without_a_step_there_are_65_values_at_equal_distances_of_the_scale() {
        let log = values("range \"lr\" min=1e-4 max=1e-2 scale=log reference=1e-3");
        assert_eq!(log.len(), 65);
        assert_eq!(log[0], "0.001");
        assert_eq!((&log[1][..], &log[64][..]), ("0.0001", "0.01"));
        let numbers: Vec<f64> = log[1..].iter().map(|v| v.parse().expect("a number")).collect();
        assert!(numbers.windows(2).all(|w| w[1] / w[0] > 1.05 && w[1] / w[0] < 1.17), "{numbers:?}");
        // A reference between two of them is one more.
        let linear = values("range \"m\" min=0 max=1 reference=0.3");
        assert_eq!((linear.len(), &linear[0][..], &linear[2][..]), (66, "0.3", "0.01562"));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for (line, said) in [
            ("range \"w\" min=5 max=5 reference=5", "the range `w` is empty"),
            ("range \"w\" min=0 max=5 scale=log reference=1", "the range `w` begins at 0"),
            ("range \"w\" min=0 max=5 reference=6", "the reference of `w` is not between 0 and 5"),
            ("range \"w\" min=0 max=5 step=2 reference=3", "the steps of `w` do not meet its reference"),
            ("range \"w\" min=1 max=5 step=1 scale=log reference=1", "the step of `w` is the factor from one value to the next"),
            ("range \"w\" min=0 max=1e9 step=1 reference=0", "the range `w` has more than 1024 values"),
        ] {
            assert_eq!(values(line), [said], "{line}");
        }
    }
}
