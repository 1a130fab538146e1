//! The shape of KDL, checked on tokens: names, values, `name=value`, blocks.
//!
//! kdl 6.7.1 recovers from errors by recursion, so that a few kilobytes of broken annotations overflow any stack.
//! Here a broken shape ends in at most twenty findings, and the parser sees only texts of the right shape; strings'
//! escapes and the like stay its business.

use super::lexer::{Kind, Token, lex};
use super::numerals::looks_numeric;
use super::shorten::shorten;
use super::{Diagnostic, Span};

/// Findings of one file.
const MOST: usize = 20;
const KEYWORDS: [&str; 6] = ["#true", "#false", "#null", "#nan", "#inf", "#-inf"];

/// What is wrong with the shape of a text.
pub fn check(text: &str, file: u16) -> Vec<Diagnostic> {
    let tokens = lex(text).tokens;
    let mut walk = Walk { text, file, tokens: &tokens, at: 0, found: Vec::new() };
    while walk.at < tokens.len() && walk.found.len() < MOST {
        walk.node();
    }
    walk.found
}

struct Walk<'a> {
    text: &'a str,
    file: u16,
    tokens: &'a [Token],
    at: usize,
    found: Vec<Diagnostic>,
}

impl<'a> Walk<'a> {
    fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|t| t.kind)
    }

    fn of(&self, i: usize) -> &'a str {
        self.tokens.get(i).map_or("", |t| &self.text[t.range.clone()])
    }

    /// Reports at a token, or at the end of the one before where the line is over.
    fn say(&mut self, at: usize, message: String, label: &str, help: String) {
        let over = self.tokens.get(at).is_none_or(|t| matches!(t.kind, Kind::Newline));
        let span = match (over, self.tokens.get(if over { at.saturating_sub(1) } else { at })) {
            (true, Some(t)) => Span { file: self.file, offset: t.range.end, len: 0 },
            (false, Some(t)) => Span { file: self.file, offset: t.range.start, len: t.range.len() },
            (_, None) => Span { file: self.file, offset: 0, len: 0 },
        };
        self.found.push(Diagnostic::error("syntax", message, span, label).help(help));
    }

    /// After a finding: on to the next node.
    fn skip(&mut self) {
        while self.kind().is_some_and(|k| !matches!(k, Kind::Newline | Kind::Semicolon | Kind::Open | Kind::Close)) {
            self.at += 1;
        }
    }

    /// One node up to its end, its block or what closes the block around it.
    fn node(&mut self) {
        let start = self.at;
        match self.kind() {
            Some(Kind::Semicolon) if start == 0 || matches!(self.tokens[start - 1].kind, Kind::Newline | Kind::Semicolon | Kind::Open) => {
                self.say(start, "this `;` ends no node".into(), "a node expected before this", "delete it".into());
                self.at += 1;
                return;
            }
            None | Some(Kind::Newline | Kind::Semicolon | Kind::Close | Kind::Open) => {
                self.at += 1;
                return;
            }
            Some(Kind::LeftParen) if !self.annotation() => return self.skip(),
            _ => {}
        }
        let help = "a line is a node: its name, values, `name=value` pairs, then perhaps a block `{ … }`";
        match self.kind() {
            Some(Kind::Text) => {}
            Some(Kind::Word) if !looks_numeric(self.of(self.at)) => {}
            Some(Kind::Equals) => {
                self.say(self.at, "a name is missing before `=`".into(), "a name expected before this", help.into());
                return self.skip();
            }
            Some(_) => {
                let written = shorten(self.of(self.at));
                self.say(self.at, format!("`{written}` is no name of a node"), "a node's name expected", help.into());
                return self.skip();
            }
            None => {
                self.say(start, "an annotation without a node".into(), "not expected here", help.into());
                return;
            }
        }
        self.at += 1;
        while self.entry() {}
    }

    /// One value or `name=value`; false at the node's end and after a finding.
    fn entry(&mut self) -> bool {
        let Some(token) = self.tokens.get(self.at) else { return false };
        let before = self.tokens.get(self.at.wrapping_sub(1)).map_or(0, |t| t.range.end);
        match token.kind {
            Kind::Newline | Kind::Semicolon | Kind::Close | Kind::Open => return false,
            _ if before == token.range.start && token.kind != Kind::Equals => {
                let glued = format!("{}{}", self.of(self.at - 1), self.of(self.at));
                self.say(
                    self.at,
                    format!("a space is missing in `{}`", shorten(&glued)),
                    "a space expected before this",
                    "values are separated by spaces; quote a text as a whole".into(),
                );
                self.skip();
                return false;
            }
            Kind::Word | Kind::Text if self.tokens.get(self.at + 1).is_some_and(|t| t.kind == Kind::Equals) => {
                let name = self.of(self.at);
                if token.kind == Kind::Word && looks_numeric(name) {
                    self.say(
                        self.at,
                        format!("`{}` is a number, not a name", shorten(name)),
                        "a property's name expected",
                        "write `name=value`".into(),
                    );
                    self.skip();
                    return false;
                }
                self.at += 2;
            }
            Kind::Equals => {
                self.say(self.at, "a name is missing before `=`".into(), "a name expected before this", "write `name=value`".into());
                self.skip();
                return false;
            }
            _ => {}
        }
        self.value()
    }

    fn value(&mut self) -> bool {
        if self.kind() == Some(Kind::LeftParen) && !self.annotation() {
            self.skip();
            return false;
        }
        let written = self.of(self.at);
        match self.kind() {
            Some(Kind::Word | Kind::Text) => {}
            Some(Kind::Keyword) if KEYWORDS.contains(&written) => {}
            Some(Kind::Keyword) => {
                self.say(
                    self.at,
                    format!("`{}` is no keyword", shorten(written)),
                    "`#true` or `#false` expected",
                    "the keywords are `#true` and `#false`".into(),
                );
                self.skip();
                return false;
            }
            _ => {
                let behind = match self.tokens.get(self.at.wrapping_sub(1)).map(|t| t.kind) {
                    Some(Kind::Equals) => "behind `=`",
                    Some(Kind::RightParen) => "behind the annotation",
                    _ => "here",
                };
                self.say(
                    self.at,
                    format!("a value is missing {behind}"),
                    "a value expected",
                    "write `name=value`; text with other characters than letters, digits and `-` is quoted".into(),
                );
                self.skip();
                return false;
            }
        }
        self.at += 1;
        true
    }

    /// `(choice)`
    fn annotation(&mut self) -> bool {
        let kind = |i: usize| self.tokens.get(self.at + i).map(|t| t.kind);
        if matches!(kind(1), Some(Kind::Word | Kind::Text)) && kind(2) == Some(Kind::RightParen) {
            self.at += 3;
            return true;
        }
        self.say(
            self.at,
            "this annotation cannot be read".into(),
            "`(choice)` or `(param)` expected",
            "write `(choice)\"label\"` or `(param)\"name\"`; a text with parentheses is quoted".into(),
        );
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kdl::KdlDocument;

    #[test]
    fn it_agrees_with_the_parser() {
        for text in [
            "a",
            "a b=1 {c;d{e}}\nf",
            "(t)a (u)1 b=(v)\"w\"",
            "a \"b\" = 1",
            "\"a b\" 1 #true",
            "a\\\n 1",
            "a {\n}\n\nb",
            "a { b };c",
            "a {b;};",
            "a{b}",
        ] {
            assert_eq!(check(text, 0), vec![], "{text}");
            assert!(KdlDocument::parse_v2(text).is_ok(), "{text}");
        }
        for text in [
            "1 a", "= 1", "a =", "a b=", "a b= {c}", "a (t", "a (t)", "a (1 2)3", "a \"b\"c", "a #yes", "a 1=2", "a )", "#true",
            "a b = ;c", "a;;b", "a {;}",
        ] {
            assert_eq!(check(text, 0).len(), 1, "{text}: {:?}", check(text, 0));
            assert!(KdlDocument::parse_v2(text).is_err(), "{text}");
        }
    }
}
