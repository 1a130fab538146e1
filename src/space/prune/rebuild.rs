//! The network with fewer channels, and what each of its tensors keeps.

use super::fields::set;
use super::follow::Channel;
use super::pruning::{Pruned, Pruning};
use crate::space::architecture::{Architecture, Source};
use crate::space::canonical::ordered;
use crate::space::graph::{Op, Program};

impl Pruning<'_> {
    /// The layers with so many channels by width; not in canonical order.
    pub(super) fn layers(&self, keep: &[usize]) -> Architecture {
        let mut architecture = self.architecture.clone();
        for (width, &channels) in self.widths.iter().zip(keep) {
            for &(layer, field) in &width.fields {
                set(&mut architecture.layers[layer].block, field, channels);
            }
        }
        architecture
    }

    /// The network that keeps these channels, by maker and ascending.
    pub(super) fn rebuild(&self, keep: &[usize], kept: &[Vec<usize>]) -> Result<Pruned, String> {
        let layers = self.layers(keep);
        let last = layers.layers.len().checked_sub(1).ok_or("the network has no layers")?;
        let (architecture, order) = ordered(layers.input, layers.layers, Source::Layer(last))?;
        let program = architecture.program()?;
        let mut dims: Vec<Option<Vec<Vec<usize>>>> = vec![None; self.program.params.len()];
        for node in &self.program.nodes {
            let (input, output) = (&self.makers.values[node.inputs[0]], &self.makers.values[node.output]);
            let (rows, columns) = (positions(output, kept), positions(input, kept));
            match &node.op {
                Op::Conv { weight, bias, window, groups } => {
                    let inside = if *groups == 1 { columns } else { (0..self.program.params[*weight].shape[1]).collect() };
                    let side = |n: usize| (0..n).collect::<Vec<usize>>();
                    dims[*weight] = Some(vec![rows.clone(), inside, side(window.kernel.0), side(window.kernel.1)]);
                    bias.iter().for_each(|&b| dims[b] = Some(vec![rows.clone()]));
                }
                Op::Norm { scale, shift, mean, var, .. } => {
                    [*scale, *shift, *mean, *var].into_iter().for_each(|p| dims[p] = Some(vec![rows.clone()]));
                }
                Op::Linear { weight, bias } => {
                    // Flattened in PyTorch's order: channel by channel.
                    let map = self.program.values[node.inputs[0]];
                    let area = map.h * map.w;
                    let inside = columns.iter().flat_map(|c| c * area..(c + 1) * area).collect();
                    dims[*weight] = Some(vec![rows.clone(), inside]);
                    bias.iter().for_each(|&b| dims[b] = Some(vec![rows.clone()]));
                }
                _ => {}
            }
        }
        let renamed = |name: &str| rename(name, &order);
        let kept = program.params.iter().map(|spec| {
            let old = renamed(&spec.name).ok_or_else(|| format!("`{}` has no layer", spec.name))?;
            let at = self.program.params.iter().position(|p| p.name == old).ok_or_else(|| format!("`{old}` is new"))?;
            let own = dims[at].clone().ok_or_else(|| format!("`{old}` is read by nothing"))?;
            match own.iter().map(Vec::len).eq(spec.shape.iter().copied()) {
                true => Ok((at, own)),
                false => Err(format!("`{old}` keeps {:?} of {:?}", own.iter().map(Vec::len).collect::<Vec<_>>(), spec.shape)),
            }
        });
        let kept = kept.collect::<Result<Vec<_>, String>>()?;
        match kept.len() == self.program.params.len() {
            true => Ok(Pruned { architecture, kept }),
            false => Err("another network came of it".into()),
        }
    }

    /// Whether the same operators stand in a network with other numbers of channels: shortcuts and expansions come and go with them.
    pub(super) fn alike(&self, program: &Program) -> bool {
        program.params.len() == self.program.params.len() && program.params.iter().zip(&self.program.params).all(|(a, b)| a.name == b.name)
    }
}

/// The positions of the channels that stay.
fn positions(channels: &[Channel], kept: &[Vec<usize>]) -> Vec<usize> {
    let stays = |&(maker, channel): &Channel| kept.get(maker).is_some_and(|k| k.binary_search(&channel).is_ok());
    (0..channels.len()).filter(|&i| stays(&channels[i])).collect()
}

/// The old name of a tensor: that of the layer which this one was.
fn rename(name: &str, order: &[usize]) -> Option<String> {
    let mut parts = name.splitn(3, '.');
    let (model, layer, rest) = (parts.next()?, parts.next()?.parse::<usize>().ok()?, parts.next()?);
    Some(format!("{model}.{}.{rest}", order.get(layer)?))
}
