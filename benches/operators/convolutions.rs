//! Convolutions of the benches' networks and linear layers.

use super::common::noise;
use super::{Pass, Table, Unit};
use nasflow_kernels::{Conv2d, Scratch, View, conv2d_backward_input, conv2d_backward_weight, conv2d_forward};

/// (kernel, stride, channels in, channels out, side, images, groups)
type Shape = (usize, usize, usize, usize, usize, usize, usize);

const SHAPES: [Shape; 21] = [
    (6, 2, 3, 16, 320, 8, 1),
    (3, 2, 16, 32, 160, 8, 1),
    (3, 1, 16, 16, 80, 8, 1),
    (3, 1, 32, 32, 40, 8, 1),
    (3, 1, 64, 64, 20, 8, 1),
    (3, 1, 128, 128, 10, 8, 1),
    (3, 2, 128, 256, 20, 8, 1),
    (5, 1, 32, 32, 40, 8, 1),
    (1, 1, 32, 32, 80, 8, 1),
    (1, 1, 64, 64, 40, 8, 1),
    (1, 1, 128, 128, 20, 8, 1),
    (1, 1, 512, 256, 10, 8, 1),
    (1, 1, 64, 255, 40, 8, 1),
    (1, 1, 24, 144, 32, 64, 1),
    (1, 1, 960, 160, 4, 64, 1),
    (3, 1, 16, 16, 32, 64, 1),
    (3, 1, 64, 64, 32, 8, 4),
    (3, 1, 96, 96, 32, 64, 96),
    (3, 2, 144, 144, 32, 64, 144),
    (3, 1, 384, 384, 8, 64, 384),
    (5, 1, 96, 96, 16, 64, 96),
];

/// A row for each shape.
pub fn rows(table: &Table) {
    for (k, s, ic, oc, side, n, groups) in SHAPES {
        let kind = match groups {
            1 => String::new(),
            g if g == ic => " depthwise".into(),
            g => format!(" groups {g}"),
        };
        let conv = Conv2d { padding: if k == 6 { (2, 2) } else { (k / 2, k / 2) }, ..Conv2d::square(k, s).with_groups(groups) };
        row(table, &format!("conv {k}×{k} /{s} {ic}→{oc} @{side} n{n}{kind}"), &conv, View::dense(n, side, side, ic), oc);
    }
    for (n, ic, oc) in [(64, 1280, 10), (64, 4096, 1024)] {
        row(table, &format!("linear {ic}→{oc} n{n}"), &Conv2d::square(1, 1), View::dense(n, 1, 1, ic), oc);
    }
}

fn row(table: &Table, name: &str, conv: &Conv2d, xv: View, oc: usize) {
    if !table.wants(name) {
        return;
    }
    let (h, w) = conv.output_size(xv.h, xv.w);
    let yv = View::dense(xv.n, h, w, oc);
    let (x, weights, dy) = (noise(xv.len(), 7919), noise(conv.weight_len(xv.c, oc), 6007), noise(yv.len(), 104_729));
    let (mut y, mut dx, mut dw) = (vec![0.0; yv.len()], vec![0.0; xv.len()], vec![0.0; weights.len()]);
    let (mut a, mut b, mut c) = (Scratch::new(), Scratch::new(), Scratch::new());
    let amount = 2.0 * (yv.pixels() * weights.len()) as f64;
    let (x, dy, weights) = (&x, &dy, &weights);
    let passes = vec![
        Pass { name: "forward", amount, call: Box::new(|| conv2d_forward(conv, x, xv, weights, None, &mut y, yv, &mut a)) },
        Pass { name: "dX", amount, call: Box::new(|| conv2d_backward_input(conv, weights, dy, yv, &mut dx, xv, false, &mut b)) },
        Pass { name: "dW", amount, call: Box::new(|| conv2d_backward_weight(conv, x, xv, dy, yv, &mut dw, &mut c)) },
    ];
    table.row(name, Unit::Flops, passes);
}
