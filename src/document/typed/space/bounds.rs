//! `require` of a space: a bound of a metric, or an expression.

use crate::document::context::Context;
use crate::document::{Diagnostic, Node, Value};

/// What is wrong with the bounds of a space.
pub(in crate::document::typed) fn bounds(context: &mut Context, space: &Node) {
    for require in space.children.iter().filter(|c| c.name.value == "require") {
        if let Some(expr) = require.property("metric").and_then(|p| p.values.first()).filter(|v| matches!(v.value, Value::Expr(_))) {
            if let Some(bound) = ["min", "max", "of"].iter().find_map(|name| require.property(name)) {
                let d = Diagnostic::error("contradiction", "an expression is true or not, and has no bounds", bound.name.span, "a bound");
                context.push(d.also(expr.span, "an expression").help("write the bound in the expression"));
            }
            continue;
        }
        if require.property("min").is_none() && require.property("max").is_none() {
            let metric = require.text("metric").map_or("flops".into(), |m| m.value);
            let d = Diagnostic::error("missing", "`require` needs a bound", require.name.span, "`min=` or `max=` is missing");
            context.missing(require, d.help(format!("write `require {metric} max=2e9`, or `max=1.0 of=reference`")));
        }
        if let (Some(low), Some(high)) = (require.number("min"), require.number("max"))
            && low > high
        {
            context.push(Diagnostic::error(
                "out-of-range",
                format!("nothing lies between {low} and {high}"),
                require.place("max"),
                format!("at least {low} expected"),
            ));
        }
    }
}
