//! What samples that are decided in part may cost: an interval that holds the figure of each of them.
//!
//! Shapes are followed as sets, layer by layer, whatever an open decision may build; each layer adds what the cheapest of its cases
//! costs at least, and the dearest at most. So the interval is never too narrow: a sample that it excludes does not meet the bound.
//! It may be too wide, because values that depend on one decision are taken apart; what stands in a cell is not followed at all.
//! Of a sample that is decided whole, and has no cell, it is the figure itself.

mod decided;
mod layer;
mod walk;

use super::blocks::Scalar;
use super::bounds::Bound;
use super::input::InputSpec;
use super::structure::{Item, Structure, What, as_count};
use decided::Decided;
use layer::Layers;
use walk::{Dead, Walk, Whole};

/// Most combinations of size, width and activation that are looked at for one interval.
const WHOLES: usize = 64;
/// What sums of fractions may be off by.
const SLACK: f64 = 1e-9;

/// The intervals of a space's samples.
pub struct Ranges<'a> {
    structure: &'a Structure,
    input: &'a InputSpec,
    bounds: &'a [Bound],
    layers: Layers<'a>,
}

impl<'a> Ranges<'a> {
    /// Of a space.
    pub fn new(structure: &'a Structure, input: &'a InputSpec, bounds: &'a [Bound]) -> Self {
        Ranges { structure, input, bounds, layers: Layers::new(input, bounds, has_zeros(&structure.items)) }
    }

    /// At least and at most, by bound, of the samples with these options (by decision; none where it is open). None where none of them
    /// can be built.
    pub fn of(&self, options: &[Option<usize>]) -> Option<Vec<(f64, f64)>> {
        let decided = Decided::new(self.structure, options);
        let sides = self.structure.size.as_ref().map_or(vec![Scalar::Int(self.input.image_size)], |s| decided.values(s));
        let widths = self.structure.width.as_ref().map_or(vec![], |s| decided.values(s));
        let widths: Vec<Option<f64>> = match widths.is_empty() {
            true => vec![None],
            false => widths.iter().map(|w| if let Scalar::Float(w) = w { Some(*w) } else { Some(1.0) }).collect(),
        };
        let mut activations = decided.values(&self.structure.activation);
        activations.truncate(if self.layers.reads_operations() { WHOLES } else { 1 });
        if sides.len() * widths.len() * activations.len() > WHOLES {
            return Some(self.layers.anything());
        }
        let mut all: Option<Vec<(f64, f64)>> = None;
        for side in sides.iter().map(|s| as_count(*s)) {
            for &width in &widths {
                for &activation in &activations {
                    let whole = Whole { side, width, activation };
                    let (channels, slots) = (self.input.channels, self.structure.slots);
                    let costs = match Walk::costs(&self.layers, decided.clone(), whole, channels, slots, &self.structure.items) {
                        Ok(costs) => costs,
                        Err(Dead) => continue,
                    };
                    all = Some(match all {
                        None => costs,
                        Some(so_far) => so_far.iter().zip(costs).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1))).collect(),
                    });
                }
            }
        }
        all
    }

    /// Whether a sample with these options may meet every bound and every `require (expr)`, as far as it can be said.
    pub fn may_meet(&self, options: &[Option<usize>]) -> bool {
        let decided = Decided::new(self.structure, options);
        if self.structure.constraints.iter().any(|c| decided.breaks(&c.condition)) {
            return false;
        }
        let Some(range) = self.of(options) else { return false };
        self.bounds.iter().zip(range).all(|(bound, (low, high))| {
            bound.max.is_none_or(|max| low <= max * (1.0 + SLACK)) && bound.min.is_none_or(|min| high >= min * (1.0 - SLACK))
        })
    }
}

/// Whether some layer is zeros, wherever it stands.
fn has_zeros(items: &[Item]) -> bool {
    items.iter().any(|item| match &item.what {
        What::Skip | What::Pick { .. } => false,
        What::Layer { kind, .. } => kind.word == "zero",
        What::When { body, .. } => has_zeros(body),
        What::Choose { branches, .. } => has_zeros(branches),
        What::Repeat { copies, .. } => copies.iter().any(|c| has_zeros(c)),
        What::Cell(_) => true,
    })
}
