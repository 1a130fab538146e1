//! Four quarter-width branches, concatenated (after Szegedy et al. 2015): 1×1; 1×1, 3×3; 1×1, 3×3, 3×3; pool, 1×1.

use super::details::Details;
use super::property::{ACTIVATION, CHANNELS, REPEATS, STRIDE, Spec};
use crate::space::expand::{Expander, square};
use crate::space::graph::{Activation, ValueId};
use serde::{Deserialize, Serialize};

/// An inception block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inception {
    /// Output channels, a multiple of 4.
    pub channels: usize,
    /// Of the pool and of the last convolution of the other branches.
    pub stride: usize,
    /// After each norm.
    pub activation: Activation,
}

pub(super) const KIND: Spec<Inception> = Spec {
    word: "inception",
    doc: "four quarter-width branches: 1×1; 1×1, 3×3; 1×1, 3×3, 3×3; pool, 1×1",
    first: Some("channels"),
    joins: false,
    properties: &[CHANNELS, STRIDE, REPEATS, ACTIVATION],
    build: |p, _| {
        let one = |stride| Inception { channels: p.whole("channels"), stride, activation: p.activation() };
        Ok((0..p.whole("repeats")).map(|i| one(if i == 0 { p.whole("stride") } else { 1 })).collect())
    },
};

impl Inception {
    pub(super) fn expand(&self, e: &mut Expander, x: ValueId) -> Result<ValueId, String> {
        if !self.channels.is_multiple_of(4) {
            return Err(format!("{} channels do not part into four branches", self.channels));
        }
        let (inputs, quarter) = (e.shape(x).c, self.channels / 4);
        let mut outputs = Vec::with_capacity(4);
        for (name, kernels) in [("b1", &[1][..]), ("b2", &[1, 3]), ("b3", &[1, 3, 3]), ("b4", &[1])] {
            let mut y = match name {
                "b4" => e.max_pool(square(3, self.stride), x)?,
                _ => x,
            };
            for (i, &kernel) in kernels.iter().enumerate() {
                let from = if i == 0 { inputs } else { quarter };
                let stride = if i + 1 == kernels.len() && name != "b4" { self.stride } else { 1 };
                let unit = e.conv_norm(&format!("{name}.{i}"), from, quarter, square(kernel, stride), 1, self.activation)?;
                y = e.run(unit, y)?;
            }
            outputs.push(y);
        }
        e.concat(&outputs)
    }

    pub(super) fn details(&self) -> String {
        Details::of(self.channels).unless("stride", self.stride, 1).activation(self.activation)
    }
}
