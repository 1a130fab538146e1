//! Pooling, forward and backward.

use super::*;
use crate::*;

fn windows() -> Vec<(Pool2d, usize, usize)> {
    vec![
        (Pool2d::square(5, 1, 2), 7, 6),
        (Pool2d::square(5, 1, 2), 1, 2),
        (Pool2d::square(2, 2, 0), 7, 8),
        (Pool2d::square(3, 2, 1), 6, 9),
        (Pool2d::square(1, 3, 0), 7, 4),
        (Pool2d { kernel: (3, 2), stride: (1, 2), padding: (1, 0) }, 5, 5),
        (Pool2d::square(9, 1, 4), 3, 3),
        (Pool2d::square(13, 1, 6), 20, 3),
    ]
}

/// (max, average, dx of max, dx of average)
fn naive(p: &Pool2d, v: View, x: &[f32], dy: &[f32]) -> [Vec<f64>; 4] {
    let (oh, ow) = p.output_size(v.h, v.w);
    let len = v.n * oh * ow * v.c;
    let mut r = [vec![0.; len], vec![0.; len], vec![0.; x.len()], vec![0.; x.len()]];
    let share = 1. / (p.kernel.0 * p.kernel.1) as f64;
    for o in 0..len {
        let (c, j, i, n) = (o % v.c, o / v.c % ow, o / v.c / ow % oh, o / v.c / ow / oh);
        let (mut best, mut at, mut sum) = (f64::NEG_INFINITY, usize::MAX, 0.);
        for a in 0..p.kernel.0 {
            for b in 0..p.kernel.1 {
                let (r0, q0) = ((i * p.stride.0 + a) as isize - p.padding.0 as isize, (j * p.stride.1 + b) as isize - p.padding.1 as isize);
                if r0 < 0 || q0 < 0 || r0 >= v.h as isize || q0 >= v.w as isize {
                    continue;
                }
                let k = ((n * v.h + r0 as usize) * v.w + q0 as usize) * v.c + c;
                let value = f64::from(x[k]);
                if at == usize::MAX || value > best {
                    (best, at) = (value, k);
                }
                sum += value;
                r[3][k] += f64::from(dy[o]) * share;
            }
        }
        r[0][o] = best;
        r[1][o] = sum * share;
        r[2][at] += f64::from(dy[o]);
    }
    r
}

#[test]
fn max_and_average() {
    for (p, h, w) in windows() {
        for c in [1, 5, 16, 35] {
            let (oh, ow) = p.output_size(h, w);
            let (xd, yd) = (View::dense(2, h, w, c), View::dense(2, oh, ow, c));
            // Few levels, so that ties happen.
            let x: Vec<f32> = noise(xd.len(), 1).iter().map(|v| (v * 6.).round() / 4.).collect();
            let dy = noise(yd.len(), 2);
            let want = naive(&p, xd, &x, &dy);
            let ((xv, xl), (yv, yl)) = (strided(xd, 2, 1), strided(yd, 0, 3));
            let (xb, dyb) = (spread(&x, xv, xl, f32::NAN), spread(&dy, yv, yl, f32::NAN));
            for accumulate in [false, true] {
                let add = if accumulate { 0.5 } else { 0. };
                let got = everywhere(|| {
                    let (mut y, mut argmax, mut dx) = (vec![7.; yl], vec![0; yd.len()], vec![0.5; xl]);
                    max_pool_forward(&p, &xb, xv, &mut y, yv, &mut argmax);
                    max_pool_backward(&p, &argmax, &dyb, yv, &mut dx, xv, accumulate);
                    untouched(&y, yv, 7.);
                    untouched(&dx, xv, 0.5);
                    [dense(&y, yv), dense(&dx, xv)].concat()
                });
                let dx = want[2].iter().map(|v| v + add);
                close(&got, &want[0].iter().copied().chain(dx).collect::<Vec<_>>(), 1e-5);
                let got = everywhere(|| {
                    let (mut y, mut dx) = (vec![7.; yl], vec![0.5; xl]);
                    avg_pool_forward(&p, &xb, xv, &mut y, yv);
                    avg_pool_backward(&p, &dyb, yv, &mut dx, xv, accumulate);
                    untouched(&y, yv, 7.);
                    untouched(&dx, xv, 0.5);
                    [dense(&y, yv), dense(&dx, xv)].concat()
                });
                let dx = want[3].iter().map(|v| v + add);
                close(&got, &want[1].iter().copied().chain(dx).collect::<Vec<_>>(), 1e-5);
            }
        }
    }
}

#[test]
fn pools_within_one_buffer() {
    let (p, d) = (Pool2d::square(5, 1, 2), View::dense(2, 6, 7, 40));
    let (a, b) = (d.channels(3, 17), d.channels(20, 17));
    let (start, grads) = (noise(d.len(), 1), noise(d.len(), 2));
    let (mut y, mut argmax) = (vec![0.; a.len()], vec![0; a.len()]);
    max_pool_forward(&p, &start, a, &mut y, View::dense(2, 6, 7, 17), &mut argmax);
    let (mut buffer, mut argmax2) = (start.clone(), vec![0; a.len()]);
    max_pool_forward_within(&p, &mut buffer, a, b, &mut argmax2);
    assert_eq!((&y, &argmax), (&dense(&buffer, b), &argmax2));
    let mut dx = grads.clone();
    max_pool_backward(&p, &argmax, &grads, b, &mut dx, a, true);
    let mut within = grads.clone();
    max_pool_backward_within(&p, &argmax, &mut within, b, a, true);
    assert_eq!(dx, within);
}

#[test]
#[should_panic(expected = "overlap")]
fn overlapping_slices_are_refused() {
    let d = View::dense(1, 3, 3, 8);
    max_pool_forward_within(&Pool2d::square(3, 1, 1), &mut [0.; 72], d.channels(0, 4), d.channels(3, 4), &mut [0; 36]);
}

#[test]
fn max_pool_keeps_nan() {
    let v = View::dense(1, 1, 3, 1);
    for set in InstructionSet::all_available() {
        let (mut y, mut argmax) = ([0.; 3], [0; 3]);
        with_instruction_set(set, || max_pool_forward(&Pool2d::square(3, 1, 1), &[f32::NAN, 2., 1.], v, &mut y, v, &mut argmax));
        assert!(y[0].is_nan() && y[1].is_nan() && y[2] == 2., "{y:?}");
    }
}

#[test]
fn global_average() {
    for (n, h, w, c) in [(3, 5, 7, 19), (1, 1, 1, 1), (2, 40, 3, 33)] {
        let (xd, yd) = (View::dense(n, h, w, c), View::dense(n, 1, 1, c));
        let ((xv, xl), (yv, yl)) = (strided(xd, 1, 2), strided(yd, 2, 0));
        let (x, dy) = (noise(xd.len(), 1), noise(yd.len(), 2));
        let (xb, dyb) = (spread(&x, xv, xl, f32::NAN), spread(&dy, yv, yl, f32::NAN));
        let (hw, mut want) = (h * w, vec![0f64; n * c]);
        for i in 0..x.len() {
            want[i / (hw * c) * c + i % c] += f64::from(x[i]) / hw as f64;
        }
        for add in [0., 0.5] {
            let got = everywhere(|| {
                let (mut y, mut dx) = (vec![7.; yl], vec![0.5; xl]);
                global_avg_pool_forward(&xb, xv, &mut y, yv);
                global_avg_pool_backward(&dyb, yv, &mut dx, xv, add > 0.);
                untouched(&y, yv, 7.);
                untouched(&dx, xv, 0.5);
                [dense(&y, yv), dense(&dx, xv)].concat()
            });
            let dx = (0..x.len()).map(|i| f64::from(dy[i / (hw * c) * c + i % c]) / hw as f64 + add);
            close(&got, &want.iter().copied().chain(dx).collect::<Vec<_>>(), 1e-6);
        }
    }
}
