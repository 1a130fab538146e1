//! Cells: small graphs of nodes that add their edges, and `inputs`.

use super::{Above, Resolver};
use crate::document::Span;
use crate::space::blocks::{Block, Conv, Scalar, Zero};
use crate::space::expand::show;
use crate::space::graph::{Activation, Shape};
use crate::space::input::Infeasible;
use crate::space::structure::{Cell, CellNode, DecisionId, Output, Pick, Reduce, as_count};

/// How a pair is put together that is not added.
const CONCAT: &str = "concat";

type Choose<'c> = &'c mut dyn FnMut(DecisionId) -> usize;

impl Resolver<'_> {
    /// A use of a cell: its inputs brought to one shape, its nodes, its output.
    pub(super) fn cell(&mut self, cell: &Cell, above: Above, span: Span, choose: Choose) -> Result<Above, Infeasible> {
        self.open("use", span)?;
        let channels = self.scaled(as_count(cell.channels.pick(choose)));
        let mut states = self.fitted(cell, channels, above, span)?;
        let n = as_count(cell.count.pick(choose)).min(cell.nodes.len());
        let mut read = vec![false; states.len() + n];
        let mut edges = 0;
        for (i, node) in cell.nodes[..n].iter().enumerate() {
            let sum = self.at(&format!("n{i}"), |r| {
                let sum = r.sum(cell, node, &states, span, &mut read, &mut edges, choose)?;
                let sum = r.relabel(sum);
                match &node.op {
                    Some(op) => r.at("op", |r| r.item(op, sum, choose)),
                    None => Ok(sum),
                }
            })?;
            states.push(self.at(&format!("o{i}"), |r| r.relabel(sum)));
        }
        let first = states.len() - n;
        let joined: Vec<Above> = match cell.output {
            _ if n == 0 => vec![states[first - 1]],
            Output::Last => vec![states[states.len() - 1]],
            Output::Nodes => states[first..].to_vec(),
            Output::Loose => (first..states.len()).filter(|&s| !read[s]).map(|s| states[s]).collect(),
        };
        let (min, max) = cell.edges;
        let edges = edges + joined.len();
        if edges < min || edges > max {
            let bound = if edges < min { format!("at least {min}") } else { format!("at most {max}") };
            self.broken.get_or_insert(Infeasible { reason: format!("the cell has {edges} edges where {bound} are required"), span });
        }
        self.at("out", |r| r.reduce(Reduce::Concat, &joined, span))
    }

    /// The layers above that a cell reads, the earliest first, in its channels and in the smallest of their maps.
    fn fitted(&mut self, cell: &Cell, channels: usize, above: Above, span: Span) -> Result<Vec<Above>, Infeasible> {
        let before = above.before.map_or(above, |(source, value)| Above { source, value, before: None });
        let reads = if cell.inputs == 2 { vec![before, above] } else { vec![above] };
        let shape = |r: &Self, a: &Above| r.expander.shape(a.value);
        let h = reads.iter().map(|a| shape(self, a).h).min().unwrap_or(1);
        let w = reads.iter().map(|a| shape(self, a).w).min().unwrap_or(1);
        let mut states = vec![];
        for (k, read) in reads.iter().enumerate() {
            let s = shape(self, read);
            let stride = s.h.div_ceil(h);
            if (s.h.div_ceil(stride), s.w.div_ceil(stride)) != (h, w) {
                let reason = format!("a cell cannot read {} beside maps of {h}×{w}: no stride leads from one to the other", show(s));
                return Err(Infeasible { reason, span });
            }
            let state = match (s.c, stride) == (channels, 1) {
                true => *read,
                false => self.at(&format!("i{k}"), |r| r.strided(*read, channels, stride, span))?,
            };
            states.push(self.at(&format!("s{k}"), |r| r.relabel(state)));
        }
        Ok(states)
    }

    /// A 1×1 convolution that brings a value to other channels, or to a smaller map.
    fn strided(&mut self, read: Above, channels: usize, stride: usize, span: Span) -> Result<Above, Infeasible> {
        let activation = match self.activation {
            Scalar::Activation(a) => a,
            _ => Activation::Silu,
        };
        let conv = Conv { channels, kernel: (1, 1), stride, padding: (0, 0), dilation: 1, groups: 1, activation };
        self.block(Block::Conv(conv), &[read], 0, span).map_err(|reason| Infeasible { reason: format!("the cell's input: {reason}"), span })
    }

    /// The sum of a node's edges, with or without decisions mixed.
    fn sum(
        &mut self,
        cell: &Cell,
        node: &CellNode,
        states: &[Above],
        span: Span,
        read: &mut [bool],
        edges: &mut usize,
        choose: Choose,
    ) -> Result<Above, Infeasible> {
        let mut made = vec![];
        for (k, slot) in node.slots.iter().enumerate() {
            let place = |j: usize| if k == 0 { format!("e{j}") } else { format!("p{k}e{j}") };
            if let Some(pick) = slot.pick.as_ref().filter(|p| self.mixing.over.contains_key(&p.decision)) {
                read[..states.len()].fill(true);
                made.push(self.mix_inputs(pick.decision, Reduce::Add, span, &mut |r, j| {
                    r.at(&place(j), |r| r.item(&slot.edges[j], states[j], choose))
                })?);
                continue;
            }
            for j in Pick::taken(slot.pick.as_ref(), slot.edges.len(), choose) {
                let before = self.layers.len();
                let out = self.at(&place(j), |r| r.item(&slot.edges[j], states[j], choose))?;
                let zero = self.layers.len() == before + 1 && matches!(self.layers[before].block, Block::Zero(_));
                if !zero {
                    read[j] = true;
                    *edges += 1;
                }
                made.push(out);
            }
        }
        let joined = node.combine.as_ref().is_some_and(|c| c.pick(choose) == Scalar::Word(CONCAT));
        if made.is_empty() {
            let s = self.expander.shape(states[0].value);
            let (h, w) = (s.h.div_ceil(cell.stride), s.w.div_ceil(cell.stride));
            let zero = Block::Zero(Zero::from(Shape { h, w, c: s.c }));
            return self.block(zero, &states[..1], 0, span).map_err(|reason| Infeasible { reason, span });
        }
        if !joined {
            return self.reduce(Reduce::Add, &made, span);
        }
        let channels = self.expander.shape(made[0].value).c;
        let all = self.reduce(Reduce::Concat, &made, span)?;
        self.at("c", |r| r.strided(all, channels, 1, span))
    }

    /// Several values as one.
    pub(super) fn reduce(&mut self, reduce: Reduce, values: &[Above], span: Span) -> Result<Above, Infeasible> {
        if let [one] = values {
            return Ok(*one);
        }
        let block = if reduce == Reduce::Add { Block::Add } else { Block::Concat };
        self.block(block, values, 0, span).map_err(|reason| Infeasible { reason, span })
    }

    /// All candidates of a decision between inputs, computed by `make` and mixed.
    pub(super) fn mix_inputs(
        &mut self,
        decision: DecisionId,
        reduce: Reduce,
        span: Span,
        make: &mut dyn FnMut(&mut Self, usize) -> Result<Above, Infeasible>,
    ) -> Result<Above, Infeasible> {
        if reduce == Reduce::Concat {
            let label = &self.structure.decisions[decision].label;
            return Err(Infeasible { reason: format!("`{label}` joins channels, which cannot be mixed"), span });
        }
        let mut made = vec![];
        for j in self.mixing.over[&decision].clone() {
            made.push((j, make(self, j)?));
        }
        self.mix(decision, &made, span)
    }
}
