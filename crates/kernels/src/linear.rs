//! The linear layer: a 1×1 convolution over n pixels.

use crate::conv::{Conv2d, conv2d_backward_bias, conv2d_backward_input, conv2d_backward_weight, conv2d_forward};
use crate::par::Scratch;
use crate::view::View;

const POINT: Conv2d = Conv2d { kernel: (1, 1), stride: (1, 1), padding: (0, 0), dilation: (1, 1), groups: 1 };

fn row(v: View) -> View {
    View { n: 1, h: 1, w: v.pixels(), ..v }
}

/// y[p][o] = Σ over i of x[p][i]·w[o][i] + b[o], for every pixel p of the views (n×1×1 after global pooling).
pub fn linear_forward(x: &[f32], xv: View, w: &[f32], b: Option<&[f32]>, y: &mut [f32], yv: View, scratch: &mut Scratch) {
    conv2d_forward(&POINT, x, row(xv), w, b, y, row(yv), scratch);
}

/// dx[p][i] = Σ over o of dy[p][o]·w[o][i], or dx += where `accumulate`.
pub fn linear_backward_input(w: &[f32], dy: &[f32], dyv: View, dx: &mut [f32], dxv: View, accumulate: bool, scratch: &mut Scratch) {
    conv2d_backward_input(&POINT, w, dy, row(dyv), dx, row(dxv), accumulate, scratch);
}

/// dw[o][i] += Σ over p of dy[p][o]·x[p][i]; db[o] += Σ over p of dy[p][o].
pub fn linear_backward_weight(x: &[f32], xv: View, dy: &[f32], dyv: View, dw: &mut [f32], db: Option<&mut [f32]>, scratch: &mut Scratch) {
    conv2d_backward_weight(&POINT, x, row(xv), dy, row(dyv), dw, scratch);
    if let Some(db) = db {
        conv2d_backward_bias(dy, dyv, db, scratch);
    }
}
