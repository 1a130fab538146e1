//! The canonical architecture (invariant 8): what a candidate is, whatever space, label or strategy it came from.
//!
//! Layers are in depth-first post-order from the last one, so that stock networks have upstream's indices. Nothing is
//! left to defaults. An [`Architecture`] is always valid: it is made by [`canonical`](super::canonical) and checked
//! when it is read from JSON (`outside`).

use super::blocks::Block;
use super::costs::Cost;
use super::expand::{Expander, show};
use super::graph::{Head, Program, Shape, ValueId};
use crate::base::{Canon, Digest};
use serde::{Deserialize, Serialize};

/// The image that a network reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Input {
    /// As a shape.
    pub fn shape(&self) -> Shape {
        Shape { h: self.height, w: self.width, c: self.channels }
    }
}

/// What a layer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The image.
    Image,
    /// An earlier layer.
    Layer(usize),
}

/// A block and what it reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// What it computes.
    pub block: Block,
    /// In order; one, unless the block joins.
    pub inputs: Vec<Source>,
}

/// What a layer makes and costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its outputs: several of a head, else one.
    pub outputs: Vec<Shape>,
    /// What it costs.
    pub cost: Cost,
}

/// A network with nothing left open; two networks that compute the same by the same blocks are equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Architecture {
    /// The image.
    pub input: Input,
    /// The last one is what the network returns.
    pub layers: Vec<Layer>,
}

/// An architecture as it comes from outside; `outside` checks it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub input: Input,
    pub layers: Vec<Layer>,
}

impl Architecture {
    /// The canonical value of which [`digest`](Self::digest) is the digest.
    pub fn canon(&self) -> Canon {
        let layers = self.layers.iter().map(layer_canon).collect();
        Canon::map([("architecture", 1usize.into()), ("input", to_canon(&self.input)), ("layers", Canon::List(layers))])
    }

    /// The candidate's name.
    pub fn digest(&self) -> Digest {
        self.canon().digest()
    }

    /// From JSON; anything wrong is an error, whatever it is.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The network as operators.
    pub fn program(&self) -> Result<Program, String> {
        let mut e = Expander::writing(self.input.shape());
        let outputs = self.expand(&mut e, |_, _| ())?;
        let head = match self.layers.last().map(|l| &l.block) {
            Some(Block::Detect(d)) => {
                let strides = outputs.iter().map(|&o| self.input.height / e.shape(o).h).collect();
                Head::Detect { classes: d.classes, strides, anchors: d.anchors.clone() }
            }
            Some(Block::Linear(l)) => Head::Classify { classes: l.channels },
            _ => Head::Features,
        };
        Ok(Program { values: e.values, nodes: e.nodes, params: e.params, outputs, head })
    }

    /// The network with its channels followed; places are the numbers of its layers.
    pub(super) fn followed(&self) -> Result<Expander, String> {
        let mut e = Expander::tracking(self.input.shape());
        self.expand(&mut e, |_, _| ())?;
        Ok(e)
    }

    /// Parameters and multiply-adds, without writing the program.
    pub fn cost(&self) -> Result<Cost, String> {
        let mut e = Expander::counting(self.input.shape());
        self.expand(&mut e, |_, _| ())?;
        Ok(e.cost)
    }

    /// Walks the layers; `seen` is told each layer's output and the costs so far.
    fn expand(&self, e: &mut Expander, mut seen: impl FnMut(&Expander, &[ValueId])) -> Result<Vec<ValueId>, String> {
        let mut outputs: Vec<Vec<ValueId>> = Vec::with_capacity(self.layers.len());
        for (i, layer) in self.layers.iter().enumerate() {
            e.enter(i);
            let inputs: Vec<ValueId> = layer
                .inputs
                .iter()
                .map(|s| match s {
                    Source::Image => 0,
                    Source::Layer(j) => outputs[*j][0],
                })
                .collect();
            let out = layer.block.expand(e, &inputs).map_err(|e| format!("layer {i} ({}): {e}", layer.block.word()))?;
            seen(e, &out);
            outputs.push(out);
        }
        outputs.pop().ok_or_else(|| "the network has no layers".to_string())
    }

    /// The same layers over square images of this size. Anchors stay as they are.
    pub fn at_size(&self, px: usize) -> Result<Architecture, String> {
        let input = Input { height: px, width: px, ..self.input };
        let architecture = Architecture { input, layers: self.layers.clone() };
        architecture.cost()?;
        Ok(architecture)
    }

    /// The anchors of its head; none of one without a head of boxes.
    pub fn anchors(&self) -> Option<&[Vec<(f32, f32)>]> {
        match &self.layers.last()?.block {
            Block::Detect(detect) => Some(&detect.anchors),
            _ => None,
        }
    }

    /// Classes of its head; 0 of a network without one.
    pub fn classes(&self) -> usize {
        match self.layers.last().map(|l| &l.block) {
            Some(Block::Detect(detect)) => detect.classes,
            Some(Block::Linear(linear)) => linear.channels,
            _ => 0,
        }
    }

    /// The same network with other anchors in its head, of as many levels and sizes as it has; else it is unchanged.
    #[must_use]
    pub fn with_anchors(&self, anchors: &[Vec<(f32, f32)>]) -> Architecture {
        let mut other = self.clone();
        if let Some(Layer { block: Block::Detect(detect), .. }) = other.layers.last_mut()
            && detect.anchors.iter().map(Vec::len).eq(anchors.iter().map(Vec::len))
        {
            detect.anchors = anchors.to_vec();
        }
        other
    }

    /// What each layer makes and costs, as far as layers can be built; and what keeps the next from being built.
    pub fn layers_seen(&self) -> (Vec<Seen>, Result<(), String>) {
        let mut e = Expander::counting(self.input.shape());
        let mut rows = vec![];
        let mut before = Cost::default();
        let walk = self.expand(&mut e, |e, out| {
            let cost = Cost { params: e.cost.params - before.params, macs: e.cost.macs - before.macs };
            rows.push(Seen { outputs: out.iter().map(|&o| e.shape(o)).collect(), cost });
            before = e.cost;
        });
        (rows, walk.map(|_| ()))
    }

    /// One readable line a layer: index, block, output, parameters.
    pub fn text(&self) -> String {
        let (rows, walk) = self.layers_seen();
        let mut text = String::new();
        for (i, (layer, seen)) in self.layers.iter().zip(&rows).enumerate() {
            let (shape, params) = (seen.outputs.iter().map(|&o| show(o)).collect::<Vec<_>>().join(" "), seen.cost.params);
            let above = if i == 0 { Source::Image } else { Source::Layer(i - 1) };
            let mut line = layer.block.word().to_string();
            if layer.inputs != [above] {
                for s in &layer.inputs {
                    line.push_str(&match s {
                        Source::Image => " image".to_string(),
                        Source::Layer(j) => format!(" #{j}"),
                    });
                }
            }
            let details = layer.block.details();
            if !details.is_empty() {
                line = format!("{line} {details}");
            }
            text.push_str(&format!("#{i:<3} {line:<48} {shape:<14} {params:>10}\n"));
        }
        if let Err(problem) = walk {
            text.push_str(&problem);
            text.push('\n');
        }
        text
    }
}

/// The canonical value of one layer.
fn layer_canon(layer: &Layer) -> Canon {
    to_canon(layer)
}

/// The canonical value of a block alone.
pub(super) fn block_canon(block: &Block) -> Canon {
    to_canon(block)
}

/// A serialisable value in canonical form: names of a map sorted, so that it does not depend on how serde_json keeps maps.
pub fn to_canon(value: &impl Serialize) -> Canon {
    fn convert(value: serde_json::Value) -> Canon {
        use serde_json::Value as V;
        match value {
            V::Null => Canon::None,
            V::Bool(b) => Canon::Bool(b),
            V::Number(n) => match n.as_i64() {
                Some(i) => Canon::Int(i),
                None => Canon::Float(n.as_f64().unwrap_or(f64::NAN)),
            },
            V::String(s) => Canon::Text(s),
            V::Array(items) => Canon::List(items.into_iter().map(convert).collect()),
            V::Object(fields) => {
                let mut fields: Vec<_> = fields.into_iter().map(|(k, v)| (k, convert(v))).collect();
                fields.sort_by(|a, b| a.0.cmp(&b.0));
                Canon::Map(fields)
            }
        }
    }
    // Plain structs of numbers, words and lists cannot fail to serialise.
    serde_json::to_value(value).map_or(Canon::None, convert)
}
