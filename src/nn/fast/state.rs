//! What a run reads and writes besides parameters.

use super::buffer::Buffer;
use super::packed::Packed;
use crate::space::{Op, Program};
use nasflow_kernels::Scratch;

/// A norm's batch statistics, one value a channel: mean, biased variance, 1/√(var + eps).
#[derive(Default)]
pub(super) struct Statistics {
    pub mean: Vec<f32>,
    pub var: Vec<f32>,
    pub invstd: Vec<f32>,
}

/// Memory of an executor.
#[derive(Default)]
pub(super) struct State {
    pub blocks: Vec<Buffer>,
    /// By node; empty where it is no norm.
    pub statistics: Vec<Statistics>,
    /// By node: the winners of max pooling.
    pub argmax: Vec<Vec<u8>>,
    pub scratch: Scratch,
    pub packed: Packed,
}

impl State {
    pub fn new(program: &Program) -> Self {
        let mut state = State::default();
        state.fit(program);
        state
    }

    /// Makes the parts by node those of a program. Blocks stay.
    pub fn fit(&mut self, program: &Program) {
        let len = program.nodes.len();
        self.statistics.resize_with(len, Statistics::default);
        self.argmax.resize_with(len, Vec::new);
        for ((node, s), argmax) in program.nodes.iter().zip(&mut self.statistics).zip(&mut self.argmax) {
            let c = if matches!(node.op, Op::Norm { .. }) { program.values[node.output].c } else { 0 };
            [&mut s.mean, &mut s.var, &mut s.invstd].into_iter().for_each(|v| v.resize(c, 0.0));
            if !matches!(node.op, Op::MaxPool(_)) {
                argmax.clear();
            }
        }
        self.packed.clear();
    }

    /// Makes room for `images` images in blocks of `floats` an image.
    pub fn reserve(&mut self, floats: &[usize], images: usize) {
        self.blocks.resize_with(self.blocks.len().max(floats.len()), Buffer::default);
        self.blocks.iter_mut().zip(floats).for_each(|(block, f)| block.reserve(f * images));
    }

    pub fn block(&self, id: usize) -> &[f32] {
        self.blocks[id].as_slice()
    }

    /// Takes a block out, to be written while others are read.
    pub fn take(&mut self, id: usize) -> Buffer {
        std::mem::take(&mut self.blocks[id])
    }

    pub fn give_back(&mut self, id: usize, block: Buffer) {
        self.blocks[id] = block;
    }
}
