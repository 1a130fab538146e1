//! The reference executor: the list of operators over candle tensors, with candle's backward.
//!
//! Short rather than fast; every operator is a composition that candle differentiates correctly. It is the oracle of the
//! fast executor's tests, and what trains on devices that have no kernels of their own. Layout inside: n × c × h × w.

mod activation;
mod channels;
mod conv;
mod mix;
mod norm;
mod pool;
mod scale;
mod tape;
mod window;

#[cfg(test)]
mod tests;

use super::check::{check_images, check_output_grads, check_parameters, check_program, check_statistics};
use super::{Executor, NormOptions, Parameters};
use crate::space::{Program, Shape};
use candle_core::{Device, Result, Tensor, Var};
pub use scale::by_scale;
use tape::{Mode, Tape};

/// Executes a program over candle tensors in f32.
pub struct ReferenceExecutor {
    program: Program,
    device: Device,
    kept: Option<Kept>,
    outputs: Vec<Vec<f32>>,
    /// Whether backward passes reach the images, and what the last one gave them.
    to_images: bool,
    image_gradient: Vec<f32>,
}

/// What `backward` needs of the last `forward_train`.
struct Kept {
    tape: Tape,
    /// Leaves of the tape, by parameter; buffers have none.
    leaves: Vec<Option<Var>>,
    /// The images, where their gradient is sought.
    images: Option<Var>,
    n: usize,
}

impl ReferenceExecutor {
    /// Checks the program. Errors name the node.
    pub fn new(program: &Program, device: Device) -> std::result::Result<Self, String> {
        check_program(program)?;
        Ok(ReferenceExecutor {
            program: program.clone(),
            device,
            kept: None,
            outputs: Vec::new(),
            to_images: false,
            image_gradient: Vec::new(),
        })
    }

    fn to_tensor(&self, data: &[f32], n: usize, s: Shape) -> Result<Tensor> {
        Tensor::from_slice(data, (n, s.h, s.w, s.c), &self.device)?.permute((0, 3, 1, 2))?.contiguous()
    }

    fn forward(&mut self, params: &Parameters, images: &[f32], n: usize, eps: f64, mode: Mode) -> Result<Kept> {
        let mut leaves = Vec::with_capacity(params.0.len());
        let mut tensors = Vec::with_capacity(params.0.len());
        for (spec, values) in self.program.params.iter().zip(&params.0) {
            let tensor = Tensor::from_slice(values, spec.shape.as_slice(), &self.device)?;
            if mode == Mode::Train && spec.kind.has_gradient() {
                let leaf = Var::from_tensor(&tensor)?;
                tensors.push(leaf.as_tensor().clone());
                leaves.push(Some(leaf));
            } else {
                tensors.push(tensor);
                leaves.push(None);
            }
        }
        let mut image = self.to_tensor(images, n, self.program.values[0])?;
        let mut images = None;
        if mode == Mode::Train && self.to_images {
            let leaf = Var::from_tensor(&image)?;
            image = leaf.as_tensor().clone();
            images = Some(leaf);
        }
        let tape = Tape::forward(&self.program, &tensors, image, mode, eps)?;
        let nhwc = |&id: &usize| tape.value(id)?.permute((0, 2, 3, 1))?.flatten_all()?.to_vec1();
        self.outputs = self.program.outputs.iter().map(nhwc).collect::<Result<_>>()?;
        Ok(Kept { tape, leaves, images, n })
    }
}

/// running = (1 − momentum) · running + momentum · batch, in f64.
fn update(running: &mut [f32], batch: &Tensor, momentum: f64) -> Result<()> {
    for (r, b) in running.iter_mut().zip(batch.to_vec1::<f32>()?) {
        *r = ((1.0 - momentum) * f64::from(*r) + momentum * f64::from(b)) as f32;
    }
    Ok(())
}

fn message(error: candle_core::Error) -> String {
    format!("candle: {error}")
}

impl Executor for ReferenceExecutor {
    fn class(&self) -> String {
        match self.device {
            Device::Cpu => "reference-cpu".into(),
            Device::Cuda(_) => "reference-cuda".into(),
            Device::Metal(_) => "reference-metal".into(),
        }
    }

    fn replace(&mut self, program: &Program) -> std::result::Result<(), String> {
        check_program(program)?;
        self.program = program.clone();
        (self.kept, self.outputs) = (None, Vec::new());
        Ok(())
    }

    fn forward_train(&mut self, params: &mut Parameters, images: &[f32], n: usize, norm: NormOptions) -> std::result::Result<(), String> {
        check_parameters(&self.program, params)?;
        check_images(&self.program, images, n)?;
        check_statistics(&self.program, n)?;
        self.kept = None;
        let mut kept = self.forward(params, images, n, norm.eps, Mode::Train).map_err(message)?;
        for s in kept.tape.statistics.drain(..) {
            update(&mut params.0[s.ids.0], &s.mean, norm.momentum).map_err(message)?;
            update(&mut params.0[s.ids.1], &s.var, norm.momentum).map_err(message)?;
        }
        self.kept = Some(kept);
        Ok(())
    }

    fn forward_eval(&mut self, params: &Parameters, images: &[f32], n: usize, norm: NormOptions) -> std::result::Result<(), String> {
        check_parameters(&self.program, params)?;
        check_images(&self.program, images, n)?;
        self.kept = None;
        self.forward(params, images, n, norm.eps, Mode::Eval).map_err(message)?;
        Ok(())
    }

    fn output(&self, i: usize) -> &[f32] {
        self.outputs.get(i).map_or(&[], Vec::as_slice)
    }

    fn backward(&mut self, params: &Parameters, output_grads: &[Vec<f32>], grads: &mut Parameters) -> std::result::Result<(), String> {
        check_parameters(&self.program, params)?;
        check_parameters(&self.program, grads)?;
        let kept = self.kept.take().ok_or("backward without a forward in training mode before it")?;
        check_output_grads(&self.program, output_grads, kept.n)?;
        let mut run = || -> Result<()> {
            let seeds = self.program.outputs.iter().zip(output_grads);
            let seeds = seeds.map(|(&id, g)| self.to_tensor(g, kept.n, self.program.values[id])).collect::<Result<Vec<_>>>()?;
            let store = kept.tape.backward(&self.program, &seeds)?;
            if let Some(images) = &kept.images {
                // What no output looks at has no gradient.
                let zeros = || images.zeros_like();
                let gradient = store.get(images.as_tensor()).cloned().map_or_else(zeros, Ok)?;
                self.image_gradient = gradient.permute((0, 2, 3, 1))?.flatten_all()?.to_vec1()?;
            }
            for (leaf, grad) in kept.leaves.iter().zip(&mut grads.0) {
                let Some(new) = leaf.as_ref().and_then(|leaf| store.get(leaf.as_tensor())) else { continue };
                for (g, new) in grad.iter_mut().zip(new.flatten_all()?.to_vec1::<f32>()?) {
                    *g += new;
                }
            }
            Ok(())
        };
        run().map_err(message)
    }

    fn seek_image_gradient(&mut self, sought: bool) -> std::result::Result<(), String> {
        (self.to_images, self.image_gradient, self.kept) = (sought, Vec::new(), None);
        Ok(())
    }

    fn image_gradient(&self) -> &[f32] {
        &self.image_gradient
    }
}
