//! Which values share a buffer: a value may live inside the buffer of what is made of it, so that a concatenation costs
//! nothing, and sums and activations work in place. Used twice, for the values and for their gradients.

use crate::space::{Op, Program, ValueId};

/// For each value, the value whose buffer it lives in, and its first channel there.
#[derive(Clone, Debug)]
pub(super) struct Placement {
    pub root: Vec<ValueId>,
    pub offset: Vec<usize>,
}

/// Who writes and who reads each value, by node.
pub(super) struct Uses {
    pub writer: Vec<Option<usize>>,
    /// Readers in order; twice where a node reads a value twice.
    pub readers: Vec<Vec<usize>>,
    pub is_output: Vec<bool>,
}

impl Uses {
    pub fn of(program: &Program) -> Self {
        let n = program.values.len();
        let mut uses = Uses { writer: vec![None; n], readers: vec![Vec::new(); n], is_output: vec![false; n] };
        for (i, node) in program.nodes.iter().enumerate() {
            uses.writer[node.output] = Some(i);
            node.inputs.iter().for_each(|&v| uses.readers[v].push(i));
        }
        program.outputs.iter().for_each(|&v| uses.is_output[v] = true);
        uses
    }

    /// Whether node `i` reads `v` once, and no later node reads it.
    pub fn last_reader_is(&self, v: ValueId, i: usize) -> bool {
        self.readers[v].last() == Some(&i) && self.readers[v].iter().filter(|&&r| r == i).count() == 1
    }
}

impl Placement {
    fn separate(values: usize) -> Self {
        Placement { root: (0..values).collect(), offset: vec![0; values] }
    }

    /// Puts `v` into the buffer of node `via`'s output, from `channel` on, unless a kernel would then read and write one
    /// buffer (max pooling can, from slice to slice). Answers whether it did.
    fn put(&mut self, program: &Program, uses: &Uses, v: ValueId, via: usize, channel: usize) -> bool {
        let y = program.nodes[via].output;
        let root = self.root[y];
        let pools = |i: usize| matches!(program.nodes[i].op, Op::MaxPool(_));
        let before = |i: usize| !pools(i) && program.nodes[i].inputs.iter().any(|&u| self.root[u] == root);
        let after = |i: usize| i != via && !pools(i) && self.root[program.nodes[i].output] == root;
        if self.root[v] != v || uses.writer[v].is_some_and(before) || uses.readers[v].iter().any(|&i| after(i)) {
            return false;
        }
        self.root[v] = root;
        self.offset[v] = self.offset[y] + channel;
        true
    }

    /// Places the values. `saved[v]`: whether the backward pass reads v, so that nothing may overwrite it.
    pub fn of_values(program: &Program, uses: &Uses, saved: &[bool]) -> Self {
        let mut p = Placement::separate(program.values.len());
        // The node that first overwrites a value's memory in place.
        let mut overwritten: Vec<Option<usize>> = vec![None; program.values.len()];
        // Backwards, so that a node's output has its final place when its inputs are placed.
        for (i, node) in program.nodes.iter().enumerate().rev() {
            // The image keeps its own buffer, outputs stay dense, and nobody may still need what is overwritten.
            let free = |v: ValueId| uses.writer[v].is_some() && !uses.is_output[v];
            let dies = |v: ValueId| free(v) && !saved[v] && uses.last_reader_is(v, i);
            match node.op {
                Op::Concat => {
                    let mut channel = 0;
                    for &v in &node.inputs {
                        let end = overwritten[node.output];
                        let survives = end.is_none_or(|end| !saved[v] && uses.readers[v].iter().all(|&r| r < end));
                        let once = node.inputs.iter().filter(|&&u| u == v).count() == 1;
                        if free(v) && survives && once && p.put(program, uses, v, i, channel) {
                            overwritten[v] = end;
                        }
                        channel += program.values[v].c;
                    }
                }
                Op::Add | Op::Norm { .. } | Op::Activate(_) => {
                    if let Some(&v) = node.inputs.iter().find(|&&v| dies(v) && p.put(program, uses, v, i, 0)) {
                        overwritten[v] = Some(i);
                    }
                }
                _ => {}
            }
        }
        p
    }

    /// Places the gradients. `active[i]`: whether a gradient reaches node i; `wanted[v]`: whether v needs one.
    ///
    /// A gradient can live in its reader's where that reader contributes first: it is then the last reader in order.
    pub fn of_gradients(program: &Program, uses: &Uses, active: &[bool], wanted: &[bool]) -> Self {
        let mut p = Placement::separate(program.values.len());
        for (i, node) in program.nodes.iter().enumerate().rev().filter(|(i, _)| active[*i]) {
            let first = |v: ValueId| {
                let later = uses.readers[v].iter().any(|&r| r > i && active[r]);
                let once = uses.readers[v].iter().filter(|&&r| r == i).count() == 1;
                // The images' gradient stays dense, where it can be lent.
                wanted[v] && v != 0 && !uses.is_output[v] && !later && once
            };
            match node.op {
                Op::Concat => {
                    let mut channel = 0;
                    for &v in &node.inputs {
                        if first(v) {
                            p.put(program, uses, v, i, channel);
                        }
                        channel += program.values[v].c;
                    }
                }
                Op::Add | Op::Norm { .. } | Op::Activate(_) => {
                    let _ = node.inputs.iter().any(|&v| first(v) && p.put(program, uses, v, i, 0));
                }
                _ => {}
            }
        }
        p
    }
}
