use super::*;
use crate::*;

/// The loss in f64.
fn loss(x: &[f64], classes: usize, labels: &[u32], s: f64) -> f64 {
    let row = |r: usize| {
        let x = &x[r * classes..][..classes];
        let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let log = x.iter().map(|v| (v - most).exp()).sum::<f64>().ln() + most;
        let own = -(x[labels[r] as usize] - log);
        let all = x.iter().map(|v| log - v).sum::<f64>() / classes as f64;
        (1. - s) * own + s * all
    };
    (0..labels.len()).map(row).sum::<f64>() / labels.len() as f64
}

#[test]
fn cross_entropy_and_its_gradient() {
    for (n, classes) in [(1, 1), (1, 2), (3, 10), (7, 100), (2, 1000), (300, 17)] {
        for smoothing in [0f32, 0.1, 1.] {
            let x: Vec<f32> = noise(n * classes, 5).iter().map(|v| v * 12.).collect();
            let labels: Vec<u32> = (0..n).map(|i| ((i * 7 + 1) % classes) as u32).collect();
            let got = everywhere(|| {
                let mut d = vec![9.; x.len()];
                let l = softmax_cross_entropy(&x, n, classes, &labels, smoothing, &mut d);
                d.extend([l as f32, (l - f64::from(l as f32)) as f32]);
                d
            });
            let (x, s) = (wide(&x), f64::from(smoothing));
            let value = f64::from(got[x.len()]) + f64::from(got[x.len() + 1]);
            assert!((value - loss(&x, classes, &labels, s)).abs() < 1e-6, "{value}, not {}", loss(&x, classes, &labels, s));
            for i in (0..x.len()).step_by(1 + x.len() / 50) {
                let at = |e: f64| {
                    let mut x = x.clone();
                    x[i] += e;
                    loss(&x, classes, &labels, s)
                };
                let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((f64::from(got[i]) - slope).abs() < 1e-6, "element {i}: {}, not {slope}", got[i]);
            }
        }
    }
}

#[test]
fn cross_entropy_of_extreme_and_no_logits() {
    let mut d = [0.; 3];
    let l = softmax_cross_entropy(&[1e4, 0., -1e4], 1, 3, &[2], 0., &mut d);
    close(&d, &[1., 0., -1.], 1e-12);
    assert!((l - 2e4).abs() < 1e-6, "{l}");
    assert_eq!(softmax_cross_entropy(&[], 0, 5, &[], 0.1, &mut []), 0.);
    assert!(softmax_cross_entropy(&[f32::NAN, 0.], 1, 2, &[1], 0., &mut d[..2]).is_nan());
    assert!(std::panic::catch_unwind(|| softmax_cross_entropy(&[0.; 2], 1, 2, &[2], 0., &mut [0.; 2])).is_err());
    for i in 1..2000 {
        let x = (f64::from(i) * 0.37 - 300.).exp2();
        assert!((crate::math::ln(x) - x.ln()).abs() <= 1e-15 * x.ln().abs().max(1.), "{x}");
    }
}

#[test]
fn dropout_keeps_its_share_and_the_backward_pass_its_mask() {
    let v = View::dense(2, 9, 5, 33);
    let (sv, len) = strided(v, 3, 4);
    for rate in [0f32, 0.2, 0.5, 0.9] {
        let d = Dropout { rate, seed: 7, step: 3 };
        let x = noise(v.len(), 1).iter().map(|v| v + 2.).collect::<Vec<_>>();
        let y = everywhere(|| {
            let mut y = vec![5.; len];
            dropout_forward(d, &x, v, &mut y, sv);
            untouched(&y, sv, 5.);
            dense(&y, sv)
        });
        let kept = y.iter().filter(|v| **v != 0.).count() as f64;
        assert!((kept / v.len() as f64 - f64::from(1. - rate)).abs() < 0.03, "{kept} of {}", v.len());
        assert!(y.iter().zip(&x).all(|(y, x)| *y == 0. || *y == x * (1. / (1. - rate))));
        let dy = noise(v.len(), 2).iter().map(|v| v + 2.).collect::<Vec<_>>();
        let dx = everywhere(|| {
            let mut dx = vec![1.; v.len()];
            dropout_backward(d, &dy, v, &mut dx, v, true);
            dx
        });
        assert!(dx.iter().zip(&dy).zip(&y).all(|((dx, dy), y)| *dx == if *y == 0. { 1. } else { 1. + dy * (1. / (1. - rate)) }));
        let mut other = x.clone();
        dropout_in_place(d, &mut other, v);
        assert_eq!(other, y);
        let mut next = x.clone();
        dropout_in_place(Dropout { step: 4, ..d }, &mut next, v);
        assert!(rate == 0. || next != y, "every step has its mask");
    }
}

#[test]
fn clipping() {
    let (mut a, mut b) = (vec![3f32; 4], vec![-4f32; 4]);
    assert!((clip_by_norm(20., &mut [&mut a, &mut b]) - 10.).abs() < 1e-9);
    assert!(a == [3.; 4] && b == [-4.; 4]);
    clip_by_norm(1., &mut [&mut a, &mut b]);
    close(&a, &[0.3; 4], 1e-6);
    close(&b, &[-0.4; 4], 1e-6);
    let mut x = [-3f32, -0.5, 0.2, 9., f32::NAN];
    clip_by_value(0.5, &mut x);
    assert!(x[..4] == [-0.5, -0.5, 0.2, 0.5] && x[4].is_nan());
}
