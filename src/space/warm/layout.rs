//! The tensors of one network, and where each stands in the structure.

use crate::space::architecture::Source;
use crate::space::supernet::{Use, follow, uses};
use crate::space::{Architecture, Block, Infeasible, Sample, Space};

/// The tensors of one network in the order of its parameters.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(super) slots: Vec<Slot>,
    /// What its layers are, and what they read.
    pub(super) layers: Vec<(&'static str, Vec<Source>)>,
}

/// A tensor of a network.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// Its name in the network: `model.4.cv1.conv.weight`.
    pub name: String,
    pub shape: Vec<usize>,
    /// Its place, and what its dimensions are made of.
    pub of: Use,
    /// The word of its layer.
    pub word: &'static str,
    /// Where it is a head's: what its outputs mean.
    pub head: Option<Level>,
}

/// What the outputs of one level of a detection head mean.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub classes: usize,
    /// (width, height) in pixels; none where they are not known.
    pub anchors: Option<Vec<(f32, f32)>>,
}

/// Anchors that differ by less are the same: files hold them divided by the stride.
const SAME: f32 = 1e-3;

impl Level {
    /// Whether outputs mean the same.
    pub fn agrees(&self, other: &Level) -> bool {
        let (Some(a), Some(b)) = (&self.anchors, &other.anchors) else { return false };
        let near = |a: f32, b: f32| (a - b).abs() <= SAME * b.abs();
        self.classes == other.classes && a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a.0, b.0) && near(a.1, b.1))
    }
}

impl Layout {
    /// That of a sample, by the places of its space.
    ///
    /// # Errors
    /// Where the sample cannot be built.
    pub fn of(space: &Space, sample: &Sample) -> Result<Layout, Infeasible> {
        let fail = |reason: String| Infeasible { reason, span: Default::default() };
        let tracked = follow(space, sample)?;
        let program = tracked.architecture.program().map_err(fail)?;
        let found: Vec<Use> = uses(&tracked).map(|(_, _, of)| of.clone()).collect();
        Layout::new(&tracked.architecture, &program.params, found).map_err(fail)
    }

    /// That of a network of which nothing else is known; places are the numbers of its layers.
    ///
    /// # Errors
    /// Where the network cannot be built.
    pub fn of_architecture(architecture: &Architecture) -> Result<Layout, String> {
        let expander = architecture.followed()?;
        let found = expander.tracker.as_ref().map_or(&[][..], |t| t.uses()).iter().flatten().cloned().collect();
        Layout::new(architecture, &expander.params, found)
    }

    fn new(architecture: &Architecture, params: &[crate::space::ParamSpec], found: Vec<Use>) -> Result<Layout, String> {
        if params.len() != found.len() {
            return Err(format!("{} of {} parameters have a place", found.len(), params.len()));
        }
        let slot = |(spec, of): (&crate::space::ParamSpec, Use)| {
            let layer: usize = spec.name.split('.').nth(1).and_then(|n| n.parse().ok()).unwrap_or_default();
            let block = architecture.layers.get(layer).map(|l| &l.block);
            let head = match block {
                Some(Block::Detect(detect)) => {
                    let anchors = level(&spec.name).and_then(|level| detect.anchors.get(level).cloned());
                    Some(Level { classes: detect.classes, anchors })
                }
                _ => None,
            };
            Slot { name: spec.name.clone(), shape: spec.shape.clone(), of, word: block.map_or("", |b| b.word()), head }
        };
        let slots = params.iter().zip(found).map(slot).collect();
        let layers = architecture.layers.iter().map(|l| (l.block.word(), l.inputs.clone())).collect();
        Ok(Layout { slots, layers })
    }
}

/// The level of a head's tensor: of `model.24.m.1.weight` 1.
pub(super) fn level(name: &str) -> Option<usize> {
    name.split('.').nth(3)?.parse().ok()
}
