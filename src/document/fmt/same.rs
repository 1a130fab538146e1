//! Whether two texts say the same: what a formatter must prove of its own work.

use crate::document::lexer::{Kind, lex};
use crate::document::sketch::plain;
use kdl::KdlNode;

/// Whether nodes are the same: names, annotations, values, blocks.
pub fn nodes(a: &[KdlNode], b: &[KdlNode]) -> bool {
    let name = |n: &KdlNode| n.name().value().to_string();
    let ty = |n: &KdlNode| n.ty().map(|t| t.value().to_string());
    let inside = |n: &KdlNode| n.children().map(|c| c.nodes().to_vec());
    let same = |(a, b): (&KdlNode, &KdlNode)| {
        let entries = a.entries().len() == b.entries().len()
            && a.entries().iter().zip(b.entries()).all(|(a, b)| {
                let parts = |e: &kdl::KdlEntry| (e.name().map(|n| n.value().to_string()), e.ty().map(|t| t.value().to_string()));
                parts(a) == parts(b) && a.value() == b.value()
            });
        let blocks = match (inside(a), inside(b)) {
            (Some(a), Some(b)) => nodes(&a, &b),
            (a, b) => a.is_none() == b.is_none(),
        };
        name(a) == name(b) && ty(a) == ty(b) && entries && blocks
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// Whether tokens and comments are the same in their order, but for quotes, ends of lines and blanks behind comments. So nothing that `/-`
/// hides is lost either.
pub fn tokens(a: &str, b: &str) -> bool {
    let all = |text: &str| {
        let lexed = lex(text);
        let words = lexed.tokens.iter().filter(|t| !matches!(t.kind, Kind::Newline | Kind::Semicolon));
        let words: Vec<String> = words.map(|t| plain(&text[t.range.clone()]).unwrap_or(&text[t.range.clone()]).to_string()).collect();
        let comments: Vec<String> = lexed.comments.iter().map(|r| text[r.clone()].trim_end().to_string()).collect();
        (words, comments)
    };
    all(a) == all(b)
}
