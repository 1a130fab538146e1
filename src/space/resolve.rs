//! A sample becomes layers: settings are picked, `width` and defaults applied, shapes followed.

mod cell;
mod inputs;
mod mixing;
mod partial;
mod settings;

use super::architecture::{self, Architecture, Layer, Source};
use super::asked::Asked;
use super::blocks::{Block, Context, Kind, Resolved, Scalar};
use super::canonical::ordered;
use super::expand::{Expander, show};
use super::graph::{ParamId, Shape, ValueId};
use super::input::{Infeasible, InputSpec};
use super::structure::{DecisionId, Item, Pick, Reduce, Structure, What, as_count};
use crate::document::Span;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What is above a layer: the layer, and its output.
#[derive(Clone, Copy)]
struct Above {
    source: Source,
    value: ValueId,
    /// What stands above that; a cell may read both.
    before: Option<(Source, ValueId)>,
}

struct Resolver<'a> {
    structure: &'a Structure,
    input: &'a InputSpec,
    /// What was decided so far.
    asked: Rc<Asked<'a>>,
    width: Option<f64>,
    activation: Scalar,
    expander: Expander,
    layers: Vec<Layer>,
    /// Where each layer is written.
    spans: Vec<Span>,
    /// The first parameter of each layer.
    firsts: Vec<usize>,
    slots: Vec<Option<Above>>,
    ended: Option<Span>,
    /// The place in the structure, free of names: `4.b1.0.r2`. Kept where channels are followed.
    place: String,
    /// Decisions of which several options are built and mixed.
    mixing: Mixing,
    /// All outputs of the last layer.
    outputs: Vec<ValueId>,
    /// A bound of a cell that the sample breaks.
    broken: Option<Infeasible>,
    /// Whether a cell is being built, and for each layer whether it belongs to one.
    in_cell: bool,
    hidden: Vec<bool>,
    /// Where partial channels are built: channels are these divided by so much, and the first count that it did not divide.
    portion: usize,
    uneven: Cell<Option<usize>>,
}

/// Which decisions are mixed, and the mixtures that were made.
#[derive(Default)]
pub(super) struct Mixing {
    /// The options that are computed.
    pub over: BTreeMap<DecisionId, Vec<usize>>,
    /// Branches that keep the channels of what they read are mixed over one of so many of them (PC-DARTS); 0 and 1: over all.
    pub partial: usize,
    /// The weights that were made: (parameter, decision).
    pub made: Vec<(ParamId, DecisionId)>,
}

/// The layers of a sample in the order of the file, with where they are written and which of them nothing reads.
pub(super) struct Network {
    pub architecture: Architecture,
    pub dead: Vec<Span>,
    /// Where the others are written.
    pub live: Vec<Span>,
    /// A bound inside the space that this sample does not meet, though it can be built.
    pub broken: Option<Infeasible>,
}

/// A sample whose channels were followed.
pub(super) struct Tracked {
    pub architecture: Architecture,
    /// By layer of the architecture: the layer in the order of the file.
    pub order: Vec<usize>,
    /// By layer in the order of the file: where it is written, and its first parameter in the expander.
    pub layers: Vec<(Span, usize)>,
    pub expander: Expander,
}

/// Builds a sample.
pub(super) fn resolve(
    structure: &Structure,
    input: &InputSpec,
    choose: &mut dyn FnMut(DecisionId) -> usize,
) -> Result<Network, Infeasible> {
    let (mut r, last) = run(structure, input, Expander::counting, Mixing::default(), choose)?;
    let (dead, broken) = (r.dead(last.source), r.broken.take());
    let live = r.spans.iter().copied().filter(|s| !dead.contains(s)).collect();
    let (architecture, _) = r.canonical(last)?;
    Ok(Network { architecture, dead, live, broken })
}

/// Builds a sample and follows its channels.
pub(super) fn track(structure: &Structure, input: &InputSpec, choose: &mut dyn FnMut(DecisionId) -> usize) -> Result<Tracked, Infeasible> {
    let (mut r, last) = run(structure, input, Expander::tracking, Mixing::default(), choose)?;
    let layers = r.spans.iter().copied().zip(std::mem::take(&mut r.firsts)).collect();
    let rest = Expander::counting(r.expander.image());
    let expander = std::mem::replace(&mut r.expander, rest);
    let (architecture, order) = r.canonical(last)?;
    Ok(Tracked { architecture, order, layers, expander })
}

/// A network in which some decisions are mixed.
pub(super) struct Blend {
    pub expander: Expander,
    /// By layer in the order of the file.
    pub layers: Vec<Layer>,
    /// The parameters of mixtures, and the decisions that they stand for.
    pub made: Vec<(ParamId, DecisionId)>,
    pub outputs: Vec<ValueId>,
}

/// Builds a network in which the decisions of `over` are mixed and the others chosen, and follows its channels.
pub(super) fn blend(
    structure: &Structure,
    input: &InputSpec,
    over: BTreeMap<DecisionId, Vec<usize>>,
    partial: usize,
    choose: &mut dyn FnMut(DecisionId) -> usize,
) -> Result<Blend, Infeasible> {
    let mixing = Mixing { over, partial, made: vec![] };
    let (r, last) = run(structure, input, Expander::tracking, mixing, choose)?;
    let outputs = if r.ended.is_some() { r.outputs } else { vec![last.value] };
    Ok(Blend { expander: r.expander, layers: r.layers, made: r.mixing.made, outputs })
}

/// All layers of a sample, and the output.
fn run<'a>(
    structure: &'a Structure,
    input: &'a InputSpec,
    expander: fn(Shape) -> Expander,
    mixing: Mixing,
    choose: &mut dyn FnMut(DecisionId) -> usize,
) -> Result<(Resolver<'a>, Above), Infeasible> {
    let asked = Rc::new(Asked::new(structure.decisions.len(), &structure.guards));
    let asking = asked.clone();
    let choose: &mut dyn FnMut(DecisionId) -> usize = &mut |d| asking.ask(d, choose);
    let size = structure.image_size(input.image_size, choose);
    let image = architecture::Input { channels: input.channels, height: size, width: size };
    let width = structure.width.as_ref().map(|s| match s.pick(choose) {
        Scalar::Float(x) => x,
        _ => 1.0,
    });
    let mut r = Resolver {
        structure,
        input,
        asked,
        width,
        activation: structure.activation.pick(choose),
        expander: expander(image.shape()),
        layers: vec![],
        spans: vec![],
        firsts: vec![],
        slots: vec![None; structure.slots],
        ended: None,
        place: String::new(),
        mixing,
        outputs: vec![],
        broken: None,
        in_cell: false,
        hidden: vec![],
        portion: 1,
        uneven: Cell::new(None),
    };
    let top = Above { source: Source::Image, value: 0, before: None };
    let mut entries = structure.items.iter().enumerate();
    let last = entries.try_fold(top, |above, (i, item)| {
        let step = match structure.entry(i) {
            (0, number) => number.to_string(),
            (level, number) => format!("then{level}.{number}"),
        };
        r.at(&step, |r| r.item(item, above, choose))
    });
    // Maps that do not meet follow from a size that does not fit, which is the reason then.
    match structure.misfit(size, r.expander.largest_stride()) {
        Some(misfit) => Err(misfit),
        None => Ok((r, last?)),
    }
}

impl Resolver<'_> {
    fn items(&mut self, items: &[Item], above: Above, choose: &mut dyn FnMut(DecisionId) -> usize) -> Result<Above, Infeasible> {
        items.iter().enumerate().try_fold(above, |above, (i, item)| self.at(&i.to_string(), |r| r.item(item, above, choose)))
    }

    fn item(&mut self, item: &Item, above: Above, choose: &mut dyn FnMut(DecisionId) -> usize) -> Result<Above, Infeasible> {
        let out = self.entry(item, above, choose);
        // What a layer reads that is not decided here is what is wrong, whatever follows from it.
        if let Some(d) = self.asked.missing() {
            let label = &self.structure.decisions[d].label;
            return Err(Infeasible { reason: format!("`{label}` is read here, where its own condition is false"), span: item.span });
        }
        let out = out?;
        if let Some(slot) = item.slot {
            self.slots[slot] = Some(out);
        }
        Ok(out)
    }

    fn entry(&mut self, item: &Item, above: Above, choose: &mut dyn FnMut(DecisionId) -> usize) -> Result<Above, Infeasible> {
        let out = match &item.what {
            What::Skip => above,
            What::When { condition, body } => {
                let out = match self.asked.clone().holds(condition, choose) {
                    true => self.at("w", |r| r.items(body, above, choose))?,
                    false => above,
                };
                self.relabel(out)
            }
            What::Layer { kind, settings, inputs } => {
                let read = self.inputs(inputs, above, item.span)?;
                let resolved = self.settings(kind, settings, choose);
                let out = self.joined(kind, &resolved, inputs.len(), &read, item.span)?;
                self.step(out, above)
            }
            What::Pick { inputs, pick, reduce } => {
                let inputs: Vec<Above> = self.inputs(inputs, above, item.span)?.into_iter().map(|(_, a)| a).collect();
                let out = match pick.as_ref().filter(|p| self.mixing.over.contains_key(&p.decision)) {
                    Some(pick) => self.mix_inputs(pick.decision, *reduce, item.span, &mut |_, j| Ok(inputs[j]))?,
                    None => {
                        let taken = Pick::taken(pick.as_ref(), inputs.len(), choose);
                        let taken: Vec<Above> = taken.into_iter().map(|i| inputs[i]).collect();
                        self.reduce(*reduce, &taken, item.span)?
                    }
                };
                let out = self.step(out, above);
                if *reduce == Reduce::Add { self.relabel(out) } else { out }
            }
            What::Cell(cell) => {
                let outer = std::mem::replace(&mut self.in_cell, true);
                let out = self.cell(cell, above, item.span, choose)?;
                self.in_cell = outer;
                self.step(out, above)
            }
            What::Choose { decision, branches } if self.mixing.over.contains_key(decision) => {
                match self.portion == 1 && self.mixing.partial > 1 {
                    true => self.mix_partly(*decision, branches, above, item.span, choose)?,
                    false => {
                        let made = self.branches(*decision, branches, above, choose)?;
                        self.mix(*decision, &made, item.span)?
                    }
                }
            }
            What::Choose { decision, branches } => {
                let taken = choose(*decision).min(branches.len() - 1);
                let branch = self.structure.decisions[*decision].rank(taken);
                let out = self.at(&format!("b{branch}"), |r| r.item(&branches[taken], above, choose))?;
                self.relabel(out)
            }
            What::Repeat { count, copies } if count.decision.is_some_and(|d| self.mixing.over.contains_key(&d)) => {
                let decision = count.decision.unwrap_or_default();
                let options = self.mixing.over[&decision].clone();
                let counts: Vec<usize> = options.iter().map(|&o| as_count(count.values[o.min(count.values.len() - 1)])).collect();
                let mut after = vec![above];
                for (k, copy) in copies[..counts.iter().copied().max().unwrap_or(0).min(copies.len())].iter().enumerate() {
                    let out = self.at(&format!("r{k}"), |r| r.items(copy, after[k], choose))?;
                    after.push(out);
                }
                let made: Vec<(usize, Above)> = options.iter().zip(counts).map(|(&o, n)| (o, after[n.min(after.len() - 1)])).collect();
                self.mix(decision, &made, item.span)?
            }
            What::Repeat { count, copies } => {
                let n = as_count(count.pick(choose)).min(copies.len());
                let each = |above, (k, copy): (usize, &Vec<Item>)| self.at(&format!("r{k}"), |r| r.items(copy, above, choose));
                let out = copies[..n].iter().enumerate().try_fold(above, each)?;
                if count.decision.is_some() { self.relabel(out) } else { out }
            }
        };
        Ok(out)
    }

    /// Works one step deeper in the structure.
    fn at<T>(&mut self, step: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        if self.expander.tracker.is_none() {
            return work(self);
        }
        let length = self.place.len();
        if length > 0 {
            self.place.push('.');
        }
        self.place.push_str(step);
        let result = work(self);
        self.place.truncate(length);
        result
    }

    /// What stands here is read under one name, whatever made it.
    fn relabel(&mut self, out: Above) -> Above {
        Above { value: self.expander.relabel(out.value, &self.place), ..out }
    }

    /// A layer's output as the next one sees it.
    fn step(&mut self, out: Above, above: Above) -> Above {
        let before = (above.source != Source::Image).then_some((above.source, above.value));
        let single = self.expander.tracker.as_ref().is_some_and(|t| t.is_single(out.value));
        let out = Above { before, ..out };
        if single { self.relabel(out) } else { out }
    }

    fn layer(&mut self, kind: &Kind, resolved: &Resolved, inputs: &[Above], span: Span) -> Result<Above, Infeasible> {
        let shapes: Vec<_> = inputs.iter().map(|i| self.expander.shape(i.value)).collect();
        let image = self.expander.image();
        let anchors = if kind.word == "detect" { self.input.anchors_at(image.h, inputs.len()) } else { Ok(None) };
        let reads: Vec<String> = shapes.iter().map(|s| show(*s)).collect();
        let context = Context { inputs: &shapes, image, classes: self.input.classes, anchors };
        let over = |part: usize, reason: String| {
            let inside = if part == 0 { String::new() } else { format!(" (its part {})", part + 1) };
            Infeasible { reason: format!("`{}`{inside} over {}: {reason}", kind.word, reads.join(" and ")), span }
        };
        self.open(kind.word, span)?;
        let blocks = (kind.build)(resolved, &context).map_err(|reason| over(0, reason))?;
        let mut out = inputs[0];
        for (i, block) in blocks.into_iter().enumerate() {
            let reads = if i == 0 { inputs } else { &[out][..] };
            out = self.block(block, reads, i, span).map_err(|reason| over(i, reason))?;
        }
        Ok(out)
    }

    /// One block; `part` tells those of one place apart.
    fn block(&mut self, block: Block, reads: &[Above], part: usize, span: Span) -> Result<Above, String> {
        let values: Vec<ValueId> = reads.iter().map(|a| a.value).collect();
        self.firsts.push(self.expander.params.len());
        self.expander.enter(self.layers.len());
        if let Some(tracker) = &mut self.expander.tracker {
            tracker.enter(format!("{}.{part}", self.place));
        }
        let made = block.expand(&mut self.expander, &values)?;
        if matches!(block, Block::Detect(_)) {
            self.ended = Some(span);
        }
        self.outputs.clone_from(&made);
        let sources = match block {
            Block::Zero(_) => vec![Source::Image],
            _ => reads.iter().map(|a| a.source).collect(),
        };
        self.layers.push(Layer { block, inputs: sources });
        self.spans.push(span);
        self.hidden.push(self.in_cell);
        Ok(Above { source: Source::Layer(self.layers.len() - 1), value: made[0], before: reads[0].before })
    }

    /// The canonical network behind `output`, and where its layers stand in the order of the file.
    fn canonical(self, output: Above) -> Result<(Architecture, Vec<usize>), Infeasible> {
        let span = self.spans.last().copied().or(self.structure.items.last().map(|i| i.span)).unwrap_or_default();
        let image = self.expander.image();
        let image = architecture::Input { channels: image.c, height: image.h, width: image.w };
        ordered(image, self.layers, output.source).map_err(|reason| Infeasible { reason, span })
    }

    /// Where the layers stand that the network's output does not depend on.
    fn dead(&self, output: Source) -> Vec<Span> {
        let mut alive = vec![false; self.layers.len()];
        if let Source::Layer(last) = output {
            alive[last] = true;
        }
        for i in (0..self.layers.len()).rev() {
            if alive[i] {
                for source in &self.layers[i].inputs {
                    if let Source::Layer(j) = source {
                        alive[*j] = true;
                    }
                }
            }
        }
        // What zeros and cells cut off in this sample, others may read.
        if self.layers.iter().any(|l| matches!(l.block, Block::Zero(_))) {
            return vec![];
        }
        let mut spans: Vec<Span> = (0..alive.len()).filter(|&i| !alive[i] && !self.hidden[i]).map(|i| self.spans[i]).collect();
        spans.dedup();
        spans
    }
}
