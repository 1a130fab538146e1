//! What a text costs the parser, estimated from its tokens before it sees them.
//!
//! kdl 6.7.1 is linear in what is left of a text behind the guard, but slow: a byte of text half a microsecond, a node or a value some
//! five. The weights are those of `cargo bench --bench document -- hostile`, which holds the estimate against the parser; they are for
//! one core of a machine of 2023, and what counts is their proportion.

use super::lexer::{Kind, Token};

/// Most that is parsed, in microseconds by the weights below: some 1,500 lines such as `conv 64 kernel=3 stride=2 as="p3"`. The parser
/// takes two thirds of it.
pub const MOST: u64 = 100_000;

const NODE: u64 = 7_000;
const VALUE: u64 = 6_000;
const PROPERTY: u64 = 2_000;
const ANNOTATION: u64 = 5_000;
/// What the parser never sees, because something is said of it, or it is hidden.
const FINDING: u64 = 5_000;
const BLOCK: u64 = 14_000;
const LINE: u64 = 800;
/// A text with an escape is read twice, a wrong escape several times; the `\` that continues a line is no token.
const BACKSLASH: u64 = 2_500;
const BYTE: u64 = 550;
/// Of a text over several lines, which is read three times.
const BYTE_OF_LINES: u64 = 2_200;

/// The microseconds of a text, and the token with which they come to more than [`MOST`].
pub fn of(text: &str, tokens: &[Token]) -> (u64, Option<usize>) {
    let mut nanoseconds = BACKSLASH * text.bytes().filter(|b| *b == b'\\').count() as u64;
    let (mut over, mut at_node) = (None, true);
    for (i, token) in tokens.iter().enumerate() {
        let begins = std::mem::replace(&mut at_node, matches!(token.kind, Kind::Newline | Kind::Semicolon | Kind::Open | Kind::Close));
        nanoseconds += match token.kind {
            Kind::Word | Kind::Text | Kind::Keyword => {
                let lines = token.kind == Kind::Text && text[token.range.clone()].trim_start_matches('#').starts_with("\"\"\"");
                let bytes = if lines { BYTE_OF_LINES } else { BYTE };
                // A property counts with its value.
                let named = tokens.get(i + 1).is_some_and(|next| next.kind == Kind::Equals);
                let begun = if begins { NODE } else { VALUE };
                (if named { 0 } else { begun }) + bytes * token.range.len() as u64
            }
            Kind::Equals => PROPERTY,
            Kind::LeftParen => ANNOTATION,
            Kind::Open => BLOCK,
            Kind::Newline | Kind::Semicolon => LINE,
            // Overwritten by a word of the same length.
            Kind::Stray => FINDING + BYTE * token.range.len() as u64,
            Kind::SlashDash => FINDING,
            Kind::Close | Kind::RightParen => LINE,
        };
        if over.is_none() && nanoseconds / 1_000 > MOST {
            over = Some(i);
        }
    }
    (nanoseconds / 1_000, over)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::lexer::lex;

    fn share(text: &str) -> f64 {
        of(text, &lex(text).tokens).0 as f64 / MOST as f64
    }

    /// A file of 1,000 nodes is read; what takes the parser longer is not.
    #[test]
    fn long_files_are_read_and_longer_ones_are_not() {
        let line = "conv 64 kernel=3 stride=2 as=\"layer-1234\" activation=relu\n";
        assert!(line.len() > 55 && share(&line.repeat(1000)) < 0.95, "{}", share(&line.repeat(1000)));
        for hostile in [
            "z\n".repeat(20_000),
            "[ ".repeat(40_000),
            format!("a {}", "#".repeat(400_000)),
            ") ".repeat(200_000),
            "/- ".repeat(40_000),
            "a \\\n ".repeat(200_000),
            "x".repeat(200_000),
            format!("a {}", "1 ".repeat(20_000)),
        ] {
            assert!(share(&hostile) > 1.0, "{} {}", &hostile[..3], share(&hostile));
        }
        let lines = format!("a \"\"\"\n{}\"\"\"", "x\n".repeat(40_000));
        assert!(share(&lines) > 1.0);
        let (_, over) = of(&lines, &lex(&lines).tokens);
        assert_eq!(over, Some(1));
    }
}
