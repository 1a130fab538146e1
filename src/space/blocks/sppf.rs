//! Upstream's `SPPF`: three chained max pools between two 1×1 convolutions.

use super::conv::INPUT_CHANNELS;
use super::details::Details;
use super::property::{ACTIVATION, Spec, hidden, kernel};
use crate::space::expand::{Expander, square};
use crate::space::graph::{Activation, ValueId};
use serde::{Deserialize, Serialize};

/// Spatial pyramid pooling, fast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sppf {
    /// Output channels.
    pub channels: usize,
    /// Half of the input channels.
    pub hidden: usize,
    /// Of the pools.
    pub kernel: usize,
    /// After each norm.
    pub activation: Activation,
}

pub(super) const KIND: Spec<Sppf> = Spec {
    word: "sppf",
    doc: "three chained max pools between two 1×1 convolutions (YOLOv5)",
    first: Some("channels"),
    joins: false,
    properties: &[INPUT_CHANNELS, kernel(5), ACTIVATION],
    build: |p, context| {
        Ok(vec![Sppf {
            channels: p.maybe("channels").unwrap_or(context.channels()),
            hidden: hidden(context.channels(), 0.5)?,
            kernel: p.whole("kernel"),
            activation: p.activation(),
        }])
    },
};

impl Sppf {
    pub(super) fn expand(&self, e: &mut Expander, x: ValueId) -> Result<ValueId, String> {
        let cv1 = e.conv_norm("cv1", e.shape(x).c, self.hidden, square(1, 1), 1, self.activation)?;
        let cv2 = e.conv_norm("cv2", 4 * self.hidden, self.channels, square(1, 1), 1, self.activation)?;
        let mut pyramid = vec![e.run(cv1, x)?];
        for i in 0..3 {
            pyramid.push(e.max_pool(square(self.kernel, 1), pyramid[i])?);
        }
        let joined = e.concat(&pyramid)?;
        e.run(cv2, joined)
    }

    pub(super) fn details(&self) -> String {
        Details::of(self.channels).always("kernel", self.kernel).activation(self.activation)
    }
}
