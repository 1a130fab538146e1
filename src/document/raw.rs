//! kdl's tree into ours: exact spans, finite numbers, annotations resolved. Knows nothing of the language's nodes.

use super::context::Context;
use super::literal::literal;
use super::params::{self, Param};
use super::shorten::shorten;
use super::{Diagnostic, Node, Property, Span, Spanned, Value, nearest};
use kdl::{KdlEntry, KdlNode};

/// What turns kdl's nodes into ours.
pub struct Convert<'a> {
    /// Where findings go.
    pub context: &'a mut Context,
    /// The values of `(param)`.
    pub params: &'a [Param],
    /// The file of the nodes.
    pub file: u16,
}

impl Convert<'_> {
    /// A node with its children.
    pub fn node(&mut self, node: &KdlNode) -> Node {
        let name = Spanned { value: node.name().value().to_string(), span: self.span(node.name().span()) };
        if let Some(ty) = node.ty() {
            let span = self.span(ty.span());
            self.context.push(
                Diagnostic::error(
                    "annotation",
                    format!("a node takes no annotation such as `({})`", shorten(ty.value())),
                    span,
                    "not here",
                )
                .help("`(choice)` and `(param)` stand before values"),
            );
        }
        let mut span = self.span(node.span());
        span.len = self.context.text(span).trim_end().len();
        let mut out = Node { name, span, arguments: Vec::new(), properties: Vec::new(), children: Vec::new() };
        for entry in node.entries() {
            self.entry(entry, &mut out);
        }
        if let Some(children) = node.children() {
            out.children = children.nodes().iter().map(|child| self.node(child)).collect();
        }
        out
    }

    fn span(&self, span: miette::SourceSpan) -> Span {
        Span { file: self.file, offset: span.offset(), len: span.len() }
    }

    fn entry(&mut self, entry: &KdlEntry, out: &mut Node) {
        let whole = self.span(entry.span());
        if self.context.poisoned(whole) {
            return;
        }
        let Some(name) = entry.name() else {
            if let Some(value) = self.value(entry, whole) {
                out.arguments.push(Spanned { value, span: whole });
            }
            return;
        };
        let name = Spanned { value: name.value().to_string(), span: self.span(name.span()) };
        // kdl keeps no span of the value alone: it follows the name, `=`, and the blanks around that.
        let between = entry.format().map_or(1, |f| f.after_key.len() + 1 + f.after_eq.len());
        let start = (name.span.offset + name.span.len + between).min(whole.offset + whole.len);
        let span = Span { offset: start, len: whole.offset + whole.len - start, ..whole };
        let values = self.value(entry, span).map(|value| Spanned { value, span }).into_iter().collect();
        out.properties.push(Property { name, values });
    }

    fn value(&mut self, entry: &KdlEntry, span: Span) -> Option<Value> {
        let literal = match literal(entry.value(), span) {
            Ok(value) => value,
            Err(diagnostic) => {
                self.context.spoil(*diagnostic, span);
                return None;
            }
        };
        let Some(ty) = entry.ty() else { return Some(literal) };
        let ty_span = self.span(ty.span());
        match (ty.value(), literal) {
            ("choice", Value::Text(label)) => Some(Value::Choice(label)),
            ("param", Value::Text(name)) => self.param(&name, span),
            ("expr", Value::Text(_)) => {
                let d = Diagnostic::error("not-yet", "`(expr)` is not supported yet", span, "not yet");
                self.context.spoil(d.help("derived values come in a later version; write the numbers out"), span);
                None
            }
            ("choice" | "param" | "expr", _) => {
                let d =
                    Diagnostic::error("annotation", format!("`({})` is followed by a name", ty.value()), span, "a quoted name expected");
                self.context.spoil(d.help(format!("write `({})\"name\"`", ty.value())), span);
                None
            }
            (other, _) => {
                let help = match nearest(other, ["choice", "param", "expr"]) {
                    Some(near) => format!("did you mean `({near})`?"),
                    None => "annotations are `(choice)` and `(param)`; numbers and words need none".into(),
                };
                let d =
                    Diagnostic::error("annotation", format!("`({})` is no annotation of the language", shorten(other)), ty_span, "unknown");
                self.context.spoil(d.help(help), span);
                None
            }
        }
    }

    fn param(&mut self, name: &str, span: Span) -> Option<Value> {
        let Some(param) = self.params.iter().find(|p| p.name.value == name) else {
            let d = Diagnostic::error("unknown-param", format!("there is no param `{}`", shorten(name)), span, "not declared");
            self.context.spoil(d.help(params::suggestion(name, self.params)), span);
            return None;
        };
        self.context.used.insert(name.to_string());
        self.context.origins.insert(span, param.origin);
        if param.value.is_none() {
            self.context.poison(span);
        }
        param.value.clone()
    }
}
