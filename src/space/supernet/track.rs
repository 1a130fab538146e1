//! Follows channels through a network while it is expanded, so that every parameter knows which shared tensor it is a
//! part of, and which channels of it.
//!
//! A value's channels are a list of *parts*: the first n channels of a place, the place being a convolution or the output
//! of an entry of the network. Joined inputs are lists; what passes channels through keeps the list.

use crate::space::graph::{Op, ParamId, ParamSpec, Shape, ValueId};
use std::rc::Rc;

/// The first `count` channels of a place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::space) struct Part {
    pub place: Rc<str>,
    pub count: usize,
}

/// Channels in order.
pub(in crate::space) type Parts = Rc<[Part]>;

/// One dimension of a parameter.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(in crate::space) enum Dim {
    /// Channels, each of them `each` elements in a row (more than one only in a linear layer over a map).
    Channels { parts: Parts, each: usize },
    /// A side of a kernel: the middle of the largest.
    Kernel(usize),
    /// The first so many.
    First(usize),
}

/// How a convolution's channels hang together; only equal ones can share weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::space) enum Grouping {
    /// Every output reads every input (and parameters that are no convolution's).
    Plain,
    /// One input a channel.
    Depthwise,
    /// So many groups.
    Groups(usize),
}

/// A parameter of one network, as a part of a shared tensor.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::space) struct Use {
    /// The shared tensor's name.
    pub tensor: String,
    pub dims: Vec<Dim>,
    pub grouping: Grouping,
}

/// The state of the walk.
pub(in crate::space) struct Tracker {
    /// By value; aliases have a value of their own.
    values: Vec<Parts>,
    /// What a value is another name of.
    aliases: Vec<Option<ValueId>>,
    /// The convolution (weight, bias) that made a value, seen through norms and activations.
    makers: Vec<Option<(ParamId, Option<ParamId>)>>,
    /// By parameter.
    uses: Vec<Option<Use>>,
    /// The place of the block that is being expanded.
    scope: String,
    /// Of a head: by level, the number that it has in the file's list, whichever of them are there.
    pub(in crate::space) levels: Vec<usize>,
}

impl Tracker {
    pub fn new(channels: usize) -> Self {
        let image = single("image", channels);
        Tracker { values: vec![image], aliases: vec![None], makers: vec![None], uses: vec![], scope: String::new(), levels: vec![] }
    }

    /// Says which place the next operators belong to.
    pub fn enter(&mut self, scope: String) {
        self.scope = scope;
    }

    /// Whether a value's channels are of one place.
    pub fn is_single(&self, value: ValueId) -> bool {
        self.values[value].len() == 1
    }

    pub(in crate::space) fn uses(&self) -> &[Option<Use>] {
        &self.uses
    }

    /// The value that a name stands for.
    pub(super) fn original(&self, mut value: ValueId) -> ValueId {
        while let Some(of) = self.aliases[value] {
            value = of;
        }
        value
    }

    pub fn alias(&mut self, value: ValueId, place: &str, channels: usize) {
        self.values.push(single(place, channels));
        self.aliases.push(Some(value));
        self.makers.push(None);
    }

    /// Notes an operator that is about to be written.
    pub fn follow(&mut self, op: &Op, inputs: &[ValueId], shapes: &[Shape], channels: usize, params: &[ParamSpec]) {
        let x = self.values[inputs[0]].clone();
        let mut maker = None;
        let parts = match op {
            Op::Conv { weight, bias, groups, .. } => {
                let name = self.name(&params[*weight]);
                let shape = &params[*weight].shape;
                let place: Rc<str> = unit(&name).into();
                let (grouping, out, inside) = match *groups {
                    1 => (Grouping::Plain, single(&place, shape[0]), Dim::Channels { parts: x, each: 1 }),
                    g if g == shape[0] && shape[1] == 1 => (Grouping::Depthwise, x, Dim::First(1)),
                    g => {
                        let part = Part { place, count: shape[0] / g };
                        (Grouping::Groups(g), vec![part; g].into(), Dim::First(shape[1]))
                    }
                };
                let rows = Dim::Channels { parts: out.clone(), each: 1 };
                self.set(*weight, name, vec![rows, inside, Dim::Kernel(shape[2]), Dim::Kernel(shape[3])], grouping);
                self.vectors(bias.as_slice(), &out, params, grouping);
                maker = Some((*weight, *bias));
                out
            }
            Op::Norm { scale, shift, mean, var, .. } => {
                self.vectors(&[*scale, *shift, *mean, *var], &x, params, Grouping::Plain);
                maker = self.makers[inputs[0]];
                x
            }
            Op::Linear { weight, bias } => {
                let name = self.name(&params[*weight]);
                let out = single(unit(&name), channels);
                let map = shapes[inputs[0]];
                let dims = vec![Dim::Channels { parts: out.clone(), each: 1 }, Dim::Channels { parts: x, each: map.h * map.w }];
                self.set(*weight, name, dims, Grouping::Plain);
                self.vectors(bias.as_slice(), &out, params, Grouping::Plain);
                out
            }
            Op::Concat => inputs.iter().flat_map(|&v| self.values[v].iter().cloned()).collect(),
            // Where blocks add, their own convolution comes last: its channels are there with and without a shortcut.
            Op::Add => inputs.last().map_or(x, |&v| self.values[v].clone()),
            Op::Scale => {
                // A gate's channels are those of what it scales.
                if let Some((weight, bias)) = self.makers[inputs[1]] {
                    for id in [Some(weight), bias].into_iter().flatten() {
                        if let Some(Some(gate)) = self.uses.get_mut(id) {
                            gate.dims[0] = Dim::Channels { parts: x.clone(), each: 1 };
                        }
                    }
                }
                x
            }
            Op::Activate(_) => {
                maker = self.makers[inputs[0]];
                x
            }
            Op::Zero => single(&self.scope, channels),
            // Nothing flows on but what the caller relabels.
            Op::Mix { .. } => x,
            Op::Slice { first: 0, channels } => leading(&x, *channels),
            // Nothing reads what passes by but what the caller relabels.
            Op::Slice { .. } | Op::Shuffle { .. } => single(&self.scope, channels),
            Op::MaxPool(_) | Op::AvgPool(_) | Op::GlobalPool | Op::Upsample(_) => x,
        };
        self.values.push(parts);
        self.aliases.push(None);
        self.makers.push(maker);
    }

    /// Makes parameters those of no shared tensor.
    pub fn forget(&mut self, ids: &[ParamId]) {
        for &id in ids {
            if let Some(of) = self.uses.get_mut(id) {
                *of = None;
            }
        }
    }

    fn vectors(&mut self, ids: &[ParamId], parts: &Parts, params: &[ParamSpec], grouping: Grouping) {
        for &id in ids {
            let name = self.name(&params[id]);
            self.set(id, name, vec![Dim::Channels { parts: parts.clone(), each: 1 }], grouping);
        }
    }

    fn set(&mut self, id: ParamId, tensor: String, dims: Vec<Dim>, grouping: Grouping) {
        if self.uses.len() <= id {
            self.uses.resize(id + 1, None);
        }
        self.uses[id] = Some(Use { tensor, dims, grouping });
    }

    /// `model.7.cv1.conv.weight` in the block at `4.b1.0` is `4.b1.0.cv1.conv.weight`.
    fn name(&self, spec: &ParamSpec) -> String {
        let local = spec.name.splitn(3, '.').nth(2).unwrap_or_default();
        // A head's tensors belong to the layer that it reads.
        let level = local.strip_prefix("m.").and_then(|l| l.split_once('.')).filter(|_| !self.levels.is_empty());
        match level.and_then(|(level, part)| Some((self.levels.get(level.parse::<usize>().ok()?)?, part))) {
            Some((level, part)) => format!("{}.m.{level}.{part}", self.scope),
            None => format!("{}.{local}", self.scope),
        }
    }
}

fn single(place: &str, count: usize) -> Parts {
    [Part { place: place.into(), count }].into()
}

/// The first `count` channels of a list.
fn leading(parts: &Parts, mut count: usize) -> Parts {
    let take = |part: &Part| {
        let taken = part.count.min(count);
        count -= taken;
        Part { count: taken, ..part.clone() }
    };
    parts.iter().map(take).filter(|p| p.count > 0).collect()
}

/// The unit that a weight belongs to.
fn unit(weight: &str) -> &str {
    weight.strip_suffix(".weight").unwrap_or(weight)
}
