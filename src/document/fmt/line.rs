//! Lines of pieces: how tokens and comments are laid out.

use crate::document::lexer::{Kind, Lexed};
use std::collections::HashMap;
use std::ops::Range;

/// Spaces of a block.
const INDENT: usize = 4;

/// Something that is printed without a space inside: a value with its name and annotation, a brace, a comment.
pub struct Piece {
    /// Its text.
    pub text: String,
    /// Blanks before it as it was written.
    pub gap: usize,
    /// The column where it was written, in characters.
    pub column: usize,
    /// Spaces before it as it is printed.
    pub space: usize,
    /// Whether it is `{`.
    pub opens: bool,
}

/// A line of the result.
#[derive(Default)]
pub struct Laid {
    /// Whether an empty line stands before it.
    pub apart: bool,
    /// Its indentation in characters.
    pub indent: usize,
    /// What stands in it, without its last comment.
    pub pieces: Vec<Piece>,
    /// A `//` comment at its end, with blanks before and column as written.
    pub comment: Option<(String, usize, usize)>,
    /// Whether it begins with a node's name and may be a neighbour of others.
    pub whole: bool,
    /// Whether it opens a block that goes on behind it.
    pub open: bool,
}

/// What a token is printed as, where that is not what was written: by its first byte.
pub type Wishes = HashMap<usize, String>;

#[derive(Clone, Copy, PartialEq)]
enum What {
    Token(Kind),
    /// `/* … */`
    Inline,
    /// `// …`
    Trailing,
    /// `\` at the end of a line.
    Continued,
}

/// Lays a text out. Spaces are one each; columns are left to [`super::align`].
pub fn lines(text: &str, lexed: &Lexed, wishes: &Wishes) -> Vec<Laid> {
    let mut layer =
        Layer { text, wishes, lines: Vec::new(), line: Laid::default(), depth: 0, place: (0, 0), blank: 0, continued: false, last: None };
    let items = items(text, lexed);
    let needless = needless(&items);
    for (i, (what, range)) in items.iter().enumerate() {
        match what {
            What::Token(Kind::Newline) => layer.end(range.end, false),
            What::Continued => {
                let newline = text[range.end..].find('\n').map_or(0, |i| i + 1);
                layer.end(range.end + newline, true);
            }
            What::Token(Kind::Semicolon) if needless[i] => {}
            _ => layer.put(*what, range),
        }
    }
    layer.end(text.len(), false);
    layer.lines
}

/// Which items are semicolons that end nothing: a node ends with its line, and with its block. Several may stand in a row.
fn needless(items: &[(What, Range<usize>)]) -> Vec<bool> {
    let (mut needless, mut ends) = (vec![false; items.len()], true);
    for (i, (what, _)) in items.iter().enumerate().rev() {
        match what {
            What::Trailing => {}
            What::Token(Kind::Semicolon) => needless[i] = ends,
            what => ends = matches!(what, What::Token(Kind::Newline | Kind::Close)),
        }
    }
    needless
}

/// Tokens, comments and continued lines in order.
fn items(text: &str, lexed: &Lexed) -> Vec<(What, Range<usize>)> {
    let mut items: Vec<(What, Range<usize>)> = lexed.tokens.iter().map(|t| (What::Token(t.kind), t.range.clone())).collect();
    let kind = |r: &Range<usize>| if text[r.clone()].starts_with("//") { What::Trailing } else { What::Inline };
    items.extend(lexed.comments.iter().map(|r| (kind(r), r.clone())));
    items.sort_by_key(|(_, r)| r.start);
    // The lexer has no token for `\`: it stands in the blanks between others. `a \ // comment` ends behind the comment.
    let mut continued = Vec::new();
    let mut at = 0;
    for range in items.iter().map(|(_, r)| r.clone()).chain(std::iter::once(text.len()..text.len())) {
        // A line may hold nothing but a `\`, so there may be several.
        while let Some(place) = text[at..range.start].find('\\').map(|i| at + i) {
            let comment = text[range.clone()].starts_with("//") && !text[place..range.start].contains(['\n', '\r']);
            let end = if comment { range.end } else { place + 1 };
            continued.push((What::Continued, end..end));
            at = place + 1;
        }
        at = range.end;
    }
    items.extend(continued);
    items.sort_by_key(|(_, r)| r.start);
    items
}

struct Layer<'t> {
    text: &'t str,
    wishes: &'t Wishes,
    lines: Vec<Laid>,
    line: Laid,
    /// Blocks that are open.
    depth: usize,
    /// The last item's first byte, or the line's, and its column.
    place: (usize, usize),
    /// Empty lines since the last that was not.
    blank: usize,
    /// Whether the line goes on from the one before.
    continued: bool,
    last: Option<(What, usize)>,
}

impl Layer<'_> {
    fn put(&mut self, what: What, range: &Range<usize>) {
        let written = &self.text[range.clone()];
        let between = &self.text[self.place.0.min(range.start)..range.start];
        let column = match between.rfind('\n') {
            Some(end) => between[end + 1..].chars().count(),
            None => self.place.1 + between.chars().count(),
        };
        self.place = (range.start, column);
        let gap = between.chars().rev().take_while(|c| c.is_whitespace() && *c != '\n').count();
        let text = self.wishes.get(&range.start).cloned().unwrap_or_else(|| written.trim_end().to_string());
        if self.line.pieces.is_empty() && self.line.comment.is_none() {
            let closes = usize::from(what == What::Token(Kind::Close));
            self.line.indent = INDENT * (self.depth.saturating_sub(closes) + usize::from(self.continued && closes == 0));
            self.line.whole = matches!(what, What::Token(Kind::Word | Kind::Text)) && !self.continued;
        }
        match what {
            What::Token(Kind::Open) => self.depth += 1,
            What::Token(Kind::Close) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        let last = self.last.replace((what, range.end));
        if what == What::Trailing {
            self.line.comment = Some((text, gap, column));
            return;
        }
        let glued = last.is_some_and(|(last, end)| glued(last, what, end == range.start));
        match self.line.pieces.last_mut().filter(|_| glued) {
            Some(piece) => piece.text += &text,
            None => {
                let space = usize::from(!self.line.pieces.is_empty());
                self.line.pieces.push(Piece { text, gap, column, space, opens: what == What::Token(Kind::Open) });
            }
        }
    }

    fn end(&mut self, at: usize, continued: bool) {
        let mut line = std::mem::take(&mut self.line);
        self.place = (at, 0);
        self.last = None;
        if continued {
            // `a \ // comment` stays in this order.
            line.pieces.push(Piece { text: "\\".into(), gap: 1, column: 0, space: usize::from(!line.pieces.is_empty()), opens: false });
        }
        let was = std::mem::replace(&mut self.continued, continued);
        if line.pieces.is_empty() && line.comment.is_none() {
            self.blank += 1;
            return;
        }
        let depth = self.depth * INDENT;
        line.open = depth > line.indent;
        line.whole &= !was && !continued && depth >= line.indent && line.pieces.iter().all(|p| !p.text.contains('\n'));
        let opened = self.lines.last().is_none_or(|l: &Laid| l.pieces.last().is_some_and(|p| p.opens));
        let closes = line.pieces.first().is_some_and(|p| p.text.starts_with('}'));
        line.apart = std::mem::take(&mut self.blank) > 0 && !opened && !closes && !was;
        self.lines.push(line);
    }
}

/// Whether nothing stands between two neighbours.
fn glued(last: What, what: What, touching: bool) -> bool {
    let (What::Token(last), What::Token(what)) = (last, what) else { return false };
    match (last, what) {
        (_, Kind::Semicolon | Kind::Equals | Kind::RightParen) | (Kind::Equals | Kind::LeftParen | Kind::RightParen, _) => true,
        (Kind::Open, Kind::Close) => true,
        (Kind::SlashDash, _) => touching,
        _ => false,
    }
}

/// The text of lines.
pub fn printed(lines: &[Laid]) -> String {
    let mut out = String::new();
    for (i, line) in lines.iter().enumerate() {
        if line.apart && i > 0 {
            out.push('\n');
        }
        let start = out.len();
        if !line.pieces.is_empty() || line.comment.is_some() {
            out.extend(std::iter::repeat_n(' ', line.indent));
        }
        for piece in &line.pieces {
            out.extend(std::iter::repeat_n(' ', piece.space));
            out += &piece.text;
        }
        if let Some((comment, gap, column)) = &line.comment {
            if !line.pieces.is_empty() {
                let line_start = out[start..].rfind('\n').map_or(start, |n| start + n + 1);
                let end = out[line_start..].chars().count();
                let space = if *gap > 1 { column.saturating_sub(end).max(1) } else { 1 };
                out.extend(std::iter::repeat_n(' ', space));
            }
            out += comment;
        }
        out.push('\n');
    }
    out
}
