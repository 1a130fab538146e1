//! How fast this machine goes: from what it took before, else from how fast it multiplies matrices.

use super::estimate::rate;
use super::prepare::Prepared;
use super::todo::{Basis, Speed};
use crate::nn::{DeviceChoice, matrix_rate};
use crate::space::Space;
use crate::store::Store;

/// A training's forward and backward passes together, in forward passes.
const PASSES: f64 = 3.0;
/// What evaluation reaches of the matrix rate.
const EVALUATION: f64 = 0.5;

/// What training reaches of the matrix rate, by the size of its images: measured with YOLOv5n (docs/performance.md). Small maps
/// keep the kernels less busy.
fn utilisation(image_size: usize) -> f64 {
    match image_size {
        0..=96 => 0.3,
        97..=256 => 0.55,
        _ => 0.6,
    }
}

impl Speed {
    /// From this machine's own works where the store has some, else from its matrix products, which are measured now: what
    /// else the machine does at this moment counts, and is not remembered. None where something else computes than the kernels that are measured.
    pub fn of(prepared: &Prepared, store: Option<&Store>, device: DeviceChoice) -> Option<Speed> {
        let training = store.and_then(|s| rate(s, "train-time"));
        let evaluation = store.and_then(|s| rate(s, "predict-time"));
        let commanded = store.and_then(|s| rate(s, "runner-time"));
        if let Some(training) = training {
            return Some(Speed { training, evaluation: evaluation.unwrap_or(training * PASSES), commanded, basis: Basis::History });
        }
        if device != DeviceChoice::Fast {
            return None;
        }
        let size = prepared.spaces.values().map(Space::image_size).max().unwrap_or(0);
        Some(Speed { commanded, ..Speed::of_products(matrix_rate(), size) })
    }

    /// From a matrix rate in FLOP/s.
    pub fn of_products(rate: f64, image_size: usize) -> Speed {
        let macs = rate / 2.0;
        let training = macs * utilisation(image_size) / PASSES;
        Speed { training, evaluation: macs * EVALUATION, commanded: None, basis: Basis::Products { rate } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::todo::Todo;

    #[test]
    fn an_estimate_grows_with_what_is_to_do() {
        let todo = |epochs: f64| Todo { training: epochs * 1e12, evaluation: 1e12, ..Todo::default() };
        let (fast, slow) = (Speed::of_products(2e11, 320), Speed::of_products(1e11, 320));
        let seconds = |speed: &Speed, epochs: f64| speed.seconds(&todo(epochs)).expect("no command");
        let trained = |epochs: f64| seconds(&slow, epochs) - seconds(&slow, 0.0);
        assert!(trained(10.0) > 0.0 && seconds(&slow, 0.0) > 0.0);
        assert!((trained(20.0) / trained(10.0) - 2.0).abs() < 1e-9);
        assert!((seconds(&slow, 3.0) / seconds(&fast, 3.0) - 2.0).abs() < 1e-9);
        let command = Todo { commanded: 1e12, ..todo(0.0) };
        assert!(slow.seconds(&command).is_none());
        assert!(Speed { commanded: Some(1e11), ..slow }.seconds(&command).is_some_and(|s| s > 10.0));
        // Small maps keep the kernels less busy.
        assert!(seconds(&Speed::of_products(1e11, 64), 3.0) > seconds(&slow, 3.0));
    }
}
