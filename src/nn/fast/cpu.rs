//! The kernels of this machine's processor (`nasflow_kernels`), over memory of the process.

use super::buffer::Buffer;
use super::kernels::{From, In, Kernels, NormGradients, Out, Running, Statistics};
use super::{channels, mix};
use nasflow_kernels::{self as kernels, Activation, BatchNormGradients, Conv2d, PackedConv2d, Pool2d, Scratch, View};

/// The processor.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu;

/// A convolution whose weights are packed, and the activation after it.
pub struct Packed {
    conv: PackedConv2d,
    act: Activation,
}

/// Scale and shift that a norm with running statistics is.
fn fold(norm: &Running<Vec<f32>>) -> (Vec<f32>, Vec<f32>) {
    let (mut factor, mut term) = (vec![0.0; norm.scale.len()], vec![0.0; norm.scale.len()]);
    kernels::fold_batch_norm(norm.scale, norm.shift, norm.mean, norm.var, norm.eps as f32, &mut factor, &mut term);
    (factor, term)
}

impl Kernels for Cpu {
    const CLASS: &'static str = "fast-2";

    type Block = Buffer;
    type Tensor = Vec<f32>;
    type Work = Scratch;
    type Prepared = Packed;
    type Winners = Vec<u8>;

    fn enter<R: Send>(f: impl FnOnce() -> R + Send) -> R {
        kernels::in_pool(f)
    }

    fn reserve(&self, block: &mut Buffer, floats: usize) {
        block.reserve(floats);
    }

    fn resize(&self, tensor: &mut Vec<f32>, len: usize) {
        tensor.resize(len, 0.0);
    }

    fn same(&self, a: &Vec<f32>, b: &Vec<f32>) -> bool {
        kernels::same_bits(a, b)
    }

    fn upload(&self, from: &[f32], (y, yv): Out<Buffer>, add: bool) {
        let dense = View::dense(yv.n, yv.h, yv.w, yv.c);
        kernels::sum(&[(from, dense)], y.as_mut_slice(), yv, add);
    }

    fn floats<'a>(&self, block: &'a Buffer) -> &'a [f32] {
        block.as_slice()
    }

    fn copy(&self, (x, xv): In<Buffer>, (y, yv): Out<Buffer>, add: bool) {
        kernels::sum(&[(x.as_slice(), xv)], y.as_mut_slice(), yv, add);
    }

    fn sum(&self, xs: &[In<Buffer>], (y, yv): Out<Buffer>, add: bool) {
        let xs: Vec<_> = xs.iter().map(|(x, xv)| (x.as_slice(), *xv)).collect();
        kernels::sum(&xs, y.as_mut_slice(), yv, add);
    }

    fn zero(&self, (y, yv): Out<Buffer>) {
        kernels::zero(y.as_mut_slice(), yv);
    }

    fn prepare(
        &self,
        conv: &Conv2d,
        (ic, oc): (usize, usize),
        weight: &Vec<f32>,
        bias: Option<&Vec<f32>>,
        norm: Option<Running<Vec<f32>>>,
        act: Activation,
    ) -> Packed {
        let folded = norm.map(|norm| fold(&norm));
        let folded = folded.as_ref().map(|(factor, term)| (factor.as_slice(), term.as_slice()));
        Packed { conv: PackedConv2d::new(conv, ic, oc, weight, bias.map(Vec::as_slice), folded), act }
    }

    fn prepared(&self, conv: &Packed, (x, xv): In<Buffer>, y: Out<Buffer>) {
        self.prepared_on_images(conv, x.as_slice(), xv, y);
    }

    fn prepared_on_images(&self, conv: &Packed, images: &[f32], xv: View, (y, yv): Out<Buffer>) {
        conv.conv.forward(conv.act, images, xv, y.as_mut_slice(), yv);
    }

    fn conv(
        &self,
        conv: &Conv2d,
        (x, xv): In<Buffer>,
        weight: &Vec<f32>,
        bias: Option<&Vec<f32>>,
        (y, yv): Out<Buffer>,
        statistics: Option<&mut Statistics<Vec<f32>>>,
        work: &mut Scratch,
    ) {
        let (x, y, bias) = (x.as_slice(), y.as_mut_slice(), bias.map(Vec::as_slice));
        match statistics {
            Some(s) => kernels::conv2d_forward_statistics(conv, x, xv, weight, bias, y, yv, &mut s.mean, &mut s.var, work),
            None => kernels::conv2d_forward(conv, x, xv, weight, bias, y, yv, work),
        }
    }

    fn conv_weight(&self, conv: &Conv2d, (x, xv): In<Buffer>, (dy, dyv): In<Buffer>, dw: &mut Vec<f32>, work: &mut Scratch) {
        kernels::conv2d_backward_weight(conv, x.as_slice(), xv, dy.as_slice(), dyv, dw, work);
    }

    fn conv_bias(&self, (dy, dyv): In<Buffer>, db: &mut Vec<f32>, work: &mut Scratch) {
        kernels::conv2d_backward_bias(dy.as_slice(), dyv, db, work);
    }

    fn conv_input(&self, conv: &Conv2d, weight: &Vec<f32>, (dy, dyv): In<Buffer>, (dx, dxv): Out<Buffer>, add: bool, work: &mut Scratch) {
        kernels::conv2d_backward_input(conv, weight, dy.as_slice(), dyv, dx.as_mut_slice(), dxv, add, work);
    }

    fn statistics(&self, (x, xv): In<Buffer>, to: &mut Statistics<Vec<f32>>, work: &mut Scratch) {
        kernels::channel_statistics(x.as_slice(), xv, &mut to.mean, &mut to.var, work);
    }

    fn norm(
        &self,
        act: Activation,
        (x, xv): In<Buffer>,
        scale: &Vec<f32>,
        shift: &Vec<f32>,
        eps: f64,
        (y, yv): Out<Buffer>,
        s: &mut Statistics<Vec<f32>>,
    ) {
        let (x, y) = (x.as_slice(), y.as_mut_slice());
        kernels::batch_norm_apply(act, x, xv, scale, shift, eps as f32, y, yv, &s.mean, &s.var, &mut s.invstd);
    }

    fn norm_backward(
        &self,
        act: Activation,
        norm: NormGradients<Vec<f32>>,
        (x, xv): In<Buffer>,
        dy: From<Buffer>,
        (dx, dxv): Out<Buffer>,
        work: &mut Scratch,
    ) {
        let gradients = BatchNormGradients {
            gamma: norm.scale,
            beta: norm.shift,
            mean: &norm.statistics.mean,
            invstd: &norm.statistics.invstd,
            dgamma: norm.dscale,
            dbeta: norm.dshift,
        };
        let (x, dx) = (x.as_slice(), dx.as_mut_slice());
        match dy {
            From::Same(_) => kernels::batch_norm_backward_over_dy(act, gradients, x, xv, dx, dxv, work),
            From::Other(dy, dyv) => kernels::batch_norm_backward(act, gradients, x, xv, dy.as_slice(), dyv, dx, dxv, work),
        }
    }

    fn norm_running(&self, act: Activation, norm: Running<Vec<f32>>, x: From<Buffer>, (y, yv): Out<Buffer>) {
        let (factor, term) = fold(&norm);
        match x {
            From::Same(_) => kernels::affine_act_in_place(act, y.as_mut_slice(), yv, &factor, &term),
            From::Other(x, xv) => kernels::affine_act(act, x.as_slice(), xv, &factor, &term, y.as_mut_slice(), yv),
        }
    }

    fn follow(&self, (mean, var): (&mut Vec<f32>, &mut Vec<f32>), batch: &Statistics<Vec<f32>>, momentum: f64, samples: f64) {
        let blend = |running: &mut f32, batch: f64| *running = ((1.0 - momentum) * f64::from(*running) + momentum * batch) as f32;
        mean.iter_mut().zip(&batch.mean).for_each(|(r, b)| blend(r, f64::from(*b)));
        var.iter_mut().zip(&batch.var).for_each(|(r, b)| blend(r, f64::from(*b) * samples / (samples - 1.0)));
    }

    fn activate(&self, act: Activation, x: From<Buffer>, (y, yv): Out<Buffer>) {
        match x {
            From::Same(_) => kernels::activation_forward_in_place(act, y.as_mut_slice(), yv),
            From::Other(x, xv) => kernels::activation_forward(act, x.as_slice(), xv, y.as_mut_slice(), yv),
        }
    }

    fn activate_backward(&self, act: Activation, (x, xv): In<Buffer>, dy: From<Buffer>, (dx, dxv): Out<Buffer>, add: bool) {
        let (x, dx) = (x.as_slice(), dx.as_mut_slice());
        match dy {
            From::Same(_) => kernels::activation_backward_in_place(act, x, xv, dx, dxv),
            From::Other(dy, dyv) => kernels::activation_backward(act, x, xv, dy.as_slice(), dyv, dx, dxv, add),
        }
    }

    fn max_pool(&self, pool: &Pool2d, x: From<Buffer>, (y, yv): Out<Buffer>, winners: &mut Vec<u8>) {
        winners.resize(winners.len().max(yv.len()), 0);
        let winners = &mut winners[..yv.len()];
        match x {
            From::Same(xv) => kernels::max_pool_forward_within(pool, y.as_mut_slice(), xv, yv, winners),
            From::Other(x, xv) => kernels::max_pool_forward(pool, x.as_slice(), xv, y.as_mut_slice(), yv, winners),
        }
    }

    fn max_pool_backward(&self, pool: &Pool2d, winners: &Vec<u8>, dy: From<Buffer>, (dx, dxv): Out<Buffer>, add: bool) {
        let dx = dx.as_mut_slice();
        match dy {
            From::Same(dyv) => kernels::max_pool_backward_within(pool, &winners[..dyv.len()], dx, dyv, dxv, add),
            From::Other(dy, dyv) => kernels::max_pool_backward(pool, &winners[..dyv.len()], dy.as_slice(), dyv, dx, dxv, add),
        }
    }

    fn avg_pool(&self, pool: &Pool2d, (x, xv): In<Buffer>, (y, yv): Out<Buffer>) {
        kernels::avg_pool_forward(pool, x.as_slice(), xv, y.as_mut_slice(), yv);
    }

    fn avg_pool_backward(&self, pool: &Pool2d, (dy, dyv): In<Buffer>, (dx, dxv): Out<Buffer>, add: bool) {
        kernels::avg_pool_backward(pool, dy.as_slice(), dyv, dx.as_mut_slice(), dxv, add);
    }

    fn global_pool(&self, (x, xv): In<Buffer>, (y, yv): Out<Buffer>) {
        kernels::global_avg_pool_forward(x.as_slice(), xv, y.as_mut_slice(), yv);
    }

    fn global_pool_backward(&self, (dy, dyv): In<Buffer>, (dx, dxv): Out<Buffer>, add: bool) {
        kernels::global_avg_pool_backward(dy.as_slice(), dyv, dx.as_mut_slice(), dxv, add);
    }

    fn upsample(&self, factor: usize, (x, xv): In<Buffer>, (y, yv): Out<Buffer>) {
        kernels::upsample_forward((factor, factor), x.as_slice(), xv, y.as_mut_slice(), yv);
    }

    fn upsample_backward(&self, factor: usize, (dy, dyv): In<Buffer>, (dx, dxv): Out<Buffer>, add: bool) {
        kernels::upsample_backward((factor, factor), dy.as_slice(), dyv, dx.as_mut_slice(), dxv, add);
    }

    fn scale(&self, (x, xv): In<Buffer>, (s, sv): In<Buffer>, (y, yv): Out<Buffer>) {
        kernels::channel_scale_forward(x.as_slice(), xv, s.as_slice(), sv, y.as_mut_slice(), yv);
    }

    fn scale_input(&self, (s, sv): In<Buffer>, (dy, dyv): In<Buffer>, (dx, dxv): Out<Buffer>, add: bool) {
        kernels::channel_scale_backward_input(s.as_slice(), sv, dy.as_slice(), dyv, dx.as_mut_slice(), dxv, add);
    }

    fn scale_scale(&self, (x, xv): In<Buffer>, (dy, dyv): In<Buffer>, (ds, dsv): Out<Buffer>, add: bool) {
        kernels::channel_scale_backward_scale(x.as_slice(), xv, dy.as_slice(), dyv, ds.as_mut_slice(), dsv, add);
    }

    fn shuffle(&self, groups: usize, (x, xv): In<Buffer>, (y, yv): Out<Buffer>) {
        channels::shuffle(groups, x.as_slice(), xv, y.as_mut_slice(), yv);
    }

    fn unshuffle(&self, groups: usize, (dy, dyv): In<Buffer>, (dx, dxv): Out<Buffer>, add: bool) {
        channels::unshuffle(groups, dy.as_slice(), dyv, dx.as_mut_slice(), dxv, add);
    }

    fn mix(&self, weights: &Vec<f32>, pick: usize, (x, xv): In<Buffer>, (y, yv): Out<Buffer>, add: bool) {
        mix::scaled(weights[pick], x.as_slice(), xv, y.as_mut_slice(), yv, add);
    }

    fn mix_weight(&self, (dy, dyv): In<Buffer>, (x, xv): In<Buffer>, grads: &mut Vec<f32>, pick: usize) {
        grads[pick] += mix::dot(dy.as_slice(), dyv, x.as_slice(), xv) as f32;
    }
}
