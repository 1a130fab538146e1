//! A text as nodes, however broken it is: what formatting looks at, and editors whose users are in the middle of a word. Never fails.

use super::guard::MAX_DEPTH;
use super::lexer::{Kind, Stop, Token, lex};
use super::{Node, Property, Span, Spanned, Value};
use std::ops::Range;

/// Strings that are not closed, and characters that may not stand, which are passed over before the rest is left.
const MOST_STOPS: usize = 20;
/// Nodes of the top: at the beginning of a line, one of them ends what is open where blocks do not fit together.
const TOP: [&str; 10] = ["pipeline", "param", "include", "data", "space", "sample", "train", "evaluate", "select", "answer"];

/// What a text seems to say.
pub struct Sketch {
    /// Every token in order; a string that is not closed ends with its line.
    pub tokens: Vec<Token>,
    /// Where comments stand.
    pub comments: Vec<Range<usize>>,
    /// The nodes at the top.
    pub lines: Vec<Line>,
}

/// A node as it is written.
pub struct Line {
    /// Its name.
    pub name: Range<usize>,
    /// Whether `/-` hides it.
    pub hidden: bool,
    /// Values and properties in order, without those that `/-` hides.
    pub entries: Vec<Entry>,
    /// Its block.
    pub block: Option<Block>,
    /// From its name to its last token.
    pub range: Range<usize>,
}

/// A value or a property; each part may be missing where somebody is writing.
#[derive(Clone, Default)]
pub struct Entry {
    /// `choice` of `(choice)"act"`.
    pub annotation: Option<Range<usize>>,
    /// The name of a property.
    pub key: Option<Range<usize>>,
    /// The value.
    pub value: Option<Range<usize>>,
}

/// `{ … }`
pub struct Block {
    /// From `{` to `}`, or to where what is written ends.
    pub range: Range<usize>,
    /// Whether `}` is there.
    pub closed: bool,
    /// The nodes inside.
    pub lines: Vec<Line>,
}

/// Looks at a text.
pub fn sketch(text: &str) -> Sketch {
    let (tokens, comments, whole) = tokens(text);
    let parse = |recovers: bool| {
        let mut parser = Parser { text, tokens: &tokens, at: 0, recovers, whole };
        let mut lines = Vec::new();
        while parser.at < tokens.len() {
            parser.lines(0, &mut lines);
            if parser.kind() == Some(Kind::Close) {
                parser.at += 1; // It closes nothing.
                parser.whole = false;
            }
        }
        (lines, parser.whole)
    };
    let (mut lines, fits) = parse(false);
    if !fits {
        lines = parse(true).0;
    }
    Sketch { tokens, comments, lines }
}

/// The text that a word or a plain string stands for; none of strings with escapes or over several lines.
pub fn plain(written: &str) -> Option<&str> {
    if written.starts_with("\"\"\"") || written.starts_with('#') {
        return None;
    }
    match written.strip_prefix('"') {
        Some(rest) => Some(rest.strip_suffix('"').unwrap_or(rest)).filter(|inner| !inner.contains('\\')),
        None => Some(written),
    }
}

impl Line {
    /// The node, as far as its words can be told without a parser; of its children only their names and values.
    pub fn node(&self, text: &str) -> Node {
        let mut node = self.bare(text);
        node.children = self.block.iter().flat_map(|b| &b.lines).filter(|l| !l.hidden).map(|l| l.bare(text)).collect();
        node
    }

    fn bare(&self, text: &str) -> Node {
        let word = |range: &Range<usize>| spanned(plain(&text[range.clone()]).unwrap_or_default().to_string(), range);
        let mut node = Node { name: word(&self.name), span: span(&self.range), arguments: vec![], properties: vec![], children: vec![] };
        for entry in &self.entries {
            let Some(range) = &entry.value else { continue };
            let value = spanned(value(text, entry, range), range);
            match &entry.key {
                Some(key) => node.properties.push(Property { name: word(key), values: vec![value] }),
                None => node.arguments.push(value),
            }
        }
        node
    }

    /// The text of its first value without a name.
    pub fn first<'t>(&self, text: &'t str) -> Option<(&'t str, Range<usize>)> {
        let range = self.entries.iter().find(|e| e.key.is_none())?.value.clone()?;
        Some((plain(&text[range.clone()])?, range))
    }

    /// The text of a property.
    pub fn property<'t>(&self, text: &'t str, name: &str) -> Option<(&'t str, Range<usize>)> {
        let named = |e: &&Entry| e.key.as_ref().is_some_and(|k| plain(&text[k.clone()]) == Some(name));
        let range = self.entries.iter().find(named)?.value.clone()?;
        Some((plain(&text[range.clone()])?, range))
    }

    /// What stands in its block.
    pub fn inside(&self) -> impl Iterator<Item = &Line> {
        self.block.iter().flat_map(|b| &b.lines)
    }
}

/// The value of an entry, as far as it can be told: a number is only known to be one.
pub fn value(text: &str, entry: &Entry, range: &Range<usize>) -> Value {
    let written = &text[range.clone()];
    let known = plain(written).unwrap_or_default().to_string();
    match entry.annotation.as_ref().map(|a| &text[a.clone()]) {
        Some("choice") => Value::Choice(known),
        // A param or an expression may be anything.
        Some(_) => Value::Bool(true),
        None if written.starts_with('#') => Value::Bool(written == "#true"),
        None if is_number(written) => Value::Int(0),
        None => Value::Text(known),
    }
}

/// Whether a word is a number, or was meant as one.
pub fn is_number(written: &str) -> bool {
    let rest = written.strip_prefix(['+', '-']).unwrap_or(written);
    rest.strip_prefix('.').unwrap_or(rest).starts_with(|c: char| c.is_ascii_digit())
}

fn span(range: &Range<usize>) -> Span {
    Span { file: 0, offset: range.start, len: range.len() }
}

fn spanned<T>(value: T, range: &Range<usize>) -> Spanned<T> {
    Spanned { value, span: span(range) }
}

/// The tokens of a text that may be broken, its comments, and whether it is not.
fn tokens(text: &str) -> (Vec<Token>, Vec<Range<usize>>, bool) {
    let mut seen = text.to_string();
    let mut open: Vec<Range<usize>> = Vec::new();
    for _ in 0..MOST_STOPS {
        let lexed = lex(&seen);
        let blank = match &lexed.stop {
            // The string that somebody is writing ends with its line.
            Some(Stop::OpenString(range)) => {
                let end = seen[range.start..].find(['\n', '\r']).map_or(seen.len(), |i| range.start + i);
                open.push(range.start..end.max(range.end.min(seen.len())));
                open[open.len() - 1].clone()
            }
            Some(Stop::Forbidden(at, c)) => *at..at + c.len_utf8(),
            _ => {
                let (mut tokens, whole) = (lexed.tokens, open.is_empty());
                tokens.extend(open.into_iter().map(|range| Token { kind: Kind::Text, range }));
                tokens.sort_by_key(|t| t.range.start);
                return (tokens, lexed.comments, whole);
            }
        };
        let spaces = " ".repeat(blank.len());
        seen.replace_range(blank, &spaces);
    }
    let lexed = lex(&seen);
    (lexed.tokens, lexed.comments, false)
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    /// Whether a node of the top ends blocks that are open.
    recovers: bool,
    /// Whether braces have fitted together so far.
    whole: bool,
}

impl Parser<'_> {
    fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|t| t.kind)
    }

    fn range(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.text.len()..self.text.len(), |t| t.range.clone())
    }

    /// Whether a node of the top begins here, whatever is open.
    fn at_top(&self) -> bool {
        let range = self.range();
        let first = range.start == 0 || self.text[..range.start].ends_with(['\n', '\r']);
        self.recovers && first && TOP.contains(&&self.text[range])
    }

    /// Nodes up to a `}`, which is left.
    fn lines(&mut self, depth: usize, out: &mut Vec<Line>) {
        let mut hidden = false;
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Close => return,
                Kind::Word if depth > 0 && self.at_top() => return,
                Kind::SlashDash => {
                    hidden = true;
                    self.at += 1;
                }
                Kind::Word | Kind::Text | Kind::Keyword => {
                    let line = self.line(depth, hidden);
                    out.push(line);
                    hidden = false;
                }
                // A block of no node.
                Kind::Open => {
                    let block = self.block(depth);
                    out.extend(block.lines);
                }
                Kind::LeftParen => {
                    self.annotation();
                }
                _ => self.at += 1,
            }
        }
    }

    fn line(&mut self, depth: usize, hidden: bool) -> Line {
        let name = self.range();
        let mut line = Line { range: name.clone(), name, hidden, entries: Vec::new(), block: None };
        self.at += 1;
        let (mut hides, mut annotation) = (false, None);
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Newline | Kind::Semicolon | Kind::Close => break,
                Kind::SlashDash => {
                    hides = true;
                    self.at += 1;
                }
                Kind::Open => {
                    let block = self.block(depth);
                    line.range.end = block.range.end;
                    let closed = block.closed;
                    if !std::mem::take(&mut hides) {
                        line.block = Some(block);
                    }
                    if !closed {
                        break;
                    }
                }
                Kind::LeftParen => annotation = self.annotation(),
                Kind::Word | Kind::Text | Kind::Keyword => {
                    let mut entry = Entry { annotation: annotation.take(), key: None, value: Some(self.range()) };
                    line.range.end = self.range().end;
                    self.at += 1;
                    if self.kind() == Some(Kind::Equals) {
                        entry.key = entry.value.take();
                        line.range.end = self.range().end;
                        self.at += 1;
                        if self.kind() == Some(Kind::LeftParen) {
                            entry.annotation = self.annotation();
                        }
                        // `a= b=1`: the value of `a` is yet to be written.
                        let another = self.tokens.get(self.at + 1).is_some_and(|t| t.kind == Kind::Equals);
                        if let (Some(Kind::Word | Kind::Text | Kind::Keyword), false) = (self.kind(), another) {
                            entry.value = Some(self.range());
                            line.range.end = self.range().end;
                            self.at += 1;
                        }
                    }
                    if !std::mem::take(&mut hides) {
                        line.entries.push(entry);
                    }
                }
                _ => self.at += 1,
            }
        }
        line
    }

    /// `(choice)`: what stands inside.
    fn annotation(&mut self) -> Option<Range<usize>> {
        self.at += 1;
        let inside = matches!(self.kind(), Some(Kind::Word | Kind::Text)).then(|| self.range());
        self.at += usize::from(inside.is_some());
        self.at += usize::from(self.kind() == Some(Kind::RightParen));
        inside
    }

    fn block(&mut self, depth: usize) -> Block {
        let start = self.range().start;
        self.at += 1;
        let mut lines = Vec::new();
        if depth < MAX_DEPTH {
            self.lines(depth + 1, &mut lines);
        } else {
            self.skip();
        }
        let closed = self.kind() == Some(Kind::Close);
        self.whole &= closed;
        let end = if closed { self.range().end } else { self.range().start };
        self.at += usize::from(closed);
        Block { range: start..end, closed, lines }
    }

    /// Passes over what is nested too deep, up to its `}`.
    fn skip(&mut self) {
        let mut open = 0usize;
        while let Some(kind) = self.kind() {
            match kind {
                Kind::Open => open += 1,
                Kind::Close if open == 0 => return,
                Kind::Close => open -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, lines: &[Line]) -> String {
        let each = lines.iter().map(|l| {
            let entries = l.entries.iter().map(|e| {
                let of = |r: &Option<Range<usize>>| r.as_ref().map_or("", |r| &text[r.clone()]);
                format!(" {}:{}:{}", of(&e.annotation), of(&e.key), of(&e.value))
            });
            let entries: String = entries.collect();
            let block = l.block.as_ref().map_or(String::new(), |b| format!("{{{}}}", shown(text, &b.lines)));
            format!("{}{}{entries}{block}", if l.hidden { "-" } else { "" }, &text[l.name.clone()])
        });
        each.collect::<Vec<_>>().join(";")
    }

    #[test]
    fn broken_texts_are_nodes_as_well() {
        for (text, want) in [
            ("a 1 b=(choice)\"x\" { c; d 2 }\ne", "a ::1 choice:b:\"x\"{c;d ::2};e"),
            ("train \"short\" { from \"tri\nepochs 4 }", "train ::\"short\"{from ::\"tri;epochs ::4}"),
            // A `=` behind the name of a node belongs to nothing.
            ("a b= { c=", "a :b:{c}"),
            ("} a /- 1 2 /-{ b } { c }\n/- d", "a ::2{c};-d"),
            ("{ a } (x) b (choice", "a;b"),
            ("a \u{7} b", "a ::b"),
            ("a b= c=1", "a :b: :c:1"),
            ("train \"t\" { from \"\nsample x", "train ::\"t\"{from ::\"};sample ::x"),
        ] {
            let got = shown(text, &sketch(text).lines);
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn no_text_is_too_deep() {
        for text in ["a {".repeat(100_000), "a { b }".repeat(20_000), "}".repeat(100_000), "\"a\n".repeat(50_000), "/-".repeat(50_000)] {
            sketch(&text);
        }
    }
}
