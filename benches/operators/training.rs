//! What a training step does beside the network, on one thread: the optimisers, the moving average, the norm of the gradient.

use super::common::noise;
use super::{Pass, Table, Unit};
use nasflow_kernels::{Adam, Sgd, adam, ema, sgd, sum_of_squares};

/// YOLOv5s has about so many parameters.
const PARAMETERS: usize = 7_000_000;

/// A row for each.
pub fn rows(table: &Table) {
    let (mut p, mut g, mut m, mut v) = (noise(PARAMETERS, 7919), noise(PARAMETERS, 6007), vec![0.0; PARAMETERS], vec![0.0; PARAMETERS]);
    let bytes = |tensors: usize| (tensors * PARAMETERS * 4) as f64;
    if table.wants("sgd 7 M") {
        let rule = Sgd { lr: 1e-4, momentum: 0.937, weight_decay: 5e-4, clip: 1.0 };
        let call = Box::new(|| sgd(rule, &mut p, &mut g, &mut m));
        table.row("sgd 7 M", Unit::Bytes, vec![Pass { name: "step", amount: bytes(6), call }]);
    }
    if table.wants("adamw 7 M") {
        let rule = Adam {
            rate: 1e-3,
            take1: 0.1,
            keep2: 0.999,
            take2: 0.001,
            root: 0.03,
            eps: 1e-8,
            weight_decay: 0.0,
            shrink: 0.9999,
            clip: 1.0,
        };
        let call = Box::new(|| adam(rule, &mut p, &mut g, &mut m, &mut v));
        table.row("adamw 7 M", Unit::Bytes, vec![Pass { name: "step", amount: bytes(8), call }]);
    }
    if table.wants("ema 7 M") {
        table.row("ema 7 M", Unit::Bytes, vec![Pass { name: "step", amount: bytes(3), call: Box::new(|| ema(0.999, 0.001, &mut m, &p)) }]);
    }
    if table.wants("gradient norm 7 M") {
        let call = Box::new(|| {
            std::hint::black_box(sum_of_squares(&g));
        });
        table.row("gradient norm 7 M", Unit::Bytes, vec![Pass { name: "norm", amount: bytes(1), call }]);
    }
}
