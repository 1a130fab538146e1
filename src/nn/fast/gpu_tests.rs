//! The reference executor on a GPU against the fast one on the CPU. Skipped, with a line, where there is no GPU.

use super::tests::{compare, step};
use super::*;
use crate::nn::testing::programs;
use crate::nn::{DeviceChoice, executor, gpus};

#[test]
fn a_gpu_agrees_with_the_cpu_and_with_itself() {
    if let Err(why) = gpus() {
        eprintln!("skipped: {why}");
        return;
    }
    let device = DeviceChoice::ReferenceCuda(0);
    for (name, program) in programs() {
        let mut on_gpu = executor(&program, device, 3).unwrap();
        assert_eq!(on_gpu.class(), device.numerics());
        let gpu = step(on_gpu.as_mut(), &program, 3);
        let cpu = step(&mut FastExecutor::new(&program, 3).unwrap(), &program, 3);
        compare(name, &program, &gpu, &cpu, 1e-3);
        // On another thread, too: all of a device's work is on one stream.
        let again = || step(executor(&program, device, 3).unwrap().as_mut(), &program, 3);
        let again = std::thread::scope(|s| s.spawn(again).join().unwrap());
        assert!(again == gpu, "{name}: the same step gave other bits");
    }
}
