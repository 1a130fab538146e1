//! A linear scan of KDL 2 into tokens: what the guard and the traps look at before the parser sees the text.
//!
//! It knows strings, comments and punctuation, not grammar. Comments are blanked byte for byte, because kdl 6.7.1
//! recurses once for every `*` or `/` inside them.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A run of identifier characters: a name, a word, or what was meant as a number.
    Word,
    /// A quoted, raw or multi-line string.
    Text,
    /// `#true` and its like.
    Keyword,
    /// `{`
    Open,
    /// `}`
    Close,
    /// `(`
    LeftParen,
    /// `)`
    RightParen,
    /// `=`
    Equals,
    /// `;`
    Semicolon,
    /// The end of a line.
    Newline,
    /// `/-`
    SlashDash,
    /// A character that has no place outside strings: `/`, `[`, `]`, `\`, a lone `#`.
    Stray,
}

/// A token and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub range: Range<usize>,
}

/// What stopped the scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// `/*` without `*/`, opened here.
    OpenComment(usize),
    /// Comments nested deeper than allowed, here.
    DeepComment(usize),
    /// A string without its closing quotes, opened here.
    OpenString(Range<usize>),
    /// A character that KDL forbids everywhere.
    Forbidden(usize, char),
}

/// The tokens of a text, and the text with its comments turned into spaces.
pub struct Lexed {
    /// Every token in order.
    pub tokens: Vec<Token>,
    /// Where comments stand, in order; `//` without the end of its line.
    pub comments: Vec<Range<usize>>,
    /// The text with comments blanked; byte offsets are those of the original.
    pub blanked: String,
    /// Why the scan ended early, if it did.
    pub stop: Option<Stop>,
}

/// Nesting of comments that is refused.
pub const COMMENT_DEPTH: usize = 16;

fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_space(c: char) -> bool {
    matches!(c, '\t' | ' ' | '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{E}'..='\u{1F}' | '\u{7F}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

fn is_word(c: char) -> bool {
    !is_newline(c) && !is_space(c) && !is_forbidden(c) && !"\\/(){}[];\"#=".contains(c)
}

/// Scans a text once.
pub fn lex(text: &str) -> Lexed {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), comments: Vec::new() };
    if text.starts_with('\u{FEFF}') {
        lexer.at = '\u{FEFF}'.len_utf8();
    }
    let stop = lexer.run().err();
    let mut bytes = text.as_bytes().to_vec();
    for range in &lexer.comments {
        bytes[range.clone()].fill(b' ');
    }
    let blanked = String::from_utf8(bytes).unwrap_or_default();
    Lexed { tokens: lexer.tokens, comments: lexer.comments, blanked, stop }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token>,
    comments: Vec<Range<usize>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_while(&mut self, test: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !test(c)).unwrap_or(rest.len());
    }

    fn push(&mut self, kind: Kind, len: usize) {
        self.tokens.push(Token { kind, range: self.at..self.at + len });
        self.at += len;
    }

    fn run(&mut self) -> Result<(), Stop> {
        while let Some(c) = self.peek() {
            let rest = self.rest();
            if is_space(c) {
                self.at += c.len_utf8();
            } else if rest.starts_with("\r\n") {
                self.push(Kind::Newline, 2);
            } else if is_newline(c) {
                self.push(Kind::Newline, c.len_utf8());
            } else if rest.starts_with("//") {
                let start = self.at;
                self.skip_while(|c| !is_newline(c));
                self.comments.push(start..self.at);
            } else if rest.starts_with("/*") {
                self.comment()?;
            } else if rest.starts_with("/-") {
                self.push(Kind::SlashDash, 2);
            } else if c == '"' {
                self.string()?;
            } else if c == '#' {
                // Counted once: of a megabyte of `#`, each would be looked at from every one before it.
                let hashes = rest.len() - rest.trim_start_matches('#').len();
                match hashes {
                    _ if rest[hashes..].starts_with('"') => self.string()?,
                    1 => self.plain(c),
                    more => self.push(Kind::Stray, more - 1),
                }
            } else if c == '\\' && self.line_continues() {
            } else if is_forbidden(c) {
                return Err(Stop::Forbidden(self.at, c));
            } else {
                self.plain(c);
            }
        }
        Ok(())
    }

    fn plain(&mut self, c: char) {
        let kind = match c {
            '{' => Kind::Open,
            '}' => Kind::Close,
            '(' => Kind::LeftParen,
            ')' => Kind::RightParen,
            '=' => Kind::Equals,
            ';' => Kind::Semicolon,
            '#' => {
                let name = self.rest()[1..].find(|c| !is_word(c)).unwrap_or(self.rest().len() - 1);
                return self.push(if name > 0 { Kind::Keyword } else { Kind::Stray }, name + 1);
            }
            c if is_word(c) => {
                let len = self.rest().find(|c| !is_word(c)).unwrap_or(self.rest().len());
                return self.push(Kind::Word, len);
            }
            _ => Kind::Stray,
        };
        self.push(kind, c.len_utf8());
    }

    /// `\` at the end of a line: the node goes on.
    fn line_continues(&mut self) -> bool {
        let after = self.rest()[1..].trim_start_matches(is_space);
        let comment = after.starts_with("//");
        let end = if comment { after.find(is_newline).unwrap_or(after.len()) } else { 0 };
        let tail = &after[end..];
        if !tail.is_empty() && !tail.starts_with(is_newline) {
            return false;
        }
        let start = self.text.len() - after.len();
        if comment {
            self.comments.push(start..start + end);
        }
        let newline = if tail.starts_with("\r\n") { 2 } else { tail.chars().next().map_or(0, char::len_utf8) };
        self.at = start + end + newline;
        true
    }

    fn comment(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let mut open = vec![start];
        self.at += 2;
        while !open.is_empty() {
            let rest = self.rest();
            let Some(next) = rest.find(['*', '/']) else {
                return Err(Stop::OpenComment(open.pop().unwrap_or(start)));
            };
            self.at += next;
            if self.rest().starts_with("/*") {
                if open.len() == COMMENT_DEPTH {
                    return Err(Stop::DeepComment(self.at));
                }
                open.push(self.at);
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                open.pop();
                self.at += 2;
            } else {
                self.at += 1;
            }
        }
        self.comments.push(start..self.at);
        Ok(())
    }

    fn string(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let rest = self.rest();
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let body = &rest[hashes..];
        let multi = body.starts_with("\"\"\"") && (hashes == 0 || body[3..].starts_with(is_newline));
        let quotes = if multi { "\"\"\"" } else { "\"" };
        let close = format!("{quotes}{}", "#".repeat(hashes));
        let mut at = start + hashes + quotes.len();
        loop {
            let rest = &self.text[at..];
            let Some(c) = rest.chars().next() else {
                return Err(Stop::OpenString(start..start + hashes + quotes.len()));
            };
            if rest.starts_with(&close) {
                at += close.len();
                break;
            }
            if is_forbidden(c) {
                return Err(Stop::Forbidden(at, c));
            }
            if !multi && is_newline(c) {
                return Err(Stop::OpenString(start..at));
            }
            at += c.len_utf8();
            if hashes == 0 && c == '\\' {
                // The next character is escaped; a run of white space after `\` is skipped by KDL.
                let next = &self.text[at..];
                match next.chars().next() {
                    Some(w) if is_space(w) || is_newline(w) => {
                        at += next.len() - next.trim_start_matches(|c| is_space(c) || is_newline(c)).len();
                    }
                    Some(w) => at += w.len_utf8(),
                    None => {}
                }
            }
        }
        self.push(Kind::Text, at - start);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        lex(text).tokens.into_iter().map(|t| (t.kind, &text[t.range])).collect()
    }

    #[test]
    fn strings_and_comments_hide_braces() {
        let text = "a \"{\\\"\" #\"}\"# /* { /* } */ */ b=1 // {\n\"\"\"\n{\n\"\"\" #true";
        assert_eq!(
            kinds(text),
            vec![
                (Kind::Word, "a"),
                (Kind::Text, "\"{\\\"\""),
                (Kind::Text, "#\"}\"#"),
                (Kind::Word, "b"),
                (Kind::Equals, "="),
                (Kind::Word, "1"),
                (Kind::Newline, "\n"),
                (Kind::Text, "\"\"\"\n{\n\"\"\""),
                (Kind::Keyword, "#true"),
            ]
        );
        let blanked = lex(text).blanked;
        assert_eq!(blanked.len(), text.len());
        assert!(!blanked.contains("//") && !blanked.contains("/*"));
    }

    #[test]
    fn hashes_without_a_string_are_one_token() {
        assert_eq!(kinds("###"), vec![(Kind::Stray, "##"), (Kind::Stray, "#")]);
        assert_eq!(kinds("##true #"), vec![(Kind::Stray, "#"), (Kind::Keyword, "#true"), (Kind::Stray, "#")]);
        assert_eq!(kinds("##\"a\"# \"##"), vec![(Kind::Text, "##\"a\"# \"##")]);
        assert_eq!(lex(&"#".repeat(1 << 20)).tokens.len(), 2);
    }

    #[test]
    fn a_continued_line_has_no_end() {
        assert_eq!(kinds("a \\ // more\n b"), vec![(Kind::Word, "a"), (Kind::Word, "b")]);
    }

    #[test]
    fn what_is_not_closed_is_told() {
        assert_eq!(lex("a /* b").stop, Some(Stop::OpenComment(2)));
        assert_eq!(lex("a \"b\nc").stop, Some(Stop::OpenString(2..4)));
        assert_eq!(lex("a\u{7}").stop, Some(Stop::Forbidden(1, '\u{7}')));
        let deep = "/*".repeat(COMMENT_DEPTH + 1);
        assert!(matches!(lex(&deep).stop, Some(Stop::DeepComment(_))));
    }
}
