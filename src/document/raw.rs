//! kdl's tree into ours: exact spans, finite numbers, annotations resolved. Knows nothing of the language's nodes.

use super::context::Context;
use super::expr::{self, Datum};
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
            ("expr", Value::Text(text)) => self.expr(&text, span),
            ("expr", _) => {
                let d = Diagnostic::error("annotation", "`(expr)` is followed by an expression", span, "a quoted text expected");
                self.context.spoil(d.help("write `(expr)\"2 * c\"`"), span);
                None
            }
            ("choice" | "param", _) => {
                let d =
                    Diagnostic::error("annotation", format!("`({})` is followed by a name", ty.value()), span, "a quoted name expected");
                self.context.spoil(d.help(format!("write `({})\"name\"`", ty.value())), span);
                None
            }
            (other, _) => {
                let help = match nearest(other, ["choice", "param", "expr"]) {
                    Some(near) => format!("did you mean `({near})`?"),
                    None => "annotations are `(choice)`, `(param)` and `(expr)`; numbers and words need none".into(),
                };
                let d =
                    Diagnostic::error("annotation", format!("`({})` is no annotation of the language", shorten(other)), ty_span, "unknown");
                self.context.spoil(d.help(help), span);
                None
            }
        }
    }

    fn expr(&mut self, text: &str, span: Span) -> Option<Value> {
        let map = offsets(self.context.text(span), text);
        let place = |range: std::ops::Range<usize>| match &map {
            Some(map) => {
                let (start, end) = (map[range.start.min(text.len())], map[range.end.min(text.len())]);
                Span { offset: span.offset + start, len: end.saturating_sub(start), ..span }
            }
            None => span,
        };
        let mut unset = false;
        let parsed = {
            let param = |name: &str| {
                let param = self.params.iter().find(|p| p.name.value == name)?;
                Some(param.value.as_ref().and_then(Value::datum))
            };
            let missing = std::cell::Cell::new(false);
            let value = |name: &str| {
                let found = param(name)?;
                missing.set(missing.get() || found.is_none());
                Some(found.unwrap_or(Datum::Number(1.0)))
            };
            let parsed = expr::parse(text, &value, &place);
            unset |= missing.get();
            parsed
        };
        match parsed {
            Ok(expr) => {
                self.context.used.extend(expr.params.iter().cloned());
                if unset {
                    self.context.poison(span); // what is wrong with the param was said
                }
                Some(Value::Expr(Box::new(expr)))
            }
            Err((message, range, label)) => {
                self.context.spoil(Diagnostic::error("expression", message, place(range), label), span);
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

/// Where the bytes of a text stand in what is written of it: `(expr)"a == \"b\""`. None where that is not plain.
fn offsets(written: &str, text: &str) -> Option<Vec<usize>> {
    let open = written.find(')')? + 1;
    let mark = open + written[open..].find(|c: char| !c.is_whitespace() && c != '#')?;
    let (raw, quoted) = (written[open..].trim_start().starts_with('#'), written[mark..].starts_with('"'));
    if written[mark..].starts_with("\"\"\"") {
        return None;
    }
    let mut at = mark + usize::from(quoted);
    let mut map = Vec::with_capacity(text.len() + 1);
    for c in text.chars() {
        let rest = written.get(at..)?;
        let length = match rest.strip_prefix('\\').filter(|_| quoted && !raw) {
            None if rest.starts_with(c) => c.len_utf8(),
            None => return None,
            Some(escaped) if escaped.starts_with('u') => 1 + escaped.find('}')? + 1,
            // A line that goes on: nothing stands there.
            Some(escaped) if escaped.starts_with(char::is_whitespace) => return None,
            Some(escaped) => 1 + escaped.chars().next()?.len_utf8(),
        };
        map.extend(std::iter::repeat_n(at, c.len_utf8()));
        at += length;
    }
    map.push(at);
    Some(map)
}

#[cfg(test)]
mod tests {
    use super::offsets;

    #[test]
    fn bytes_of_a_text_are_found_where_they_are_written() {
        assert_eq!(offsets("(expr)\"ab\"", "ab"), Some(vec![7, 8, 9]));
        assert_eq!(offsets("(expr)ab", "ab"), Some(vec![6, 7, 8]));
        assert_eq!(offsets("(expr)\"a\\\"é\"", "a\"é"), Some(vec![7, 8, 10, 10, 12]));
        assert_eq!(offsets("(expr)\"\\u{e9}x\"", "éx"), Some(vec![7, 7, 13, 14]));
        assert_eq!(offsets("(expr)#\"a\"b\"#", "a\"b"), Some(vec![8, 9, 10, 11]));
        assert_eq!(offsets("(expr)\"\"\"\na\n\"\"\"", "a"), None);
        assert_eq!(offsets("", "a"), None);
    }
}
