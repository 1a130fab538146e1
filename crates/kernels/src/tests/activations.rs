//! Activation values and derivatives over a sweep of inputs, kinks included.

use super::*;
use crate::*;

fn value(a: Activation, x: f64) -> f64 {
    let s = 1. / (1. + (-x).exp());
    let h = (x + 3.).clamp(0., 6.) / 6.;
    match a {
        Activation::Identity => x,
        Activation::Silu => x * s,
        Activation::Relu => x.max(0.),
        Activation::HardSwish => x * h,
        Activation::LeakyRelu => {
            if x > 0. {
                x
            } else {
                0.1 * x
            }
        }
        Activation::Sigmoid => s,
        Activation::HardSigmoid => h,
    }
}

pub fn slope(a: Activation, x: f64) -> f64 {
    let s = 1. / (1. + (-x).exp());
    match a {
        Activation::Identity => 1.,
        Activation::Silu => s * (1. + x * (1. - s)),
        Activation::Relu => f64::from(u8::from(x > 0.)),
        Activation::HardSwish => {
            if x <= -3. {
                0.
            } else if x >= 3. {
                1.
            } else {
                x / 3. + 0.5
            }
        }
        Activation::LeakyRelu => {
            if x > 0. {
                1.
            } else {
                0.1
            }
        }
        Activation::Sigmoid => s * (1. - s),
        Activation::HardSigmoid => {
            if x > -3. && x < 3. {
                1. / 6.
            } else {
                0.
            }
        }
    }
}

pub fn act(a: Activation, x: f64) -> f64 {
    value(a, x)
}

#[test]
fn values_and_slopes() {
    let mut x: Vec<f32> = (-1200..1200).map(|i| i as f32 * 0.01).collect();
    x.extend([-3., 3., 0., -0., 1e-30, -1e-30, 80., -80., 100., -100., 1e30, -1e30]);
    let d = View::dense(1, 1, x.len() / 4, 4);
    for a in Activation::ALL {
        for (before, after) in [(0, 0), (2, 3)] {
            let (v, len) = strided(d, before, after);
            let xb = spread(&x, v, len, f32::NAN);
            let y = everywhere(|| {
                let mut y = vec![7.; len];
                activation_forward(a, &xb, v, &mut y, v);
                y
            });
            untouched(&y, v, 7.);
            for (x, y) in x.iter().zip(dense(&y, v)) {
                let want = value(a, f64::from(*x));
                assert!((f64::from(y) - want).abs() <= 1e-6 * want.abs() + 2e-36, "{a:?}({x}) = {y}, not {want}");
            }
            let dy = noise(x.len(), 9);
            let dyb = spread(&dy, v, len, f32::NAN);
            for accumulate in [false, true] {
                let dx = everywhere(|| {
                    let mut dx = vec![0.25; len];
                    activation_backward(a, &xb, v, &dyb, v, &mut dx, v, accumulate);
                    dx
                });
                untouched(&dx, v, 0.25);
                for ((x, g), dx) in x.iter().zip(&dy).zip(dense(&dx, v)) {
                    let want = slope(a, f64::from(*x)) * f64::from(*g) + if accumulate { 0.25 } else { 0. };
                    assert!((f64::from(dx) - want).abs() <= 2e-6, "{a:?}'({x})·{g} = {dx}, not {want}");
                }
            }
        }
    }
}

#[test]
fn in_place_is_the_same() {
    let v = View::dense(3, 2, 5, 7);
    let (x, dy) = (noise(v.len(), 1), noise(v.len(), 2));
    for a in Activation::ALL {
        let (mut y, mut z) = (vec![0.; v.len()], x.clone());
        activation_forward(a, &x, v, &mut y, v);
        activation_forward_in_place(a, &mut z, v);
        assert_eq!(y, z);
        let mut g = dy.clone();
        activation_backward(a, &x, v, &dy, v, &mut y, v, false);
        activation_backward_in_place(a, &x, v, &mut g, v);
        assert_eq!(y, g);
    }
}

#[test]
fn nan_passes_through() {
    for a in [Activation::Identity, Activation::Silu, Activation::Relu, Activation::Sigmoid, Activation::LeakyRelu] {
        for set in InstructionSet::all_available() {
            let mut x = vec![f32::NAN; 3];
            with_instruction_set(set, || activation_forward_in_place(a, &mut x, View::dense(1, 1, 1, 3)));
            assert!(x.iter().all(|x| x.is_nan()), "{a:?} loses NaN on {}", set.name());
        }
    }
}
