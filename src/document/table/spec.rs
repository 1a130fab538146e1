//! What the table says of a node.

use super::{Count, Field};

/// A node of the language.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// The nodes it may stand in, as `Spec::key`s; `""` is the top of a file.
    pub within: &'static [&'static str],
    /// What its children name in `within`.
    pub key: &'static str,
    /// The fields that positional arguments fill, in order; a last [`Count::List`] takes all that follow, and outside layers a last [`Count::Choice`].
    pub positional: &'static [&'static str],
    /// Its fields.
    pub fields: &'static [&'static [Field]],
    /// Whether it may stand several times in one place.
    pub repeats: bool,
    /// Whether it takes any `name=value`: labels of decisions, with what they are compared to.
    pub labels: bool,
    /// One line for the reference.
    pub doc: &'static str,
    /// An example, which parses.
    pub example: &'static str,
    /// What it waits for, where it is not supported yet.
    pub later: Option<&'static str>,
}

impl Spec {
    /// A node that may stand several times.
    pub const fn new(
        name: &'static str,
        within: &'static [&'static str],
        positional: &'static [&'static str],
        fields: &'static [&'static [Field]],
        doc: &'static str,
        example: &'static str,
    ) -> Self {
        Spec { name, within, key: name, positional, fields, repeats: true, labels: false, doc, example, later: None }
    }
    /// A node of a later version.
    pub const fn later(name: &'static str, within: &'static [&'static str], what: &'static str) -> Self {
        Spec { later: Some(what), ..Self::new(name, within, &[], &[], "", "") }
    }
    /// The same, at most once in its place.
    #[must_use]
    pub const fn once(mut self) -> Self {
        self.repeats = false;
        self
    }
    /// The same, with labels of decisions for names of properties.
    #[must_use]
    pub const fn labelled(mut self) -> Self {
        self.labels = true;
        self
    }
    /// The same, under another key for its children.
    #[must_use]
    pub const fn key(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }

    /// Its fields, one after the other.
    pub fn all_fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().flat_map(|group| group.iter())
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.all_fields().find(|f| f.name == name)
    }

    /// Whether this node belongs to a network or a space, where several values are a choice.
    pub fn chooses(&self) -> bool {
        self.all_fields().any(|f| f.count == Count::Choice)
    }
}
