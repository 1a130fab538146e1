//! One LSTM cell (Hochreiter and Schmidhuber 1997, with a forget gate) in f64, as many units as inputs, with its backward pass.
//!
//! Weights are rows of [input weights, state weights, bias], `n` rows for each of: input gate, forget gate, candidate, output gate.

use nasflow_kernels::logistic;

/// How many weights a cell of `n` units has.
pub fn size(n: usize) -> usize {
    4 * n * (2 * n + 1)
}

/// What a step leaves for its backward pass.
#[derive(Clone, Debug)]
pub struct Memory {
    input: Vec<f64>,
    state_before: Vec<f64>,
    cell_before: Vec<f64>,
    /// i, f, g, o: n each.
    gates: Vec<f64>,
    /// The cell after the step.
    pub cell: Vec<f64>,
    /// The state after the step: o · tanh(cell).
    pub state: Vec<f64>,
}

fn sigmoid(x: f64) -> f64 {
    logistic(x).0
}

/// One step: all slices have `n` values, `weights` [`size`].
pub fn forward(weights: &[f64], input: &[f64], state: &[f64], cell: &[f64]) -> Memory {
    let n = input.len();
    let row = 2 * n + 1;
    let mut gates = Vec::with_capacity(4 * n);
    for (k, w) in weights.chunks_exact(row).enumerate() {
        let sum = |w: &[f64], x: &[f64]| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
        let x = sum(&w[..n], input) + sum(&w[n..2 * n], state) + w[2 * n];
        gates.push(if k / n == 2 { libm::tanh(x) } else { sigmoid(x) });
    }
    let after: Vec<f64> = (0..n).map(|k| gates[n + k] * cell[k] + gates[k] * gates[2 * n + k]).collect();
    let out = (0..n).map(|k| gates[3 * n + k] * libm::tanh(after[k])).collect();
    Memory { input: input.to_vec(), state_before: state.to_vec(), cell_before: cell.to_vec(), gates, cell: after, state: out }
}

/// Gradients of a step's inputs.
pub struct Before {
    /// By its input.
    pub input: Vec<f64>,
    /// By the state before it.
    pub state: Vec<f64>,
    /// By the cell before it.
    pub cell: Vec<f64>,
}

/// Adds to `grads` the gradient by the weights, given those by the state and the cell after the step.
pub fn backward(weights: &[f64], grads: &mut [f64], m: &Memory, d_state: &[f64], d_cell: &[f64]) -> Before {
    let n = m.input.len();
    let row = 2 * n + 1;
    let mut before = Before { input: vec![0.0; n], state: vec![0.0; n], cell: vec![0.0; n] };
    let mut d_gates = vec![0.0; 4 * n];
    for k in 0..n {
        let (i, f, g, o) = (m.gates[k], m.gates[n + k], m.gates[2 * n + k], m.gates[3 * n + k]);
        let t = libm::tanh(m.cell[k]);
        let d = d_cell[k] + d_state[k] * o * (1.0 - t * t);
        d_gates[k] = d * g * i * (1.0 - i);
        d_gates[n + k] = d * m.cell_before[k] * f * (1.0 - f);
        d_gates[2 * n + k] = d * i * (1.0 - g * g);
        d_gates[3 * n + k] = d_state[k] * t * o * (1.0 - o);
        before.cell[k] = d * f;
    }
    for ((d, w), g) in d_gates.iter().zip(weights.chunks_exact(row)).zip(grads.chunks_exact_mut(row)) {
        for k in 0..n {
            g[k] += d * m.input[k];
            g[n + k] += d * m.state_before[k];
            before.input[k] += d * w[k];
            before.state[k] += d * w[n + k];
        }
        g[2 * n] += d;
    }
    before
}
