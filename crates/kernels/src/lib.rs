//! NHWC f32 training kernels: convolution, batch norm with activation, pooling and the rest of a convolutional network's
//! operators, forward and backward, and the optimisers' steps.
//!
//! Promised:
//! - **Layout.** Activations are NHWC with a pixel stride ([`View`]), so a concatenation costs nothing where its producers write
//!   into slices. Weights and their gradients are flat in PyTorch's order, [oc][ic/groups][kh][kw].
//! - **Gradients.** `backward_*` functions write, or add where `accumulate` says so; parameter gradients are always added.
//! - **Same bits.** No output depends on the number of threads, nor on the instruction set (AVX-512, AVX2 with FMA, plain Rust):
//!   work is split by shape alone, every output is one fixed chain of operations, sums over pixels are fixed bands added in
//!   order. NaNs stay NaNs, but which NaN is not promised.
//! - **Safety.** Public functions are safe: slice lengths and shapes are asserted before pointers are used.
//! - **Threads.** Work runs on rayon's current pool. Small jobs run where they were called.
//!
//! It knows nothing of networks, graphs or files.

// Every `unsafe fn` here has its contract in its doc comment or in the trait it belongs to.
#![allow(clippy::missing_safety_doc)]

mod activation;
mod conv;
mod elementwise;
mod logistic;
mod math;
mod memory;
mod moments;
mod norm;
mod norm_backward;
mod optim;
mod par;
mod pool;
mod pool_avg;
mod pool_max;
mod reduce;
mod simd;
mod upsample;
mod view;

#[cfg(test)]
mod tests;

pub use activation::{Activation, activation_backward, activation_backward_in_place, activation_forward, activation_forward_in_place};
pub use conv::{
    Conv2d, PackedConv2d, conv2d_backward_bias, conv2d_backward_input, conv2d_backward_weight, conv2d_forward, conv2d_forward_statistics,
};
pub use elementwise::{channel_scale_backward_input, channel_scale_backward_scale, channel_scale_forward, same_bits, sum, zero};
pub use logistic::{bce, bce_rows, logistic};
pub use memory::advise_huge_pages;
pub use moments::channel_statistics;
pub use norm::{affine_act, affine_act_in_place, batch_norm_apply, fold_batch_norm};
pub use norm_backward::{BatchNormGradients, batch_norm_backward, batch_norm_backward_over_dy};
pub use optim::{Adam, Sgd, adam, ema, sgd, sum_of_squares};
pub use par::Scratch;
pub use pool::Pool2d;
pub use pool_avg::{avg_pool_backward, avg_pool_forward, global_avg_pool_backward, global_avg_pool_forward};
pub use pool_max::{max_pool_backward, max_pool_backward_within, max_pool_forward, max_pool_forward_within};
pub use simd::{InstructionSet, in_pool, instruction_set, with_instruction_set};
pub use upsample::{upsample_backward, upsample_forward};
pub use view::View;
