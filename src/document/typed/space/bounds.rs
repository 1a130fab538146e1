//! `require` of a space: a bound of a metric, or an expression.

use crate::document::context::Context;
use crate::document::typed::data::resolve;
use crate::document::{Diagnostic, Node, Spanned, Value};

/// What is wrong with the bounds of a space.
pub(in crate::document::typed) fn bounds(context: &mut Context, space: &Node) {
    for require in space.children.iter().filter(|c| c.name.value == "require") {
        if let Some(expr) = require.property("metric").and_then(|p| p.values.first()).filter(|v| matches!(v.value, Value::Expr(_))) {
            if let Some(bound) = ["min", "max", "of", "latency-table"].iter().find_map(|name| require.property(name)) {
                let d = Diagnostic::error("contradiction", "an expression is true or not, and has no bounds", bound.name.span, "a bound");
                context.push(d.also(expr.span, "an expression").help("write the bound in the expression"));
            }
            continue;
        }
        table(context, require);
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

/// `latency-table` stands with `table-latency`, and nowhere else.
fn table(context: &mut Context, require: &Node) {
    let Some(metric) = require.text("metric") else { return };
    match (require.property("latency-table"), metric.value == "table-latency") {
        (None, true) => {
            let d = Diagnostic::error("missing", "`table-latency` needs `latency-table`", metric.span, "`latency-table` is missing");
            context.missing(require, d.help("name the file: `latency-table=\"pi4.json\"`"));
        }
        (Some(p), false) => {
            let message = "`latency-table` belongs to `require table-latency`";
            let d = Diagnostic::error("contradiction", message, p.name.span, "not here");
            context.push(d.also(metric.span, "bounds this").help("delete it"));
        }
        _ => {}
    }
}

/// The same space with the files of its bounds resolved against the document that names them.
pub(in crate::document::typed) fn with_files(context: &mut Context, space: &Node) -> Node {
    let mut space = space.clone();
    for require in space.children.iter_mut().filter(|c| c.name.value == "require") {
        let tables = require.properties.iter_mut().filter(|p| p.name.value == "latency-table");
        for value in tables.flat_map(|p| &mut p.values) {
            if let Value::Text(path) = &value.value {
                value.value = Value::Text(resolve(context, Spanned { value: path.clone(), span: value.span }).value);
            }
        }
    }
    space
}
