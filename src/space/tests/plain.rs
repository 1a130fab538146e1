//! Nodes for tests, also such as `document` refuses: this room may not rely on its table.

use crate::document::{Node, Property, Span, Spanned, Value, expr};
use crate::space::blocks::kinds;
use kdl::{KdlDocument, KdlNode, KdlValue};

/// A text of one node as a merged node, whatever the table of `document` would say of it.
pub fn parse(text: &str) -> Result<Node, String> {
    let document = KdlDocument::parse_v2(text).map_err(|e| e.to_string())?;
    let first = document.nodes().first().ok_or("no node")?;
    Ok(convert(first))
}

/// A node whose positional values are named, and whose children that are no layers are properties.
fn convert(node: &KdlNode) -> Node {
    let span = |s: miette::SourceSpan| Span { file: 0, offset: s.offset(), len: s.len() };
    let word = node.name().value();
    let mut out = Node {
        name: Spanned { value: word.to_string(), span: span(node.name().span()) },
        span: span(node.span()),
        arguments: vec![],
        properties: vec![],
        children: vec![],
    };
    for entry in node.entries() {
        let literal = match (entry.value(), entry.ty().map(|t| t.value())) {
            (KdlValue::String(s), Some("choice")) => Value::Choice(s.clone()),
            (KdlValue::String(s), Some("expr")) => {
                let at = span(entry.span());
                Value::Expr(Box::new(expr::parse(s, &|_| None, &|_| at).expect("the test's expression")))
            }
            (KdlValue::String(s), _) => Value::Text(s.clone()),
            (KdlValue::Integer(i), _) => Value::Int(i64::try_from(*i).unwrap_or(i64::MAX)),
            (KdlValue::Float(x), _) => Value::Float(*x),
            (KdlValue::Bool(b), _) => Value::Bool(*b),
            (KdlValue::Null, _) => continue,
        };
        let value = Spanned { value: literal, span: span(entry.span()) };
        let name = match entry.name() {
            Some(name) => name.value().to_string(),
            None => positional(word, &out, &value.value).to_string(),
        };
        add(&mut out, name, value);
    }
    for child in node.children().map_or(&[][..], |c| c.nodes()) {
        let name = child.name().value();
        let known = kinds().iter().find(|k| k.word == word).is_some_and(|k| k.properties.iter().any(|p| p.name == name));
        if !known
            && ![
                "as",
                "width",
                "activation",
                "times",
                "stride",
                "label",
                "nodes",
                "edges",
                "combine",
                "output",
                "channels",
                "own",
                "image-size",
            ]
            .contains(&name)
        {
            out.children.push(convert(child));
        } else {
            let inner = convert(child);
            for value in inner.properties.into_iter().flat_map(|p| p.values) {
                add(&mut out, name.to_string(), value);
            }
        }
    }
    out
}

/// What a positional value is called.
fn positional(word: &str, so_far: &Node, value: &Value) -> &'static str {
    match word {
        "choice" if so_far.properties.is_empty() => "label",
        "choice" => "values",
        "fix" | "keep" if so_far.properties.is_empty() => "label",
        "fix" => "value",
        "choose" => "label",
        "repeat" if so_far.properties.is_empty() && matches!(value, Value::Text(_)) => "label",
        "repeat" => "times",
        "require" => "metric",
        "when" => "condition",
        "at" | "after" | "before" => "layer",
        "input" => "data",
        "space" => "name",
        "cell" => "name",
        "use" => "cell",
        "inputs" => "layers",
        _ => match kinds().iter().find(|k| k.word == word) {
            Some(kind) if kind.joins => "layers",
            Some(kind) => kind.first.unwrap_or("values"),
            None => "values",
        },
    }
}

fn add(node: &mut Node, name: String, value: Spanned<Value>) {
    match node.properties.iter_mut().find(|p| p.name.value == name) {
        Some(property) => property.values.push(value),
        None => {
            let span = value.span;
            node.properties.push(Property { name: Spanned { value: name, span }, values: vec![value] });
        }
    }
}
