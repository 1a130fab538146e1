//! What the nodes of a [`Sketch`](super::sketch::Sketch) are by the table: which fields their values fill.

use super::form::Form;
use super::language::Language;
use super::sketch::{Line, is_number};
use super::table::{self, Count, Field, Spec, Type};

/// What a line is.
pub enum Meaning {
    /// A node of the table.
    Node(Form),
    /// A field of the node around it, written as a line.
    Field(&'static Field),
    /// Nothing that the table knows here.
    Unknown,
}

impl Meaning {
    /// The node, where it is one.
    pub fn spec(&self) -> Option<&'static Spec> {
        match self {
            Meaning::Node(form) => Some(form.spec),
            _ => None,
        }
    }
}

/// What a line is in the block of another; none: at the top of a file.
pub fn of(language: &Language, parent: Option<&Meaning>, line: &Line, text: &str) -> Meaning {
    let node = line.node(text);
    let name = node.name.value.as_str();
    let place = match parent {
        None => "",
        Some(Meaning::Node(form)) => match form.field(name) {
            Some(field) => return Meaning::Field(field),
            None => form.spec.key,
        },
        Some(_) => return Meaning::Unknown,
    };
    match language.node(place, name).filter(|spec| spec.later.is_none()) {
        Some(spec) => Meaning::Node(Form::of(language, spec, &node)),
        None => Meaning::Unknown,
    }
}

/// The fields of a line's entries, in their order; none of those that nothing is known of.
pub fn fields(meaning: &Meaning, line: &Line, text: &str) -> Vec<Option<&'static Field>> {
    let form = match meaning {
        Meaning::Unknown => return vec![None; line.entries.len()],
        Meaning::Field(field) => return line.entries.iter().map(|e| e.key.is_none().then_some(*field)).collect(),
        Meaning::Node(form) => form,
    };
    let mut slots = Slots::of(form);
    let each = line.entries.iter().map(|entry| match &entry.key {
        Some(key) => form.field(super::sketch::plain(&text[key.clone()])?),
        None => {
            let written = entry.value.as_ref().map_or("", |v| &text[v.clone()]);
            let choice = entry.annotation.as_ref().is_some_and(|a| &text[a.clone()] == "choice");
            slots.next(
                choice || (entry.annotation.is_none() && !is_number(written) && !written.starts_with("#t") && !written.starts_with("#f")),
            )
        }
    });
    each.collect()
}

/// The fields that values without a name fill, one after the other, as [`super::decode`] fills them.
pub struct Slots {
    left: std::vec::IntoIter<&'static Field>,
    /// A field that takes all that follow.
    all: Option<&'static Field>,
    key: &'static str,
}

impl Slots {
    /// Of a node.
    pub fn of(form: &Form) -> Self {
        let fields: Vec<&'static Field> = form.spec.positional.iter().filter_map(|name| form.spec.field(name)).collect();
        Slots { left: fields.into_iter(), all: None, key: form.spec.key }
    }

    /// The field of the next value; `label`: it may be the name of something.
    pub fn next(&mut self, label: bool) -> Option<&'static Field> {
        if self.all.is_some() {
            return self.all;
        }
        let mut field = self.left.next()?;
        // `repeat 6 { … }`: a label that is left out.
        while !field.required && !label && self.left.len() > 0 && matches!(field.types, [Type::Name(_) | Type::Label]) {
            field = self.left.next()?;
        }
        if self.left.len() == 0 && (field.count == Count::List || (field.count == Count::Choice && self.key != "layer")) {
            self.all = Some(field);
        }
        Some(field)
    }
}

/// Whether a text is a word of nasflow's that the field takes.
pub fn is_word(language: &Language, field: &Field, text: &str) -> bool {
    field.types.iter().any(|t| match t {
        Type::Word(words) | Type::LaterWord(words) => words.contains(&text),
        Type::Of(kind) => language.word(*kind, text).is_some(),
        Type::Metric => language.word(table::Kind::Metric, text).is_some(),
        _ => false,
    })
}
