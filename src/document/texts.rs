//! Texts in quotes that the parser would not take, found before it sees the file.
//!
//! kdl 6.7.1 reads on behind a broken text as if what stands in it were nodes, and in nested blocks reads all of that again at each
//! level: a kilobyte kept it busy for more than ten minutes (found by the fuzz target of documents). So every text that can be broken is
//! parsed by itself first, with nothing in it that nests.

use super::lexer::{Kind, lex};
use super::syntax;
use kdl::KdlNode;

/// What to parse in place of a file in which a text is broken: the same, and as long, but that nothing in its texts nests. None where no
/// text is broken.
pub fn harmless(text: &str) -> Option<String> {
    let tokens = lex(text).tokens;
    let (mut out, mut alone, mut count) = (text.to_string(), String::new(), 0);
    for token in tokens.iter().filter(|t| t.kind == Kind::Text) {
        let written = &text[token.range.clone()];
        let lines = written.trim_start_matches('#').starts_with("\"\"\"");
        if !lines && !written.contains('\\') {
            continue;
        }
        let flat = flat(written);
        alone.extend(["a ", &flat, "\n"]);
        count += 1;
        out.replace_range(token.range.clone(), &flat);
    }
    (!are_texts(&alone, count)).then_some(out)
}

/// Whether these are so many nodes of one text each, and nothing more.
fn are_texts(alone: &str, count: usize) -> bool {
    if count == 0 {
        return true;
    }
    // As the file itself: on a thread with a deep stack, which may fail.
    let Ok(document) = syntax::parse(alone, 0) else { return false };
    let one = |node: &KdlNode| matches!(node.entries(), [entry] if entry.name().is_none() && entry.value().is_string());
    document.nodes().len() == count && document.nodes().iter().all(|node| node.children().is_none() && one(node))
}

/// The same with another character in place of each that begins, ends or parts a node, but for those of `\u{…}`. What makes a text right or
/// wrong stays: quotes, lines, blanks, escapes.
fn flat(written: &str) -> String {
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        let escape = rest.strip_prefix("\\u{").and_then(|code| code.find('}').map(|end| (&code[..end], end)));
        let taken = match escape {
            Some((code, end)) if !code.is_empty() && code.len() <= 6 && code.bytes().all(|b| b.is_ascii_hexdigit()) => 3 + end + 1,
            _ => 0,
        };
        if taken > 0 {
            out.push_str(&rest[..taken]);
            rest = &rest[taken..];
            continue;
        }
        out.push(if matches!(c, '{' | '}' | '(' | ')' | '/' | ';' | '=') { 'x' } else { c });
        rest = &rest[c.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use kdl::KdlDocument;

    #[test]
    fn what_is_right_stays_and_what_is_broken_is_found() {
        for right in [
            "a \"{ /- }\"",
            "a \"x\\n\\\"{\\u{1F600}\\\\\" b=\"\\s\"",
            "a \"\"\"\n    { /-{ (x) ; =\n\n      deeper \\t \\u{41}\n    \"\"\"",
            "a #\"\"\"\n  \\q {\n  \"\"\"# 2",
            "a #\"{ \\\"#",
            "a \"one \\\n   line\"",
        ] {
            assert_eq!(harmless(right), None, "{right}");
            assert!(KdlDocument::parse_v2(right).is_ok(), "{right}");
        }
        for broken in [
            "a \"\\q {\"",
            "a \"\"\"{ }\"\"\"",
            "a \"\"\"\n  {\n x\n  \"\"\"",
            "a \"\\u{zz}\"",
            "a #\"\"\"\n {\n  \"\"\"#",
            "a \"\"\"\n  {\n  x\"\"\"",
        ] {
            assert!(KdlDocument::parse_v2(broken).is_err(), "{broken}");
            let flat = harmless(broken).expect(broken);
            assert!(flat.len() == broken.len() && !flat.contains('{'), "{flat}");
            assert!(KdlDocument::parse_v2(&flat).is_err(), "{flat}");
        }
    }
}
