//! What may stand at a place.

use super::declared::Scope;
use super::hover::annotation;
use super::place::{At, Place, place};
use super::{describe, words};
use crate::document::form::Form;
use crate::document::meaning::{self, Meaning};
use crate::document::sketch::sketch;
use crate::document::{Field, Language, Type};
use std::ops::Range;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A node.
    Node,
    /// A property, or a field written as a line.
    Property,
    /// A word of nasflow's.
    Word,
    /// A name that the file declares.
    Name,
}

/// Something that may be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What is shown.
    pub label: String,
    /// What it is.
    pub kind: ItemKind,
    /// What is written.
    pub insert: String,
    /// A few words.
    pub detail: String,
    /// Markdown.
    pub doc: String,
}

/// What may stand at a place, and which bytes it stands for.
#[derive(Debug, PartialEq)]
pub struct Completions {
    /// The word that it replaces.
    pub range: Range<usize>,
    /// The likeliest first.
    pub items: Vec<Item>,
}

/// What may stand at a byte of the first file.
pub fn complete(language: &Language, scope: &Scope, at: usize) -> Completions {
    let Some((_, text)) = scope.files.first() else { return Completions { range: at..at, items: Vec::new() } };
    let sketch = sketch(text);
    let place = place(language, &sketch, text, at);
    let asked = Asked { language, scope, at };
    let quote = text[place.word.clone()].starts_with(['"', '#']);
    let items = match (&place.at, place.around.last()) {
        (At::Nothing, _) => Vec::new(),
        (At::Name, _) => asked.nodes(&place),
        (At::Key, Some((_, Meaning::Node(form)))) => asked.properties(form, &place, text),
        (At::Entry(field), Some((_, meaning))) => {
            let mut items = field.map_or(Vec::new(), |f| asked.values(meaning, f));
            if let (Meaning::Node(form), false) = (meaning, quote) {
                items.extend(asked.properties(form, &place, text));
            }
            items
        }
        (At::Value(Some(field)), Some((_, meaning))) => asked.values(meaning, field),
        (At::Annotated(kind), _) if kind != "expr" => words::names(scope, kind, at).map(value).collect(),
        (At::Annotation, _) => {
            let word = |w: &str| Item {
                label: w.into(),
                kind: ItemKind::Word,
                insert: w.into(),
                detail: String::new(),
                doc: annotation(w).unwrap_or_default().into(),
            };
            ["choice", "param", "expr"].map(word).into()
        }
        _ => Vec::new(),
    };
    // A quote that is yet to be closed takes in what follows on its line, and that is to stay.
    let rest = text.get(at..place.word.end).unwrap_or_default();
    let end = if rest.contains([';', '{', '}', '=', ' ']) { at } else { place.word.end };
    Completions { range: place.word.start..end.max(place.word.start), items }
}

struct Asked<'a> {
    language: &'a Language,
    scope: &'a Scope,
    at: usize,
}

impl Asked<'_> {
    /// The nodes of a block, and the fields of the node that it belongs to, as lines.
    fn nodes(&self, place: &Place) -> Vec<Item> {
        // The line that is being written is no block of its own.
        let around = &place.around[..place.around.len() - usize::from(place.on_line)];
        let (form, key) = match around.last() {
            None => (None, ""),
            Some((_, Meaning::Node(form))) => (Some(form), form.spec.key),
            Some(_) => return Vec::new(),
        };
        let mut items = Vec::new();
        if let Some(form) = form {
            let written = |name: &str| {
                around
                    .last()
                    .is_some_and(|(line, _)| line.inside().any(|l| !l.hidden && l.name != place.word && self.text(&l.name) == name))
            };
            let fields = form.all_fields().filter(|f| f.later.is_none() && !words::declares(Some(form.spec), f) && !written(f.name));
            items.extend(fields.map(|f| self.field(f, "")));
        }
        for spec in self.language.children(key).into_iter().filter(|s| s.later.is_none()) {
            let doc = format!("{}\n\n```kdl\n{}\n```", spec.doc, spec.example);
            items.push(Item { label: spec.name.into(), kind: ItemKind::Node, insert: spec.name.into(), detail: spec.doc.into(), doc });
        }
        unique(items)
    }

    fn text(&self, range: &Range<usize>) -> &str {
        self.scope.files.first().and_then(|(_, text)| text.get(range.clone())).unwrap_or("")
    }

    fn field(&self, field: &Field, sign: &str) -> Item {
        let doc = describe::field(self.language, field);
        Item { label: field.name.into(), kind: ItemKind::Property, insert: format!("{}{sign}", field.name), detail: field.doc.into(), doc }
    }

    /// Properties that are not written yet.
    fn properties(&self, form: &Form, place: &Place, text: &str) -> Vec<Item> {
        let Some((line, meaning)) = place.around.last() else { return Vec::new() };
        let filled = meaning::fields(meaning, line, text);
        let here = |i: usize| line.entries.get(i).is_some_and(|e| e.key.as_ref().or(e.value.as_ref()) == Some(&place.word));
        let written = |name: &str| filled.iter().enumerate().any(|(i, f)| !here(i) && f.is_some_and(|f| f.name == name));
        let fields = form.all_fields().filter(|f| f.later.is_none() && !form.spec.positional.contains(&f.name) && !written(f.name));
        let mut items: Vec<Item> = fields.map(|f| self.field(f, "=")).collect();
        if form.spec.labels {
            items.extend(self.scope.of_kind("choice", self.at).map(|d| Item {
                label: d.name.clone(),
                kind: ItemKind::Name,
                insert: format!("{}=", d.name),
                detail: d.what.into(),
                doc: format!("```kdl\n{}\n```", d.line),
            }));
        }
        unique(items)
    }

    /// What a field takes; behind that, params.
    fn values(&self, meaning: &Meaning, field: &Field) -> Vec<Item> {
        let mut items: Vec<Item> =
            words::values(self.language, self.scope, meaning.spec(), field, self.at).into_iter().map(value).collect();
        if !words::declares(meaning.spec(), field) && !field.types.iter().all(|t| matches!(t, Type::Name(_))) {
            items.extend(words::names(self.scope, "param", self.at).map(|p| annotated("param", p)));
        }
        if field.searched || field.count == crate::document::Count::Choice {
            items.extend(words::names(self.scope, "choice", self.at).map(|c| annotated("choice", c)));
        }
        unique(items)
    }
}

fn value(value: words::Value) -> Item {
    let kind = if value.invented { ItemKind::Name } else { ItemKind::Word };
    Item { label: value.name, kind, insert: value.written, detail: value.detail, doc: value.doc }
}

fn annotated(kind: &str, value: words::Value) -> Item {
    let written = format!("({kind}){}", value.written);
    Item { label: written.clone(), kind: ItemKind::Name, insert: written, detail: value.detail, doc: value.doc }
}

fn unique(items: Vec<Item>) -> Vec<Item> {
    let mut seen = std::collections::HashSet::new();
    items.into_iter().filter(|i| seen.insert(i.insert.clone())).collect()
}
