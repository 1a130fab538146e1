//! Optimisers and losses against candle's.

use super::cross_entropy::CrossEntropy;
use super::optimizer::{Moments, Rule, global_norm, step};
use super::reference::symmetric;
use super::schedule::Rates;
use crate::document::Optimizer;
use crate::nn::Parameters;
use crate::space::{Head, ParamKind, Program, Shape};
use candle_core::{Device, Tensor, Var};
use candle_nn::loss::{binary_cross_entropy_with_logit, cross_entropy};
use candle_nn::optim::{AdamW, Optimizer as _, ParamsAdamW, SGD};

const LEN: usize = 9000;

fn tensor(values: &[f32], shape: (usize, usize)) -> Tensor {
    Tensor::from_slice(values, shape, &Device::Cpu).expect("a tensor")
}

fn values(t: &Tensor) -> Vec<f32> {
    t.flatten_all().and_then(|t| t.to_vec1()).expect("values")
}

/// Four steps of `candle`'s optimiser and of ours on the same gradients.
fn steps(optimizer: Optimizer, weight_decay: f64, momentum: f64, mut candle: impl candle_nn::optim::Optimizer, var: &Var) {
    let rule = Rule { optimizer, beta2: 0.99, weight_decay, clip_norm: 0.0 };
    let rates = Rates { lr: 0.05, bias_lr: f64::NAN, momentum, accumulate: 1 };
    let mut params = Parameters(vec![values(var)]);
    let zeros = || Parameters(vec![vec![0.0; LEN]]);
    let (mut first, mut second) = (zeros(), zeros());
    for t in 1..=4 {
        let gradient = symmetric(&format!("candle:{t}"), LEN, 2.0);
        // The gradient of Σ p · g is g.
        let loss = var.as_tensor().mul(&tensor(&gradient, (1, LEN))).and_then(|t| t.sum_all()).expect("a loss");
        candle.backward_step(&loss).expect("a step");
        let mut grads = Parameters(vec![gradient]);
        let norm = global_norm(&grads);
        let moments = Moments { first: &mut first, second: Some(&mut second) };
        step(&rule, &rates, t, &[ParamKind::Weight], norm, &mut params, &mut grads, moments, None);
        for (i, (ours, theirs)) in params.0[0].iter().zip(values(var)).enumerate() {
            assert!((ours - theirs).abs() < 2e-6, "step {t}, parameter {i}: {ours}, candle {theirs}");
        }
    }
}

#[test]
fn optimisers() {
    let var = || Var::from_tensor(&tensor(&symmetric("candle", LEN, 1.0), (1, LEN))).expect("a variable");
    let own = var();
    let rule = ParamsAdamW { lr: 0.05, beta1: 0.9, beta2: 0.99, eps: 1e-8, weight_decay: 0.02 };
    steps(Optimizer::AdamW, 0.02, 0.9, AdamW::new(vec![own.clone()], rule).expect("AdamW"), &own);
    // Without decay Adam is AdamW.
    let (own, rule) = (var(), ParamsAdamW { lr: 0.05, beta1: 0.9, beta2: 0.99, eps: 1e-8, weight_decay: 0.0 });
    steps(Optimizer::Adam, 0.0, 0.9, AdamW::new(vec![own.clone()], rule).expect("AdamW"), &own);
    let own = var();
    steps(Optimizer::Sgd, 0.0, 0.0, SGD::new(vec![own.clone()], 0.05).expect("SGD"), &own);
}

#[test]
fn soft_max_cross_entropy() {
    let (n, classes) = (33, 17);
    let logits = symmetric("candle logits", n * classes, 9.0);
    let labels: Vec<u32> = (0..n as u32).map(|i| i * 5 % classes as u32).collect();
    let var = Var::from_tensor(&tensor(&logits, (n, classes))).expect("a variable");
    let want = cross_entropy(&var, &Tensor::new(labels.as_slice(), &Device::Cpu).expect("labels")).expect("a loss");
    let gradient = want.backward().ok().and_then(|g| g.get(&var).cloned()).expect("a gradient");

    let shapes = vec![Shape { h: 1, w: 1, c: 1 }, Shape { h: 1, w: 1, c: classes }];
    let program = Program { values: shapes, nodes: vec![], params: vec![], outputs: vec![1], head: Head::Classify { classes } };
    let mut ours = CrossEntropy::new(&program, 0.0).expect("a loss");
    let parts = ours.evaluate(&logits, &labels).expect("a value");
    assert!((parts.sum() - f64::from(want.to_scalar::<f32>().expect("a number"))).abs() < 1e-5);
    for (ours, theirs) in ours.grads()[0].iter().zip(values(&gradient)) {
        assert!((ours - theirs).abs() < 1e-6, "{ours}, candle {theirs}");
    }
}

/// What objectness and classes of detectors are made of.
#[test]
fn binary_cross_entropy() {
    let n = 400;
    let logits = symmetric("candle binary", n, 8.0);
    let truth: Vec<f32> = symmetric("candle truth", n, 0.5).iter().map(|t| t + 0.5).collect();
    let var = Var::from_tensor(&tensor(&logits, (1, n))).expect("a variable");
    let want = binary_cross_entropy_with_logit(&var, &tensor(&truth, (1, n))).expect("a loss");
    let gradient = want.backward().ok().and_then(|g| g.get(&var).cloned()).expect("a gradient");
    let wide = |v: &[f32]| v.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
    let (mut losses, mut slopes) = (vec![0.0; n], vec![0.0; n]);
    nasflow_kernels::bce_rows(&wide(&logits), &wide(&truth), &mut losses, &mut slopes);
    for (slope, theirs) in slopes.iter().zip(values(&gradient)) {
        assert!((slope / n as f64 - f64::from(theirs)).abs() < 1e-6, "{slope}, candle {theirs}");
    }
    // candle takes logarithms of f32 sigmoids.
    assert!((losses.iter().sum::<f64>() / n as f64 - f64::from(want.to_scalar::<f32>().expect("a number"))).abs() < 1e-4);
}
