//! Networks that are built to look at a space, and how many may be.

use crate::space::architecture::Architecture;
use crate::space::sample::Sample;
use crate::space::space::Space;
use std::cell::Cell;

/// How much is built to find it, in layers: what a network takes to build grows with its layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Some thousand networks of ten layers.
    Quick,
    /// A hundred thousand networks at most.
    Thorough,
}

impl Effort {
    fn layers(self) -> usize {
        match self {
            Effort::Quick => 200_000,
            Effort::Thorough => 4_000_000,
        }
    }
}

/// Networks that are built at least, and at most.
const FEWEST: usize = 200;
const MOST: usize = 100_000;
/// Samples that are looked at to say how large a network is.
const FIRST: u64 = 8;
/// Builds networks, and counts them.
pub struct Work<'a> {
    pub space: &'a Space,
    /// As many as may be built.
    pub limit: usize,
    /// As many as were.
    pub built: Cell<usize>,
}

impl<'a> Work<'a> {
    pub fn new(space: &'a Space, effort: Effort) -> Self {
        let samples = std::iter::once(space.reference()).chain((0..FIRST).map(|i| space.random(0, &[u64::MAX - 3, i])));
        let layers = samples.filter_map(|s| space.architecture(&s).ok()).map(|a| a.layers.len()).max().unwrap_or(1);
        Work { space, limit: (effort.layers() / layers.max(1)).clamp(FEWEST, MOST), built: Cell::new(0) }
    }

    /// The network of a sample; none where it cannot be built.
    pub fn build(&self, sample: &Sample) -> Option<Architecture> {
        self.built.set(self.built.get() + 1);
        self.space.architecture(sample).ok()
    }

    /// The sample with one option changed; decisions that this brings in take their first.
    pub fn edited(&self, sample: &Sample, decision: usize, option: usize) -> Sample {
        self.space.sample(|d| if d == decision { option } else { sample.option(d).unwrap_or(0) })
    }
}
