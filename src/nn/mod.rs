//! Executes a [`Program`](crate::space::Program) forward and backward: one list of operators, two executors.
//!
//! Promises: both executors compute the same functions (tests compare them); the fast one gives the same bits for any
//! number of threads. Knows nothing of recipes, losses, data sets or stores.

#[cfg(test)]
mod canonical_tests;
mod check;
mod choice;
mod device;
pub mod fast;
mod init;
pub mod reference;
mod speed;
pub mod weights;

#[cfg(test)]
mod supernet_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod zoo_tests;

pub use check::{check_parameters, check_program};
pub use choice::{Chosen, check_place, choose, executor};
pub use device::{CUDA, Gpu, gpus, instruction_set};
pub use fast::FastExecutor;
pub use reference::{ReferenceExecutor, by_scale};
pub use speed::matrix_rate;
pub use weights::{NamedTensor, TensorFile, TensorWriter, load_tensors, load_weights, save_tensors};

use crate::space::Program;
use serde::{Deserialize, Serialize};

/// Which executor runs a program, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// The crate's own kernels on the CPU.
    Fast,
    /// candle's operators on the CPU.
    ReferenceCpu,
    /// candle's operators on a CUDA device, by number: an error in a build without CUDA.
    ReferenceCuda(usize),
}

/// Values of every parameter and buffer of a program, by [`crate::space::ParamId`], in PyTorch's order.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Parameters(pub Vec<Vec<f32>>);

impl Parameters {
    /// Zeros of the right sizes.
    pub fn zeros(program: &Program) -> Self {
        Parameters(program.params.iter().map(|p| vec![0.0; p.len()]).collect())
    }
}

/// Batch norm's two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormOptions {
    /// Added to the variance.
    pub eps: f64,
    /// running = (1 − momentum) · running + momentum · batch; the running variance is the unbiased one.
    pub momentum: f64,
}

/// An executor of one program. Images are NHWC, RGB, 0 … 1.
pub trait Executor: Send {
    /// The part of the numerics class that names this executor, e.g. `fast-avx512` or `reference-cpu`.
    fn class(&self) -> String;

    /// Goes over to another program (the next network of a supernet) for batches of the same size. What was computed is
    /// forgotten, memory is kept where that is possible. On an error the executor is as it was.
    fn replace(&mut self, program: &Program) -> Result<(), String>;

    /// Forward in training mode: batch statistics; running statistics in `params` are updated. Keeps what `backward` needs.
    fn forward_train(&mut self, params: &mut Parameters, images: &[f32], n: usize, norm: NormOptions) -> Result<(), String>;

    /// Forward in inference mode: running statistics.
    fn forward_eval(&mut self, params: &Parameters, images: &[f32], n: usize, norm: NormOptions) -> Result<(), String>;

    /// [`Executor::forward_eval`] of another batch with the parameters and norm of the last one, which must not have changed: an
    /// executor that prepared them need not look at them again.
    fn forward_eval_again(&mut self, params: &Parameters, images: &[f32], n: usize, norm: NormOptions) -> Result<(), String> {
        self.forward_eval(params, images, n, norm)
    }

    /// Output `i` of the last forward: n × h × w × c.
    fn output(&self, i: usize) -> &[f32];

    /// Backward of the last `forward_train`: adds to `grads` (same layout as `params`; buffers stay zero).
    /// `output_grads[i]` has the shape of output `i`.
    fn backward(&mut self, params: &Parameters, output_grads: &[Vec<f32>], grads: &mut Parameters) -> Result<(), String>;

    /// Whether backward passes give the gradient of the images, too; at first they do not, because no training reads it. What was
    /// computed is forgotten. On an error the executor is as it was.
    fn seek_image_gradient(&mut self, sought: bool) -> Result<(), String> {
        if sought { Err(format!("{} gives no gradient of images", self.class())) } else { Ok(()) }
    }

    /// The gradient of the images of the last backward pass, n × h × w × c; empty where it was not sought.
    fn image_gradient(&self) -> &[f32] {
        &[]
    }
}
