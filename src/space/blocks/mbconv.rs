//! The inverted residual (Sandler et al. 2018; with squeeze-excite as in MobileNetV3): 1×1 to the hidden channels,
//! depthwise, 1×1 back without activation, the input added where the shapes agree.

use super::details::Details;
use super::property::{ACTIVATION, CHANNELS, Default, REPEATS, SHORTCUT, STRIDE, Scalar, Spec, Type, int, kernel, property};
use super::squeeze_excite::SqueezeExcite;
use crate::space::expand::{Expander, square};
use crate::space::graph::{Activation, ValueId};
use serde::{Deserialize, Serialize};

/// An inverted residual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mbconv {
    /// Output channels.
    pub channels: usize,
    /// Channels of the depthwise convolution; the first convolution is left out where they are the input's.
    pub hidden: usize,
    /// Of the depthwise convolution.
    pub kernel: usize,
    /// Of the depthwise convolution.
    pub stride: usize,
    /// Channels inside squeeze-excite; none is no squeeze-excite.
    pub squeeze: Option<usize>,
    /// Whether the input is added; false where the shapes differ.
    pub shortcut: bool,
    /// After the first two norms.
    pub activation: Activation,
}

pub(super) const KIND: Spec<Mbconv> = Spec {
    word: "mbconv",
    doc: "inverted residual: 1×1 expand, depthwise, 1×1 project; input added where shapes agree (MobileNetV2)",
    first: Some("channels"),
    joins: false,
    properties: &[
        CHANNELS,
        kernel(3),
        STRIDE,
        property("expand", Type::Number(32.0), Default::Is(Scalar::Float(6.0)), "hidden channels ÷ input channels"),
        property("ratio", Type::Whole(0, 1024), int(0), "squeeze-excite inside, hidden channels ÷ this; 0: none"),
        SHORTCUT,
        REPEATS,
        ACTIVATION,
    ],
    build: |p, context| {
        let channels = p.whole("channels");
        let one = |inputs: usize, stride: usize| {
            let hidden = (inputs as f64 * p.number("expand") + 0.5) as usize;
            let squeeze = p.maybe("ratio").filter(|r| *r > 0).map(|ratio| (hidden / ratio).max(1));
            let shortcut = p.flag("shortcut") && inputs == channels && stride == 1;
            Mbconv { channels, hidden, kernel: p.whole("kernel"), stride, squeeze, shortcut, activation: p.activation() }
        };
        let each = |i| if i == 0 { one(context.channels(), p.whole("stride")) } else { one(channels, 1) };
        Ok((0..p.whole("repeats")).map(each).collect())
    },
};

impl Mbconv {
    pub(super) fn expand(&self, e: &mut Expander, x: ValueId) -> Result<ValueId, String> {
        let inputs = e.shape(x).c;
        let mut y = x;
        if self.hidden != inputs {
            let unit = e.conv_norm("expand", inputs, self.hidden, square(1, 1), 1, self.activation)?;
            y = e.run(unit, y)?;
        }
        let window = square(self.kernel, self.stride);
        let unit = e.conv_norm("depthwise", self.hidden, self.hidden, window, self.hidden, self.activation)?;
        y = e.run(unit, y)?;
        if let Some(reduced) = self.squeeze {
            y = SqueezeExcite { reduced, gate: Activation::Hardsigmoid }.expand(e, "se.", y)?;
        }
        let unit = e.conv_norm("project", self.hidden, self.channels, square(1, 1), 1, Activation::Identity)?;
        y = e.run(unit, y)?;
        if self.shortcut { e.add(&[x, y]) } else { Ok(y) }
    }

    pub(super) fn details(&self) -> String {
        let d = Details::of(self.channels).always("kernel", self.kernel).unless("stride", self.stride, 1);
        let d = d.always("hidden", self.hidden).flag("shortcut", self.shortcut);
        match self.squeeze {
            Some(reduced) => d.always("squeeze", reduced),
            None => d,
        }
        .activation(self.activation)
    }
}
