//! The call to the parser: in a thread of its own with a deep stack, its complaints put into the words of this house.

use super::{Diagnostic, Span};
use kdl::{KdlDiagnostic, KdlDocument, KdlError};

/// Stack of the parser's thread; kdl 6.7.1 recurses for every level of nesting.
const STACK: usize = 16 << 20;
/// Complaints of the parser that are kept.
const MOST: usize = 20;

/// Parses a guarded text.
pub fn parse(text: &str, file: u16) -> Result<KdlDocument, Vec<Diagnostic>> {
    let broken = |why: &str| {
        vec![
            Diagnostic::error("parser", format!("the KDL parser failed: {why}"), Span { file, offset: 0, len: 0 }, "in this file")
                .help("please report this file"),
        ]
    };
    let parsed = std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || KdlDocument::parse_v2(text));
        match worker {
            Ok(handle) => handle.join().map_err(|_| broken("it panicked")),
            Err(error) => Err(broken(&error.to_string())),
        }
    })?;
    parsed.map_err(|error| reword(text, file, &error))
}

fn reword(text: &str, file: u16, error: &KdlError) -> Vec<Diagnostic> {
    let mut found: Vec<(Span, &KdlDiagnostic)> = error.diagnostics.iter().take(1000).map(|d| (place(text, file, d), d)).collect();
    found.sort_by_key(|(span, _)| (span.offset, span.len));
    let mut kept: Vec<(Span, &KdlDiagnostic)> = Vec::new();
    for (span, d) in found {
        let encloses = |outer: &Span, inner: &Span| outer.offset <= inner.offset && inner.offset + inner.len <= outer.offset + outer.len;
        if kept.iter().any(|(k, _)| encloses(&span, k) || encloses(k, &span)) {
            continue;
        }
        kept.push((span, d));
        if kept.len() == MOST {
            break;
        }
    }
    let mut out: Vec<Diagnostic> = kept.into_iter().map(|(span, d)| word(text, span, d)).collect();
    if out.is_empty() {
        out.push(Diagnostic::error("syntax", "this file is not KDL 2", Span { file, offset: 0, len: 0 }, "in this file"));
    }
    out
}

/// A place within one line. Where the parser gives up it spans from the start of what it tried to where it stood:
/// the end is the interesting part.
fn place(text: &str, file: u16, d: &KdlDiagnostic) -> Span {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (floor(d.span.offset()), floor(d.span.offset() + d.span.len()));
    let line = text[start..end].trim_end().rfind(['\n', '\r']).map_or(start, |i| start + i + 1);
    let start = line + (text[line..end].len() - text[line..end].trim_start().len());
    let end = start + text[start..end.max(start)].trim_end().len();
    Span { file, offset: start, len: end - start }
}

fn word(text: &str, span: Span, d: &KdlDiagnostic) -> Diagnostic {
    let at = |message: String, label: &str| Diagnostic::error("syntax", message, span, label.to_string());
    let written = super::shorten::shorten(text.get(span.offset..span.offset + span.len).unwrap_or(""));
    let message = d.message.as_deref().unwrap_or("");
    if message.contains("node name") {
        at(format!("`{written}` is no name of a node"), "a node's name expected")
            .help("a line is a node: its name, values, `name=value` pairs, then perhaps a block `{ … }`")
    } else if message.contains("property value") {
        at("a value is missing behind `=`".into(), "a value expected")
            .help("write `name=value`; text with other characters than letters, digits and `-` is quoted")
    } else if message.contains("type annotation") {
        at("this annotation cannot be read".into(), "`(choice)` or `(param)` expected")
            .help("write `(choice)\"label\"` or `(param)\"name\"`")
    } else if message.contains("keyword") {
        at(format!("`{written}` is no keyword"), "`#true` or `#false` expected")
    } else if message.contains("string") {
        at("this string cannot be read".into(), "here").help("a `\\` in a string begins an escape such as `\\n`: write `\\\\` for the character itself, or `#\"…\"#`; a space follows the closing quotes")
    } else {
        let help = d.help.clone().unwrap_or_else(|| "quote texts; separate values by spaces and nodes by `;` or new lines".into());
        at(format!("`{written}` cannot be read"), "not expected here").help(help)
    }
}
