//! Where a name was declared.

use super::declared::{Declared, Scope};
use super::place::{At, place};
use crate::document::meaning::Meaning;
use crate::document::sketch::{plain, sketch};
use crate::document::{Language, Type};

/// The declaration of the name at a byte of the first file.
pub fn definition<'s>(language: &Language, scope: &'s Scope, at: usize) -> Option<&'s Declared> {
    let text = &scope.files.first()?.1;
    let sketch = sketch(text);
    let place = place(language, &sketch, text, at);
    let name = plain(text.get(place.word.clone())?)?;
    let field = match (&place.at, place.around.last().map(|(_, m)| m)) {
        (At::Annotated(kind), _) => return scope.find(kind, name, at),
        (At::Key, Some(Meaning::Node(form))) if form.spec.labels => return scope.find("choice", name, at),
        (At::Value(field) | At::Entry(field), _) => (*field)?,
        _ => return None,
    };
    field.types.iter().find_map(|t| match t {
        Type::Name("stage") => scope.find("stage", name, at).or_else(|| scope.find("space", name, at)),
        Type::Name("decision") | Type::Label => scope.find("choice", name, at).or_else(|| scope.find("layer", name, at)),
        Type::Name(what) => scope.find(what, name, at),
        Type::Metric => scope.find("metric", name, at),
        _ => None,
    })
}
