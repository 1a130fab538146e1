//! `edges pair`: a node takes two of the states before it, one after the other and perhaps the same one twice, and computes
//! something of its own on each (Zoph et al. 2018, section 3: NASNet's blocks).

use super::compiler::{Compiler, Place};
use crate::document::{Node, Span};
use crate::space::blocks::{Default, Property as Field, Scalar, Type};
use crate::space::structure::{CellNode, Setting, Slot};

/// The two edges of a node, as labels have them.
const EDGES: [&str; 2] = ["a", "b"];

impl Compiler {
    /// A node over the first `states` states, of which `inputs` are the cell's own.
    pub(super) fn pair(
        &mut self,
        own: &str,
        states: usize,
        inputs: usize,
        stride: (usize, Span),
        layer: Option<&Node>,
        on_node: Option<&Node>,
        cell: &Node,
        place: &Place,
    ) -> Option<CellNode> {
        let state = |s: usize| if s < inputs { format!("in{}", s + 1) } else { format!("n{}", s + 1 - inputs) };
        let span = cell.property("edges").map_or(cell.name.span, |p| p.name.span);
        let mut slots = vec![];
        for edge in EDGES {
            let label = format!("{}{own}.{edge}", place.prefix);
            let pick = if states > 1 { Some(self.pick(&label, 1, states, &state, span)?) } else { None };
            // One decision what is computed, whichever state is read; an input of a cell with a stride has it.
            let here = Place { branch: Some(format!("{own}<{edge}")), stride: None, ..place.clone() };
            let strided = (stride.0 > 1).then(|| Setting::fixed(Scalar::Int(stride.0), stride.1));
            let first = self.edge(layer, span, &Place { stride: strided.clone(), ..here.clone() })?;
            let other = match strided.is_some() && states > inputs {
                true => self.edge(layer, span, &here)?,
                false => first.clone(),
            };
            let edges = (0..states).map(|s| if s < inputs { first.clone() } else { other.clone() }).collect();
            slots.push(Slot { pick, edges });
        }
        let field = Field { name: "combine", r#type: Type::Word(&["add", "concat"]), default: Default::Auto, doc: "" };
        let combine = match cell.property("combine") {
            Some(p) => Some(self.setting(p, &field, &format!("{}{own}.combine", place.prefix))?),
            None => None,
        };
        let op = self.on_node(on_node, own.to_string(), place)?;
        Some(CellNode { slots, combine, op })
    }
}
