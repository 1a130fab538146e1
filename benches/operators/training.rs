//! What a training step does beside the network: the optimisers, the moving average, the norm of the gradient.

use super::common::noise;
use super::{Pass, Table, Unit};
use nasflow_kernels::{Adam, Sgd, adam, ema, sgd, sum_of_squares};

/// YOLOv5s has about so many parameters.
const PARAMETERS: usize = 7_000_000;

/// A row for each.
pub fn rows(table: &Table) {
    let (mut p, g, mut m, mut v) = (noise(PARAMETERS, 7919), noise(PARAMETERS, 6007), vec![0.0; PARAMETERS], vec![0.0; PARAMETERS]);
    let bytes = |tensors: usize| (tensors * PARAMETERS * 4) as f64;
    if table.wants("sgd 7 M") {
        let rule = Sgd { lr: 1e-4, momentum: 0.937, weight_decay: 5e-4, nesterov: true };
        let call = Box::new(|| sgd(rule, false, &mut p, &g, &mut m));
        table.row("sgd 7 M", Unit::Bytes, vec![Pass { name: "step", amount: bytes(5), call }]);
    }
    if table.wants("adamw 7 M") {
        let rule = Adam { lr: 1e-4, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 5e-4, decoupled: true };
        let mut t = 0;
        let call = Box::new(|| {
            t += 1;
            adam(rule, t, &mut p, &g, &mut m, &mut v);
        });
        table.row("adamw 7 M", Unit::Bytes, vec![Pass { name: "step", amount: bytes(7), call }]);
    }
    if table.wants("ema 7 M") {
        table.row("ema 7 M", Unit::Bytes, vec![Pass { name: "step", amount: bytes(3), call: Box::new(|| ema(0.999, &mut m, &p)) }]);
    }
    if table.wants("gradient norm 7 M") {
        let call = Box::new(|| {
            std::hint::black_box(sum_of_squares(&g));
        });
        table.row("gradient norm 7 M", Unit::Bytes, vec![Pass { name: "norm", amount: bytes(1), call }]);
    }
}
