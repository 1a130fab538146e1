//! A value of KDL as one of ours.

use super::diagnostic::Diagnostic;
use super::tree::{Span, Value};
use kdl::KdlValue;

/// A literal, or why it is none: (code, message, help).
pub fn literal(value: &KdlValue, span: Span) -> Result<Value, Box<Diagnostic>> {
    let error = |code, message: &str, help: &str| Err(Box::new(Diagnostic::error(code, message, span, "not here").help(help)));
    match value {
        KdlValue::String(text) => Ok(Value::Text(text.clone())),
        KdlValue::Bool(b) => Ok(Value::Bool(*b)),
        KdlValue::Integer(i) => match i64::try_from(*i) {
            Ok(i) => Ok(Value::Int(i)),
            Err(_) => error("number-too-large", "this number is too large", "whole numbers reach to 9,223,372,036,854,775,807"),
        },
        KdlValue::Float(x) if x.is_finite() => Ok(Value::Float(*x)),
        KdlValue::Float(x) if x.is_nan() => {
            error("not-finite", "`#nan` is no number here", "write a finite number, or leave the property out")
        }
        KdlValue::Float(_) => {
            error("not-finite", "this number is infinite", "write a finite number, or leave a bound out where there is none")
        }
        KdlValue::Null => error("null", "there is no `#null`", "leave the property out to have its default"),
    }
}
