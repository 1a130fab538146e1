//! Two-dimensional convolution: forward, and the gradients of input, weights and bias.
//!
//! Every output is one chain of fused multiply-adds in an order the shapes fix. Dense convolutions gather from a zero-padded
//! copy of a band of the input (`gather`, `tile`); depthwise ones do too, and vectorise along the channels (`depthwise`); other group
//! counts run the dense path once a group. Weights come and go in PyTorch's order.

mod axis;
mod depthwise;
mod depthwise_weight;
mod gather;
mod pack;
mod packed;
mod product;
mod segments;
mod tile;
mod unpack;
mod weight;
mod weight_small;

use crate::moments::{Moments, channel_statistics};
use crate::par::{Out, Scratch};
use crate::view::View;
use axis::Axis;
use gather::{Finish, Weights};
use pack::{Order, Source};
pub use packed::PackedConv2d;

/// The shape of a convolution, without its channels (those are in the views).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Rows and columns of the kernel.
    pub kernel: (usize, usize),
    /// Pixels from one output to the next, down and across.
    pub stride: (usize, usize),
    /// Zero pixels added above and below, left and right.
    pub padding: (usize, usize),
    /// Pixels between kernel taps (1: adjacent).
    pub dilation: (usize, usize),
    /// Groups; divides the input and the output channels.
    pub groups: usize,
}

impl Conv2d {
    /// A square kernel with "same" padding k/2, dilation 1, one group.
    pub const fn square(kernel: usize, stride: usize) -> Self {
        let p = kernel / 2;
        Self { kernel: (kernel, kernel), stride: (stride, stride), padding: (p, p), dilation: (1, 1), groups: 1 }
    }

    /// The same with `groups` groups.
    pub const fn with_groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// Output height and width for an h×w input (PyTorch's formula); 0 where the kernel does not fit.
    pub const fn output_size(&self, h: usize, w: usize) -> (usize, usize) {
        let (a, b) = self.axes();
        (a.output(h), b.output(w))
    }

    /// Floats of the weights: oc · (ic/groups) · kh · kw.
    pub const fn weight_len(&self, ic: usize, oc: usize) -> usize {
        oc * (ic / self.groups) * self.kernel.0 * self.kernel.1
    }

    const fn taps(&self) -> usize {
        self.kernel.0 * self.kernel.1
    }

    const fn axes(&self) -> (Axis, Axis) {
        const fn axis(kernel: usize, stride: usize, padding: usize, dilation: usize) -> Axis {
            Axis { kernel, stride, padding, dilation }
        }
        (
            axis(self.kernel.0, self.stride.0, self.padding.0, self.dilation.0),
            axis(self.kernel.1, self.stride.1, self.padding.1, self.dilation.1),
        )
    }

    #[track_caller]
    fn check(&self, xv: &View, yv: &View, weights: Option<usize>) {
        let nonzero = |p: (usize, usize)| p.0 > 0 && p.1 > 0;
        assert!(nonzero(self.kernel) && nonzero(self.stride) && nonzero(self.dilation) && self.groups > 0, "empty {self:?}");
        assert!(
            xv.c.is_multiple_of(self.groups) && yv.c.is_multiple_of(self.groups),
            "{} groups do not divide {} -> {} channels",
            self.groups,
            xv.c,
            yv.c
        );
        assert!(xv.n == yv.n && self.output_size(xv.h, xv.w) == (yv.h, yv.w), "{self:?} does not lead from {xv:?} to {yv:?}");
        if let Some(len) = weights {
            assert!(len == self.weight_len(xv.c, yv.c), "{len} weights, not {}", self.weight_len(xv.c, yv.c));
        }
    }

    /// The weights of group `g` as the forward pass sums them, with `ic` and `oc` channels a group.
    fn source<'a>(&self, w: &'a [f32], g: usize, ic: usize, oc: usize) -> Source<'a> {
        let (w, t) = (&w[g * oc * ic * self.taps()..], self.taps());
        Source { w, reduced: ic, columns: oc, column_stride: ic * t, reduced_stride: t, kernel: self.kernel }
    }

    /// The same as the input gradient sums them.
    fn source_backward<'a>(&self, w: &'a [f32], g: usize, ic: usize, oc: usize) -> Source<'a> {
        let (w, t) = (&w[g * oc * ic * self.taps()..], self.taps());
        Source { w, reduced: oc, columns: ic, column_stride: t, reduced_stride: ic * t, kernel: self.kernel }
    }

    fn depthwise(&self, ic: usize, oc: usize) -> bool {
        self.groups > 1 && self.groups == ic && self.groups == oc
    }

    fn is_depthwise(&self, xv: &View, yv: &View) -> bool {
        self.depthwise(xv.c, yv.c)
    }
}

/// y = conv(x, w) + b. `w` is [oc][ic/groups][kh][kw], `b` is [oc].
pub fn conv2d_forward(conv: &Conv2d, x: &[f32], xv: View, w: &[f32], b: Option<&[f32]>, y: &mut [f32], yv: View, scratch: &mut Scratch) {
    forward(conv, x, xv, w, b, y, yv, &mut scratch.packed, None);
}

/// [`conv2d_forward`] that also answers the mean and the biased variance of each channel of y, made of the outputs while they are
/// in the cache. For [`batch_norm_apply`](crate::batch_norm_apply).
///
/// # Panics
/// Also where y has no elements.
pub fn conv2d_forward_statistics(
    conv: &Conv2d,
    x: &[f32],
    xv: View,
    w: &[f32],
    b: Option<&[f32]>,
    y: &mut [f32],
    yv: View,
    mean: &mut [f32],
    var: &mut [f32],
    scratch: &mut Scratch,
) {
    assert!(mean.len() == yv.c && var.len() == yv.c, "statistics are one value a channel");
    assert!(!yv.is_empty(), "statistics of no pixels");
    if conv.groups > 1 && !conv.is_depthwise(&xv, &yv) {
        forward(conv, x, xv, w, b, y, yv, &mut scratch.packed, None);
        return channel_statistics(y, yv, mean, var, scratch);
    }
    forward(conv, x, xv, w, b, y, yv, &mut scratch.packed, Some(&mut scratch.moments));
    scratch.moments.combine(mean, var);
}

fn forward(
    conv: &Conv2d,
    x: &[f32],
    xv: View,
    w: &[f32],
    b: Option<&[f32]>,
    y: &mut [f32],
    yv: View,
    packed: &mut Vec<f32>,
    moments: Option<&mut Moments>,
) {
    xv.check(x.len(), "x");
    yv.check(y.len(), "y");
    conv.check(&xv, &yv, Some(w.len()));
    assert!(b.is_none_or(|b| b.len() == yv.c), "bias length is not the output channels");
    let (rows, cols) = conv.axes();
    let (rows, cols) = (rows.forward(yv.h), cols.forward(yv.w));
    let y = Out::new(y);
    let mut finish = moments.map_or(Finish::Nothing, Finish::Moments);
    if conv.is_depthwise(&xv, &yv) {
        let packed = depthwise::pack(w, conv.taps(), yv.c, packed);
        return depthwise::gather(x, xv, packed, conv.kernel, b, y, yv, &rows, &cols, false, finish);
    }
    let (ic, oc) = (xv.c / conv.groups, yv.c / conv.groups);
    let order = Order::new(conv.kernel, &rows, &cols);
    for g in 0..conv.groups {
        let weights = Weights::Raw(conv.source(w, g, ic, oc), packed);
        let b = b.map(|b| &b[g * oc..][..oc]);
        let finish = std::mem::replace(&mut finish, Finish::Nothing);
        let (x, xv, yv) = (x, xv.channels(g * ic, ic), yv.channels(g * oc, oc));
        gather::gather(x, xv, &order, weights, b, y, yv, &rows, &cols, false, finish);
    }
}

/// dx = gradient with respect to the input for output gradient `dy`, or dx += where `accumulate`.
pub fn conv2d_backward_input(
    conv: &Conv2d,
    w: &[f32],
    dy: &[f32],
    dyv: View,
    dx: &mut [f32],
    dxv: View,
    accumulate: bool,
    scratch: &mut Scratch,
) {
    dyv.check(dy.len(), "dy");
    dxv.check(dx.len(), "dx");
    conv.check(&dxv, &dyv, Some(w.len()));
    let (rows, cols) = conv.axes();
    let (rows, cols) = (rows.backward(dxv.h), cols.backward(dxv.w));
    let dx = Out::new(dx);
    if conv.is_depthwise(&dxv, &dyv) {
        let packed = depthwise::pack(w, conv.taps(), dxv.c, &mut scratch.packed);
        return depthwise::gather(dy, dyv, packed, conv.kernel, None, dx, dxv, &rows, &cols, accumulate, Finish::Nothing);
    }
    let (ic, oc) = (dxv.c / conv.groups, dyv.c / conv.groups);
    let order = Order::new(conv.kernel, &rows, &cols);
    for g in 0..conv.groups {
        let weights = Weights::Raw(conv.source_backward(w, g, ic, oc), &mut scratch.packed);
        let (dyv, dxv) = (dyv.channels(g * oc, oc), dxv.channels(g * ic, ic));
        gather::gather(dy, dyv, &order, weights, None, dx, dxv, &rows, &cols, accumulate, Finish::Nothing);
    }
}

/// dw += gradient with respect to the weights, in the weights' order.
pub fn conv2d_backward_weight(conv: &Conv2d, x: &[f32], xv: View, dy: &[f32], dyv: View, dw: &mut [f32], scratch: &mut Scratch) {
    xv.check(x.len(), "x");
    dyv.check(dy.len(), "dy");
    conv.check(&xv, &dyv, Some(dw.len()));
    if conv.is_depthwise(&xv, &dyv) {
        return depthwise_weight::weight_gradient(conv, x, xv, dy, dyv, dw, &mut scratch.partial);
    }
    let (ic, oc) = (xv.c / conv.groups, dyv.c / conv.groups);
    for g in 0..conv.groups {
        let dw = &mut dw[g * oc * ic * conv.taps()..][..oc * ic * conv.taps()];
        weight::weight_gradient(conv, x, xv.channels(g * ic, ic), dy, dyv.channels(g * oc, oc), dw, &mut scratch.partial);
    }
}

/// db += gradient with respect to the bias: the sum of `dy` over all pixels, [oc].
pub fn conv2d_backward_bias(dy: &[f32], dyv: View, db: &mut [f32], scratch: &mut Scratch) {
    dyv.check(dy.len(), "dy");
    assert!(db.len() == dyv.c, "bias gradient length is not the output channels");
    crate::reduce::add_channel_sums(dy, dyv, db, &mut scratch.partial);
}
