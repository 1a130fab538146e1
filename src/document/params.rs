//! `param` and `(param)"name"`: values that the command line may set.

pub use super::context::Origin;

use super::context::Context;
use super::literal::literal;
use super::shorten::shorten;
use super::{Diagnostic, Span, Spanned, Value, nearest};
use kdl::KdlNode;

/// What `-p name=value` gave, in the order of the command line.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// (name, value as written).
    pub values: Vec<(String, String)>,
}

/// A declared param with its value.
pub struct Param {
    /// Its name, where it is declared.
    pub name: Spanned<String>,
    /// Its value; none where an error was reported.
    pub value: Option<Value>,
    /// Where the value was written.
    pub origin: Origin,
}

/// Reads the `param` nodes of all files and what the command line says of them.
pub fn collect(context: &mut Context, nodes: &[(u16, KdlNode)], given: &Params) -> Vec<Param> {
    let mut params: Vec<Param> = Vec::new();
    let mut top = None;
    for (file, node) in nodes {
        let span = |s: miette::SourceSpan| Span { file: *file, offset: s.offset(), len: s.len() };
        top = top.or((node.name().value() == "pipeline").then(|| span(node.name().span())));
        if node.name().value() != "param" {
            continue;
        }
        let mut arguments = node.entries().iter().filter(|e| e.name().is_none());
        // The table reports what else is wrong with the node.
        let Some(name) = arguments.next().and_then(|e| Some(Spanned { value: e.value().as_string()?.to_string(), span: span(e.span()) }))
        else {
            continue;
        };
        let default = arguments.next().or_else(|| node.entries().iter().find(|e| e.name().is_some_and(|n| n.value() == "default")));
        let default = default.map(|e| (literal(e.value(), span(e.span())).ok(), span(e.span())));
        if let Some(first) = params.iter().find(|p| p.name.value == name.value) {
            let d = Diagnostic::error(
                "declared-twice",
                format!("the param `{}` is declared twice", shorten(&name.value)),
                name.span,
                "again here",
            );
            context.push(d.also(first.name.span, "first here"));
            continue;
        }
        let given = given.values.iter().rev().find(|(n, _)| *n == name.value);
        let (value, origin) = match (given, default) {
            (Some((_, text)), default) => {
                let kind = default.and_then(|(v, _)| v);
                let value = typed(text, kind.as_ref()).map_err(|expected| {
                    let message = format!("`-p {}={}` does not fit: {expected} expected", shorten(&name.value), shorten(text));
                    let d = Diagnostic::error("param-type", message, name.span, "declared here");
                    context.push(match &kind {
                        Some(kind) => d.help(format!("its default is {kind}; a value on the command line is of the same kind")),
                        None => d,
                    });
                });
                (value.ok(), Origin::CommandLine)
            }
            (None, Some((value, _))) => (value, Origin::File(*file)),
            (None, None) => {
                let shown = shorten(&name.value);
                let d = Diagnostic::error("param-missing", format!("the param `{shown}` has no value"), name.span, "no default here");
                context.push(d.help(format!("give it with `-p {shown}=…`, or write a default: `param \"{shown}\" …`")));
                (None, Origin::File(*file))
            }
        };
        params.push(Param { name, value, origin });
    }
    for (name, _) in &given.values {
        if !params.iter().any(|p| p.name.value == *name) {
            let shown = shorten(name);
            let d = Diagnostic::error(
                "unknown-param",
                format!("`-p {shown}=…`: this file declares no param of that name"),
                top.unwrap_or_default(),
                "this pipeline",
            );
            context.push(d.help(suggestion(name, &params)));
        }
    }
    params
}

/// The nearest param, or all of them.
pub fn suggestion(name: &str, params: &[Param]) -> String {
    let names = || params.iter().map(|p| p.name.value.as_str());
    match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if params.is_empty() => "declare it: `param \"name\" value`".into(),
        None => format!("its params: {}", names().map(|n| format!("`{}`", shorten(n))).collect::<Vec<_>>().join(", ")),
    }
}

/// The value of a text of the command line, of the kind of the default.
fn typed(text: &str, kind: Option<&Value>) -> Result<Value, &'static str> {
    let int = || text.parse::<i64>().ok().map(Value::Int);
    let float = || text.parse::<f64>().ok().filter(|x| x.is_finite()).map(Value::Float);
    let bool = || match text {
        "true" | "#true" => Some(Value::Bool(true)),
        "false" | "#false" => Some(Value::Bool(false)),
        _ => None,
    };
    match kind {
        Some(Value::Int(_)) => int().ok_or("a whole number"),
        Some(Value::Float(_)) => float().ok_or("a number"),
        Some(Value::Bool(_)) => bool().ok_or("`true` or `false`"),
        Some(_) => Ok(Value::Text(text.to_string())),
        None => Ok(int().or_else(float).or_else(bool).unwrap_or_else(|| Value::Text(text.to_string()))),
    }
}
