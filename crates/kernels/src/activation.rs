//! The activations: values and derivatives as vectors, and the passes that apply one alone.
//!
//! Derivatives follow PyTorch at the kinks: ReLU 0 at 0; LeakyReLU its slope at 0; HardSwish 0 up to and at −3, 1 from and
//! at 3; HardSigmoid 0 at ±3.

use crate::math::sigmoid;
use crate::par::{In, Out, chunks, pixels_a_piece};
use crate::simd::{Simd, current, load, store, vectorised};
use crate::view::View;

/// An elementwise non-linearity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// x
    Identity,
    /// x·sigmoid(x)
    Silu,
    /// max(x, 0)
    Relu,
    /// x·relu6(x + 3)/6
    HardSwish,
    /// x above 0, else 0.1·x
    LeakyRelu,
    /// 1/(1 + e⁻ˣ)
    Sigmoid,
    /// relu6(x + 3)/6
    HardSigmoid,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Identity, Self::Silu, Self::Relu, Self::HardSwish, Self::LeakyRelu, Self::Sigmoid, Self::HardSigmoid];
}

/// An activation as a type, so that loops are compiled for it.
pub(crate) trait Act: Copy {
    unsafe fn value<S: Simd>(x: S::V) -> S::V;
    unsafe fn slope<S: Simd>(x: S::V) -> S::V;
}

macro_rules! act {
    ($name:ident, $s:ident, $x:ident, $value:expr, $slope:expr) => {
        #[derive(Clone, Copy)]
        pub(crate) struct $name;
        impl Act for $name {
            #[inline(always)]
            unsafe fn value<$s: Simd>($x: $s::V) -> $s::V {
                $value
            }
            #[inline(always)]
            unsafe fn slope<$s: Simd>($x: $s::V) -> $s::V {
                $slope
            }
        }
    };
}

act!(Identity, S, x, x, {
    let _ = x;
    S::splat(1.)
});
// Below −87 the sigmoid stays at its smallest value, so x must too.
act!(Silu, S, x, S::mul(S::max(S::splat(-87.), x), sigmoid::<S>(x)), {
    let s = sigmoid::<S>(x);
    S::fma(S::mul(S::max(S::splat(-87.), x), s), S::sub(S::splat(1.), s), s)
});
act!(Relu, S, x, S::max(S::splat(0.), x), S::if_gt(x, S::splat(0.), S::splat(1.), S::splat(0.)));
act!(HardSwish, S, x, S::mul(x, HardSigmoid::value::<S>(x)), {
    let inner = S::fma(x, S::splat(1. / 3.), S::splat(0.5));
    let below = S::if_gt(x, S::splat(-3.), inner, S::splat(0.));
    S::if_gt(S::splat(3.), x, below, S::splat(1.))
});
act!(LeakyRelu, S, x, S::if_gt(x, S::splat(0.), x, S::mul(x, S::splat(0.1))), S::if_gt(x, S::splat(0.), S::splat(1.), S::splat(0.1)));
act!(Sigmoid, S, x, sigmoid::<S>(x), {
    let s = sigmoid::<S>(x);
    S::mul(s, S::sub(S::splat(1.), s))
});
act!(HardSigmoid, S, x, S::mul(S::min(S::splat(6.), S::max(S::splat(0.), S::add(x, S::splat(3.)))), S::splat(1. / 6.)), {
    let inner = S::if_gt(x, S::splat(-3.), S::splat(1. / 6.), S::splat(0.));
    S::if_gt(S::splat(3.), x, inner, S::splat(0.))
});

/// Calls `$body::<S, A>(…)` with the type of the activation `$act`.
macro_rules! for_activation {
    ($act:expr, $body:ident::<$s:ident>($($arg:expr),* $(,)?)) => {
        match $act {
            $crate::activation::Activation::Identity => $body::<$s, $crate::activation::Identity>($($arg),*),
            $crate::activation::Activation::Silu => $body::<$s, $crate::activation::Silu>($($arg),*),
            $crate::activation::Activation::Relu => $body::<$s, $crate::activation::Relu>($($arg),*),
            $crate::activation::Activation::HardSwish => $body::<$s, $crate::activation::HardSwish>($($arg),*),
            $crate::activation::Activation::LeakyRelu => $body::<$s, $crate::activation::LeakyRelu>($($arg),*),
            $crate::activation::Activation::Sigmoid => $body::<$s, $crate::activation::Sigmoid>($($arg),*),
            $crate::activation::Activation::HardSigmoid => $body::<$s, $crate::activation::HardSigmoid>($($arg),*),
        }
    };
}
pub(crate) use for_activation;

#[inline(always)]
unsafe fn value_rows<S: Simd, A: Act>(x: *const f32, xs: usize, y: *mut f32, ys: usize, rows: usize, c: usize) {
    for r in 0..rows {
        let (x, y) = (x.add(r * xs), y.add(r * ys));
        let mut i = 0;
        while i < c {
            store::<S>(y.add(i), A::value::<S>(load::<S>(x.add(i), c - i)), c - i);
            i += S::LANES;
        }
    }
}

#[inline(always)]
unsafe fn value_any<S: Simd>(act: Activation, x: *const f32, xs: usize, y: *mut f32, ys: usize, rows: usize, c: usize) {
    for_activation!(act, value_rows::<S>(x, xs, y, ys, rows, c))
}
vectorised!(
    /// y = act(x) for `rows` rows of `c` floats, `xs` and `ys` apart; x may be y.
    ///
    /// # Safety
    /// The rows must lie in their buffers.
    pub(crate) fn value(act: Activation, x: *const f32, xs: usize, y: *mut f32, ys: usize, rows: usize, c: usize) = value_any
);

#[inline(always)]
unsafe fn slope_rows<S: Simd, A: Act>(
    at: (*const f32, *const f32, *mut f32),
    strides: [usize; 3],
    rows: usize,
    c: usize,
    accumulate: bool,
) {
    for r in 0..rows {
        let (x, dy, dx) = (at.0.add(r * strides[0]), at.1.add(r * strides[1]), at.2.add(r * strides[2]));
        let mut i = 0;
        while i < c {
            let d = A::slope::<S>(load::<S>(x.add(i), c - i));
            let g = load::<S>(dy.add(i), c - i);
            let g = if accumulate { S::fma(d, g, load::<S>(dx.add(i), c - i)) } else { S::mul(d, g) };
            store::<S>(dx.add(i), g, c - i);
            i += S::LANES;
        }
    }
}

#[inline(always)]
unsafe fn slope_any<S: Simd>(
    act: Activation,
    at: (*const f32, *const f32, *mut f32),
    strides: [usize; 3],
    rows: usize,
    c: usize,
    accumulate: bool,
) {
    for_activation!(act, slope_rows::<S>(at, strides, rows, c, accumulate))
}
vectorised!(fn slope(act: Activation, at: (*const f32, *const f32, *mut f32), strides: [usize; 3], rows: usize, c: usize, accumulate: bool) = slope_any);

/// One row where all views are gapless, else a row a pixel.
fn rows_of(pixels: usize, c: usize, views: &[View]) -> (usize, usize) {
    if views.iter().all(View::is_dense) { (1, pixels * c) } else { (pixels, c) }
}

fn forward(act: Activation, x: In, xv: View, y: Out, yv: View) {
    let set = current();
    chunks(xv.pixels(), pixels_a_piece(xv.c), |p| {
        let (rows, c) = rows_of(p.len(), xv.c, &[xv, yv]);
        // Safety: the callers checked both views; the piece writes its own pixels only.
        unsafe { value(set, act, x.ptr().add(xv.at(p.start)), xv.stride, y.ptr().add(yv.at(p.start)), yv.stride, rows, c) }
    });
}

/// y = act(x). Shapes of `xv` and `yv` must agree.
pub fn activation_forward(act: Activation, x: &[f32], xv: View, y: &mut [f32], yv: View) {
    xv.check(x.len(), "x");
    yv.check(y.len(), "y");
    xv.same_shape(&yv, "x and y");
    forward(act, In::new(x), xv, Out::new(y), yv);
}

/// x = act(x), in place.
pub fn activation_forward_in_place(act: Activation, x: &mut [f32], xv: View) {
    xv.check(x.len(), "x");
    let x = Out::new(x);
    forward(act, In::of(x), xv, x, xv);
}

/// dx = dy·act′(x), or dx += where `accumulate`. All three views have one shape.
pub fn activation_backward(act: Activation, x: &[f32], xv: View, dy: &[f32], dyv: View, dx: &mut [f32], dxv: View, accumulate: bool) {
    xv.check(x.len(), "x");
    dyv.check(dy.len(), "dy");
    dxv.check(dx.len(), "dx");
    xv.same_shape(&dyv, "x and dy");
    xv.same_shape(&dxv, "x and dx");
    backward(act, In::new(x), xv, In::new(dy), dyv, Out::new(dx), dxv, accumulate);
}

/// dy = dy·act′(x), in place.
pub fn activation_backward_in_place(act: Activation, x: &[f32], xv: View, dy: &mut [f32], dyv: View) {
    xv.check(x.len(), "x");
    dyv.check(dy.len(), "dy");
    xv.same_shape(&dyv, "x and dy");
    let dy = Out::new(dy);
    backward(act, In::new(x), xv, In::of(dy), dyv, dy, dyv, false);
}

fn backward(act: Activation, x: In, xv: View, dy: In, dyv: View, dx: Out, dxv: View, accumulate: bool) {
    let set = current();
    chunks(xv.pixels(), pixels_a_piece(xv.c), |p| {
        let (rows, c) = rows_of(p.len(), xv.c, &[xv, dyv, dxv]);
        // Safety: the callers checked the views; the piece writes its own pixels only.
        unsafe {
            let at = (x.ptr().add(xv.at(p.start)), dy.ptr().add(dyv.at(p.start)), dx.ptr().add(dxv.at(p.start)));
            slope(set, act, at, [xv.stride, dyv.stride, dxv.stride], rows, c, accumulate)
        }
    });
}
