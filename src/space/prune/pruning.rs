//! A network with what can be pruned of it.

use super::follow::Makers;
use super::widths::{self, Width};
use crate::space::architecture::Architecture;
use crate::space::graph::{ParamId, Program};

/// What a convolution writes its channels by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maker {
    /// Its weight: [channels, …].
    pub weight: ParamId,
    /// Gamma of the batch norm behind it, where there is one.
    pub gamma: Option<ParamId>,
}

/// Convolutions that lose the same channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// How many channels each has.
    pub channels: usize,
    /// In the order of the network.
    pub makers: Vec<Maker>,
}

/// A network with what can be pruned of it.
pub struct Pruning<'a> {
    pub(super) architecture: &'a Architecture,
    /// Its operators.
    pub program: Program,
    pub(super) makers: Makers,
    pub(super) widths: Vec<Width>,
}

/// What is left.
#[derive(Clone, Debug, PartialEq)]
pub struct Pruned {
    /// The network.
    pub architecture: Architecture,
    /// For every parameter of its program, in order: which of the old one it is, and by dimension the indices that it keeps.
    pub kept: Vec<(ParamId, Vec<Vec<usize>>)>,
}

impl<'a> Pruning<'a> {
    /// Of a network.
    ///
    /// # Errors
    /// A network that cannot be built.
    pub fn of(architecture: &'a Architecture) -> Result<Self, String> {
        let program = architecture.program()?;
        let makers = Makers::of(&program, architecture);
        let widths = widths::widths(architecture, &makers);
        Ok(Pruning { architecture, program, makers, widths })
    }

    /// The groups that can lose channels, in the order in which their scores are wanted.
    pub fn groups(&self) -> Vec<Group> {
        let maker = |&m: &usize| {
            let made = &self.makers.all[m];
            Some(Maker { weight: made.weight?, gamma: made.gamma })
        };
        let group = |w: &Width, makers: &Vec<usize>| Group { channels: w.channels, makers: makers.iter().filter_map(maker).collect() };
        self.widths.iter().flat_map(|w| w.groups.iter().map(move |g| group(w, g))).collect()
    }
}
