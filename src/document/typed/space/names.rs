//! The names of a space: choices, labels, cells, layers.

use crate::document::{Node, Spanned};
use std::collections::{HashMap, HashSet};

/// The names of a space.
#[derive(Default)]
pub(in crate::document::typed) struct Names {
    /// Declared choices.
    pub(super) choices: Vec<(String, Spanned<String>)>,
    /// Labels of all decisions, to refuse a second declaration.
    pub(super) labels: HashMap<String, Spanned<String>>,
    /// Labels that a `(choice)` refers to.
    pub(super) used: HashSet<String>,
    /// Names of cells.
    pub(super) cells: HashMap<String, Spanned<String>>,
    /// Names of layers, in the order of the file.
    pub(super) layers: HashMap<String, Spanned<String>>,
    /// Which block of a `when` is read, from 1, and in which the names of `layers` were given last.
    pub(super) body: usize,
    pub(super) bodies: usize,
    pub(super) given: HashMap<String, usize>,
    /// Whether layers come from elsewhere, so that a name may be known only there.
    pub(in crate::document::typed) open: bool,
    /// Whether a shipped network may bring choices of its own, or read those of the space.
    pub(super) shipped: bool,
}

impl Names {
    /// Those that a space over this one knows from the start: its choices and cells. Which layers are kept is found later.
    pub(in crate::document::typed) fn of(space: &Node) -> Names {
        let shipped = space.child("network").is_some_and(|n| n.text("like").is_some());
        let mut names = Names { shipped, ..Names::default() };
        for child in &space.children {
            match (child.name.value.as_str(), child.text("label"), child.text("name")) {
                ("choice", Some(label), _) => {
                    names.labels.insert(label.value.clone(), label.clone());
                    names.choices.push((label.value.clone(), label));
                }
                ("cell", _, Some(name)) => drop(names.cells.insert(name.value.clone(), name)),
                _ => {}
            }
        }
        names
    }
}
