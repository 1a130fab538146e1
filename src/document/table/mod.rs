//! The table of the language: every node, where it stands, what it takes. Decoding, suggestions and the reference page
//! read it and nothing else.

mod after;
pub mod configuration;
mod layers;
pub mod methods;
pub mod own;
mod racing;
mod recipes;
mod spaces;
pub(super) mod spec;
mod stages;
mod top;

pub use super::field::{Count, Field, Kind, Preset, Type};
pub use spec::Spec;

/// All nodes of pipelines.
pub fn all() -> impl Iterator<Item = &'static Spec> {
    let top = top::NODES.iter().chain(spaces::NODES).chain(layers::NODES);
    top.chain(stages::NODES).chain(after::NODES).chain(recipes::NODES).chain(racing::NODES).chain(methods::NODES).chain(own::NODES)
}

/// The nodes of pipelines, and those of the user's configuration file.
pub fn everything() -> impl Iterator<Item = &'static Spec> {
    all().chain(configuration::NODES)
}

/// The node of this name in a place.
pub fn node(place: &str, name: &str) -> Option<&'static Spec> {
    everything().find(|s| s.name == name && s.within.contains(&place))
}

/// The nodes that may stand in a place.
pub fn children(place: &str) -> impl Iterator<Item = &'static Spec> {
    everything().filter(move |s| s.within.contains(&place))
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
        let keys: Vec<&str> = everything().map(|s| s.key).chain(["", configuration::FILE.key]).collect();
        for spec in everything() {
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
        for (i, a) in everything().enumerate() {
            for b in everything().skip(i + 1) {
                assert!(a.name != b.name || !a.within.iter().any(|w| b.within.contains(w)), "{} twice in one place", a.name);
            }
        }
    }
}
