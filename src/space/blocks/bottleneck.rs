//! Upstream's `Bottleneck`: 1×1 to the hidden channels, 3×3 back, the input added where the channels agree.

use super::details::Details;
use super::property::{ACTIVATION, CHANNELS, EXPANSION, GROUPS, REPEATS, SHORTCUT, STRIDE, Spec, hidden, kernel};
use crate::space::expand::{Expander, Unit, square};
use crate::space::graph::{Activation, ValueId};
use serde::{Deserialize, Serialize};

/// A bottleneck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bottleneck {
    /// Output channels.
    pub channels: usize,
    /// Channels between the two convolutions.
    pub hidden: usize,
    /// Of the second convolution.
    pub kernel: usize,
    /// Of the second convolution.
    pub stride: usize,
    /// Whether the input is added; false where the shapes differ.
    pub shortcut: bool,
    /// Of the second convolution.
    pub groups: usize,
    /// After each norm.
    pub activation: Activation,
}

pub(super) const KIND: Spec<Bottleneck> = Spec {
    word: "bottleneck",
    doc: "1×1 to the hidden channels, 3×3 back, input added where channels agree",
    first: Some("channels"),
    joins: false,
    properties: &[CHANNELS, kernel(3), STRIDE, EXPANSION, SHORTCUT, GROUPS, REPEATS, ACTIVATION],
    build: |p, context| {
        let channels = p.whole("channels");
        let one = |inputs: usize, stride: usize| {
            Ok(Bottleneck {
                channels,
                hidden: hidden(channels, p.number("expansion"))?,
                kernel: p.whole("kernel"),
                stride,
                shortcut: p.flag("shortcut") && inputs == channels && stride == 1,
                groups: p.whole("groups"),
                activation: p.activation(),
            })
        };
        let each = |i| if i == 0 { one(context.channels(), p.whole("stride")) } else { one(channels, 1) };
        (0..p.whole("repeats")).map(each).collect()
    },
};

impl Bottleneck {
    /// Its convolutions, declared under a name.
    pub(super) fn declare(&self, e: &mut Expander, name: &str, inputs: usize) -> Result<[Unit; 2], String> {
        let at = |part: &str| if name.is_empty() { part.to_string() } else { format!("{name}.{part}") };
        let cv1 = e.conv_norm(&at("cv1"), inputs, self.hidden, square(1, 1), 1, self.activation)?;
        let cv2 = e.conv_norm(&at("cv2"), self.hidden, self.channels, square(self.kernel, self.stride), self.groups, self.activation)?;
        Ok([cv1, cv2])
    }

    /// Its operators over declared convolutions.
    pub(super) fn run(&self, e: &mut Expander, [cv1, cv2]: [Unit; 2], x: ValueId) -> Result<ValueId, String> {
        let y = e.run(cv1, x)?;
        let y = e.run(cv2, y)?;
        if self.shortcut { e.add(&[x, y]) } else { Ok(y) }
    }

    pub(super) fn expand(&self, e: &mut Expander, name: &str, x: ValueId) -> Result<ValueId, String> {
        let units = self.declare(e, name, e.shape(x).c)?;
        self.run(e, units, x)
    }

    pub(super) fn details(&self) -> String {
        Details::of(self.channels)
            .always("hidden", self.hidden)
            .unless("kernel", self.kernel, 3)
            .unless("stride", self.stride, 1)
            .flag("shortcut", self.shortcut)
            .unless("groups", self.groups, 1)
            .activation(self.activation)
    }
}
