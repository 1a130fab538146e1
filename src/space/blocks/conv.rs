//! Convolutions. Depthwise and separable ones are words for plain ones, so that equal networks are equal.

use super::details::Details;
use super::property::{
    ACTIVATION, CHANNELS, Context, DILATION, Default, GROUPS, PADDING, Property, Resolved, STRIDE, Spec, Type, int, kernel, property,
};
use crate::space::expand::Expander;
use crate::space::graph::{Activation, ValueId, Window};
use serde::{Deserialize, Serialize};

/// Convolution without bias, batch norm, activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv {
    /// Output channels.
    pub channels: usize,
    /// Height, width.
    pub kernel: (usize, usize),
    /// Both axes.
    pub stride: usize,
    /// Height, width.
    pub padding: (usize, usize),
    /// Both axes.
    pub dilation: usize,
    /// Groups.
    pub groups: usize,
    /// After the norm.
    pub activation: Activation,
}

const KERNEL_H: Property = property("kernel-h", Type::Whole(1, 255), Default::Auto, "height of the window, with `kernel-w`");
const KERNEL_W: Property = property("kernel-w", Type::Whole(1, 255), Default::Auto, "width of the window, with `kernel-h`");
pub(super) const INPUT_CHANNELS: Property =
    property("channels", Type::Channels, Default::Auto, "output channels, before `width`; the input's where left out");

pub(super) const CONV: Spec<Conv> = Spec {
    word: "conv",
    doc: "convolution without bias, batch norm, activation",
    first: Some("channels"),
    joins: false,
    properties: &[CHANNELS, kernel(1), KERNEL_H, KERNEL_W, STRIDE, PADDING, DILATION, GROUPS, ACTIVATION],
    build: |p, _| {
        let conv = Conv::of(p, p.whole("channels"), p.whole("groups"), p.activation());
        Ok(vec![conv])
    },
};

pub(super) const DEPTHWISE: Spec<Conv> = Spec {
    word: "depthwise-conv",
    doc: "a convolution for each channel, batch norm, activation",
    first: None,
    joins: false,
    properties: &[kernel(3), KERNEL_H, KERNEL_W, STRIDE, PADDING, DILATION, ACTIVATION],
    build: |p, context| {
        let channels = context.channels();
        Ok(vec![Conv::of(p, channels, channels, p.activation())])
    },
};

pub(super) const SEP_CONV: Spec<Conv> = Spec {
    word: "sep-conv",
    doc: "depthwise convolution, then a 1×1 convolution, each with batch norm and activation",
    first: Some("channels"),
    joins: false,
    properties: &[INPUT_CHANNELS, kernel(3), STRIDE, PADDING, DILATION, ACTIVATION],
    build: separable,
};

const TWO: Property = property("dilation", Type::Whole(1, 64), int(2), "distance between the kernel's taps");
pub(super) const DIL_CONV: Spec<Conv> = Spec {
    word: "dil-conv",
    doc: "`sep-conv` whose kernel is spread by 2",
    properties: &[INPUT_CHANNELS, kernel(3), STRIDE, PADDING, TWO, ACTIVATION],
    ..SEP_CONV
};

fn separable(p: &Resolved, context: &Context) -> Result<Vec<Conv>, String> {
    let inputs = context.channels();
    let depthwise = Conv::of(p, inputs, inputs, p.activation());
    let pointwise = Conv {
        channels: p.maybe("channels").unwrap_or(inputs),
        kernel: (1, 1),
        stride: 1,
        padding: (0, 0),
        dilation: 1,
        groups: 1,
        activation: p.activation(),
    };
    Ok(vec![depthwise, pointwise])
}

impl Conv {
    fn of(p: &Resolved, channels: usize, groups: usize, activation: Activation) -> Conv {
        let kernel = (p.maybe("kernel-h").unwrap_or(p.whole("kernel")), p.maybe("kernel-w").unwrap_or(p.whole("kernel")));
        let dilation = p.whole("dilation");
        let auto = |k: usize| (dilation * (k - 1)).div_ceil(2); // floor(reach / 2)
        let padding = p.maybe("padding").map_or((auto(kernel.0), auto(kernel.1)), |p| (p, p));
        Conv { channels, kernel, stride: p.whole("stride"), padding, dilation, groups, activation }
    }

    pub(super) fn expand(&self, e: &mut Expander, x: ValueId) -> Result<ValueId, String> {
        let window = Window {
            kernel: self.kernel,
            stride: (self.stride, self.stride),
            padding: self.padding,
            dilation: (self.dilation, self.dilation),
        };
        let unit = e.conv_norm("", e.shape(x).c, self.channels, window, self.groups, self.activation)?;
        e.run(unit, x)
    }

    pub(super) fn details(&self) -> String {
        let ((h, w), auto) = (self.kernel, |k: usize| self.dilation.saturating_mul(k.max(1) - 1).div_ceil(2));
        let kernel = if h == w { h.to_string() } else { format!("{h}×{w}") };
        let mut d = Details::of(self.channels).always("kernel", kernel).unless("stride", self.stride, 1);
        if self.padding != (auto(h), auto(w)) {
            d = d.always("padding", self.padding.0);
        }
        d.unless("dilation", self.dilation, 1).unless("groups", self.groups, 1).activation(self.activation)
    }
}
