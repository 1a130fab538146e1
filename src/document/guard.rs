//! What a text must be before the parser sees it.
//!
//! kdl 6.7.1 overflows its stack at a nesting of a few hundred, and takes seconds for kilobytes of `/- ` or of stars
//! in a comment. So: a bounded size, UTF-8, bounded nesting, and comments as well as what `/-` hides
//! blanked out with spaces, so that byte offsets stay.

use super::lexer::{COMMENT_DEPTH, Kind, Lexed, Stop, Token, lex};
use super::{Diagnostic, Span, effort};
use crate::base::grouped;
use std::ops::Range;

/// Largest file.
pub const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting of `{`.
pub const MAX_DEPTH: usize = 64;
/// Longest run of `/-`.
pub const MAX_SLASH_DASH: usize = 8;

/// Decodes bytes as text, or says at which byte they are not text.
pub fn text(bytes: &[u8], file: u16) -> Result<&str, Diagnostic> {
    let at = |offset: usize, len: usize| Span { file, offset, len };
    if bytes.len() > MAX_BYTES {
        return Err(Diagnostic::error(
            "file-too-large",
            format!("a pipeline file holds at most 1 MiB; this one has {:.1} MiB", bytes.len() as f64 / f64::from(1 << 20)),
            at(0, 0),
            "this file",
        )
        .help("candidates and results are never nodes of a file; long lists belong into files that the pipeline names"));
    }
    let not_text = |offset: usize, what: &str| {
        Diagnostic::error("not-text", format!("this file is not text: byte {offset} {what}"), at(offset, 0), "here")
            .help("a pipeline is a KDL 2 document in UTF-8; is this the right file?")
    };
    if let Some(nul) = bytes.iter().position(|&b| b == 0) {
        return Err(not_text(nul, "is NUL"));
    }
    let text = std::str::from_utf8(bytes).map_err(|e| not_text(e.valid_up_to(), "is not UTF-8"))?;
    if text.trim_start_matches('\u{FEFF}').trim().is_empty() {
        return Err(Diagnostic::error("empty-file", "this file is empty", at(0, 0), "nothing here")
            .help("a pipeline begins with a line such as `pipeline \"name\"`; `pipelines/yolov5.kdl` is one to start from"));
    }
    Ok(text)
}

/// Checks nesting, and gives the tokens with everything hidden blanked out.
pub fn scan(text: &str, file: u16) -> Result<Lexed, Vec<Diagnostic>> {
    let lexed = lex(text);
    let mut found: Vec<Diagnostic> = lexed.stop.iter().map(|stop| stopped(stop, file)).collect();
    let (effort, over) = effort::of(text, &lexed.tokens);
    if let Some(token) = over.and_then(|at| lexed.tokens.get(at)) {
        let times = effort as f64 / effort::MOST as f64;
        let d = Diagnostic::error(
            "file-too-large",
            format!(
                "this file is too long: it has {} names, values and signs in {} bytes, which is {times:.1} times what one file may hold",
                grouped(lexed.tokens.len() as u64),
                grouped(text.len() as u64)
            ),
            Span { file, offset: token.range.start, len: 0 },
            "up to here",
        );
        return Err(vec![d.help(
            "some 1,500 lines are read; put parts into files of their own with `include`. Candidates and results are never nodes of a file",
        )]);
    }
    found.extend(nesting(text, &lexed.tokens, file, lexed.stop.is_none()));
    found.extend(runs(&lexed.tokens, file));
    if found.is_empty() { Ok(lexed) } else { Err(found) }
}

fn stopped(stop: &Stop, file: u16) -> Diagnostic {
    let at = |range: Range<usize>| Span { file, offset: range.start, len: range.len() };
    match stop {
        Stop::OpenComment(start) => Diagnostic::error("open-comment", "this comment is never closed", at(*start..start + 2), "opened here")
            .help("close it with `*/`; comments nest, so every `/*` inside needs its own"),
        Stop::DeepComment(start) => Diagnostic::error(
            "deep-comment",
            format!("comments nest deeper than {COMMENT_DEPTH}"),
            at(*start..start + 2),
            format!("the {}th `/*` inside one another", COMMENT_DEPTH + 1),
        )
        .help("close the comments before, or use `//`"),
        Stop::OpenString(range) => {
            Diagnostic::error("open-string", "this string is never closed", at(range.clone()), "closing quotes expected on this line")
                .help("write `\"…\"`; a text over several lines stands between `\"\"\"` lines")
        }
        Stop::Forbidden(offset, c) => Diagnostic::error(
            "forbidden-character",
            format!("the character U+{:04X} may not stand in a KDL file", u32::from(*c)),
            at(*offset..offset + c.len_utf8()),
            "an invisible character",
        )
        .help(format!("delete it; in a string it can be written as `\\u{{{:X}}}`", u32::from(*c))),
    }
}

fn nesting(text: &str, tokens: &[Token], file: u16, whole: bool) -> Vec<Diagnostic> {
    let at = |token: &Token| Span { file, offset: token.range.start, len: token.range.len() };
    let mut open: Vec<&Token> = Vec::new();
    // A block whose `}` stands further left than its node: there the missing `}` belongs.
    let mut suspect: Option<&Token> = None;
    for token in tokens {
        match token.kind {
            Kind::Open => {
                if open.len() == MAX_DEPTH {
                    return vec![
                        Diagnostic::error("too-deep", format!("blocks nest deeper than {MAX_DEPTH}"), at(token), "one too many")
                            .help("no node of the language needs more than six levels; is a `}` missing above?"),
                    ];
                }
                open.push(token);
            }
            Kind::Close => match open.pop() {
                Some(opened) if suspect.is_none() && outdented(text, opened, token) => suspect = Some(opened),
                Some(_) => {}
                None => {
                    return vec![
                        Diagnostic::error("stray-brace", "this `}` closes nothing", at(token), "no `{` is open here")
                            .help("delete it, or find the `{` that is missing above"),
                    ];
                }
            },
            _ => {}
        }
    }
    // With the scan cut short, an open block proves nothing.
    let open = if whole { open } else { Vec::new() };
    let Some(first) = open.first() else { return Vec::new() };
    let d = match (suspect, open.len()) {
        (Some(suspect), 1) => {
            Diagnostic::error("open-block", "a `}` is missing", at(suspect), "by its indentation, this block is not closed")
        }
        (_, 1) => Diagnostic::error("open-block", "this `{` is never closed", at(first), "`}` expected"),
        (_, n) => open[1..]
            .iter()
            .take(9)
            .fold(Diagnostic::error("open-block", format!("{n} blocks are never closed"), at(first), "`}` expected"), |d, token| {
                d.also(at(token), "`}` expected")
            }),
    };
    vec![d.help("add the missing `}`")]
}

/// Whether a `}` is the first of its line, further left than the line of its `{`.
fn outdented(text: &str, open: &Token, close: &Token) -> bool {
    let indent = |at: usize| {
        let line = text[..at].rfind('\n').map_or(0, |i| i + 1);
        text[line..].len() - text[line..].trim_start_matches([' ', '\t']).len()
    };
    let line = text[..close.range.start].rfind('\n').map_or(0, |i| i + 1);
    text[line..close.range.start].trim().is_empty() && indent(close.range.start) < indent(open.range.start)
}

fn runs(tokens: &[Token], file: u16) -> Option<Diagnostic> {
    let mut run: Vec<&Token> = Vec::new();
    for token in tokens {
        match token.kind {
            Kind::SlashDash => run.push(token),
            Kind::Newline => {}
            _ => run.clear(),
        }
        if let (Some(first), true) = (run.first(), run.len() > MAX_SLASH_DASH) {
            let span = Span { file, offset: first.range.start, len: token.range.end - first.range.start };
            return Some(
                Diagnostic::error(
                    "slash-dash-run",
                    format!("more than {MAX_SLASH_DASH} `/-` in a row"),
                    span,
                    "each hides one thing that follows",
                )
                .help("use `/* … */` to hide a passage"),
            );
        }
    }
    None
}

/// What a `/-` hides.
pub struct Hidden {
    /// From the `/-` to the end of what it hides.
    pub range: Range<usize>,
    /// First token behind it.
    pub next: usize,
    /// Whether it hides a node (else an entry or a block of children).
    pub node: bool,
}

/// What the `/-` at this token hides.
pub fn hidden(tokens: &[Token], index: usize) -> Hidden {
    let before = tokens[..index].iter().rev().find(|t| t.kind != Kind::SlashDash).map(|t| t.kind);
    let node = matches!(before, None | Some(Kind::Newline | Kind::Semicolon | Kind::Open));
    let kind = |i: usize| tokens.get(i).map(|t| t.kind);
    let mut i = index;
    while matches!(kind(i), Some(Kind::SlashDash | Kind::Newline)) {
        i += 1;
    }
    let block = |mut i: usize| {
        let mut depth = 0usize;
        while let Some(k) = kind(i) {
            depth = match k {
                Kind::Open => depth + 1,
                Kind::Close => depth.saturating_sub(1),
                _ => depth,
            };
            i += 1;
            if depth == 0 {
                break;
            }
        }
        i
    };
    if node {
        while let Some(k) = kind(i) {
            match k {
                Kind::Newline | Kind::Semicolon | Kind::Close => break,
                Kind::Open => i = block(i),
                _ => i += 1,
            }
        }
    } else if kind(i) == Some(Kind::Open) {
        i = block(i);
    } else {
        let value = |i: usize| if kind(i) == Some(Kind::LeftParen) { i + 4 } else { i + 1 };
        i = value(i);
        if kind(i) == Some(Kind::Equals) {
            i = value(i + 1);
        }
    }
    let next = i.clamp(index + 1, tokens.len());
    Hidden { range: tokens[index].range.start..tokens[next - 1].range.end, next, node }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        scan(text, 0).err().map_or("fine", |d| d[0].code)
    }

    #[test]
    fn limits() {
        let nested = |n: usize| format!("{}{}", "a {".repeat(n), "}".repeat(n));
        assert_eq!(code(&nested(64)), "fine");
        assert_eq!(code(&nested(65)), "too-deep");
        assert_eq!(code(&format!("{} a", "/- ".repeat(8))), "fine");
        assert_eq!(code(&format!("{} a", "/- ".repeat(9))), "slash-dash-run");
        assert_eq!(code("a { b"), "open-block");
        assert_eq!(code("a }"), "stray-brace");
        assert_eq!(text(b"a\0", 0).unwrap_err().code, "not-text");
        assert_eq!(text(b"a\xff", 0).unwrap_err().code, "not-text");
        assert_eq!(text(b" \n", 0).unwrap_err().code, "empty-file");
        assert_eq!(text(&vec![b' '; MAX_BYTES + 1], 0).unwrap_err().code, "file-too-large");
    }

    #[test]
    fn what_slash_dash_hides() {
        let hide = |text: &str| {
            let tokens = lex(text).tokens;
            let index = tokens.iter().position(|t| t.kind == Kind::SlashDash).unwrap();
            let hidden = hidden(&tokens, index);
            (text[hidden.range].to_string(), hidden.node)
        };
        assert_eq!(hide("a /-b=1 c"), ("/-b=1".into(), false));
        assert_eq!(hide("a /-(x)1 c"), ("/-(x)1".into(), false));
        assert_eq!(hide("a /- { b } { c }"), ("/- { b }".into(), false));
        assert_eq!(hide("a\n/- b 1 {\n c\n}\nd"), ("/- b 1 {\n c\n}".into(), true));
        assert_eq!(hide("{ /- b 1; c }"), ("/- b 1".into(), true));
    }
}
