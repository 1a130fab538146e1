//! The house style of a file: indentation, spaces, quotes. What a file means stays, and so does every comment.
//!
//! kdl's own formatter drops trailing comments, so this one works on tokens: lines stay lines, a line is indented by its blocks, and
//! one space stands between two tokens, more only where columns of neighbouring lines are aligned, or before a comment.

mod align;
mod line;
mod quotes;
mod same;

use super::context::Context;
use super::language::Language;
use super::lexer::lex;
use super::{Diagnostic, Diagnostics, Span, include};

/// A file in the house style. `path` is what messages call it.
///
/// # Errors
/// What [`super::load`] says of a text that is no KDL. What it says of names and values is no matter here.
pub fn formatted(language: &Language, path: &str, bytes: &[u8]) -> Result<String, Diagnostics> {
    let mut context = Context::new(language);
    context.sources.files.push((path.into(), String::new()));
    context.parsed.push(String::new());
    let document = include::parsed(&mut context, 0, bytes);
    let (Some(document), false) = (document, context.failed()) else { return Err(context.finish()) };
    let text = context.sources.files[0].1.clone();
    let lexed = lex(&text);
    let mut lines = line::lines(&text, &lexed, &quotes::wishes(language, &text));
    align::align(&mut lines);
    let out = line::printed(&lines);
    // Nothing is lost: what was printed is read again.
    let mut again = Context::new(language);
    again.sources.files.push((path.into(), String::new()));
    again.parsed.push(String::new());
    let read = include::parsed(&mut again, 0, out.as_bytes());
    let same = read.is_some_and(|read| same::nodes(document.nodes(), read.nodes()));
    if same && same::tokens(&text, &out) {
        return Ok(out);
    }
    let span = Span { file: 0, offset: 0, len: 0 };
    let d = Diagnostic::error("unformatted", "this file would not stay the same if it were formatted", span, "left as it is");
    context.found.push(d.help("please report this file"));
    Err(context.finish())
}

#[cfg(test)]
mod tests;
