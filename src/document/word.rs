//! A word that a room above describes: one value in one file of that room, with name, fields, documentation and, hidden from this
//! room, its behaviour.

use super::field::Field;
use super::table::spec::Spec;
use std::any::Any;

/// What every word has.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The word in the file.
    pub name: &'static str,
    /// One line for the reference.
    pub doc: &'static str,
    /// A line that uses it, which parses; empty where the node's own example shows it.
    pub example: &'static str,
    /// What may stand beside it, with ranges and defaults.
    pub fields: &'static [Field],
    /// Nodes that may stand inside its node.
    pub lines: &'static [&'static Spec],
}

impl Word {
    /// A word without fields.
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Word { name, doc, example: "", fields: &[], lines: &[] }
    }

    /// The same, with fields.
    #[must_use]
    pub const fn fields(mut self, fields: &'static [Field]) -> Self {
        self.fields = fields;
        self
    }

    /// The same, with lines of its own.
    #[must_use]
    pub const fn lines(mut self, lines: &'static [&'static Spec]) -> Self {
        self.lines = lines;
        self
    }

    /// The same, with an example.
    #[must_use]
    pub const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// Its field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// Whether it has a field or a line of this name.
    pub fn takes(&self, name: &str) -> bool {
        self.field(name).is_some() || self.lines.iter().any(|l| l.name == name)
    }
}

/// A descriptor: a word and, in the room above, its behaviour.
pub trait Described: Any + Send + Sync {
    /// What stands in a file.
    fn word(&self) -> &Word;
}

impl Described for Word {
    fn word(&self) -> &Word {
        self
    }
}

/// The words of one kind, in the order in which they are listed; the first is what holds where nothing is written.
pub struct Words<W: ?Sized + 'static> {
    /// Those that work.
    pub known: Vec<&'static W>,
    /// Those of later versions, which are refused by name.
    pub later: &'static [&'static str],
}

impl<W: ?Sized> Clone for Words<W> {
    fn clone(&self) -> Self {
        Words { known: self.known.clone(), later: self.later }
    }
}

impl<W: ?Sized> Default for Words<W> {
    fn default() -> Self {
        Words { known: Vec::new(), later: &[] }
    }
}

impl<W: Described + ?Sized> Words<W> {
    /// The descriptor of this name.
    pub fn find(&self, name: &str) -> Option<&'static W> {
        self.known.iter().copied().find(|w| w.word().name == name)
    }

    /// What they say of themselves.
    pub fn words(&self) -> Vec<&'static Word> {
        self.known.iter().copied().map(W::word).collect()
    }
}
