//! The nodes of a file as a tree of names.

use crate::document::sketch::{Line, plain, sketch};
use std::ops::Range;

/// A node with a name.
#[derive(Debug, PartialEq)]
pub struct Symbol {
    /// Its kind: `train`.
    pub kind: String,
    /// Its name, or its kind where it has none.
    pub name: String,
    /// The whole node.
    pub range: Range<usize>,
    /// Where its name stands.
    pub named: Range<usize>,
    /// What stands inside.
    pub inside: Vec<Symbol>,
}

/// Every node at the top; of a space its choices, cells and named layers, too.
pub fn outline(text: &str) -> Vec<Symbol> {
    sketch(text).lines.iter().filter(|l| !l.hidden).map(|l| top(l, text)).collect()
}

fn top(line: &Line, text: &str) -> Symbol {
    let mut symbol = symbol(line, line.first(text), text);
    if symbol.kind == "space" {
        named(line, text, &mut symbol.inside);
    }
    symbol
}

fn symbol(line: &Line, name: Option<(&str, Range<usize>)>, text: &str) -> Symbol {
    let kind = plain(&text[line.name.clone()]).unwrap_or_default().to_string();
    let (name, named) = name.filter(|(name, _)| !name.is_empty()).map_or((kind.clone(), line.name.clone()), |(n, r)| (n.to_string(), r));
    Symbol { kind, name, range: line.range.clone(), named, inside: Vec::new() }
}

fn named(line: &Line, text: &str, out: &mut Vec<Symbol>) {
    for inner in line.inside().filter(|l| !l.hidden) {
        let kind = &text[inner.name.clone()];
        let label = matches!(kind, "choice" | "range" | "cell" | "choose" | "repeat").then(|| inner.first(text)).flatten();
        let name = inner.property(text, "as").or(label);
        match name {
            Some(name) => {
                let mut symbol = symbol(inner, Some(name), text);
                named(inner, text, &mut symbol.inside);
                out.push(symbol);
            }
            None => named(inner, text, out),
        }
    }
}
