//! Channel attention (Hu et al. 2018): global pool, 1×1 down with ReLU, 1×1 up with a gate, times the input.

use super::property::{Spec, Type, activation_word, int, property};
use crate::space::expand::Expander;
use crate::space::graph::{Activation, ValueId};
use serde::{Deserialize, Serialize};

/// Squeeze-excite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqueezeExcite {
    /// Channels between the two convolutions.
    pub reduced: usize,
    /// The last function; hardsigmoid inside `mbconv`, as in MobileNetV3.
    pub gate: Activation,
}

pub(super) const KIND: Spec<SqueezeExcite> = Spec {
    word: "squeeze-excite",
    doc: "channel attention: global pool, 1×1 down, 1×1 up, times the input",
    first: None,
    joins: false,
    properties: &[property("ratio", Type::Whole(1, 1024), int(16), "input channels ÷ channels inside")],
    build: |p, context| {
        let reduced = (context.channels() / p.whole("ratio")).max(1);
        Ok(vec![SqueezeExcite { reduced, gate: Activation::Sigmoid }])
    },
};

impl SqueezeExcite {
    /// `prefix` is empty or ends in a dot.
    pub(super) fn expand(&self, e: &mut Expander, prefix: &str, x: ValueId) -> Result<ValueId, String> {
        let c = e.shape(x).c;
        let fc1 = e.conv_bias(&format!("{prefix}fc1"), c, self.reduced, Activation::Relu)?;
        let fc2 = e.conv_bias(&format!("{prefix}fc2"), self.reduced, c, self.gate)?;
        let y = e.global_pool(x)?;
        let y = e.run(fc1, y)?;
        let y = e.run(fc2, y)?;
        e.scale(x, y)
    }

    pub(super) fn details(&self) -> String {
        format!("reduced={} gate={}", self.reduced, activation_word(self.gate))
    }
}
