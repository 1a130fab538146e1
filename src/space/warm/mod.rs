//! Trainings that start where another ended: which tensors of a trained network have a place in another, and which part
//! of each.
//!
//! Tensors are matched by place in the structure (see `supernet`), so that layers behind a `when` keep theirs. Two networks
//! of one space, or of spaces over one another, have their places in common. Others, and files, go by the names of layers:
//! where the target's reference (the network that its space is `like`), or the target itself, has the same layers, a name
//! there says the place. Nothing here holds numbers: a [`Transfer`] says what to copy, and `train` copies it.

mod axis;
mod given;
mod layout;
mod transfer;

#[cfg(test)]
mod tests;

pub use given::{Given, Network, Shapes};
pub use layout::Layout;
pub use transfer::{Piece, Transfer};

use super::Supernet;
use crate::document::Matching;

/// What a network takes over.
pub fn into_network(given: &Given, target: &Layout, matching: Matching) -> Transfer {
    let mut pieces = Vec::new();
    for (to, slot) in target.slots.iter().enumerate() {
        let Some(tensor) = given.by_place(&slot.of.tensor).filter(|t| t.may_fill(slot)) else { continue };
        let Some(ranges) = axis::between(&tensor.of, &slot.of) else { continue };
        pieces.extend(Piece::of(to, tensor, &slot.shape, ranges, matching));
    }
    Transfer { of: target.slots.len(), pieces }
}

/// What the shared tensors of a supernet take over. `reference` is the layout of its space's reference, which says what the
/// outputs of its head mean.
pub fn into_supernet(given: &Given, net: &Supernet, reference: &Layout, matching: Matching) -> Transfer {
    let tensors = net.tensors();
    let mut pieces = Vec::new();
    for (to, spec) in tensors.iter().enumerate() {
        let Some(tensor) = given.by_place(&spec.name) else { continue };
        let slot = reference.slots.iter().find(|slot| slot.of.tensor == spec.name);
        // A head's tensor that the reference has not: nothing says what its outputs mean.
        if slot.map_or(tensor.head.is_some(), |slot| !tensor.may_fill(slot)) {
            continue;
        }
        let Some(ranges) = axis::shared(&tensor.of, &spec.shape, &|place| net.width(place)) else { continue };
        pieces.extend(Piece::of(to, tensor, &spec.shape, ranges, matching));
    }
    Transfer { of: tensors.len(), pieces }
}
