//! Upstream's `C3`: a chain of bottlenecks beside a 1×1 convolution, concatenated and mixed by a third.

use super::bottleneck::Bottleneck;
use super::details::Details;
use super::property::{ACTIVATION, CHANNELS, EXPANSION, GROUPS, Property, SHORTCUT, Spec, Type, hidden, int, kernel, property};
use crate::space::expand::{Expander, square};
use crate::space::graph::{Activation, ValueId};
use serde::{Deserialize, Serialize};

/// A cross-stage-partial block of bottlenecks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct C3 {
    /// Output channels.
    pub channels: usize,
    /// Channels of each of the two paths.
    pub hidden: usize,
    /// Bottlenecks on the first path.
    pub repeats: usize,
    /// Of the bottlenecks' second convolution.
    pub kernel: usize,
    /// Whether bottlenecks add their input.
    pub shortcut: bool,
    /// Of the bottlenecks' second convolution.
    pub groups: usize,
    /// After each norm.
    pub activation: Activation,
}

const BOTTLENECKS: Property = property("repeats", Type::Whole(0, 100), int(1), "how many bottlenecks");

pub(super) const KIND: Spec<C3> = Spec {
    word: "c3",
    doc: "bottlenecks beside a 1×1 convolution, concatenated and mixed (YOLOv5)",
    first: Some("channels"),
    joins: false,
    properties: &[CHANNELS, BOTTLENECKS, EXPANSION, SHORTCUT, kernel(3), GROUPS, ACTIVATION],
    build: |p, _| {
        Ok(vec![C3 {
            channels: p.whole("channels"),
            hidden: hidden(p.whole("channels"), p.number("expansion"))?,
            repeats: p.whole("repeats"),
            kernel: p.whole("kernel"),
            shortcut: p.flag("shortcut"),
            groups: p.whole("groups"),
            activation: p.activation(),
        }])
    },
};

impl C3 {
    pub(super) fn expand(&self, e: &mut Expander, x: ValueId) -> Result<ValueId, String> {
        let (inputs, h, act) = (e.shape(x).c, self.hidden, self.activation);
        let cv1 = e.conv_norm("cv1", inputs, h, square(1, 1), 1, act)?;
        let cv2 = e.conv_norm("cv2", inputs, h, square(1, 1), 1, act)?;
        let cv3 = e.conv_norm("cv3", 2 * h, self.channels, square(1, 1), 1, act)?;
        let (kernel, shortcut, groups) = (self.kernel, self.shortcut, self.groups);
        let inner = Bottleneck { channels: h, hidden: h, kernel, stride: 1, shortcut, groups, activation: act };
        let units = (0..self.repeats).map(|i| inner.declare(e, &format!("m.{i}"), h)).collect::<Result<Vec<_>, _>>()?;
        let mut a = e.run(cv1, x)?;
        for unit in units {
            a = inner.run(e, unit, a)?;
        }
        let b = e.run(cv2, x)?;
        let joined = e.concat(&[a, b])?;
        e.run(cv3, joined)
    }

    pub(super) fn details(&self) -> String {
        let usual = self.channels / 2;
        Details::of(self.channels)
            .unless("repeats", self.repeats, 1)
            .unless("hidden", self.hidden, usual)
            .flag("shortcut", self.shortcut)
            .unless("kernel", self.kernel, 3)
            .unless("groups", self.groups, 1)
            .activation(self.activation)
    }
}
