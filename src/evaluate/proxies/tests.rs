//! What every predictor must do, whatever it computes; values are held against PyTorch's in `tests/it/proxies.rs`.

use super::*;
use crate::base::Random;
use crate::data::Batch;
use crate::nn::{DeviceChoice, executor};
use crate::space::Program;
use crate::space::tests::reference;
use crate::train::criterion;

const BATCH: usize = 4;

/// The value of a predictor for a classifier of 64 pixels and four classes.
fn value(name: &str, layers: &str, seed: u64, device: DeviceChoice) -> Result<f64, String> {
    let program = reference(layers).program().expect("a program");
    let s = program.values[0];
    let mut random = Random::at(9, "images", &[]);
    let images = (0..BATCH * s.h * s.w * s.c).map(|_| random.unit() as f32).collect();
    let batch = Batch { n: BATCH, images, targets: Vec::new(), labels: vec![0, 1, 2, 3] };
    let recipe = crate::document::recipes::classify();
    let mut make = |program: &Program, n: usize| executor(program, device, n);
    let mut loss = |outputs: &[&[f32]], batch: &Batch| {
        let mut criterion = criterion(&program, &recipe)?;
        criterion.evaluate(outputs, batch)?;
        Ok(criterion.grads().to_vec())
    };
    let mut network = Untrained { program: &program, seed, noise: BATCH, batch: &batch, eps: 1e-3, executor: &mut make, loss: &mut loss };
    proxy(name).expect("it is one").value(&mut network)
}

const NETWORK: &str = "conv 8 kernel=3 stride=4; residual 8; conv 16 kernel=3 stride=4; global-pool; linear 4";

#[test]
fn both_executors_agree_and_the_seed_decides() {
    for proxy in PROXIES {
        let name = proxy.word.word.name;
        let fast = value(name, NETWORK, 1, DeviceChoice::Fast).expect("a value");
        let reference = value(name, NETWORK, 1, DeviceChoice::ReferenceCpu).expect("a value");
        assert!((fast - reference).abs() <= 1e-3 * reference.abs(), "{name}: {fast} against {reference}");
        assert_eq!(value(name, NETWORK, 1, DeviceChoice::Fast), Ok(fast), "{name}");
        assert_ne!(value(name, NETWORK, 2, DeviceChoice::Fast), Ok(fast), "{name}");
    }
}

/// ln R of more than 700: the sum itself would fit no f64. Of a plain chain of n layers synflow is ln (n · R).
#[test]
fn synflow_survives_depth() {
    let chain = |n: usize| format!("conv 8 kernel=3 stride=4; {}; global-pool; linear 4", vec!["conv 64 kernel=3"; n].join("; "));
    let (short, long) = (value("synflow", &chain(8), 0, DeviceChoice::Fast), value("synflow", &chain(64), 0, DeviceChoice::Fast));
    let (short, long) = (short.expect("a value"), long.expect("a value"));
    // √fan_in ÷ 2 a layer, and the factor of the number of layers.
    let step = libm::log(libm::sqrt(576.0) / 2.0);
    assert!(((long - short) / (56.0 * step) - 1.0).abs() < 0.1, "{short} to {long}");
}

#[test]
fn what_does_not_vary_takes_nothing_out() {
    // The second convolution reads zeros.
    let zeros = "conv 8 kernel=3 stride=4 as=\"a\"; zero as=\"z\"; conv 8 kernel=3; add above \"a\"; global-pool; linear 4";
    let plain = "conv 8 kernel=3 stride=4; global-pool; linear 4";
    let with = value("zen", zeros, 0, DeviceChoice::Fast).expect("a value");
    let without = value("zen", plain, 0, DeviceChoice::Fast).expect("a value");
    assert!(with.is_finite() && (with - without).abs() < 1e-9, "{with} against {without}");
}
