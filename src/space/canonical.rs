//! The canonical form of a network: identities wired through, dead layers dropped, one order of the rest.

use super::architecture::{Architecture, Input, Layer, Source, block_canon};
use super::blocks::{Block, Zero};
use crate::base::{Canon, Digest};

/// The canonical architecture of these layers (each reads earlier ones only) as seen from `output`.
///
/// Removed are what is added to something as zeros, layers that return their input unchanged and layers that `output` does not reach. Inputs of `add`
/// are sorted by the digest of what they compute. The order is depth-first from the output, inputs first: the stock
/// YOLOv5 networks keep upstream's indices. (Two isomorphic summands that are also used elsewhere keep the order of
/// the file: telling them apart is graph isomorphism.)
pub fn canonical(input: Input, layers: Vec<Layer>, output: Source) -> Result<Architecture, String> {
    ordered(input, layers, output).map(|(architecture, _)| architecture)
}

/// [`canonical`], and for each of its layers the index that the layer had.
pub(super) fn ordered(input: Input, mut layers: Vec<Layer>, output: Source) -> Result<(Architecture, Vec<usize>), String> {
    let mut through: Vec<Source> = Vec::with_capacity(layers.len());
    let mut zeros: Vec<(Zero, Source)> = vec![];
    for (i, layer) in layers.iter_mut().enumerate() {
        for source in &mut layer.inputs {
            *source = follow(*source, &through);
        }
        let known = |s: &Source| zeros.iter().find(|(_, at)| at == s).map(|(zero, _)| zero.clone());
        if let Some(zero) = vanish(layer, &known) {
            *layer = Layer { block: Block::Zero(zero.clone()), inputs: vec![Source::Image] };
            let first = zeros.iter().find(|(z, _)| *z == zero).map(|(_, at)| *at);
            zeros.extend(first.is_none().then_some((zero, Source::Layer(i))));
            through.push(first.unwrap_or(Source::Layer(i)));
            continue;
        }
        let identity = layer.block.is_identity(layer.inputs.len());
        through.push(if identity { layer.inputs[0] } else { Source::Layer(i) });
    }
    let Source::Layer(last) = follow(output, &through) else {
        return Err("the network returns its image: it has no layer that computes anything".into());
    };
    if layers.iter().any(|l| matches!(l.block, Block::Add) && l.inputs.len() > 1) {
        sort_sums(&mut layers);
    }
    let mut place = vec![None; layers.len()];
    let mut ordered: Vec<Layer> = Vec::with_capacity(layers.len());
    let mut order = Vec::with_capacity(layers.len());
    let mut stack = vec![(last, 0)];
    while let Some((i, next)) = stack.pop() {
        if place[i].is_some() {
            continue;
        }
        match layers[i].inputs.get(next) {
            Some(Source::Layer(j)) => {
                stack.push((i, next + 1));
                stack.push((*j, 0));
            }
            Some(Source::Image) => stack.push((i, next + 1)),
            None => {
                place[i] = Some(ordered.len());
                let inputs = layers[i].inputs.iter().map(|s| match s {
                    Source::Layer(j) => place[*j].map_or(Source::Image, Source::Layer),
                    Source::Image => Source::Image,
                });
                order.push(i);
                ordered.push(Layer { block: layers[i].block.clone(), inputs: inputs.collect() });
            }
        }
    }
    Ok((Architecture { input, layers: ordered }, order))
}

/// The zeros that a layer is equal to, if it is; sums leave zeros out.
fn vanish(layer: &mut Layer, known: &dyn Fn(&Source) -> Option<Zero>) -> Option<Zero> {
    let first = || layer.inputs.first().and_then(known);
    match &layer.block {
        Block::Zero(zero) => Some(zero.clone()),
        Block::Add => {
            let zero = first();
            if layer.inputs.iter().any(|s| known(s).is_none()) {
                layer.inputs.retain(|s| known(s).is_none());
                return None;
            }
            zero
        }
        Block::Concat => {
            let all: Option<Vec<Zero>> = layer.inputs.iter().map(known).collect();
            let all = all?;
            Some(Zero { channels: all.iter().map(|z| z.channels).sum(), ..all.first()?.clone() })
        }
        Block::MaxPool(pool) | Block::AvgPool(pool) => {
            let zero = first()?;
            let side = |n: usize| Some((n + 2 * pool.padding).checked_sub(pool.kernel)? / pool.stride.max(1) + 1);
            Some(Zero { height: side(zero.height)?, width: side(zero.width)?, ..zero })
        }
        Block::GlobalPool => Some(Zero { height: 1, width: 1, ..first()? }),
        Block::Upsample(up) => first().map(|z| Zero { height: z.height * up.factor, width: z.width * up.factor, ..z }),
        _ => None,
    }
}

fn follow(source: Source, through: &[Source]) -> Source {
    match source {
        Source::Layer(i) => through[i],
        Source::Image => Source::Image,
    }
}

/// Sorts the inputs of sums by the digest of everything that feeds them.
fn sort_sums(layers: &mut [Layer]) {
    let mut digests: Vec<Digest> = Vec::with_capacity(layers.len());
    let image = Canon::None.digest();
    for layer in layers.iter_mut() {
        let of = |s: &Source| match s {
            Source::Image => image,
            Source::Layer(j) => digests[*j],
        };
        if matches!(layer.block, Block::Add) {
            layer.inputs.sort_by_key(of);
        }
        let inputs: Vec<Digest> = layer.inputs.iter().map(of).collect();
        digests.push(Canon::List(vec![block_canon(&layer.block), inputs.into()]).digest());
    }
}
