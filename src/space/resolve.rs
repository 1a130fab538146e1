//! A sample becomes layers: settings are picked, `width` and defaults applied, shapes followed.

use super::architecture::{self, Architecture, Layer, Source};
use super::blocks::{Block, Context, Default, Kind, Resolved, Scalar, Type};
use super::canonical::canonical;
use super::expand::{Expander, show};
use super::graph::ValueId;
use super::structure::{DecisionId, Input, Item, Setting, Structure, What, as_count};
use super::{Infeasible, InputSpec};
use crate::document::Span;

/// What is above a layer: the layer, and its output.
#[derive(Clone, Copy)]
struct Above {
    source: Source,
    value: ValueId,
}

struct Resolver<'a> {
    structure: &'a Structure,
    input: &'a InputSpec,
    width: Option<f64>,
    activation: Scalar,
    expander: Expander,
    layers: Vec<Layer>,
    /// Where each layer is written.
    spans: Vec<Span>,
    slots: Vec<Option<Above>>,
    ended: Option<Span>,
}

/// The layers of a sample in the order of the file, with where they are written and which of them nothing reads.
pub(super) struct Network {
    pub architecture: Architecture,
    pub dead: Vec<Span>,
}

/// Builds a sample.
pub(super) fn resolve(
    structure: &Structure,
    input: &InputSpec,
    choose: &mut dyn FnMut(DecisionId) -> usize,
) -> Result<Network, Infeasible> {
    let image = architecture::Input { channels: input.channels, height: input.image_size, width: input.image_size };
    let width = structure.width.as_ref().map(|s| match s.pick(choose) {
        Scalar::Float(x) => x,
        _ => 1.0,
    });
    let mut r = Resolver {
        structure,
        input,
        width,
        activation: structure.activation.pick(choose),
        expander: Expander::counting(image.shape()),
        layers: vec![],
        spans: vec![],
        slots: vec![None; structure.slots],
        ended: None,
    };
    let top = Above { source: Source::Image, value: 0 };
    let last = r.items(&r.structure.items, top, choose)?;
    let at = r.spans.last().copied().or(r.structure.items.last().map(|i| i.span)).unwrap_or_default();
    let dead = r.dead(last.source);
    let architecture = canonical(image, r.layers, last.source).map_err(|reason| Infeasible { reason, span: at })?;
    Ok(Network { architecture, dead })
}

impl Resolver<'_> {
    fn items(&mut self, items: &[Item], above: Above, choose: &mut dyn FnMut(DecisionId) -> usize) -> Result<Above, Infeasible> {
        items.iter().try_fold(above, |above, item| self.item(item, above, choose))
    }

    fn item(&mut self, item: &Item, above: Above, choose: &mut dyn FnMut(DecisionId) -> usize) -> Result<Above, Infeasible> {
        let out = match &item.what {
            What::Skip => above,
            What::Layer { kind, settings, inputs } => {
                let inputs: Vec<Above> = inputs
                    .iter()
                    .map(|i| match i {
                        Input::Above => above,
                        Input::Slot(s) => self.slots[*s].unwrap_or(above),
                    })
                    .collect();
                let resolved = self.settings(kind, settings, choose);
                self.layer(kind, &resolved, &inputs, item.span)?
            }
            What::Choose { decision, branches } => {
                let taken = choose(*decision).min(branches.len() - 1);
                self.item(&branches[taken], above, choose)?
            }
            What::Repeat { count, copies } => {
                let n = as_count(count.pick(choose)).min(copies.len());
                copies[..n].iter().try_fold(above, |above, copy| self.items(copy, above, choose))?
            }
        };
        if let Some(slot) = item.slot {
            self.slots[slot] = Some(out);
        }
        Ok(out)
    }

    fn settings(&self, kind: &Kind, settings: &[(&'static str, Setting)], choose: &mut dyn FnMut(DecisionId) -> usize) -> Resolved {
        let mut resolved = Resolved::default();
        for field in kind.properties {
            let written = settings.iter().find(|(n, _)| *n == field.name).map(|(_, s)| s.pick(choose));
            let value = match (written, field.default, field.r#type) {
                (Some(Scalar::Int(c)), _, Type::Channels) => Some(Scalar::Int(self.scaled(c))),
                (Some(value), _, _) => Some(value),
                (None, Default::Network, _) => Some(self.activation),
                (None, Default::Is(value), _) => Some(value),
                (None, _, _) => None,
            };
            resolved.values.extend(value.map(|v| (field.name, v)));
        }
        resolved
    }

    /// Rule 9: multiplied and rounded up to a multiple of 8, where `width` is written.
    fn scaled(&self, channels: usize) -> usize {
        match self.width {
            Some(width) => ((channels as f64 * width / 8.0).ceil() as usize).saturating_mul(8),
            None => channels,
        }
    }

    fn layer(&mut self, kind: &Kind, resolved: &Resolved, inputs: &[Above], span: Span) -> Result<Above, Infeasible> {
        let shapes: Vec<_> = inputs.iter().map(|i| self.expander.shape(i.value)).collect();
        let fail = |reason: String, part: usize| {
            let reads: Vec<String> = shapes.iter().map(|s| show(*s)).collect();
            let inside = if part == 0 { String::new() } else { format!(" (its part {})", part + 1) };
            Infeasible { reason: format!("`{}`{inside} over {}: {reason}", kind.word, reads.join(" and ")), span }
        };
        if let Some(head) = self.ended {
            return Err(Infeasible {
                reason: format!("`{}` stands behind `detect`, which ends a network", kind.word),
                span: span.max(head),
            });
        }
        let context =
            Context { inputs: &shapes, image: self.expander.image(), classes: self.input.classes, anchors: self.input.anchors.as_deref() };
        let blocks = (kind.build)(resolved, &context).map_err(|reason| fail(reason, 0))?;
        let mut out = inputs[0];
        for (i, block) in blocks.into_iter().enumerate() {
            let reads = if i == 0 { inputs } else { &[out][..] };
            let values: Vec<ValueId> = reads.iter().map(|a| a.value).collect();
            let made = block.expand(&mut self.expander, &values).map_err(|reason| fail(reason, i))?;
            if matches!(block, Block::Detect(_)) {
                self.ended = Some(span);
            }
            let sources = reads.iter().map(|a| a.source).collect();
            self.layers.push(Layer { block, inputs: sources });
            self.spans.push(span);
            out = Above { source: Source::Layer(self.layers.len() - 1), value: made[0] };
        }
        Ok(out)
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
        let mut spans: Vec<Span> = (0..alive.len()).filter(|&i| !alive[i]).map(|i| self.spans[i]).collect();
        spans.dedup();
        spans
    }
}
