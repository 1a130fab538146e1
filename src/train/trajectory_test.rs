//! Twenty iterations of YOLOv5n against PyTorch (tests/reference/trajectory.json): network, loss, gradient, optimiser, schedule,
//! moving average and epochs in one. Takes seconds an executor, because it trains.

use super::reference::{Generated, anchors, initial, recipe};
use super::{Outcome, TrainState, Trainer};
use crate::document::{LossGains, Optimizer, Recipe, Schedule};
use crate::nn::{DeviceChoice, Parameters, executor, gpus};
use crate::space::{Architecture, Program};
use serde_json::{Value, json};

/// YOLOv5n as an architecture, written out (the zoo's is tested against the same counts in its own room).
fn yolov5n(classes: usize, size: usize) -> Program {
    let conv = |channels: usize, kernel: usize, stride: usize, padding: usize| {
        json!({"block": "conv", "channels": channels, "kernel": [kernel, kernel], "stride": stride, "padding": [padding, padding],
               "dilation": 1, "groups": 1, "activation": "silu"})
    };
    let c3 = |channels: usize, repeats: usize, shortcut: bool| {
        json!({"block": "c3", "channels": channels, "hidden": channels / 2, "repeats": repeats, "kernel": 3, "shortcut": shortcut,
               "groups": 1, "activation": "silu"})
    };
    let sppf = json!({"block": "sppf", "channels": 256, "hidden": 128, "kernel": 5, "activation": "silu"});
    let up = || json!({"block": "upsample", "factor": 2});
    let concat = || json!({"block": "concat"});
    let detect = json!({"block": "detect", "classes": classes, "anchors": anchors()});
    let layers: Vec<(Value, Vec<usize>)> = vec![
        (conv(16, 6, 2, 2), vec![]),
        (conv(32, 3, 2, 1), vec![0]),
        (c3(32, 1, true), vec![1]),
        (conv(64, 3, 2, 1), vec![2]),
        (c3(64, 2, true), vec![3]),
        (conv(128, 3, 2, 1), vec![4]),
        (c3(128, 3, true), vec![5]),
        (conv(256, 3, 2, 1), vec![6]),
        (c3(256, 1, true), vec![7]),
        (sppf, vec![8]),
        (conv(128, 1, 1, 0), vec![9]),
        (up(), vec![10]),
        (concat(), vec![11, 6]),
        (c3(128, 1, false), vec![12]),
        (conv(64, 1, 1, 0), vec![13]),
        (up(), vec![14]),
        (concat(), vec![15, 4]),
        (c3(64, 1, false), vec![16]),
        (conv(64, 3, 2, 1), vec![17]),
        (concat(), vec![18, 14]),
        (c3(128, 1, false), vec![19]),
        (conv(128, 3, 2, 1), vec![20]),
        (concat(), vec![21, 10]),
        (c3(256, 1, false), vec![22]),
        (detect, vec![17, 20, 23]),
    ];
    let source = |i: &usize| json!({"layer": i});
    let layers = layers.into_iter().map(|(block, inputs)| {
        let inputs = if inputs.is_empty() { vec![json!("image")] } else { inputs.iter().map(source).collect() };
        json!({"block": block, "inputs": inputs})
    });
    let input = json!({"channels": 3, "height": size, "width": size});
    let text = json!({"input": input, "layers": layers.collect::<Vec<_>>()}).to_string();
    Architecture::from_json(&text).and_then(|a| a.program()).expect("YOLOv5n")
}

fn float(v: &Value) -> f64 {
    v.as_f64().expect("a number")
}

fn recipe_of(kind: &str, file: &Value) -> Recipe {
    let r = &file["runs"][kind]["recipe"];
    let (n, gains) = (|key: &str| float(&r[key]), &file["gains"]);
    Recipe {
        batch: file["batch"].as_u64().expect("batch") as usize,
        optimizer: if kind == "sgd" { Optimizer::Sgd } else { Optimizer::AdamW },
        lr: n("lr"),
        momentum: n("momentum"),
        weight_decay: n("weight_decay"),
        schedule: Schedule::Linear,
        over: n("over"),
        warmup: n("warmup"),
        warmup_bias_lr: n("warmup_bias_lr"),
        warmup_momentum: n("warmup_momentum"),
        final_lr: n("final_lr"),
        nominal_batch: n("nominal_batch") as usize,
        clip_norm: n("clip_norm"),
        ema: n("ema"),
        bn_momentum: n("bn_momentum"),
        bn_eps: n("bn_eps"),
        loss: LossGains {
            r#box: float(&gains["box"]),
            obj: float(&gains["obj"]),
            cls: float(&gains["cls"]),
            cls_by_classes: true,
            obj_by_size: r["obj_by_size"].as_bool().expect("obj_by_size"),
            label_smoothing: 0.0,
        },
        ..recipe()
    }
}

/// Trains as the file says; every loss of every iteration within a thousandth, and the weights it ends with.
fn follow(device: DeviceChoice) {
    let file: Value = serde_json::from_str(include_str!("../../tests/reference/trajectory.json")).expect("the reference");
    let whole = |key: &str| file[key].as_u64().expect("a whole number") as usize;
    let (size, classes, n, per_epoch) = (whole("size"), whole("classes"), whole("batch"), whole("per_epoch"));
    let program = yolov5n(classes, size);
    for kind in ["sgd", "adamw"] {
        let (recipe, run) = (recipe_of(kind, &file), &file["runs"][kind]);
        let state = TrainState::fresh(initial(&program), &program, &recipe).expect("a state");
        let loader = Box::new(Generated { n, size, classes, per_epoch });
        let executor = executor(&program, device, n).expect("an executor");
        let mut trainer = Trainer::new(&program, &recipe, loader, executor, state).expect("a trainer");
        let mut worst = 0.0f64;
        for (i, want) in run["losses"].as_array().expect("losses").iter().enumerate() {
            let Outcome::Step(step) = trainer.step().expect("an iteration") else { panic!("{kind} diverged at {i}") };
            let got = [step.loss.r#box, step.loss.obj, step.loss.cls, step.loss.total];
            for (part, (got, want)) in got.iter().zip(want.as_array().expect("parts")).enumerate() {
                let strays = (got / float(want) - 1.0).abs();
                assert!(strays < 1e-3, "{kind}, {}: iteration {i}, part {part}: {got}, PyTorch {want}", trainer.class());
                worst = worst.max(strays);
            }
        }
        // Far closer than a thousandth where nothing is wrong: PyTorch's own float32 run strays by `float32`.
        let float32 = float(&run["float32"]);
        eprintln!("{kind}, {}: strays by {worst:.1e} at most, PyTorch's float32 by {float32:.1e}", trainer.class());
        assert!(worst < 15.0 * float32, "{kind}, {}: {worst}", trainer.class());
        assert_eq!(trainer.state().steps, run["steps"].as_u64().expect("steps"));
        for (name, want) in run["weights"].as_object().expect("weights") {
            let id = program.params.iter().position(|p| p.name == *name).expect("a parameter of that name");
            compare(&trainer.state().params, id, &want["params"], &format!("{kind} {name}"));
            compare(trainer.weights(), id, &want["ema"], &format!("{kind} average of {name}"));
        }
    }
}

/// The norm and the first four values.
fn compare(values: &Parameters, id: usize, want: &Value, what: &str) {
    let want: Vec<f64> = want.as_array().expect("numbers").iter().map(float).collect();
    let values = &values.0[id];
    let norm = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
    let scale = norm / (values.len() as f64).sqrt();
    assert!((norm / want[0] - 1.0).abs() < 1e-4, "{what}: norm {norm}, PyTorch {}", want[0]);
    for (got, want) in values.iter().zip(&want[1..]) {
        assert!((f64::from(*got) - want).abs() < 1e-3 * scale, "{what}: {got}, PyTorch {want}");
    }
}

#[test]
fn the_reference_executor_follows_pytorch() {
    follow(DeviceChoice::ReferenceCpu);
}

#[test]
fn the_fast_executor_follows_pytorch() {
    follow(DeviceChoice::Fast);
}

#[test]
fn a_gpu_follows_pytorch() {
    match gpus() {
        Ok(_) => follow(DeviceChoice::ReferenceCuda(0)),
        Err(why) => eprintln!("skipped: {why}"),
    }
}
