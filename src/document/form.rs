//! The fields of a node: the table's, and those of the word that the node names (`strategy evolution`).

use super::field::{Count, Field, Kind, Type};
use super::language::Language;
use super::table::Spec;
use super::tree::{Node, Value};
use super::word::Word;

/// A node's fields.
pub struct Form {
    /// What the table says.
    pub spec: &'static Spec,
    /// The field that names a word, and the word; none where the node names none, or one that is not known.
    word: Option<(&'static Field, Option<&'static Word>)>,
    /// All words of that kind.
    words: Vec<&'static Word>,
}

impl Form {
    /// The fields of a node as it is written.
    pub fn of(language: &Language, spec: &'static Spec, node: &Node) -> Self {
        let Some((field, kind)) = naming(spec) else { return Form { spec, word: None, words: Vec::new() } };
        let written = written(spec, field, node).and_then(|name| language.word(kind, name));
        Form { spec, word: Some((field, written)), words: language.words(kind) }
    }

    /// The field of this name. Where no word is known, a field of any word is.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.all_fields().find(|f| f.name == name)
    }

    /// Its fields, one after the other.
    pub fn all_fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        let own = self.spec.all_fields();
        let words: Vec<&'static Word> = match self.word {
            Some((_, Some(word))) => vec![word],
            _ => self.words.clone(),
        };
        own.chain(words.into_iter().flat_map(|w| w.fields.iter()))
    }

    /// Fields that must be written; of a word only where the word is known.
    pub fn required(&self) -> Vec<&'static Field> {
        let word = self.word.and_then(|(_, word)| word).map_or(&[][..], |w| w.fields);
        self.spec.all_fields().chain(word).filter(|f| f.required).collect()
    }

    /// Where a field belongs to other words than the one written: who takes it, and what was written.
    pub fn foreign(&self, name: &str) -> Option<(String, String)> {
        let (field, word) = self.word?;
        let word = word?;
        if self.field(name).is_some() || word.takes(name) {
            return None;
        }
        // `strategy evolution`, then words alone.
        let shown = |(i, w): (usize, &Word)| format!("`{}`", if i == 0 { written_as(self.spec, field, w) } else { w.name.to_string() });
        let owners = self.words.iter().copied().filter(|w| w.takes(name));
        let owners: Vec<String> = owners.enumerate().map(shown).collect();
        let last = owners.last()?;
        let text = match &owners[..owners.len() - 1] {
            [] => last.clone(),
            before => format!("{} and {last}", before.join(", ")),
        };
        Some((text, format!("`{}`", word.name)))
    }
}

/// How a word is written: `strategy evolution`, `format=voc`.
pub fn written_as(spec: &Spec, field: &Field, word: &Word) -> String {
    match spec.positional.contains(&field.name) {
        true => format!("{} {}", spec.name, word.name),
        false => format!("{}={}", field.name, word.name),
    }
}

/// The field of a node that names a word with fields of its own.
pub fn naming(spec: &Spec) -> Option<(&'static Field, Kind)> {
    let kind = |f: &Field| f.types.iter().find_map(|t| if let Type::Of(kind) = t { Some(*kind) } else { None });
    spec.all_fields().filter(|f| f.count == Count::One).find_map(|f| Some((f, kind(f)?)))
}

/// The text that a field has in a node as it is written, whichever way.
fn written<'n>(spec: &Spec, field: &Field, node: &'n Node) -> Option<&'n str> {
    let position = spec.positional.iter().position(|p| *p == field.name);
    let property = node.property(field.name).and_then(|p| p.values.first());
    let child = || node.children.iter().find(|c| c.name.value == field.name).and_then(|c| c.arguments.first());
    match &position.and_then(|i| node.arguments.get(i)).or(property).or_else(child)?.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
