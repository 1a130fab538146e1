//! Rates of every operator, forward and backward, beside those of a large matrix product and a large copy.
//!
//! `cargo bench --bench operators -- [WORD…] [--threads N]`

#[path = "../common/mod.rs"]
mod common;
mod convolutions;
mod passes;
mod training;

use common::{Arguments, fail, quartiles};
use std::time::Instant;

const HELP: &str = "cargo bench --bench operators -- [WORD…] [--threads 2] [--seconds 0.1]

GFLOP/s of convolutions and linear layers (two a multiply-add) and GB/s of everything else (each operand read or written once):
median, its quartiles, the share of what a large matrix product or a large copy reaches at best on this machine (more than all where
the operands stay in the caches), ms.
WORD      rows whose name holds every word
--seconds for each pass";

/// One pass of an operator: forward, or a part of backward.
pub struct Pass<'a> {
    /// `forward`, `dX`, …
    pub name: &'static str,
    /// What it does, in operations or bytes.
    pub amount: f64,
    /// Does it.
    pub call: Box<dyn FnMut() + 'a>,
}

/// What an amount counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Additions and multiplications.
    Flops,
    /// Bytes read and written.
    Bytes,
}

/// Prints rows of the table.
pub struct Table {
    words: Vec<String>,
    seconds: f64,
    product: f64,
    copy: f64,
}

impl Table {
    /// Whether a row is wanted: asked before its buffers are made.
    pub fn wants(&self, name: &str) -> bool {
        self.words.iter().all(|w| name.contains(w.as_str()))
    }

    /// Measures the passes and prints a line for each.
    pub fn row(&self, name: &str, unit: Unit, passes: Vec<Pass<'_>>) {
        for (i, mut pass) in passes.into_iter().enumerate() {
            let times = measure(self.seconds, &mut pass.call);
            let [low, middle, high] = quartiles(&times);
            let rate = |t: f64| pass.amount / t / 1e9;
            let (word, top) = if unit == Unit::Flops { ("GFLOP/s", self.product) } else { ("GB/s", self.copy) };
            let (shown, share) = (if i == 0 { name } else { "" }, rate(middle) / top * 100.0);
            println!(
                "{shown:<34} {:<9} {:>7.1} {:>7.1} {:>7.1} {word:<7} {share:>5.0} % {:>8.3} ms",
                pass.name,
                rate(middle),
                rate(high),
                rate(low),
                middle * 1e3
            );
        }
    }
}

/// Seconds that `f` takes.
pub fn seconds(f: impl FnOnce()) -> f64 {
    let start = Instant::now();
    f();
    start.elapsed().as_secs_f64()
}

/// Seconds of each call: at least five calls, for so long.
fn measure(length: f64, call: &mut dyn FnMut()) -> Vec<f64> {
    call();
    let (mut times, mut total) = (Vec::new(), 0.0);
    while times.len() < 5 || (total < length && times.len() < 10_000) {
        let time = seconds(&mut *call);
        total += time;
        times.push(time);
    }
    times
}

fn main() {
    let arguments = Arguments::read(&["threads", "seconds"], HELP);
    let threads = arguments.count("threads", 2);
    common::use_threads(threads);
    let length = arguments.text("seconds").unwrap_or("0.1");
    let length = length.parse().unwrap_or_else(|_| fail(&format!("`--seconds {length}`: a number is needed")));

    let mut matrix = common::Matrix::new(2048).unwrap_or_else(|e| fail(&e.to_string()));
    let start = Instant::now();
    let mut once = || matrix.product(|| start.elapsed().as_secs_f64(), false).unwrap_or_else(|e| fail(&e.to_string()));
    let best = (0..8).map(|_| once()).fold(f64::INFINITY, f64::min);
    let product = matrix.flops() / best / 1e9;
    let copy = passes::copy_rate();
    println!("{threads} threads, {}: a matrix product 2048³ at {product:.0} GFLOP/s, a copy of 256 MB at {copy:.0} GB/s", instructions());
    println!("{:<34} {:<9} {:>7} {:>7} {:>7} {:<7} {:>7} {:>11}", "operator", "pass", "median", "lower", "upper", "", "of that", "");
    let table = Table { words: arguments.words, seconds: length, product, copy };
    convolutions::rows(&table);
    passes::rows(&table);
    training::rows(&table);
}

fn instructions() -> &'static str {
    nasflow_kernels::instruction_set()
}
