//! Upsampling, copies, sums and channel scales.

use super::*;
use crate::*;

#[test]
fn upsampling() {
    for (factor, n, h, w, c) in [((2, 2), 2, 3, 5, 17), ((1, 3), 1, 2, 2, 3), ((4, 2), 3, 1, 1, 33), ((2, 2), 2, 20, 20, 16)] {
        let (xd, yd) = (View::dense(n, h, w, c), View::dense(n, h * factor.0, w * factor.1, c));
        let ((xv, xl), (yv, yl)) = (strided(xd, 1, 2), strided(yd, 3, 0));
        let (x, dy) = (noise(xd.len(), 1), noise(yd.len(), 2));
        let (xb, dyb) = (spread(&x, xv, xl, f32::NAN), spread(&dy, yv, yl, f32::NAN));
        let source = |o: usize| {
            let (ch, j, i, m) = (o % c, o / c % yd.w, o / c / yd.w % yd.h, o / c / yd.w / yd.h);
            ((m * h + i / factor.0) * w + j / factor.1) * c + ch
        };
        for add in [0., 0.5] {
            let got = everywhere(|| {
                let (mut y, mut dx) = (vec![7.; yl], vec![0.5; xl]);
                upsample_forward(factor, &xb, xv, &mut y, yv);
                upsample_backward(factor, &dyb, yv, &mut dx, xv, add > 0.);
                untouched(&y, yv, 7.);
                untouched(&dx, xv, 0.5);
                [dense(&y, yv), dense(&dx, xv)].concat()
            });
            let mut dx = vec![add; x.len()];
            for o in 0..dy.len() {
                dx[source(o)] += f64::from(dy[o]);
            }
            let y = (0..dy.len()).map(|o| f64::from(x[source(o)]));
            close(&got, &y.chain(dx).collect::<Vec<_>>(), 1e-6);
        }
    }
}

#[test]
fn copies_and_sums() {
    let d = View::dense(2, 5, 30, 67);
    let (a, b) = (noise(d.len(), 1), noise(d.len(), 2));
    let ((av, al), (bv, bl), (yv, yl)) = (strided(d, 1, 2), strided(d, 0, 3), strided(d, 4, 0));
    let (ab, bb) = (spread(&a, av, al, f32::NAN), spread(&b, bv, bl, f32::NAN));
    let got = everywhere(|| {
        let (mut x, mut y, mut z) = (vec![7.; yl], vec![7.; yl], vec![7.; yl]);
        sum(&[(&ab, av)], &mut x, yv, false);
        sum(&[(&ab, av), (&bb, bv)], &mut y, yv, false);
        sum(&[(&bb, bv)], &mut z, yv, false);
        sum(&[(&ab, av)], &mut z, yv, true);
        for b in [&x, &y, &z] {
            untouched(b, yv, 7.);
        }
        assert_eq!(dense(&x, yv), a);
        assert_eq!(y, z);
        zero(&mut x, yv);
        untouched(&x, yv, 7.);
        assert!(dense(&x, yv).iter().all(|&v| v == 0.));
        dense(&y, yv)
    });
    assert_eq!(got, a.iter().zip(&b).map(|(a, b)| a + b).collect::<Vec<_>>());
}

#[test]
fn channel_scales() {
    for (n, h, w, c) in [(3, 4, 5, 21), (1, 1, 1, 1), (2, 17, 9, 48)] {
        let (xd, sd) = (View::dense(n, h, w, c), View::dense(n, 1, 1, c));
        let ((xv, xl), (sv, sl)) = (strided(xd, 2, 1), strided(sd, 1, 1));
        let (x, dy, s) = (noise(xd.len(), 1), noise(xd.len(), 2), noise(sd.len(), 3));
        let (xb, dyb, sb) = (spread(&x, xv, xl, f32::NAN), spread(&dy, xv, xl, f32::NAN), spread(&s, sv, sl, f32::NAN));
        for plus in [0., 0.5] {
            let got = everywhere(|| {
                let (mut y, mut dx, mut ds) = (vec![7.; xl], vec![0.5; xl], vec![0.5; sl]);
                channel_scale_forward(&xb, xv, &sb, sv, &mut y, xv);
                channel_scale_backward_input(&sb, sv, &dyb, xv, &mut dx, xv, plus > 0.);
                channel_scale_backward_scale(&xb, xv, &dyb, xv, &mut ds, sv, plus > 0.);
                untouched(&y, xv, 7.);
                untouched(&dx, xv, 0.5);
                untouched(&ds, sv, 0.5);
                [dense(&y, xv), dense(&dx, xv), dense(&ds, sv)].concat()
            });
            let at = |i: usize| i / (h * w * c) * c + i % c;
            let (x, dy, s) = (wide(&x), wide(&dy), wide(&s));
            let mut ds = vec![plus; n * c];
            for i in 0..x.len() {
                ds[at(i)] += x[i] * dy[i];
            }
            let y = (0..x.len()).map(|i| x[i] * s[at(i)]);
            let dx = (0..x.len()).map(|i| dy[i] * s[at(i)] + plus);
            close(&got, &y.chain(dx).chain(ds).collect::<Vec<_>>(), 1e-5);
        }
    }
}

/// No images, or a kernel that does not fit: nothing is written, parameter gradients stay, no panic.
#[test]
fn empty_tensors() {
    let mut s = Scratch::new();
    let conv = Conv2d::square(3, 1);
    for (conv, h, n) in [(conv, 5, 0), (Conv2d { padding: (0, 0), ..conv }, 2, 3), (conv.with_groups(4), 5, 0), (conv.with_groups(2), 5, 0)]
    {
        let (oh, ow) = conv.output_size(h, h);
        let (xv, yv) = (View::dense(n, h, h, 4), View::dense(n, oh, ow, 4));
        assert!(yv.is_empty());
        let (x, w) = (noise(xv.len(), 1), noise(conv.weight_len(4, 4), 2));
        conv2d_forward(&conv, &x, xv, &w, None, &mut [], yv, &mut s);
        PackedConv2d::new(&conv, 4, 4, &w, None, None).forward(Activation::Silu, &x, xv, &mut [], yv);
        let (mut dw, mut db, mut dx) = (vec![0.5; w.len()], vec![0.5; 4], vec![7.; xv.len()]);
        conv2d_backward_weight(&conv, &x, xv, &[], yv, &mut dw, &mut s);
        conv2d_backward_bias(&[], yv, &mut db, &mut s);
        conv2d_backward_input(&conv, &w, &[], yv, &mut dx, xv, false, &mut s);
        assert!(dw.iter().chain(&db).all(|v| *v == 0.5) && dx.iter().all(|v| *v == 0.), "{conv:?}");
    }
    let (v, one) = (View::dense(0, 4, 4, 3), View::dense(0, 1, 1, 3));
    let (pool, half) = (Pool2d::square(3, 1, 1), View::dense(0, 8, 8, 3));
    max_pool_forward(&pool, &[], v, &mut [], v, &mut []);
    max_pool_backward(&pool, &[], &[], v, &mut [], v, false);
    avg_pool_forward(&pool, &[], v, &mut [], v);
    avg_pool_backward(&pool, &[], v, &mut [], v, true);
    global_avg_pool_forward(&[], v, &mut [], one);
    global_avg_pool_backward(&[], one, &mut [], v, false);
    upsample_forward((2, 2), &[], v, &mut [], half);
    upsample_backward((2, 2), &[], half, &mut [], v, false);
    activation_forward(Activation::Relu, &[], v, &mut [], v);
    activation_backward(Activation::Relu, &[], v, &[], v, &mut [], v, false);
    sum(&[(&[], v), (&[], v)], &mut [], v, false);
    sum(&[(&[], v)], &mut [], v, false);
    channel_scale_forward(&[], v, &[], one, &mut [], v);
    channel_scale_backward_input(&[], one, &[], v, &mut [], v, false);
    channel_scale_backward_scale(&[], v, &[], v, &mut [], one, false);
    affine_act(Activation::Silu, &[], v, &[1.; 3], &[0.; 3], &mut [], v);
    let (mut dgamma, mut dbeta) = ([0.5; 3], [0.5; 3]);
    let norm =
        BatchNormGradients { gamma: &[1.; 3], beta: &[0.; 3], mean: &[0.; 3], invstd: &[1.; 3], dgamma: &mut dgamma, dbeta: &mut dbeta };
    batch_norm_backward(Activation::Silu, norm, &[], v, &[], v, &mut [], v, &mut s);
    assert!(dgamma == [0.5; 3] && dbeta == [0.5; 3]);
    conv2d_forward(&Conv2d::square(1, 1), &[], one, &[0.; 6], None, &mut [], View::dense(0, 1, 1, 2), &mut s);
}
