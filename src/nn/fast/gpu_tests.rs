//! The reference executor on a GPU against the fast one on the CPU, a test a program, so that one can run in a process of its own
//! (`scripts/cuda/on-a-gpu.sh`). Skipped, with a line, where there is no GPU.

use super::tests::{compare, step};
use super::*;
use crate::nn::testing::programs;
use crate::nn::{DeviceChoice, executor, gpus};

/// The same step on a GPU, there again on another thread, and on the CPU.
fn agrees(name: &str) {
    if let Err(why) = gpus() {
        eprintln!("skipped: {why}");
        return;
    }
    let device = DeviceChoice::ReferenceCuda(0);
    let (_, program) = programs().into_iter().find(|(n, _)| *n == name).expect("a program of that name");
    for n in [3, 8] {
        let mut on_gpu = executor(&program, device, n).unwrap();
        assert_eq!(on_gpu.class(), device.numerics());
        let gpu = step(on_gpu.as_mut(), &program, n);
        let cpu = step(&mut FastExecutor::new(&program, n).unwrap(), &program, n);
        compare(name, &program, &gpu, &cpu, 1e-3);
        // On another thread, too: all of a device's work is on one stream.
        let again = || step(executor(&program, device, n).unwrap().as_mut(), &program, n);
        let again = std::thread::scope(|s| s.spawn(again).join().unwrap());
        assert!(again == gpu, "{name}, {n} images: the same step gave other bits");
    }
}

macro_rules! agreement {
    ($($test:ident $name:literal)*) => {
        $(#[test]
        fn $test() {
            agrees($name);
        })*

        /// A program that is added to the others is added here.
        #[test]
        fn every_program_is_compared() {
            assert_eq!(programs().iter().map(|(name, _)| *name).collect::<Vec<_>>(), [$($name),*]);
        }
    };
}

agreement! {
    a_gpu_agrees_on_convolutions "convolutions"
    a_gpu_agrees_on_activations "activations"
    a_gpu_agrees_on_a_pyramid "pyramid"
    a_gpu_agrees_on_a_neck "neck"
    a_gpu_agrees_on_a_mobile_network "mobile"
    a_gpu_agrees_on_odd_wiring "odd wiring"
    a_gpu_agrees_on_mixtures "mixtures"
    a_gpu_agrees_on_partial_channels "partial channels"
}
