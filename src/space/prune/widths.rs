//! Groups that have as many channels as each other, because one number of a block counts them.

use super::fields::Field;
use super::follow::Makers;
use crate::space::architecture::{Architecture, Source};
use crate::space::blocks::Block;
use std::collections::BTreeMap;

/// Groups whose channels are counted together.
#[derive(Clone, Debug)]
pub(super) struct Width {
    /// Channels of each.
    pub channels: usize,
    /// Makers by group.
    pub groups: Vec<Vec<usize>>,
    /// The numbers that count them.
    pub fields: Vec<(usize, Field)>,
    /// The layer whose output it follows at half of its channels, where it does: upstream's `SPPF` knows no other number.
    pub half_of: Option<Source>,
}

/// All widths that can shrink, in the order of the network.
pub(super) fn widths(architecture: &Architecture, makers: &Makers) -> Vec<Width> {
    // Groups that share a number are joined once more.
    let mut joined: Vec<usize> = (0..makers.all.len()).map(|m| makers.group(m)).collect();
    let mut by_field: BTreeMap<(usize, Field), usize> = BTreeMap::new();
    for (m, made) in makers.all.iter().enumerate() {
        let Some(field) = made.field else { continue };
        let first = *by_field.entry(field).or_insert(m);
        let (from, to) = (joined[m].max(joined[first]), joined[m].min(joined[first]));
        joined.iter_mut().filter(|j| **j == from).for_each(|j| *j = to);
    }
    let mut widths: BTreeMap<usize, (Width, bool)> = BTreeMap::new();
    for (m, made) in makers.all.iter().enumerate() {
        let fresh = || (Width { channels: made.channels, groups: Vec::new(), fields: Vec::new(), half_of: None }, false);
        let (width, fixed) = widths.entry(joined[m]).or_insert_with(fresh);
        *fixed |= made.fixed || made.channels != width.channels;
        match width.groups.iter_mut().find(|g| g.first().is_some_and(|&first| makers.group(first) == makers.group(m))) {
            Some(group) => group.push(m),
            None => width.groups.push(vec![m]),
        }
        if let Some(field) = made.field.filter(|f| !width.fields.contains(f)) {
            width.fields.push(field);
        }
    }
    let free = widths.into_values().filter(|(width, fixed)| !fixed && !width.fields.is_empty()).map(|(width, _)| width);
    free.map(|width| Width { half_of: half_of(architecture, makers, &width), ..width }).collect()
}

/// The input of an `sppf` whose hidden channels these are and nothing else's, where they are half of its input's.
fn half_of(architecture: &Architecture, makers: &Makers, width: &Width) -> Option<Source> {
    let [(layer, Field::Hidden)] = width.fields[..] else { return None };
    let layer = &architecture.layers[layer];
    let (Block::Sppf(_), Some(&Source::Layer(input))) = (&layer.block, layer.inputs.first()) else { return None };
    // The channels that it reads: those of the last convolution of a layer that writes them all itself.
    let field = (input, Field::Channels);
    let read = makers.all.iter().find(|m| m.field == Some(field)).map(|m| m.channels)?;
    (read / 2 == width.channels).then_some(Source::Layer(input))
}
