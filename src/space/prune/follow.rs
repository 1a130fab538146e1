//! Follows every channel of a network to the convolution that makes it, and finds out which makers lose the same ones.

use super::fields::{Field, field};
use crate::space::architecture::Architecture;
use crate::space::graph::{Op, ParamId, Program};

/// A channel: who makes it, and which of that one's channels it is.
pub(super) type Channel = (usize, usize);

/// A convolution, a linear layer, the image, or zeros.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    /// Channels.
    pub channels: usize,
    /// Weight, where it has one.
    pub weight: Option<ParamId>,
    /// Gamma of the batch norm behind it.
    pub gamma: Option<ParamId>,
    /// What counts its channels: a layer and a number of its block; none where only a tie does.
    pub field: Option<(usize, Field)>,
    /// Whether its channels must stay as they are.
    pub fixed: bool,
}

/// All makers of a network.
pub(super) struct Makers {
    /// The first is the image.
    pub all: Vec<Made>,
    /// By value of the program: its channels.
    pub values: Vec<Vec<Channel>>,
    /// By maker: another of its group, or itself.
    ties: Vec<usize>,
}

impl Makers {
    /// Of a program, which is the architecture's.
    pub fn of(program: &Program, architecture: &Architecture) -> Makers {
        let image = Made { channels: program.values[0].c, fixed: true, ..Made::default() };
        let own = (0..image.channels).map(|i| (0, i)).collect();
        let mut makers = Makers { all: vec![image], values: vec![Vec::new(); program.values.len()], ties: vec![0] };
        makers.values[0] = own;
        for node in &program.nodes {
            let input = makers.values[node.inputs[0]].clone();
            let channels = program.values[node.output].c;
            let output = match &node.op {
                Op::Conv { weight, groups, .. } => {
                    let depthwise = *groups == channels && *groups == input.len() && *groups > 1;
                    let block = &architecture.layers[node.layer].block;
                    let counted = field(block, path(&program.params[*weight].name), depthwise);
                    let whole = *groups == 1 || depthwise;
                    let fixed = !whole || counted.is_none();
                    let field = counted.flatten().map(|f| (node.layer, f));
                    let made = makers.add(Made { channels, weight: Some(*weight), field, fixed, ..Made::default() });
                    if depthwise {
                        makers.tie(&made, &input);
                    } else if *groups != 1 {
                        makers.fix(&input);
                    }
                    made
                }
                Op::Linear { weight, .. } => {
                    let counted = field(&architecture.layers[node.layer].block, "linear", false);
                    let (field, fixed) = (counted.flatten().map(|f| (node.layer, f)), counted.is_none());
                    makers.add(Made { channels, weight: Some(*weight), field, fixed, ..Made::default() })
                }
                Op::Norm { scale, .. } => {
                    // A norm of one maker's channels is that maker's.
                    if let Some(&(maker, _)) = input.first()
                        && makers.is_all_of(maker, &input)
                    {
                        makers.all[maker].gamma.get_or_insert(*scale);
                    }
                    input
                }
                Op::Activate(_) | Op::MaxPool(_) | Op::AvgPool(_) | Op::GlobalPool | Op::Upsample(_) => input,
                Op::Concat => node.inputs.iter().flat_map(|&v| makers.values[v].clone()).collect(),
                Op::Add | Op::Scale => {
                    for &other in &node.inputs[1..] {
                        let other = makers.values[other].clone();
                        makers.tie(&input, &other);
                    }
                    input
                }
                Op::Zero => makers.add(Made { channels, fixed: true, ..Made::default() }),
                Op::Slice { first, channels } => {
                    makers.fix(&input);
                    input[*first..first + channels].to_vec()
                }
                Op::Shuffle { groups } => {
                    makers.fix(&input);
                    let each = input.len() / groups.max(&1);
                    (0..input.len()).map(|i| input[(i % groups) * each + i / groups]).collect()
                }
                Op::Mix { .. } => {
                    node.inputs.iter().for_each(|&v| makers.fix(&makers.values[v].clone()));
                    input
                }
            };
            makers.values[node.output] = output;
        }
        for &output in &program.outputs {
            let channels = makers.values[output].clone();
            makers.fix(&channels);
        }
        makers
    }

    /// The group of a maker: the one that stands for it.
    pub fn group(&self, mut maker: usize) -> usize {
        while self.ties[maker] != maker {
            maker = self.ties[maker];
        }
        maker
    }

    fn add(&mut self, made: Made) -> Vec<Channel> {
        let (maker, channels) = (self.all.len(), made.channels);
        self.all.push(made);
        self.ties.push(maker);
        (0..channels).map(|i| (maker, i)).collect()
    }

    fn fix(&mut self, channels: &[Channel]) {
        channels.iter().for_each(|c| self.all[c.0].fixed = true);
    }

    fn is_all_of(&self, maker: usize, channels: &[Channel]) -> bool {
        channels.len() == self.all[maker].channels && channels.iter().enumerate().all(|(i, c)| *c == (maker, i))
    }

    /// Ties makers whose channels meet one by one, each with all of its own in order; others are fixed.
    fn tie(&mut self, a: &[Channel], b: &[Channel]) {
        let aligned = a.len() == b.len() && self.whole_runs(a) && self.whole_runs(b) && a.iter().zip(b).all(|(a, b)| a.1 == b.1);
        if !aligned {
            self.fix(a);
            self.fix(b);
            return;
        }
        for (a, b) in a.iter().zip(b).filter(|(a, _)| a.1 == 0) {
            let (a, b) = (self.group(a.0), self.group(b.0));
            let (first, other) = (a.min(b), a.max(b));
            self.ties[other] = first;
        }
    }

    /// Whether channels are those of some makers, each whole and in order.
    fn whole_runs(&self, channels: &[Channel]) -> bool {
        let mut at = 0;
        while let Some(&(maker, _)) = channels.get(at) {
            let end = at + self.all[maker].channels;
            if end > channels.len() || !self.is_all_of(maker, &channels[at..end]) {
                return false;
            }
            at = end;
        }
        true
    }
}

/// `cv1` of `model.3.cv1.conv.weight`; nothing of `model.3.conv.weight`.
fn path(name: &str) -> &str {
    let inside = name.splitn(3, '.').nth(2).unwrap_or("");
    let inside = inside.strip_suffix("weight").unwrap_or(inside);
    let inside = inside.strip_suffix("conv.").unwrap_or(inside);
    inside.strip_suffix('.').unwrap_or(inside)
}
