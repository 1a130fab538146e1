//! What the fast executor computes with: a list of kernels, and where their floats lie. The executor plans blocks of memory and
//! calls these; it never looks into a block or a parameter itself.
//!
//! Promises that an implementation makes: a kernel writes all of its output's view (or adds to it) and nothing else of the block; the
//! bits of an output depend on the operands alone.

use nasflow_kernels::{Activation, Conv2d, Pool2d, View};

/// A tensor to read: its block and where it lies in it.
pub type In<'a, B> = (&'a B, View);
/// A tensor to write.
pub type Out<'a, B> = (&'a mut B, View);

/// A tensor to read that may lie in the block that is written.
pub enum From<'a, B> {
    /// In the block of the output: at the output's own place where the kernel works in place, else in other channels.
    Same(View),
    /// In another block.
    Other(&'a B, View),
}

impl<'a, B> From<'a, B> {
    /// `None` stands for the output's block.
    pub fn of(block: Option<&'a B>, view: View) -> Self {
        block.map_or(From::Same(view), |block| From::Other(block, view))
    }
}

/// A norm's batch statistics, one value a channel: mean, biased variance, 1/√(var + eps).
#[derive(Default)]
pub struct Statistics<T> {
    /// Mean.
    pub mean: T,
    /// Biased variance.
    pub var: T,
    /// Written by [`Kernels::norm`].
    pub invstd: T,
}

/// A norm with running statistics.
pub struct Running<'a, T> {
    /// Weight of the normalised value.
    pub scale: &'a T,
    /// Shift after it.
    pub shift: &'a T,
    /// Running mean.
    pub mean: &'a T,
    /// Running variance.
    pub var: &'a T,
    /// Added to the variance.
    pub eps: f64,
}

/// A norm's parameters in the backward pass, and what is added to.
pub struct NormGradients<'a, T> {
    /// Weight of the normalised value.
    pub scale: &'a T,
    /// Shift after it.
    pub shift: &'a T,
    /// The batch's statistics.
    pub statistics: &'a Statistics<T>,
    /// Gradient of the weight.
    pub dscale: &'a mut T,
    /// Gradient of the shift.
    pub dshift: &'a mut T,
}

/// Kernels over blocks of floats in NHWC. Where a function takes `add`, it adds to the output instead of writing it; gradients of
/// parameters are always added.
pub trait Kernels: Send + Sync + 'static {
    /// The numerics class: raised when any output changes a bit. Two machines of one class compute the same bits.
    const CLASS: &'static str;

    /// Memory for activations and their gradients.
    type Block: Default + Send + Sync;
    /// A parameter or its gradient, or a value a channel.
    type Tensor: Default + Clone + Send + Sync;
    /// Work memory, kept from call to call.
    type Work: Default + Send;
    /// A convolution prepared for inference.
    type Prepared: Send;
    /// The winners of max pooling.
    type Winners: Default + Send + Sync;

    /// Runs `f`, in which many kernels are called.
    fn enter<R: Send>(f: impl FnOnce() -> R + Send) -> R;
    /// Makes room for `floats`; what the block held may be lost.
    fn reserve(&self, block: &mut Self::Block, floats: usize);
    /// Makes a tensor of so many values; those that it held stay.
    fn resize(&self, tensor: &mut Self::Tensor, len: usize);
    /// Whether two tensors hold the same bits.
    fn same(&self, a: &Self::Tensor, b: &Self::Tensor) -> bool;
    /// Floats of the host, dense, into a block.
    fn upload(&self, from: &[f32], to: Out<Self::Block>, add: bool);
    /// What a block holds, lent to the host. (Blocks in a device's memory will need a copy instead: see [`FastExecutor`](super::FastExecutor).)
    fn floats<'a>(&self, block: &'a Self::Block) -> &'a [f32];

    /// y = x.
    fn copy(&self, x: In<Self::Block>, y: Out<Self::Block>, add: bool);
    /// y = Σ xs.
    fn sum(&self, xs: &[In<Self::Block>], y: Out<Self::Block>, add: bool);
    /// y = 0.
    fn zero(&self, y: Out<Self::Block>);

    /// A convolution of `channels` (in, out) with what follows it.
    fn prepare(
        &self,
        conv: &Conv2d,
        channels: (usize, usize),
        weight: &Self::Tensor,
        bias: Option<&Self::Tensor>,
        norm: Option<Running<Self::Tensor>>,
        act: Activation,
    ) -> Self::Prepared;
    /// A prepared convolution.
    fn prepared(&self, conv: &Self::Prepared, x: In<Self::Block>, y: Out<Self::Block>);
    /// A prepared convolution of images that lie where the host has them.
    fn prepared_on_images(&self, conv: &Self::Prepared, images: &[f32], xv: View, y: Out<Self::Block>);
    /// A convolution, and the statistics of its output where a norm follows.
    fn conv(
        &self,
        conv: &Conv2d,
        x: In<Self::Block>,
        weight: &Self::Tensor,
        bias: Option<&Self::Tensor>,
        y: Out<Self::Block>,
        statistics: Option<&mut Statistics<Self::Tensor>>,
        work: &mut Self::Work,
    );
    /// Gradient of a convolution's weight.
    fn conv_weight(&self, conv: &Conv2d, x: In<Self::Block>, dy: In<Self::Block>, dw: &mut Self::Tensor, work: &mut Self::Work);
    /// Gradient of a convolution's bias.
    fn conv_bias(&self, dy: In<Self::Block>, db: &mut Self::Tensor, work: &mut Self::Work);
    /// Gradient of a convolution's input.
    fn conv_input(&self, conv: &Conv2d, weight: &Self::Tensor, dy: In<Self::Block>, dx: Out<Self::Block>, add: bool, work: &mut Self::Work);

    /// Mean and variance of every channel.
    fn statistics(&self, x: In<Self::Block>, to: &mut Statistics<Self::Tensor>, work: &mut Self::Work);
    /// y = act(norm(x)) with the batch's statistics; writes their `invstd`.
    fn norm(
        &self,
        act: Activation,
        x: In<Self::Block>,
        scale: &Self::Tensor,
        shift: &Self::Tensor,
        eps: f64,
        y: Out<Self::Block>,
        statistics: &mut Statistics<Self::Tensor>,
    );
    /// Gradients of [`Kernels::norm`]; dx may lie in dy's place.
    fn norm_backward(
        &self,
        act: Activation,
        norm: NormGradients<Self::Tensor>,
        x: In<Self::Block>,
        dy: From<Self::Block>,
        dx: Out<Self::Block>,
        work: &mut Self::Work,
    );
    /// y = act(norm(x)) with running statistics; y may lie in x's place.
    fn norm_running(&self, act: Activation, norm: Running<Self::Tensor>, x: From<Self::Block>, y: Out<Self::Block>);
    /// running = (1 − momentum) · running + momentum · batch, the batch's variance being the unbiased one of `samples`.
    fn follow(&self, running: (&mut Self::Tensor, &mut Self::Tensor), batch: &Statistics<Self::Tensor>, momentum: f64, samples: f64);

    /// y = act(x); y may lie in x's place.
    fn activate(&self, act: Activation, x: From<Self::Block>, y: Out<Self::Block>);
    /// Gradient of [`Kernels::activate`] by its input; dx may lie in dy's place, and is not added to then.
    fn activate_backward(&self, act: Activation, x: In<Self::Block>, dy: From<Self::Block>, dx: Out<Self::Block>, add: bool);
    /// Max pooling.
    fn max_pool(&self, pool: &Pool2d, x: From<Self::Block>, y: Out<Self::Block>, winners: &mut Self::Winners);
    /// Its gradient.
    fn max_pool_backward(&self, pool: &Pool2d, winners: &Self::Winners, dy: From<Self::Block>, dx: Out<Self::Block>, add: bool);
    /// Mean pooling.
    fn avg_pool(&self, pool: &Pool2d, x: In<Self::Block>, y: Out<Self::Block>);
    /// Its gradient.
    fn avg_pool_backward(&self, pool: &Pool2d, dy: In<Self::Block>, dx: Out<Self::Block>, add: bool);
    /// The mean of every channel.
    fn global_pool(&self, x: In<Self::Block>, y: Out<Self::Block>);
    /// Its gradient.
    fn global_pool_backward(&self, dy: In<Self::Block>, dx: Out<Self::Block>, add: bool);
    /// Nearest neighbours.
    fn upsample(&self, factor: usize, x: In<Self::Block>, y: Out<Self::Block>);
    /// Its gradient.
    fn upsample_backward(&self, factor: usize, dy: In<Self::Block>, dx: Out<Self::Block>, add: bool);
    /// y = x times a value a channel and image.
    fn scale(&self, x: In<Self::Block>, s: In<Self::Block>, y: Out<Self::Block>);
    /// Its gradient by x.
    fn scale_input(&self, s: In<Self::Block>, dy: In<Self::Block>, dx: Out<Self::Block>, add: bool);
    /// Its gradient by s.
    fn scale_scale(&self, x: In<Self::Block>, dy: In<Self::Block>, ds: Out<Self::Block>, add: bool);
    /// Channels of `groups` turned.
    fn shuffle(&self, groups: usize, x: In<Self::Block>, y: Out<Self::Block>);
    /// Its gradient.
    fn unshuffle(&self, groups: usize, dy: In<Self::Block>, dx: Out<Self::Block>, add: bool);
    /// y = weights[pick] · x: a term of a mixture, and its gradient by x.
    fn mix(&self, weights: &Self::Tensor, pick: usize, x: In<Self::Block>, y: Out<Self::Block>, add: bool);
    /// Its gradient by weights[pick].
    fn mix_weight(&self, dy: In<Self::Block>, x: In<Self::Block>, grads: &mut Self::Tensor, pick: usize);
}
