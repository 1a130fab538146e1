//! What a word is: its node, field or value explained.

use super::declared::Scope;
use super::describe;
use super::place::{At, place};
use super::words;
use crate::document::Language;
use crate::document::meaning::Meaning;
use crate::document::sketch::{plain, sketch};
use std::ops::Range;

/// An explanation.
#[derive(Debug, PartialEq)]
pub struct Hover {
    /// Of these bytes.
    pub range: Range<usize>,
    /// Markdown.
    pub text: String,
}

/// Explains what stands at a byte of the first file.
pub fn hover(language: &Language, scope: &Scope, at: usize) -> Option<Hover> {
    let text = &scope.files.first()?.1;
    let sketch = sketch(text);
    let place = place(language, &sketch, text, at);
    let word = place.word.clone();
    if word.is_empty() {
        return None;
    }
    let written = plain(&text[word.clone()])?;
    let (_, meaning) = place.around.last().filter(|_| place.on_line)?;
    let spec = meaning.spec();
    let said = match (&place.at, meaning) {
        (At::Name, Meaning::Node(form)) => describe::node(form),
        (At::Name, Meaning::Field(field)) => describe::field(language, field),
        (At::Key, Meaning::Node(form)) => match form.field(written) {
            Some(field) => describe::field(language, field),
            None => words::of_name(scope, "choice", written, at)?,
        },
        (At::Value(Some(field)) | At::Entry(Some(field)), _) => words::about(language, scope, spec, field, written, at)?,
        (At::Annotated(kind), _) if kind != "expr" => words::of_name(scope, kind, written, at)?,
        (At::Annotation, _) => annotation(written)?.into(),
        _ => return None,
    };
    Some(Hover { range: word, text: said })
}

/// What an annotation does.
pub fn annotation(word: &str) -> Option<&'static str> {
    Some(match word {
        "choice" => "`(choice)\"label\"`: the value of a choice that the space declares.",
        "param" => "`(param)\"name\"`: the value of a `param`, which `-p name=value` sets.",
        "expr" => "`(expr)\"2 * c\"`: a value that is worked out from choices and params.",
        _ => return None,
    })
}
