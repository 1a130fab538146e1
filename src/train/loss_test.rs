//! The detection loss against PyTorch (tests/reference/loss.json) and against finite differences.

use super::loss::{DetectionLoss, Gains, LossParts};
use super::optimizer::{Moments, Rule, global_norm, step};
use super::reference::{symmetric, targets, tiny, uniform};
use super::schedule::Rates;
use crate::data::Target;
use crate::document::{LossGains, Optimizer};
use crate::nn::Parameters;
use crate::space::ParamKind;
use serde_json::Value;

const GAINS: Gains = Gains { r#box: 0.05, obj: 1.0, cls: 0.5 };

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("a reference file")
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn number(v: &Value) -> usize {
    v.as_u64().expect("a whole number") as usize
}

fn evaluate(loss: &mut DetectionLoss, logits: &[Vec<f32>], n: usize, targets: &[Target]) -> LossParts {
    let outputs: Vec<&[f32]> = logits.iter().map(Vec::as_slice).collect();
    loss.evaluate(&outputs, n, targets).expect("a loss")
}

fn logits(name: &str, program: &crate::space::Program, n: usize) -> Vec<Vec<f32>> {
    (0..3)
        .map(|l| {
            let s = program.values[l + 1];
            symmetric(&format!("logits:{name}:{l}"), n * s.h * s.w * s.c, 4.0)
        })
        .collect()
}

#[test]
fn agrees_with_pytorch() {
    let file = json(include_str!("../../tests/reference/loss.json"));
    let close = |got: f64, want: f64, what: &str| {
        assert!((got - want).abs() <= 1e-6 * want.abs() + 1e-7, "{what}: {got}, PyTorch {want}");
    };
    for (name, case) in file.as_object().expect("cases").iter().filter(|(k, _)| *k != "made_by") {
        let (n, classes, size) = (number(&case["n"]), number(&case["classes"]), number(&case["size"]));
        let program = tiny(classes, size);
        let boxes = case["targets"].as_array().expect("targets").iter().map(numbers).map(|b| Target {
            image: b[0] as usize,
            class: b[1] as usize,
            cx: b[2] as f32,
            cy: b[3] as f32,
            w: b[4] as f32,
            h: b[5] as f32,
        });
        let boxes: Vec<Target> = boxes.collect();
        if name == "random" {
            assert_eq!(boxes, targets("boxes:loss", n, classes));
        }
        let mut loss = DetectionLoss::with_gains(&program, GAINS).expect("a loss");
        let logits = logits(name, &program, n);
        // Twice, with another batch between: buffers that live on must not show.
        let parts = evaluate(&mut loss, &logits, n, &boxes);
        evaluate(&mut loss, &logits, n, &targets("other", n, classes));
        assert_eq!(evaluate(&mut loss, &logits, n, &boxes), parts);
        let want = numbers(&case["losses"]);
        for (got, want) in [parts.r#box, parts.obj, parts.cls, parts.total].into_iter().zip(want) {
            close(got, want, name);
        }
        for (l, g) in loss.grads().iter().enumerate() {
            let weights = uniform(&format!("gradient:{name}:{l}"), g.len());
            let projection: f64 = g.iter().zip(weights).map(|(g, w)| f64::from(*g) * w).sum();
            close(projection, numbers(&case["projections"])[l], &format!("{name}, level {l}, projection"));
            let norm = g.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
            close(norm, numbers(&case["norms"])[l], &format!("{name}, level {l}, norm"));
        }
        for (i, (got, want)) in loss.grads()[2].iter().zip(numbers(&case["last"])).enumerate() {
            close(f64::from(*got), want, &format!("{name}, gradient {i}"));
        }
    }
}

/// Figures of a run of upstream's own code.
#[test]
fn golden_with_zero_logits() {
    let program = tiny(2, 64);
    let boxes = [
        Target { image: 0, class: 1, cx: 0.30, cy: 0.62, w: 0.25, h: 0.40 },
        Target { image: 0, class: 0, cx: 0.75, cy: 0.25, w: 0.9, h: 0.8 },
    ];
    let mut loss = DetectionLoss::with_gains(&program, GAINS).expect("a loss");
    let zeros: Vec<Vec<f32>> = logits("", &program, 1).iter().map(|l| vec![0.0; l.len()]).collect();
    let parts = evaluate(&mut loss, &zeros, 1, &boxes);
    for (got, want) in [(parts.r#box, 0.1104856), (parts.obj, 3.7429945), (parts.cls, 1.0397208), (parts.total, 4.8932009)] {
        assert!((got - want).abs() < 1e-6, "{got} is not {want}");
    }
}

/// Objectness alone and classes alone are differentiable as they stand. (The box's gradient holds alpha and the objectness
/// target fixed, so it has its own test beside CIoU.)
#[test]
fn gradient_by_finite_differences() {
    let program = tiny(3, 64);
    let boxes = targets("boxes:differences", 2, 3);
    for gains in [Gains { r#box: 0.0, obj: 0.0, cls: 1.0 }, Gains { r#box: 0.0, obj: 1.0, cls: 0.0 }] {
        let mut loss = DetectionLoss::with_gains(&program, gains).expect("a loss");
        let mut logits = logits("differences", &program, 2);
        evaluate(&mut loss, &logits, 2, &boxes);
        let gradient = loss.grads()[1].clone();
        let touched: Vec<usize> = (0..gradient.len()).filter(|i| gradient[*i] != 0.0).collect();
        assert!(touched.len() >= 12, "{}", touched.len());
        for &i in touched.iter().step_by(3) {
            let middle = logits[1][i];
            let mut at = |v: f32| {
                logits[1][i] = v;
                evaluate(&mut loss, &logits, 2, &boxes).total
            };
            let slope = (at(middle + 0.0625) - at(middle - 0.0625)) / 0.125;
            at(middle);
            let got = f64::from(gradient[i]);
            assert!((slope - got).abs() < 2e-3 * got.abs() + 1e-6, "logit {i}: {slope}, {got}");
        }
    }
}

#[test]
fn gains_are_scaled_as_upstream() {
    let gains = LossGains { r#box: 0.05, obj: 1.0, cls: 0.5, obj_by_size: true, cls_by_classes: true, label_smoothing: 0.0 };
    let g = Gains::scaled(&gains, 3, 20, 320);
    assert_eq!((g.r#box, g.obj, g.cls), (0.05, 0.25, 0.125));
    let g = Gains::scaled(&LossGains { obj_by_size: false, ..gains }, 4, 80, 320);
    assert!((g.obj - 0.75).abs() < 1e-12 && (g.cls - 0.375).abs() < 1e-12);
    let g = Gains::scaled(&LossGains { cls_by_classes: false, ..gains }, 2, 3, 640);
    assert!((g.cls - 0.75).abs() < 1e-12, "three classes, two levels: 0.5 · 3 / 2");
}

#[test]
fn what_cannot_be_right_is_refused() {
    let program = tiny(2, 64);
    let mut loss = DetectionLoss::with_gains(&program, GAINS).expect("a loss");
    let logits = logits("refused", &program, 1);
    let outputs: Vec<&[f32]> = logits.iter().map(Vec::as_slice).collect();
    let t = Target { image: 0, class: 0, cx: 0.5, cy: 0.5, w: 0.2, h: 0.2 };
    assert!(loss.evaluate(&outputs, 1, &[Target { image: 1, ..t }]).is_err());
    assert!(loss.evaluate(&outputs, 1, &[Target { class: 2, ..t }]).is_err());
    assert!(loss.evaluate(&outputs[..2], 1, &[t]).is_err());
    assert!(loss.evaluate(&outputs, 2, &[t]).is_err());
    let bad = [vec![f32::NAN; logits[0].len()], logits[1].clone(), logits[2].clone()];
    assert!(!evaluate(&mut loss, &bad, 1, &[t]).total.is_finite());
}

/// Five steps with clipping against PyTorch (tests/reference/optimizer.json).
#[test]
fn optimizers_agree_with_pytorch() {
    let file = json(include_str!("../../tests/reference/optimizer.json"));
    let rates = Rates { lr: 0.1, bias_lr: f64::NAN, momentum: 0.9, accumulate: 1 };
    for (name, optimizer) in [("sgd", Optimizer::Sgd), ("adam", Optimizer::Adam), ("adamw", Optimizer::AdamW)] {
        let rule = Rule { optimizer, beta2: 0.999, weight_decay: 0.01, clip_norm: 4.0 };
        let mut params = Parameters(vec![symmetric("optimizer", 12, 1.0)]);
        let (mut first, mut second) = (Parameters(vec![vec![0.0; 12]]), Parameters(vec![vec![0.0; 12]]));
        for (t, row) in file[name].as_array().expect("steps").iter().enumerate() {
            let mut grads = Parameters(vec![symmetric(&format!("gradient:{t}"), 12, 3.0)]);
            let norm = global_norm(&grads);
            assert!((norm - row["norm"].as_f64().expect("a norm")).abs() < 1e-5);
            let moments = Moments { first: &mut first, second: (optimizer != Optimizer::Sgd).then_some(&mut second) };
            step(&rule, &rates, t as u64 + 1, &[ParamKind::Weight], norm, &mut params, &mut grads, moments, None);
            assert!(grads.0[0].iter().all(|g| *g == 0.0));
            for (got, want) in params.0[0].iter().zip(numbers(&row["params"])) {
                assert!((f64::from(*got) - want).abs() < 1e-6, "{name}, step {t}: {got}, PyTorch {want}");
            }
        }
    }
}

/// Group 0 (biases, batch norm's shifts) has its own rate; only weights decay; buffers stay.
#[test]
fn groups() {
    let kinds = [ParamKind::Weight, ParamKind::Bias, ParamKind::NormScale, ParamKind::NormShift, ParamKind::RunningMean];
    let rule = Rule { optimizer: Optimizer::Sgd, beta2: 0.0, weight_decay: 0.5, clip_norm: 0.0 };
    let rates = Rates { lr: 0.25, bias_lr: 0.5, momentum: 0.0, accumulate: 1 };
    let mut params = Parameters(vec![vec![2.0]; 5]);
    let mut grads = Parameters(vec![vec![1.0]; 5]);
    let mut first = Parameters(vec![vec![0.0]; 5]);
    step(&rule, &rates, 1, &kinds, 1e9, &mut params, &mut grads, Moments { first: &mut first, second: None }, None);
    assert_eq!(params.0, [vec![1.5], vec![1.5], vec![1.75], vec![1.5], vec![2.0]]);
}
