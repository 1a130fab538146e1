//! ShuffleNetV2's block (Ma et al. 2018, figure 3) as single-path one-shot chooses it (Guo et al. 2020, section 4): the even channels pass by, the
//! odd ones are computed. With a stride nothing passes by unchanged: both halves read all channels.

use super::details::Details;
use super::property::{ACTIVATION, CHANNELS, REPEATS, STRIDE, Spec, Type, int, kernel, property};
use crate::space::expand::{Expander, Unit, square};
use crate::space::graph::{Activation, ValueId};
use serde::{Deserialize, Serialize};

/// A block of ShuffleNetV2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shuffle {
    /// Output channels; without a stride the input's.
    pub channels: usize,
    /// Channels inside: half of the output's.
    pub hidden: usize,
    /// Of the depthwise convolutions.
    pub kernel: usize,
    /// Of the first depthwise convolution, and of the one that passes by.
    pub stride: usize,
    /// How many depthwise convolutions: one between two 1×1, or three, each before a 1×1 (Xception).
    pub depthwise: usize,
    /// After each 1×1 convolution.
    pub activation: Activation,
}

pub(super) const KIND: Spec<Shuffle> = Spec {
    word: "shuffle",
    doc: "half of the channels pass by, the others are computed; then they change places (ShuffleNetV2)",
    first: Some("channels"),
    joins: false,
    properties: &[
        CHANNELS,
        kernel(3),
        STRIDE,
        property("depthwise", Type::Whole(1, 3), int(1), "depthwise convolutions: 1, or 3 as in Xception"),
        REPEATS,
        ACTIVATION,
    ],
    build: |p, context| {
        let (channels, depthwise) = (p.whole("channels"), p.whole("depthwise"));
        if depthwise == 2 {
            return Err("it has 1 or 3 depthwise convolutions".into());
        }
        let one = |inputs: usize, stride: usize| match stride {
            1 if inputs != channels => Err(format!("without a stride it keeps its {inputs} channels, and cannot have {channels}")),
            1 if !channels.is_multiple_of(2) => Err(format!("two does not divide its {channels} channels")),
            stride if stride > 1 && channels <= inputs => Err(format!("with a stride it needs more than its input's {inputs} channels")),
            stride => {
                let (kernel, activation) = (p.whole("kernel"), p.activation());
                Ok(Shuffle { channels, hidden: (channels / 2).max(1), kernel, stride, depthwise, activation })
            }
        };
        let each = |i| if i == 0 { one(context.channels(), p.whole("stride")) } else { one(channels, 1) };
        (0..p.whole("repeats")).map(each).collect()
    },
};

impl Shuffle {
    pub(super) fn expand(&self, e: &mut Expander, x: ValueId) -> Result<ValueId, String> {
        let inputs = e.shape(x).c;
        if self.stride == 1 && !inputs.is_multiple_of(2) {
            return Err(format!("two does not divide its {inputs} channels"));
        }
        let half = if self.stride == 1 { inputs / 2 } else { inputs };
        let made = self.channels.checked_sub(half).filter(|c| *c > 0).ok_or("nothing is left for its computed half")?;
        let units = self.units(e, half, made)?;
        let (passed, mut y) = match self.stride {
            1 => {
                // Of the pairs of channels the first, then the second ones.
                let apart = e.shuffle(half, x)?;
                (e.slice(0, half, apart)?, e.slice(half, half, apart)?)
            }
            _ => {
                let window = square(self.kernel, self.stride);
                let depthwise = e.conv_norm("proj.0", half, half, window, half, Activation::Identity)?;
                let pointwise = e.conv_norm("proj.1", half, half, square(1, 1), 1, self.activation)?;
                let y = e.run(depthwise, x)?;
                (e.run(pointwise, y)?, x)
            }
        };
        for unit in units {
            y = e.run(unit, y)?;
        }
        e.concat(&[passed, y])
    }

    /// The convolutions of the computed half, from `inputs` to `outputs` channels.
    fn units(&self, e: &mut Expander, inputs: usize, outputs: usize) -> Result<Vec<Unit>, String> {
        let (h, act) = (self.hidden, self.activation);
        let mut units = vec![];
        if self.depthwise == 1 {
            units.push(e.conv_norm("main.0", inputs, h, square(1, 1), 1, act)?);
            units.push(e.conv_norm("main.1", h, h, square(self.kernel, self.stride), h, Activation::Identity)?);
            units.push(e.conv_norm("main.2", h, outputs, square(1, 1), 1, act)?);
            return Ok(units);
        }
        for i in 0..self.depthwise {
            let (a, stride) = if i == 0 { (inputs, self.stride) } else { (h, 1) };
            let b = if i + 1 == self.depthwise { outputs } else { h };
            units.push(e.conv_norm(&format!("main.{}", 2 * i), a, a, square(self.kernel, stride), a, Activation::Identity)?);
            units.push(e.conv_norm(&format!("main.{}", 2 * i + 1), a, b, square(1, 1), 1, act)?);
        }
        Ok(units)
    }

    pub(super) fn details(&self) -> String {
        Details::of(self.channels)
            .always("kernel", self.kernel)
            .unless("stride", self.stride, 1)
            .unless("depthwise", self.depthwise, 1)
            .activation(self.activation)
    }
}
