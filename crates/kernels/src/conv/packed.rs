//! A convolution for inference: weights packed once, a batch norm folded into them, the activation in the same pass.

use super::gather::{self, Finish, Weights};
use super::pack::Order;
use super::{Conv2d, depthwise, pack};
use crate::activation::Activation;
use crate::par::Out;
use crate::view::View;

/// Weights and bias in the order in which the kernels read them.
pub struct PackedConv2d {
    conv: Conv2d,
    ic: usize,
    oc: usize,
    /// A group's packed weights each; one of all for depthwise convolutions.
    weights: Vec<Vec<f32>>,
    bias: Vec<f32>,
}

impl PackedConv2d {
    /// Packs `w` ([oc][ic/groups][kh][kw]) and `b` for `ic` input channels. `scale` and `shift`, one value an output channel
    /// each, are applied to the convolution's output (a batch norm folded by [`fold_batch_norm`](crate::fold_batch_norm)):
    /// w·scale and b·scale + shift are stored.
    pub fn new(conv: &Conv2d, ic: usize, oc: usize, w: &[f32], b: Option<&[f32]>, fold: Option<(&[f32], &[f32])>) -> Self {
        assert!(conv.groups > 0 && ic.is_multiple_of(conv.groups) && oc.is_multiple_of(conv.groups), "{conv:?} of {ic} -> {oc} channels");
        assert!(w.len() == conv.weight_len(ic, oc), "{} weights, not {}", w.len(), conv.weight_len(ic, oc));
        assert!(b.is_none_or(|b| b.len() == oc), "bias length is not the output channels");
        assert!(fold.is_none_or(|(s, t)| s.len() == oc && t.len() == oc), "scale and shift are one value an output channel");
        let mut bias = b.map_or(vec![0.; oc], |b| b.to_vec());
        let mut folded = Vec::new();
        if let Some((scale, shift)) = fold {
            let each = w.len() / oc.max(1);
            folded = w.chunks(each.max(1)).zip(scale).flat_map(|(w, s)| w.iter().map(move |w| w * s)).collect();
            bias.iter_mut().zip(scale.iter().zip(shift)).for_each(|(b, (s, t))| *b = *b * s + t);
        }
        let w = if fold.is_some() { &folded } else { w };
        let mut weights = Vec::new();
        if conv.depthwise(ic, oc) {
            let mut own = Vec::new();
            depthwise::pack(w, conv.taps(), oc, &mut own);
            weights.push(own);
        } else {
            // Any size: the forward pass has one pair of phases, whose taps do not depend on it.
            let (rows, cols) = conv.axes();
            let (rows, cols) = (rows.forward(1), cols.forward(1));
            let order = Order::new(conv.kernel, &rows, &cols);
            let (gi, go) = (ic / conv.groups, oc / conv.groups);
            for g in 0..conv.groups {
                let mut own = Vec::new();
                pack::pack(&conv.source(w, g, gi, go), &order, &mut own);
                weights.push(own);
            }
        }
        Self { conv: *conv, ic, oc, weights, bias }
    }

    /// y = act(conv(x)).
    pub fn forward(&self, act: Activation, x: &[f32], xv: View, y: &mut [f32], yv: View) {
        xv.check(x.len(), "x");
        yv.check(y.len(), "y");
        self.conv.check(&xv, &yv, None);
        assert!(xv.c == self.ic && yv.c == self.oc, "packed for {} -> {} channels", self.ic, self.oc);
        let (rows, cols) = self.conv.axes();
        let (rows, cols) = (rows.forward(yv.h), cols.forward(yv.w));
        let y = Out::new(y);
        if self.conv.depthwise(self.ic, self.oc) {
            let w = pack::packed(&self.weights[0], self.conv.taps() * self.oc.next_multiple_of(16));
            return depthwise::gather(x, xv, w, self.conv.kernel, Some(&self.bias), y, yv, &rows, &cols, false, Finish::Activate(act));
        }
        let (ic, oc) = (self.ic / self.conv.groups, self.oc / self.conv.groups);
        let order = Order::new(self.conv.kernel, &rows, &cols);
        for (g, w) in self.weights.iter().enumerate() {
            let w = pack::packed(w, self.conv.taps() * ic * pack::padded(oc));
            let (xv, yv, bias) = (xv.channels(g * ic, ic), yv.channels(g * oc, oc), &self.bias[g * oc..][..oc]);
            gather::gather(x, xv, &order, Weights::Packed(w), Some(bias), y, yv, &rows, &cols, false, Finish::Activate(act));
        }
    }
}
