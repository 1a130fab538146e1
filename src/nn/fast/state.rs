//! What a run reads and writes besides parameters.

use super::kernels::{From, In, Kernels, Statistics};
use super::packed::Packed;
use super::plan::Place;
use crate::space::{Op, Program};

/// Memory of an executor.
pub(super) struct State<K: Kernels> {
    pub blocks: Vec<K::Block>,
    /// By node; empty where it is no norm.
    pub statistics: Vec<Statistics<K::Tensor>>,
    /// By node: the winners of max pooling.
    pub winners: Vec<K::Winners>,
    pub work: K::Work,
    pub packed: Packed<K>,
}

impl<K: Kernels> State<K> {
    pub fn new(kernels: &K, program: &Program) -> Self {
        let (blocks, statistics, winners) = (Vec::new(), Vec::new(), Vec::new());
        let mut state = State { blocks, statistics, winners, work: K::Work::default(), packed: Packed::default() };
        state.fit(kernels, program);
        state
    }

    /// Makes the parts by node those of a program. Blocks stay.
    pub fn fit(&mut self, kernels: &K, program: &Program) {
        let len = program.nodes.len();
        self.statistics.resize_with(len, Statistics::default);
        self.winners.resize_with(len, K::Winners::default);
        for ((node, s), winners) in program.nodes.iter().zip(&mut self.statistics).zip(&mut self.winners) {
            let c = if matches!(node.op, Op::Norm { .. }) { program.values[node.output].c } else { 0 };
            [&mut s.mean, &mut s.var, &mut s.invstd].into_iter().for_each(|v| kernels.resize(v, c));
            if !matches!(node.op, Op::MaxPool(_)) {
                *winners = K::Winners::default();
            }
        }
        self.packed.clear();
    }

    /// Makes room for `images` images in blocks of `floats` an image.
    pub fn reserve(&mut self, kernels: &K, floats: &[usize], images: usize) {
        self.blocks.resize_with(self.blocks.len().max(floats.len()), K::Block::default);
        self.blocks.iter_mut().zip(floats).for_each(|(block, f)| kernels.reserve(block, f * images));
    }

    /// What lies at a place, for `n` images.
    pub fn at(&self, place: Place, n: usize) -> In<'_, K::Block> {
        (&self.blocks[place.block], place.view(n))
    }

    /// The same for a kernel that writes block `written`, which was taken out.
    pub fn from(&self, place: Place, n: usize, written: usize) -> From<'_, K::Block> {
        From::of((place.block != written).then(|| &self.blocks[place.block]), place.view(n))
    }

    /// Takes a block out, to be written while others are read.
    pub fn take(&mut self, id: usize) -> K::Block {
        std::mem::take(&mut self.blocks[id])
    }

    pub fn give_back(&mut self, id: usize, block: K::Block) {
        self.blocks[id] = block;
    }
}
