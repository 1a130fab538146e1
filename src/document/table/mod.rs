//! The table of the language: every node, where it stands, what it takes. Decoding, suggestions and the reference page
//! read it and nothing else.

mod layers;
pub mod methods;
mod spaces;
mod stages;
mod top;

pub use super::field::{Count, Field, Kind, Preset, Type};

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
        Spec { name, within, key: name, positional, fields, repeats: true, doc, example, later: None }
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

/// All nodes.
pub fn all() -> impl Iterator<Item = &'static Spec> {
    top::NODES.iter().chain(spaces::NODES).chain(layers::NODES).chain(stages::NODES).chain(methods::NODES)
}

/// The node of this name in a place.
pub fn node(place: &str, name: &str) -> Option<&'static Spec> {
    all().find(|s| s.name == name && s.within.contains(&place))
}

/// The nodes that may stand in a place.
pub fn children(place: &str) -> impl Iterator<Item = &'static Spec> {
    all().filter(move |s| s.within.contains(&place))
}

/// Where a node of this name may stand.
pub fn places(name: &str) -> Vec<&'static str> {
    let mut places: Vec<&'static str> =
        all().filter(|s| s.name == name && s.later.is_none()).flat_map(|s| s.within.iter().copied()).collect();
    places.dedup();
    places
}

/// Whether a node or a field has this name.
pub fn is_known(name: &str) -> bool {
    all().any(|s| s.name == name || s.field(name).is_some())
}

/// Whether the node of this place is a layer.
pub fn is_layer(name: &str) -> bool {
    layers::NODES.iter().any(|s| s.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_itself() {
        let keys: Vec<&str> = all().map(|s| s.key).chain([""]).collect();
        for spec in all() {
            for place in spec.within {
                assert!(keys.contains(place), "{} stands in {place}, which is no node", spec.name);
            }
            for name in spec.positional {
                assert!(spec.field(name).is_some(), "{}: positional {name} is no field", spec.name);
            }
            let names: Vec<&str> = spec.all_fields().map(|f| f.name).collect();
            for (i, name) in names.iter().enumerate() {
                assert!(!names[..i].contains(name), "{}: field {name} twice", spec.name);
            }
            for child in children(spec.key) {
                assert!(!names.contains(&child.name), "{}: {} is a field and a child", spec.name, child.name);
            }
            assert!(spec.later.is_some() || (!spec.doc.is_empty() && !spec.example.is_empty()), "{} needs a doc and an example", spec.name);
        }
        for (i, a) in all().enumerate() {
            for b in all().skip(i + 1) {
                assert!(a.name != b.name || !a.within.iter().any(|w| b.within.contains(w)), "{} twice in one place", a.name);
            }
        }
    }
}
