//! Convolutions of many shapes: dense, strided, dilated, grouped, depthwise; forward and all gradients.

use super::*;
use crate::*;

#[derive(Clone, Copy)]
struct Case {
    conv: Conv2d,
    n: usize,
    h: usize,
    w: usize,
    ic: usize,
    oc: usize,
}

/// y, dx, dw, db in f64 for dense buffers.
fn naive(k: &Case, x: &[f32], w: &[f32], b: &[f32], dy: &[f32]) -> [Vec<f64>; 4] {
    let c = &k.conv;
    let (oh, ow) = c.output_size(k.h, k.w);
    let (ig, og) = (k.ic / c.groups, k.oc / c.groups);
    let mut y = vec![0f64; k.n * oh * ow * k.oc];
    let (mut dx, mut dw, mut db) = (vec![0f64; x.len()], vec![0f64; w.len()], vec![0f64; k.oc]);
    for n in 0..k.n {
        for i in 0..oh {
            for j in 0..ow {
                for o in 0..k.oc {
                    let at = ((n * oh + i) * ow + j) * k.oc + o;
                    let g = f64::from(dy[at]);
                    let mut sum = f64::from(b[o]);
                    db[o] += g;
                    for a in 0..c.kernel.0 {
                        for e in 0..c.kernel.1 {
                            let r = (i * c.stride.0 + a * c.dilation.0) as isize - c.padding.0 as isize;
                            let q = (j * c.stride.1 + e * c.dilation.1) as isize - c.padding.1 as isize;
                            if r < 0 || q < 0 || r >= k.h as isize || q >= k.w as isize {
                                continue;
                            }
                            for u in 0..ig {
                                let xi = ((n * k.h + r as usize) * k.w + q as usize) * k.ic + o / og * ig + u;
                                let wi = ((o * ig + u) * c.kernel.0 + a) * c.kernel.1 + e;
                                sum += f64::from(x[xi]) * f64::from(w[wi]);
                                dx[xi] += g * f64::from(w[wi]);
                                dw[wi] += g * f64::from(x[xi]);
                            }
                        }
                    }
                    y[at] = sum;
                }
            }
        }
    }
    [y, dx, dw, db]
}

fn check(k: Case) {
    let (oh, ow) = k.conv.output_size(k.h, k.w);
    let (xd, yd) = (View::dense(k.n, k.h, k.w, k.ic), View::dense(k.n, oh, ow, k.oc));
    let (x, w, b, dy) = (noise(xd.len(), 1), noise(k.conv.weight_len(k.ic, k.oc), 2), noise(k.oc, 3), noise(yd.len(), 4));
    let [y, dx, dw, db] = naive(&k, &x, &w, &b, &dy);
    let tol = 2e-5;
    for (before, after) in [(0, 0), (3, 2)] {
        let ((xv, xl), (yv, yl)) = (strided(xd, before, after), strided(yd, after, before));
        let (xb, dyb) = (spread(&x, xv, xl, f32::NAN), spread(&dy, yv, yl, f32::NAN));
        let got = everywhere(|| {
            let mut out = vec![7.; yl];
            conv2d_forward(&k.conv, &xb, xv, &w, Some(&b), &mut out, yv, &mut Scratch::new());
            out
        });
        close(&dense(&got, yv), &y, tol);
        untouched(&got, yv, 7.);
        for accumulate in [false, true] {
            let start = noise(xd.len(), 5);
            let got = everywhere(|| {
                let mut out = spread(&start, xv, xl, 7.);
                conv2d_backward_input(&k.conv, &w, &dyb, yv, &mut out, xv, accumulate, &mut Scratch::new());
                out
            });
            let want: Vec<f64> = dx.iter().zip(&start).map(|(d, s)| if accumulate { d + f64::from(*s) } else { *d }).collect();
            close(&dense(&got, xv), &want, tol);
            untouched(&got, xv, 7.);
        }
        let got = everywhere(|| {
            let (mut out, mut bias) = (vec![0.5; w.len()], vec![0.5; k.oc]);
            conv2d_backward_weight(&k.conv, &xb, xv, &dyb, yv, &mut out, &mut Scratch::new());
            conv2d_backward_bias(&dyb, yv, &mut bias, &mut Scratch::new());
            out.extend(bias);
            out
        });
        let want: Vec<f64> = dw.iter().chain(&db).map(|v| v + 0.5).collect();
        close(&got, &want, tol);
    }
}

fn conv(k: (usize, usize), s: (usize, usize), p: (usize, usize), d: (usize, usize), groups: usize) -> Conv2d {
    Conv2d { kernel: k, stride: s, padding: p, dilation: d, groups }
}

#[test]
fn square_kernels_over_channel_tails() {
    for (ic, oc) in [(1, 1), (3, 16), (5, 3), (17, 27), (27, 33), (33, 5), (32, 64), (16, 17)] {
        for (k, s) in [(1, 1), (3, 1), (3, 2)] {
            check(Case { conv: Conv2d::square(k, s), n: 2, h: 5, w: 7, ic, oc });
        }
    }
}

#[test]
fn the_stem() {
    check(Case { conv: conv((6, 6), (2, 2), (2, 2), (1, 1), 1), n: 2, h: 14, w: 18, ic: 3, oc: 16 });
    check(Case { conv: conv((3, 3), (2, 2), (1, 1), (1, 1), 1), n: 3, h: 9, w: 8, ic: 1, oc: 8 });
    check(Case { conv: conv((7, 5), (3, 2), (3, 2), (1, 1), 1), n: 1, h: 13, w: 11, ic: 4, oc: 19 });
}

#[test]
fn odd_geometry() {
    for (c, h, w) in [
        (conv((3, 3), (1, 1), (1, 1), (1, 1), 1), 1, 1),
        (conv((5, 5), (1, 1), (2, 2), (1, 1), 1), 2, 3),
        (conv((5, 5), (2, 2), (2, 2), (1, 1), 1), 1, 2),
        (conv((6, 6), (2, 2), (2, 2), (1, 1), 1), 8, 6),
        (conv((2, 2), (3, 3), (0, 0), (1, 1), 1), 7, 8),
        (conv((1, 1), (2, 2), (0, 0), (1, 1), 1), 5, 4),
        (conv((1, 1), (3, 2), (0, 0), (1, 1), 1), 6, 5),
        (conv((1, 1), (1, 1), (2, 1), (1, 1), 1), 3, 2),
        (conv((1, 3), (1, 2), (0, 1), (1, 1), 1), 4, 9),
        (conv((3, 1), (2, 1), (1, 0), (1, 1), 1), 9, 4),
        (conv((3, 3), (1, 1), (2, 2), (2, 2), 1), 6, 5),
        (conv((3, 2), (2, 3), (2, 1), (2, 3), 1), 9, 10),
        (conv((3, 3), (1, 1), (0, 0), (1, 1), 1), 3, 3),
        (conv((4, 4), (5, 5), (1, 1), (1, 1), 1), 12, 11),
        (conv((2, 2), (1, 1), (3, 3), (1, 1), 1), 2, 2),
        (conv((3, 3), (2, 2), (1, 1), (3, 1), 1), 8, 1),
    ] {
        for (ic, oc) in [(3, 5), (9, 18)] {
            check(Case { conv: c, n: 3, h, w, ic, oc });
        }
    }
}

#[test]
fn groups() {
    for (groups, ic, oc) in [(2, 4, 6), (3, 9, 3), (4, 8, 36), (5, 5, 10)] {
        for (k, s) in [(1, 1), (3, 1), (3, 2)] {
            check(Case { conv: Conv2d::square(k, s).with_groups(groups), n: 2, h: 5, w: 4, ic, oc });
        }
    }
}

#[test]
fn depthwise() {
    for c in [2, 3, 5, 17, 33, 48] {
        for (k, s, h, w) in
            [(3, 1, 5, 13), (3, 2, 7, 6), (5, 1, 4, 21), (5, 2, 9, 8), (1, 1, 3, 3), (3, 1, 1, 1), (7, 1, 2, 3), (2, 3, 7, 8)]
        {
            check(Case { conv: Conv2d::square(k, s).with_groups(c), n: 2, h, w, ic: c, oc: c });
        }
        check(Case { conv: conv((3, 3), (2, 1), (2, 3), (2, 3), c), n: 2, h: 8, w: 9, ic: c, oc: c });
    }
}

/// Shapes large enough for several bands, groups of bands and column splits.
#[test]
fn many_tasks() {
    check(Case { conv: Conv2d::square(3, 1), n: 3, h: 26, w: 24, ic: 16, oc: 40 });
    check(Case { conv: Conv2d::square(3, 2), n: 3, h: 40, w: 37, ic: 24, oc: 16 });
    check(Case { conv: Conv2d::square(1, 1), n: 2, h: 40, w: 40, ic: 32, oc: 48 });
    check(Case { conv: Conv2d::square(3, 1), n: 16, h: 3, w: 3, ic: 96, oc: 96 });
    check(Case { conv: Conv2d::square(3, 1).with_groups(64), n: 4, h: 28, w: 28, ic: 64, oc: 64 });
}

/// So few pixels that they are one band: weights are packed by the tasks, gradients turned by them.
#[test]
fn small_maps() {
    for (ic, oc) in [(16, 40), (48, 255), (33, 24), (72, 130)] {
        check(Case { conv: Conv2d::square(1, 1), n: 8, h: 2, w: 2, ic, oc });
        check(Case { conv: Conv2d::square(1, 2), n: 3, h: 4, w: 3, ic, oc });
        check(Case { conv: Conv2d::square(3, 1), n: 8, h: 2, w: 2, ic, oc });
        check(Case { conv: Conv2d::square(3, 2), n: 8, h: 4, w: 4, ic, oc });
    }
    check(Case { conv: Conv2d { kernel: (2, 4), ..Conv2d::square(3, 1) }, n: 5, h: 3, w: 4, ic: 50, oc: 36 });
    check(Case { conv: Conv2d::square(3, 1).with_groups(2), n: 4, h: 2, w: 2, ic: 64, oc: 96 });
    check(Case { conv: Conv2d { dilation: (2, 2), padding: (2, 2), ..Conv2d::square(3, 2) }, n: 8, h: 2, w: 2, ic: 32, oc: 32 });
    // Linear layers.
    check(Case { conv: Conv2d::square(1, 1), n: 9, h: 1, w: 1, ic: 37, oc: 21 });
    check(Case { conv: Conv2d::square(1, 1), n: 5, h: 1, w: 1, ic: 160, oc: 100 });
}

/// A scratch that earlier calls filled changes nothing.
#[test]
fn a_used_scratch_changes_nothing() {
    let (c, xv) = (Conv2d::square(3, 1), View::dense(2, 6, 6, 20));
    let (x, w) = (noise(xv.len(), 1), noise(c.weight_len(20, 20), 2));
    let run = |s: &mut Scratch| {
        let (mut y, mut dw) = (vec![0.; xv.len()], vec![0.; w.len()]);
        conv2d_forward(&c, &x, xv, &w, None, &mut y, xv, s);
        conv2d_backward_weight(&c, &x, xv, &x, xv, &mut dw, s);
        (y, dw)
    };
    let mut used = Scratch { packed: vec![f32::NAN; 100_000], partial: vec![f32::NAN; 1_000_000], ..Scratch::new() };
    assert_eq!(run(&mut used), run(&mut Scratch::new()));
}

#[test]
#[should_panic(expected = "does not lead")]
fn wrong_output_shapes_are_refused() {
    let v = View::dense(1, 4, 4, 2);
    conv2d_forward(&Conv2d::square(3, 2), &[0.; 32], v, &[0.; 36], None, &mut [0.; 32], v, &mut Scratch::new());
}

#[test]
#[should_panic(expected = "needs 32 floats")]
fn short_buffers_are_refused() {
    let v = View::dense(1, 4, 4, 2);
    conv2d_forward(&Conv2d::square(3, 1), &[0.; 31], v, &[0.; 36], None, &mut [0.; 32], v, &mut Scratch::new());
}

/// Packed for inference: a batch norm folded in, and an activation, are the same passes one after the other.
#[test]
fn packed_convolutions_and_statistics() {
    for (k, s, ic, oc, g) in [(3, 1, 5, 33, 1), (1, 1, 40, 70, 1), (3, 2, 18, 18, 18), (3, 1, 12, 8, 4), (5, 1, 3, 16, 1)] {
        let conv = Conv2d::square(k, s).with_groups(g);
        let (h, w) = conv.output_size(9, 7);
        let (xv, yv) = (View::dense(3, 9, 7, ic), View::dense(3, h, w, oc));
        let (sv, len) = strided(yv, 2, 3);
        let (x, weights, bias) = (noise(xv.len(), 1), noise(conv.weight_len(ic, oc), 2), noise(oc, 3));
        let (scale, shift) = (noise(oc, 4), noise(oc, 5));
        let plain = everywhere(|| {
            let mut y = vec![0.; yv.len()];
            conv2d_forward(&conv, &x, xv, &weights, Some(&bias), &mut y, yv, &mut Scratch::new());
            y
        });
        for act in Activation::ALL {
            let got = everywhere(|| {
                let packed = PackedConv2d::new(&conv, ic, oc, &weights, Some(&bias), Some((&scale, &shift)));
                let mut y = vec![7.; len];
                packed.forward(act, &x, xv, &mut y, sv);
                untouched(&y, sv, 7.);
                dense(&y, sv)
            });
            let mut want = vec![0.; yv.len()];
            affine_act(act, &plain, yv, &scale, &shift, &mut want, yv);
            close(&got, &wide(&want), 1e-5);
        }
        let got = everywhere(|| {
            let (mut y, mut mean, mut var) = (vec![7.; len], vec![0.; oc], vec![0.; oc]);
            conv2d_forward_statistics(&conv, &x, xv, &weights, Some(&bias), &mut y, sv, &mut mean, &mut var, &mut Scratch::new());
            [dense(&y, sv), mean, var].concat()
        });
        assert_eq!(got[..yv.len()], plain, "the statistics' pass writes the same y");
        let (mut mean, mut var) = (vec![0f64; oc], vec![0f64; oc]);
        let pixels = yv.pixels() as f64;
        plain.chunks(oc).for_each(|p| mean.iter_mut().zip(p).for_each(|(m, v)| *m += f64::from(*v) / pixels));
        plain.chunks(oc).for_each(|p| (0..oc).for_each(|c| var[c] += (f64::from(p[c]) - mean[c]).powi(2) / pixels));
        close(&got[yv.len()..], &[mean, var].concat(), 1e-6);
    }
}
