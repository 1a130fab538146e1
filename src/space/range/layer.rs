//! What a layer costs by itself, over inputs of known shapes. Costs of networks are sums of these: no operation spans two layers.

use crate::space::blocks::{Context, Kind, Resolved, Scalar};
use crate::space::bounds::Bound;
use crate::space::costs::cost_as;
use crate::space::expand::Expander;
use crate::space::graph::{Head, Program, Shape};
use crate::space::input::InputSpec;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// A layer over certain inputs.
#[derive(Debug)]
pub struct Made {
    /// Its output, the first of several.
    pub shape: Shape,
    /// What it adds to the figure of every bound, at least and at most.
    pub cost: Vec<(f64, f64)>,
}

/// (word, values, inputs, side of the image)
type Known = (&'static str, Vec<(&'static str, u64)>, Vec<Shape>, usize);

/// Layers that were looked at, each once.
pub struct Layers<'a> {
    input: &'a InputSpec,
    bounds: &'a [Bound],
    /// Whether sums may leave inputs out, because these are zeros.
    zeros: bool,
    known: RefCell<HashMap<Known, Option<Rc<Made>>>>,
}

impl<'a> Layers<'a> {
    /// Of a space; `zeros` says whether it has layers of zeros.
    pub fn new(input: &'a InputSpec, bounds: &'a [Bound], zeros: bool) -> Self {
        Layers { input, bounds, zeros, known: RefCell::default() }
    }

    /// What costs nothing.
    pub fn nothing(&self) -> Vec<(f64, f64)> {
        vec![(0.0, 0.0); self.bounds.len()]
    }

    /// What may cost anything.
    pub fn anything(&self) -> Vec<(f64, f64)> {
        vec![(0.0, f64::INFINITY); self.bounds.len()]
    }

    /// Whether a bound reads more than counts: activations matter then.
    pub fn reads_operations(&self) -> bool {
        self.bounds.iter().any(|b| b.table.is_some())
    }

    /// A layer; none where it cannot be built.
    pub fn make(&self, kind: &'static Kind, resolved: &Resolved, inputs: &[Shape], side: usize) -> Option<Rc<Made>> {
        let values = resolved.values.iter().map(|(name, value)| (*name, bits(*value))).collect();
        let key = (kind.word, values, inputs.to_vec(), side);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        let made = self.build(kind, resolved, inputs, side).map(Rc::new);
        self.known.borrow_mut().insert(key, made.clone());
        made
    }

    fn build(&self, kind: &Kind, resolved: &Resolved, inputs: &[Shape], side: usize) -> Option<Made> {
        let image = Shape { h: side, w: side, c: self.input.channels };
        let anchors = if kind.word == "detect" { self.input.anchors_at(side, inputs.len()) } else { Ok(None) };
        let blocks = (kind.build)(resolved, &Context { inputs, image, classes: self.input.classes, anchors }).ok()?;
        let mut e = Expander::over(image, inputs, !self.reads_operations());
        let mut read: Vec<usize> = (1..=inputs.len()).collect();
        for block in blocks {
            if !block.is_identity(read.len()) {
                read = block.expand(&mut e, &read).ok()?;
            }
            read.truncate(if kind.word == "detect" { read.len() } else { 1 });
        }
        let (shape, cost) = (e.shape(*read.first()?), e.cost);
        // What zeros are added to or joined with may be left out.
        let fleeting = self.zeros && matches!(kind.word, "add" | "concat" | "zero" | "upsample" | "max-pool" | "avg-pool" | "global-pool");
        let program = Program { values: e.values, nodes: e.nodes, params: e.params, outputs: read, head: Head::Features };
        let operations = if self.reads_operations() { program.operation_counts() } else { Default::default() };
        let of = |bound: &Bound| match &bound.table {
            None => {
                let x = cost_as(&bound.metric, &cost).unwrap_or(0.0);
                (x, x)
            }
            Some((table, _)) => {
                let rows = operations.iter().map(|(key, count)| Some(table.row(key)? * *count as f64));
                let sum: Option<f64> = rows.sum();
                (if fleeting { 0.0 } else { sum.unwrap_or(0.0) }, sum.unwrap_or(f64::INFINITY))
            }
        };
        Some(Made { shape, cost: self.bounds.iter().map(of).collect() })
    }
}

fn bits(value: Scalar) -> u64 {
    match value {
        Scalar::Int(v) => v as u64,
        Scalar::Float(v) => v.to_bits(),
        Scalar::Bool(v) => u64::from(v),
        Scalar::Activation(a) => a as u64,
        Scalar::Word(w) => w.bytes().fold(0, |hash: u64, b| hash.wrapping_mul(0x100_0000_01b3) ^ u64::from(b)),
    }
}
