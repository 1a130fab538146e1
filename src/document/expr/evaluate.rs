//! The value of an expression, given those of its labels.

use super::{Datum, Expr, Operator, Step};
use crate::document::Span;

/// Why an expression has no value: what is wrong, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// In one sentence.
    pub reason: String,
    /// The operator.
    pub span: Span,
}

impl Expr {
    /// The value, where all labels have one: `values[i]` is that of `labels[i]`.
    pub fn evaluate(&self, values: &[Datum]) -> Result<Datum, Fault> {
        let mut stack: Vec<Datum> = Vec::new();
        for (step, span) in &self.steps {
            let missing = || Fault { reason: "a value is missing".into(), span: *span };
            let next = match step {
                Step::Value(value) => value.clone(),
                Step::Label(i) => values.get(*i).cloned().ok_or_else(missing)?,
                Step::Do(operator) if operator.is_unary() => {
                    let x = stack.pop().ok_or_else(missing)?;
                    unary(*operator, &x).map_err(|reason| Fault { reason, span: *span })?
                }
                Step::Do(operator) => {
                    let y = stack.pop().ok_or_else(missing)?;
                    let x = stack.pop().ok_or_else(missing)?;
                    binary(*operator, &x, &y).map_err(|reason| Fault { reason, span: *span })?
                }
            };
            if let Datum::Number(x) = &next
                && !x.is_finite()
            {
                return Err(Fault { reason: "this is no finite number".into(), span: *span });
            }
            stack.push(next);
        }
        stack.pop().ok_or_else(|| Fault { reason: "there is nothing to work out".into(), span: Span::default() })
    }
}

fn unary(operator: Operator, x: &Datum) -> Result<Datum, String> {
    match (operator, x) {
        (Operator::Not, Datum::Flag(b)) => Ok(Datum::Flag(!b)),
        (Operator::Not, other) => Err(format!("`not` takes true or false, not {}", other.kind())),
        (_, Datum::Number(x)) => Ok(Datum::Number(match operator {
            Operator::Round => x.round(),
            Operator::Floor => x.floor(),
            Operator::Ceil8 => (x / 8.0).ceil() * 8.0,
            _ => -x,
        })),
        (_, other) => Err(format!("`{}` takes a number, not {}", operator.word(), other.kind())),
    }
}

fn binary(operator: Operator, x: &Datum, y: &Datum) -> Result<Datum, String> {
    use Operator as O;
    match (operator, x, y) {
        (O::Equal, x, y) => Ok(Datum::Flag(x == y)),
        (O::Unequal, x, y) => Ok(Datum::Flag(x != y)),
        (O::And, Datum::Flag(x), Datum::Flag(y)) => Ok(Datum::Flag(*x && *y)),
        (O::Or, Datum::Flag(x), Datum::Flag(y)) => Ok(Datum::Flag(*x || *y)),
        (O::And | O::Or, Datum::Flag(_), other) | (O::And | O::Or, other, _) => {
            Err(format!("`{}` takes true or false, not {}", operator.word(), other.kind()))
        }
        (O::Divide, Datum::Number(_), Datum::Number(y)) if *y == 0.0 => Err("nothing is divided by 0".into()),
        (_, Datum::Number(x), Datum::Number(y)) => Ok(match operator {
            O::Add => Datum::Number(x + y),
            O::Subtract => Datum::Number(x - y),
            O::Multiply => Datum::Number(x * y),
            O::Divide => Datum::Number(x / y),
            O::Min => Datum::Number(x.min(*y)),
            O::Max => Datum::Number(x.max(*y)),
            O::Less => Datum::Flag(x < y),
            O::AtMost => Datum::Flag(x <= y),
            O::Greater => Datum::Flag(x > y),
            _ => Datum::Flag(x >= y),
        }),
        (_, Datum::Number(_), other) | (_, other, _) => Err(format!("`{}` takes numbers, not {}", operator.word(), other.kind())),
    }
}
