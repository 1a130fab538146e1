//! Networks in which decisions are not taken but mixed, for the methods that learn them by gradients.

use super::{Slice, Supernet};
use crate::space::Infeasible;
use crate::space::blocks::Block;
use crate::space::graph::{Head, Op, ParamId, Program, ValueId};
use crate::space::resolve::{Blend, blend};
use std::collections::{BTreeMap, BTreeSet};

/// The weights of one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mixture {
    /// The parameter of the program that holds them, one number for each of `options`.
    pub param: ParamId,
    /// Index in [`Supernet::decisions`].
    pub decision: usize,
    /// The options (of picked inputs, the inputs) that are computed; number j of the parameter weighs the output of option `options[j]`.
    pub options: Vec<usize>,
}

/// A network with mixtures in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixed {
    /// What is executed. Mixture weights are parameters of kind [`Mixture`](crate::space::ParamKind::Mixture): executors
    /// give them gradients, the optimiser of the other weights leaves them alone.
    pub program: Program,
    /// By parameter; none for the weights of mixtures, which belong to the method, and for batch norms without scale and shift.
    pub slices: Vec<Option<Slice>>,
    /// In the order in which the network meets them. A decision that stands in several places has one set of weights.
    pub mixtures: Vec<Mixture>,
    /// The other decisions that this network depends on, ascending: those that took their option.
    pub taken: Vec<usize>,
}

impl Supernet {
    /// The network in which each decision of `over` is computed with all options that are listed for it, their outputs
    /// added with weights; every other decision takes its option of `options` (as in [`sample_from`](Self::sample_from)).
    ///
    /// Only branches, the counts of a `repeat` and picked inputs can be mixed. Where inputs are picked (the nodes of a cell
    /// with `edges N`, or `inputs`), the list holds single inputs instead of sets of them: all inputs with weights of one
    /// are DARTS, with weights of their own PC-DARTS. Values (channels, kernels, expansions, the `repeats` of a
    /// block) hold one value for the whole program: a method that learns them draws them and asks for another program.
    /// Branches that are mixed must have one shape. Costs are of everything that is computed.
    pub fn mixed(&self, options: &[usize], over: &BTreeMap<usize, Vec<usize>>) -> Result<Mixed, Infeasible> {
        for (&d, list) in over {
            let fail = |reason: String| {
                Err(Infeasible { reason, span: self.space.structure.decisions.get(d).map(|d| d.span).unwrap_or_default() })
            };
            let Some(decision) = self.decisions.get(d) else { return fail(format!("there is no decision {d}")) };
            let distinct = list.iter().enumerate().all(|(i, o)| *o < decision.candidates && !list[..i].contains(o));
            if list.is_empty() || !distinct {
                return fail(format!("{list:?} are not options of `{}`", decision.label));
            }
        }
        let mixed = self.mixed_where_met(options, over)?;
        if let Some(d) = over.keys().find(|d| mixed.mixtures.iter().all(|m| m.decision != **d)) {
            let decision = &self.space.structure.decisions[*d];
            let reason = format!("`{}` cannot be mixed: it chooses a value, or nothing here reads it", decision.label);
            return Err(Infeasible { reason, span: decision.span });
        }
        Ok(mixed)
    }

    /// [`mixed_where_met`](Self::mixed_where_met), but branches that keep the channels of what they read are mixed over one of `partial`
    /// of them: the network of PC-DARTS. It reads the first 1/`partial` of each dimension of channels of its branches' tensors.
    /// Batch norms of branches without weights are parameters without a slice: scale 1, shift 0. Channels that `partial` does not
    /// divide are an error at the decision.
    pub fn mixed_partly(&self, options: &[usize], over: &BTreeMap<usize, Vec<usize>>, partial: usize) -> Result<Mixed, Infeasible> {
        let structure = &self.space.structure;
        if let Some(d) = structure.read_by_conditions().into_iter().find(|d| over.contains_key(d)) {
            let decision = &structure.decisions[d];
            let reason = format!("`{}` cannot be mixed: it decides which layers or choices are there", decision.label);
            return Err(Infeasible { reason, span: decision.span });
        }
        let mut taken = BTreeSet::new();
        let mut choose = |d: usize| {
            taken.insert(d);
            options.get(d).copied().unwrap_or(0).min(structure.decisions[d].options.len() - 1)
        };
        let blend = blend(structure, &self.space.input, over.clone(), partial, &mut choose)?;
        let mixed = self.assemble(blend, over)?;
        Ok(Mixed { taken: taken.into_iter().collect(), ..mixed })
    }

    /// The same, but a decision of `over` that this network does not meet (it stands in a branch that was not taken, or
    /// chooses a value, which takes its option then) is no error.
    pub fn mixed_where_met(&self, options: &[usize], over: &BTreeMap<usize, Vec<usize>>) -> Result<Mixed, Infeasible> {
        self.mixed_partly(options, over, 1)
    }

    fn assemble(&self, blend: Blend, over: &BTreeMap<usize, Vec<usize>>) -> Result<Mixed, Infeasible> {
        let fail = |reason: String| Infeasible { reason, span: Default::default() };
        let tracker = blend.expander.tracker.as_ref().ok_or_else(|| fail("channels were not followed".into()))?;
        let original = |v: ValueId| tracker.original(v);
        let mut program = Program {
            values: blend.expander.values.clone(),
            nodes: blend.expander.nodes.clone(),
            params: blend.expander.params.clone(),
            outputs: blend.outputs.iter().map(|&v| original(v)).collect(),
            head: Head::Features,
        };
        for node in &mut program.nodes {
            node.inputs.iter_mut().for_each(|v| *v = original(*v));
        }
        let image = program.values[0];
        program.head = match blend.layers.last().map(|l| &l.block) {
            Some(Block::Detect(d)) => {
                let strides = program.outputs.iter().map(|&o| image.h / program.values[o].h.max(1)).collect();
                Head::Detect { classes: d.classes, strides, anchors: d.anchors.clone() }
            }
            Some(Block::Linear(l)) => Head::Classify { classes: l.channels },
            _ => Head::Features,
        };
        let kept = prune(&mut program);
        let place = |old: ParamId| kept.iter().position(|&k| k == old);
        let mut slices = Vec::with_capacity(kept.len());
        for &old in &kept {
            let of = tracker.uses().get(old).and_then(|u| u.as_ref());
            slices.push(match of {
                None => None,
                Some(of) => Some(self.slice(of).ok_or_else(|| fail(format!("the shared tensor {} does not hold this", of.tensor)))?),
            });
        }
        let mixtures = blend
            .made
            .iter()
            .filter_map(|&(param, decision)| Some(Mixture { param: place(param)?, decision, options: over.get(&decision)?.clone() }));
        Ok(Mixed { slices, mixtures: mixtures.collect(), program, taken: vec![] })
    }
}

/// Drops what no output needs, and renumbers; answers the old number of every parameter that stays.
fn prune(program: &mut Program) -> Vec<ParamId> {
    let mut live = vec![false; program.values.len()];
    live[0] = true;
    program.outputs.iter().for_each(|&v| live[v] = true);
    for node in program.nodes.iter().rev().filter(|n| n.output != 0) {
        if live[node.output] {
            node.inputs.iter().for_each(|&v| live[v] = true);
        }
    }
    program.nodes.retain(|n| live[n.output]);
    let number = |keep: &[bool]| {
        let mut next = 0;
        keep.iter()
            .map(|&k| {
                if k {
                    next += 1;
                    next - 1
                } else {
                    usize::MAX
                }
            })
            .collect::<Vec<usize>>()
    };
    // A value that only an alias named is written by nobody.
    let mut written = vec![false; program.values.len()];
    written[0] = true;
    program.nodes.iter().for_each(|n| written[n.output] = true);
    let value = number(&written);
    let mut used = vec![false; program.params.len()];
    program.nodes.iter_mut().for_each(|n| params_of(&mut n.op).into_iter().for_each(|p| used[*p] = true));
    let param = number(&used);
    for node in &mut program.nodes {
        node.output = value[node.output];
        node.inputs.iter_mut().for_each(|v| *v = value[*v]);
        params_of(&mut node.op).into_iter().for_each(|p| *p = param[*p]);
    }
    program.outputs.iter_mut().for_each(|v| *v = value[*v]);
    let mut index = 0;
    program.values.retain(|_| {
        index += 1;
        written[index - 1]
    });
    let kept: Vec<ParamId> = (0..used.len()).filter(|&p| used[p]).collect();
    program.params = kept.iter().map(|&p| program.params[p].clone()).collect();
    kept
}

/// The parameters that an operator reads.
fn params_of(op: &mut Op) -> Vec<&mut ParamId> {
    match op {
        Op::Conv { weight, bias, .. } | Op::Linear { weight, bias } => std::iter::once(weight).chain(bias.as_mut()).collect(),
        Op::Norm { scale, shift, mean, var, .. } => vec![scale, shift, mean, var],
        Op::Mix { weights, .. } => vec![weights],
        _ => vec![],
    }
}
