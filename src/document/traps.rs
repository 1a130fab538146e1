//! What people write in place of KDL (language.md, section 3): found in the tokens, before the parser words it its way.
//!
//! Every trap says what to write. Its bytes are then overwritten by something harmless, so that the rest of the file
//! is still read and all errors come in one report.

use super::guard::hidden;
use super::language::Language;
use super::lexer::{Kind, Lexed, Token};
use super::shorten::shorten;
use super::{Diagnostic, Span};
use std::ops::Range;

mod words;

/// Findings that are kept of a file.
const MOST: usize = 1_000;

/// The findings, and the text to parse in place of what was written.
pub struct Trapped {
    /// What was found.
    pub found: Vec<Diagnostic>,
    /// Bytes whose meaning is unknown: nothing more is said about them.
    pub poison: Vec<Range<usize>>,
    /// The text with comments, hidden nodes and traps overwritten; same length as the original.
    pub text: String,
    /// Whether `text` may be parsed: false where a trap could not be overwritten.
    pub usable: bool,
}

/// Finds the traps of a file.
pub fn find(language: &Language, text: &str, lexed: Lexed, file: u16) -> Trapped {
    let mut finder =
        Finder { language, text, file, bytes: lexed.blanked.into_bytes(), found: Vec::new(), poison: Vec::new(), usable: true };
    let visible = finder.hide(&lexed.tokens);
    finder.walk(&visible);
    let Finder { bytes, found, poison, usable, .. } = finder;
    match String::from_utf8(bytes) {
        Ok(text) => Trapped { found, poison, text, usable },
        Err(_) => Trapped { found, poison, text: String::new(), usable: false },
    }
}

struct Finder<'a> {
    language: &'a Language,
    text: &'a str,
    file: u16,
    bytes: Vec<u8>,
    found: Vec<Diagnostic>,
    poison: Vec<Range<usize>>,
    usable: bool,
}

impl<'a> Finder<'a> {
    fn span(&self, range: &Range<usize>) -> Span {
        Span { file: self.file, offset: range.start, len: range.len() }
    }

    fn of(&self, range: &Range<usize>) -> &'a str {
        &self.text[range.clone()]
    }

    fn say(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        range: &Range<usize>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        // More would never be shown.
        if self.found.len() > MOST {
            return;
        }
        let span = self.span(range);
        self.found.push(Diagnostic::error(code, message, span, label).help(help));
    }

    /// Overwrites by a word, and says nothing more about it.
    fn poison(&mut self, range: &Range<usize>) {
        self.bytes[range.clone()].fill(b'x');
        self.poison.push(range.clone());
    }

    fn blank(&mut self, range: &Range<usize>) {
        self.bytes[range.clone()].fill(b' ');
    }

    /// Blanks what `/-` hides and gives the tokens that are left.
    fn hide(&mut self, tokens: &[Token]) -> Vec<Token> {
        let mut visible = Vec::with_capacity(tokens.len());
        let mut i = 0;
        while let Some(token) = tokens.get(i) {
            if token.kind != Kind::SlashDash {
                visible.push(token.clone());
                i += 1;
                continue;
            }
            let what = hidden(tokens, i);
            let mut range = what.range;
            i = what.next;
            if let Some(end) = tokens.get(i).filter(|t| what.node && t.kind == Kind::Semicolon) {
                self.say(
                    "slash-dash",
                    "`/-` before a node that ends with `;` cannot be read",
                    &range,
                    "hidden by `/-`",
                    "put `/-` and its node on a line of their own, or use `/* … */`",
                );
                range.end = end.range.end;
                i += 1;
            }
            self.blank(&range);
        }
        visible
    }

    fn walk(&mut self, tokens: &[Token]) {
        let kind = |i: usize| tokens.get(i).map(|t| t.kind);
        let mut at_node = true;
        let mut i = 0;
        while let Some(token) = tokens.get(i) {
            let start = at_node;
            at_node = matches!(token.kind, Kind::Newline | Kind::Semicolon | Kind::Open);
            match token.kind {
                Kind::Open if start => {
                    self.say(
                        "brace-on-its-own",
                        "this `{` belongs to no node",
                        &token.range,
                        "a node's name expected",
                        "`{` stands on the line of its node: `network {`, with no `;` before it",
                    );
                    self.usable = false;
                }
                Kind::Close => {
                    i = self.after_block(tokens, i + 1);
                    continue;
                }
                Kind::Equals if i > 0 && self.is_node_name(tokens, i - 1) => {
                    let name = self.of(&tokens[i - 1].range);
                    let value = tokens.get(i + 1).map_or("…", |t| self.of(&t.range));
                    self.say(
                        "equals-after-node",
                        format!("`{}` is a node here, and a node takes no `=`", shorten(name)),
                        &token.range,
                        "not here",
                        format!("write `{} {}`", shorten(name), shorten(value)),
                    );
                    self.blank(&token.range);
                }
                Kind::Equals if kind(i + 1) == Some(Kind::Equals) => {
                    let range = token.range.start..tokens[i + 1].range.end;
                    self.say("comparison", "`==` is no part of the language", &range, "not here", "write a bound: `NAME min=… max=…`");
                    self.usable = false;
                }
                Kind::Stray | Kind::Word => {
                    i = self.run(tokens, i, start);
                    continue;
                }
                _ => {}
            }
            i += 1;
        }
    }

    fn is_node_name(&self, tokens: &[Token], i: usize) -> bool {
        matches!(tokens[i].kind, Kind::Word | Kind::Text)
            && (i == 0 || matches!(tokens[i - 1].kind, Kind::Newline | Kind::Semicolon | Kind::Open))
    }

    /// What may follow `}` on its line: nothing but `;` or another `}`.
    fn after_block(&mut self, tokens: &[Token], i: usize) -> usize {
        let Some(token) = tokens.get(i) else { return i };
        if matches!(token.kind, Kind::Newline | Kind::Semicolon | Kind::Close) {
            return i;
        }
        let end = tokens[i..]
            .iter()
            .position(|t| matches!(t.kind, Kind::Newline | Kind::Semicolon | Kind::Close | Kind::Open))
            .map_or(tokens.len(), |n| i + n);
        let range = token.range.start..tokens[end.max(i + 1) - 1].range.end;
        let property = tokens.get(i + 1).is_some_and(|t| t.kind == Kind::Equals);
        if property {
            self.say(
                "property-after-block",
                "properties stand before the block, not behind it",
                &range,
                "behind `}`",
                format!("write `… {} {{ … }}`", shorten(self.of(&range))),
            );
        } else {
            self.say(
                "text-after-block",
                "a node ends with its block",
                &range,
                "`;` or a new line expected before this",
                "begin a new line after `}`, or write `;`",
            );
        }
        if tokens.get(end).is_some_and(|t| t.kind == Kind::Open) {
            self.usable = false;
        }
        self.blank(&range);
        end.max(i + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::guard;

    fn codes(text: &str) -> Vec<&'static str> {
        let lexed = guard::scan(text, 0).unwrap_or_else(|d| panic!("{text}: {d:?}"));
        find(&crate::language(), text, lexed, 0).found.iter().map(|d| d.code).collect()
    }

    #[test]
    fn each_trap_is_found_once() {
        for (text, code) in [
            ("a nesterov=true", "bare-keyword"),
            ("a null", "bare-keyword"),
            ("{ }", "brace-on-its-own"),
            ("a { b; /- c 1; d }", "slash-dash"),
            ("lr 1e-3..1e-1", "not-a-number"),
            ("kernel 3x3", "not-a-number"),
            ("timeout 10m", "not-a-number"),
            ("a 0.5x", "not-a-number"),
            ("a 50%", "not-a-number"),
            ("a 0,5", "not-a-number"),
            ("a val=.15", "not-a-number"),
            ("a root=data/BCCD", "unquoted-path"),
            ("a ~/x", "unquoted-path"),
            ("require flops<=2e9", "comparison"),
            ("require flops <= 2e9", "comparison"),
            ("a 'sgd'", "apostrophes"),
            ("a {\n…\n}", "ellipsis"),
            ("a {\n...\n}", "ellipsis"),
            ("kernel 3 | 5", "bar"),
            ("p3: conv 64", "colon"),
            ("a { b } c=1", "property-after-block"),
            ("a\n{ b }", "brace-on-its-own"),
            ("a b, c", "comma"),
            ("a [3 5]", "brackets"),
            ("epochs = 12", "equals-after-node"),
        ] {
            let found = codes(text);
            assert!(!found.is_empty() && found.iter().all(|c| *c == code), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_is_right_is_no_trap() {
        let text = "a 1 -1 +2 0x1F 1_000 1e-3 1E+4 2.5 -0.5e3 #true \"3x3\" (choice)\"a\" b=(param)\"c\" -x - + map50-95 { c; d /-e /-f=1 /-{ g }; h }\n/- i { j }\nk";
        assert_eq!(codes(text), Vec::<&str>::new());
    }
}
