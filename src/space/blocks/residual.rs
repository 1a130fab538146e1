//! ResNet's basic block (He et al. 2016): two full-width 3×3 convolutions, the input added, then the activation.

use super::details::Details;
use super::property::{ACTIVATION, CHANNELS, GROUPS, REPEATS, STRIDE, Spec, kernel};
use crate::space::expand::{Expander, square};
use crate::space::graph::{Activation, ValueId};
use serde::{Deserialize, Serialize};

/// A residual block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residual {
    /// Output channels.
    pub channels: usize,
    /// Of both convolutions.
    pub kernel: usize,
    /// Of the first convolution; the shortcut is then a 1×1 convolution, as where the channels differ.
    pub stride: usize,
    /// Of both convolutions.
    pub groups: usize,
    /// After the first norm and after the sum.
    pub activation: Activation,
}

pub(super) const KIND: Spec<Residual> = Spec {
    word: "residual",
    doc: "two 3×3 convolutions and the input added (ResNet's basic block)",
    first: Some("channels"),
    joins: false,
    properties: &[CHANNELS, kernel(3), STRIDE, GROUPS, REPEATS, ACTIVATION],
    build: |p, _| {
        let one = |stride| Residual {
            channels: p.whole("channels"),
            kernel: p.whole("kernel"),
            stride,
            groups: p.whole("groups"),
            activation: p.activation(),
        };
        Ok((0..p.whole("repeats")).map(|i| one(if i == 0 { p.whole("stride") } else { 1 })).collect())
    },
};

impl Residual {
    pub(super) fn expand(&self, e: &mut Expander, x: ValueId) -> Result<ValueId, String> {
        let (inputs, c) = (e.shape(x).c, self.channels);
        let cv1 = e.conv_norm("cv1", inputs, c, square(self.kernel, self.stride), self.groups, self.activation)?;
        let cv2 = e.conv_norm("cv2", c, c, square(self.kernel, 1), self.groups, Activation::Identity)?;
        let shortcut = match inputs == c && self.stride == 1 {
            true => x,
            false => {
                let down = e.conv_norm("shortcut", inputs, c, square(1, self.stride), 1, Activation::Identity)?;
                e.run(down, x)?
            }
        };
        let y = e.run(cv1, x)?;
        let y = e.run(cv2, y)?;
        let sum = e.add(&[shortcut, y])?;
        match self.activation {
            Activation::Identity => Ok(sum),
            activation => e.activate(activation, sum),
        }
    }

    pub(super) fn details(&self) -> String {
        Details::of(self.channels)
            .unless("kernel", self.kernel, 3)
            .unless("stride", self.stride, 1)
            .unless("groups", self.groups, 1)
            .activation(self.activation)
    }
}
