//! `when`, `(expr)` and what they read: functions of decisions.

use super::compiler::{Compiler, Place};
use crate::document::{Datum, Diagnostic, Expr, Node, Span, Spanned, Value, nearest};
use crate::space::blocks::{Property as Field, Scalar};
use crate::space::content::by_value;
use crate::space::function::{Condition, Function, MOST, Read};
use crate::space::names::plain;
use crate::space::structure::{Constraint, DecisionId, Setting, What};

/// A decision that is read, with the values of its options.
struct Label {
    read: Read,
    values: Vec<Datum>,
}

/// Most combinations that the expressions of a space read together: a bound on hostile documents.
const MOST_IN_ALL: usize = 1 << 18;

/// Where an expression stands.
#[derive(Clone, Copy)]
struct Scope<'s> {
    /// What its labels may leave out.
    prefix: &'s str,
    /// Whether only declared choices may be read.
    declared: bool,
    /// Whether it may be false always.
    never: bool,
}

impl Compiler {
    pub(super) fn when(&mut self, node: &Node, base: &str, place: &Place) -> Option<What> {
        if place.channels.is_some() {
            let help = "write a `choose` there, with `skip` or `zero` as one of its branches";
            self.error_help("when-in-cell", "a cell has no layers that come and go".into(), node.name.span, "inside a cell", help);
            return None;
        }
        if place.branch.is_some() {
            let help = "write it around the `choose`, or put it into `repeat 1 { … }`";
            self.error_help("when-as-branch", "`when` is no branch".into(), node.name.span, "inside `choose`", help);
            return None;
        }
        if let Some(stride) = &place.stride {
            let help = "write a layer that has one first";
            self.error_help(
                "stride-of-when",
                "`when` cannot have a stride".into(),
                node.name.span,
                "is the first layer of this repeat",
                help,
            );
            self.errors.last_mut()?.labels.push((stride.span, "the stride".into()));
            return None;
        }
        let condition = self.condition(node, place);
        let inner = Place { prefix: format!("{base}/"), ..self.deeper(node, place)? };
        self.bodies += 1;
        self.within.push(self.bodies);
        let body = self.block(&node.children, &inner);
        self.within.pop();
        if body.is_empty() && self.errors.is_empty() {
            self.error("empty-when", "`when` has no layers", node.name.span, "write layers inside");
        }
        Some(What::When { condition: condition?, body })
    }

    /// `LABEL=VALUE …`, or `(expr)"…"`.
    fn condition(&mut self, node: &Node, place: &Place) -> Option<Condition> {
        // In a shipped network, whose parts all stand at one place, choices of the space may leave a condition without a value.
        // What is narrowed was looked at as a whole where it comes from.
        let shipped = node.name.span == node.span || !self.narrowings.is_empty();
        let written = node.properties.iter().filter_map(|p| p.values.first()).find(|v| matches!(v.value, Value::Expr(_)));
        if let Some(Spanned { value: Value::Expr(expr), span }) = written {
            let scope = Scope { prefix: &place.prefix, declared: false, never: shipped };
            return self.truth(expr, *span, scope, "layers");
        }
        if node.properties.is_empty() {
            self.error("missing-condition", "`when` needs a condition", node.name.span, "such as when top=5 { … }");
            return None;
        }
        let mut pairs = vec![];
        for property in &node.properties {
            let name = &property.name;
            let label = self.label(&name.value, name.span, &place.prefix);
            let Some((wanted, [])) = property.values.split_first() else {
                self.error("missing-value", format!("`{}` is compared to one value", name.value), name.span, "such as top=5");
                continue;
            };
            let (Some(label), Some(value)) = (label, wanted.value.datum()) else { continue };
            match label.values.iter().position(|v| *v == value) {
                Some(option) => pairs.push((label, option)),
                None if shipped => pairs.push((label, usize::MAX)),
                None => {
                    let (message, decision) =
                        (format!("`{}` is never {}", name.value, plain(&wanted.value)), &self.decisions[label.read.decision]);
                    let d = Diagnostic::error("never", message, wanted.span, "no value of it");
                    self.errors.push(d.also(decision.span, "its values").help(format!("one of {}", decision.options.join(", "))));
                }
            }
        }
        if pairs.len() < node.properties.len() {
            return None;
        }
        // Neither the order of the pairs nor that of the choices is the condition's business: it is that of their values.
        pairs.sort_by_cached_key(|(label, option)| {
            let decision = label.read.decision;
            let options = &self.decisions[decision].options;
            let all: Vec<String> = by_value(options).into_iter().map(|o| options[o].clone()).collect();
            (all, options.get(*option).cloned(), options[0].clone(), decision)
        });
        let (labels, options): (Vec<Label>, Vec<usize>) = pairs.into_iter().unzip();
        let reads: Vec<Read> = labels.into_iter().map(|l| l.read).collect();
        if !self.room(&reads) {
            return self.too_many(node.name.span);
        }
        match Function::of(reads, |taken| Ok::<bool, ()>(taken == options)) {
            Some(Ok(condition)) => Some(condition),
            _ => self.too_many(node.name.span),
        }
    }

    /// What is true or false.
    fn truth(&mut self, expr: &Expr, span: Span, scope: Scope, what: &str) -> Option<Condition> {
        let truth = |value: Datum| match value {
            Datum::Flag(b) => Ok(b),
            _ => Err("this is neither true nor false".to_string()),
        };
        let condition = self.function(expr, span, scope, truth)?;
        if !scope.never && self.narrowings.is_empty() && !condition.values.contains(&true) {
            let help = "it compares with values that the choices do not have, or contradicts itself";
            self.error_help("never", format!("this is never true: its {what} would never be there"), span, "always false", help);
            return None;
        }
        Some(condition)
    }

    /// An expression, worked out for every combination of what it reads.
    fn function<T>(&mut self, expr: &Expr, span: Span, scope: Scope, convert: impl Fn(Datum) -> Result<T, String>) -> Option<Function<T>> {
        let mut labels = vec![];
        for (i, name) in expr.labels.iter().enumerate() {
            let is = |step: &crate::document::expr::Step| matches!(step, crate::document::expr::Step::Label(l) if *l == i);
            let at = expr.steps.iter().find(|(step, _)| is(step)).map_or(span, |(_, at)| *at);
            let Some(label) = self.label(name, at, scope.prefix) else { continue };
            if scope.declared && !label.read.asks {
                let message = format!("`{name}` is decided at its place, and this is read before");
                self.error_help("not-declared", message, at, "no declared choice", format!("declare it: choice \"{name}\" …"));
                continue;
            }
            labels.push(label);
        }
        if labels.len() < expr.labels.len() {
            return None;
        }
        let reads: Vec<Read> = labels.iter().map(|l| l.read.clone()).collect();
        if !self.room(&reads) {
            return self.too_many(span);
        }
        let told = |options: &[usize]| {
            let each = expr.labels.iter().zip(&labels).zip(options);
            each.map(|((name, label), &o)| format!("{name} = {}", plain(&Value::of(&label.values[o])))).collect::<Vec<_>>().join(", ")
        };
        let value = |options: &[usize]| {
            let values: Vec<Datum> = labels.iter().zip(options).map(|(l, &o)| l.values[o].clone()).collect();
            let worked_out = expr.evaluate(&values).map_err(|fault| (fault.reason, fault.span));
            worked_out.and_then(|v| convert(v).map_err(|reason| (reason, span))).map_err(|(reason, at)| (reason, at, told(options)))
        };
        match Function::of(reads, value) {
            None => self.too_many(span),
            Some(Ok(function)) => Some(function),
            Some(Err((reason, at, told))) => {
                let message = if told.is_empty() { reason } else { format!("{reason}, where {told}") };
                self.error("expression", message, at, "cannot be worked out");
                None
            }
        }
    }

    /// Whether there is room to work out all combinations; all conditions and values of a space share it.
    fn room(&mut self, reads: &[Read]) -> bool {
        let count = reads.iter().fold(1usize, |n, r| n.saturating_mul(r.options));
        self.worked_out = self.worked_out.saturating_add(count.min(MOST));
        count <= MOST && self.worked_out <= MOST_IN_ALL
    }

    fn too_many<T>(&mut self, span: Span) -> Option<T> {
        let message =
            format!("this reads choices with more than {MOST} combinations, or all conditions together with more than {MOST_IN_ALL}");
        self.error("too-large", message, span, "reads too much");
        None
    }

    /// What a label stands for: a declared choice, or a decision above that is no cell's; of those under one name the nearest, so
    /// that every copy of a `repeat` reads its own.
    fn label(&mut self, name: &str, span: Span, prefix: &str) -> Option<Label> {
        let shared = self.shared.iter().find(|s| s.label == name);
        let values = |id: DecisionId| -> Vec<Datum> {
            let literal = |o: &String| match (o.as_str(), o.parse::<f64>()) {
                ("#true" | "#false", _) => Datum::Flag(o == "#true"),
                (_, Ok(x)) if x.is_finite() => Datum::Number(x),
                _ => Datum::Word(o.clone()),
            };
            self.decisions[id].options.iter().map(literal).collect()
        };
        let read = |decision: DecisionId, asks| Read { decision, options: self.decisions[decision].options.len(), asks };
        if let Some(shared) = shared {
            self.used.insert(shared.id);
            let values = shared.values.iter().filter_map(|v| v.value.datum()).collect();
            return Some(Label { read: read(shared.id, true), values });
        }
        let outward = std::iter::successors(Some(prefix), |p| {
            let inner = p.strip_suffix('/')?;
            Some(&p[..inner.rfind('/').map_or(0, |i| i + 1)])
        });
        let found = outward.into_iter().find_map(|p| {
            let is = |label: &str| label.strip_prefix(p).is_some_and(|rest| rest == name);
            self.decisions.iter().position(|d| !d.shared && is(&d.label))
        });
        match found {
            Some(id) if !self.hidden.contains(&id) => Some(Label { read: read(id, false), values: values(id) }),
            Some(id) => {
                let message = format!("`{name}` is decided inside a cell, for all of its uses");
                let d = Diagnostic::error("decided-in-cell", message, span, "cannot be read here");
                self.errors.push(d.also(self.decisions[id].span, "decided here").help("declare a choice, and read it at both places"));
                None
            }
            None => {
                let known = self.decisions.iter().enumerate().filter(|(d, _)| !self.hidden.contains(d)).map(|(_, d)| d.label.as_str());
                let near = nearest(name, known).map(str::to_string);
                let help = near.map_or(format!("declare it in the space: choice \"{name}\" …"), |near| format!("did you mean `{near}`?"));
                let message = format!("nothing is decided by the name `{name}` above");
                self.error_help("unknown-label", message, span, "no choice or decision above", help);
                None
            }
        }
    }

    /// `(expr)` in the place of a value.
    pub(in crate::space) fn derived(&mut self, expr: &Expr, span: Span, field: &Field) -> Option<Setting> {
        // What may stand there is found as for a literal; its error says for which values it came.
        let scope = Scope { prefix: "", declared: true, never: true };
        let found = self.function(expr, span, scope, Ok::<Datum, String>)?;
        let mut scalars: Vec<Scalar> = vec![];
        let mut places = vec![];
        for (options, datum) in found.combinations().zip(&found.values) {
            let value = Spanned { value: Value::of(datum), span };
            let Some(scalar) = self.scalar(&value, field, None) else {
                let told: Vec<String> = found
                    .reads
                    .iter()
                    .zip(&options)
                    .map(|(r, &o)| {
                        let decision = &self.decisions[r.decision];
                        format!("{} = {}", decision.label, decision.options[o])
                    })
                    .collect();
                let error = self.errors.last_mut()?;
                error.message =
                    if told.is_empty() { error.message.clone() } else { format!("{}, where {}", error.message, told.join(", ")) };
                return None;
            };
            let known = scalars.iter().position(|s| *s == scalar);
            places.push(known.unwrap_or_else(|| {
                scalars.push(scalar);
                scalars.len() - 1
            }));
        }
        Some(match &found.reads[..] {
            [] => Setting::fixed(*scalars.first()?, span),
            [one] => {
                let values = places.into_iter().map(|p| scalars[p]).collect();
                Setting { values, decision: Some(one.decision), derived: None, span }
            }
            _ => Setting { values: scalars, decision: None, derived: Some(Function { reads: found.reads, values: places }), span },
        })
    }

    /// `choice … when=(expr)"…"`
    pub(super) fn guard(&mut self, node: &Node) -> Option<Condition> {
        match node.property("when")?.values.first()? {
            Spanned { value: Value::Expr(expr), span } => {
                self.truth(expr, *span, Scope { prefix: "", declared: true, never: false }, "choice")
            }
            other => {
                let help = "write when=(expr)\"…\"";
                self.error_help("value-type", format!("`when` cannot be {}", other.value), other.span, "expected an expression", help);
                None
            }
        }
    }

    /// `require (expr)"…"`
    pub(super) fn constraint(&mut self, node: &Node) -> Option<Constraint> {
        let Spanned { value: Value::Expr(expr), span } = node.property("metric")?.values.first()? else { return None };
        let condition = self.truth(expr, *span, Scope { prefix: "", declared: false, never: false }, "samples")?;
        Some(Constraint { condition, text: expr.text.clone(), span: *span })
    }
}
