//! Upstream's `GhostBottleneck` (Han et al. 2020): two ghost convolutions, each half plain and half depthwise 5×5 of
//! the first half, with the input added.

use super::details::Details;
use super::property::{ACTIVATION, CHANNELS, REPEATS, STRIDE, Spec, kernel};
use crate::space::expand::{Expander, square};
use crate::space::graph::{Activation, ValueId};
use serde::{Deserialize, Serialize};

/// A ghost bottleneck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ghost {
    /// Output channels, a multiple of 4.
    pub channels: usize,
    /// Of the depthwise convolutions that a stride or a change of channels brings.
    pub kernel: usize,
    /// Above 1, a depthwise convolution stands between the two.
    pub stride: usize,
    /// Of the first ghost convolution.
    pub activation: Activation,
}

pub(super) const KIND: Spec<Ghost> = Spec {
    word: "ghost",
    doc: "two ghost convolutions and the input added (GhostNet's bottleneck)",
    first: Some("channels"),
    joins: false,
    properties: &[CHANNELS, kernel(3), STRIDE, REPEATS, ACTIVATION],
    build: |p, context| {
        let channels = p.whole("channels");
        let one = |inputs: usize, stride: usize| {
            // The kernel is used only where there is something to carry over; elsewhere it must not tell networks apart.
            let kernel = if stride == 1 && inputs == channels { 3 } else { p.whole("kernel") };
            Ghost { channels, kernel, stride, activation: p.activation() }
        };
        let each = |i| if i == 0 { one(context.channels(), p.whole("stride")) } else { one(channels, 1) };
        Ok((0..p.whole("repeats")).map(each).collect())
    },
};

impl Ghost {
    pub(super) fn expand(&self, e: &mut Expander, x: ValueId) -> Result<ValueId, String> {
        let (inputs, c, none) = (e.shape(x).c, self.channels, Activation::Identity);
        if !c.is_multiple_of(4) {
            return Err(format!("{c} channels do not part into quarters"));
        }
        let mut y = conv(e, "conv.0", c / 2, self.activation, x)?;
        if self.stride > 1 {
            let unit = e.conv_norm("conv.1", c / 2, c / 2, square(self.kernel, self.stride), c / 2, none)?;
            y = e.run(unit, y)?;
        }
        y = conv(e, "conv.2", c, none, y)?;
        let mut shortcut = x;
        if self.stride > 1 || inputs != c {
            let unit = e.conv_norm("shortcut.0", inputs, inputs, square(self.kernel, self.stride), inputs, none)?;
            shortcut = e.run(unit, shortcut)?;
            let unit = e.conv_norm("shortcut.1", inputs, c, square(1, 1), 1, none)?;
            shortcut = e.run(unit, shortcut)?;
        }
        e.add(&[shortcut, y])
    }

    pub(super) fn details(&self) -> String {
        let d = Details::of(self.channels).unless("kernel", self.kernel, 3).unless("stride", self.stride, 1);
        d.activation(self.activation)
    }
}

/// Upstream's `GhostConv`: half of the channels by a 1×1 convolution, the other half by a depthwise 5×5 of these.
fn conv(e: &mut Expander, name: &str, channels: usize, activation: Activation, x: ValueId) -> Result<ValueId, String> {
    let half = channels / 2;
    let cv1 = e.conv_norm(&format!("{name}.cv1"), e.shape(x).c, half, square(1, 1), 1, activation)?;
    let cv2 = e.conv_norm(&format!("{name}.cv2"), half, half, square(5, 1), half, activation)?;
    let a = e.run(cv1, x)?;
    let b = e.run(cv2, a)?;
    e.concat(&[a, b])
}
