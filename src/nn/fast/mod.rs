//! The fast executor: the list of operators with explicit forward and backward kernels over planned NHWC buffers.
//!
//! Planned once: producers write into the channel slices of a concatenation's buffer, the first contribution to a gradient
//! overwrites and later ones add, and buffers whose lifetimes do not meet share memory. Every kernel's bits are the same
//! for any number of threads and any instruction set, so there is one class of numbers for all machines.

mod backward;
mod buffer;
mod forward;
mod kernel;
mod lifetime;
mod mix;
mod placement;
mod plan;
mod state;

#[cfg(test)]
mod tests;

use super::check::{check_images, check_output_grads, check_parameters, check_program, check_statistics};
use super::{Executor, NormOptions, Parameters};
use crate::space::{Op, Program};
use backward::Pass;
use nasflow_kernels as kernels;
use nasflow_kernels::View;
use plan::{Flow, Plan};
use state::State;

/// The numerics class of the fast executor: one for all machines and instruction sets (see `nasflow_kernels`), raised when
/// any output changes a bit.
pub const CLASS: &str = "fast-1";

/// Executes a program with the crate's own kernels, on the current rayon pool.
pub struct FastExecutor {
    program: Program,
    max_batch: usize,
    training: Plan,
    inference: Plan,
    state: State,
    last: Last,
}

/// What the buffers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Nothing,
    /// An inference pass over so many images.
    Inference(usize),
    /// A training pass whose backward pass can run.
    Training(usize),
    /// A training pass whose backward pass has run.
    Done(usize),
}

impl FastExecutor {
    /// Checks and plans the program for up to `max_batch` images. Errors name the node. Memory is taken at the first run.
    pub fn new(program: &Program, max_batch: usize) -> Result<Self, String> {
        check_program(program)?;
        let bytes = |plan: &Plan| plan.blocks.iter().try_fold(0usize, |sum, f| sum.checked_add(f.checked_mul(max_batch)?.checked_mul(4)?));
        let (training, inference) = (Plan::training(program), Plan::inference(program));
        if max_batch == 0 || bytes(&training).is_none() {
            return Err(format!("batches of up to {max_batch} images cannot be planned"));
        }
        let state = State::new(program);
        Ok(FastExecutor { program: program.clone(), max_batch, training, inference, state, last: Last::Nothing })
    }

    /// Bytes of activations (and gradients, where `training`) for a batch of `n`: what a run's peak is, without
    /// parameters and work memory.
    pub fn activation_bytes(&self, n: usize, training: bool) -> u64 {
        let plan = if training { &self.training } else { &self.inference };
        plan.blocks.iter().map(|f| *f as u64 * n as u64 * 4).sum()
    }

    fn forward(&mut self, params: &Parameters, images: &[f32], n: usize, norm: NormOptions, training: bool) -> Result<(), String> {
        if n > self.max_batch {
            return Err(format!("{n} images in an executor for {}", self.max_batch));
        }
        check_parameters(&self.program, params)?;
        check_images(&self.program, images, n)?;
        let plan = if training { &self.training } else { &self.inference };
        self.state.reserve(&plan.blocks, self.max_batch);
        self.last = Last::Nothing;
        let place = plan.values[0];
        let mut block = self.state.take(place.block);
        kernels::copy(images, View { stride: place.view(n).c, offset: 0, ..place.view(n) }, block.as_mut_slice(), place.view(n));
        self.state.give_back(place.block, block);
        for i in 0..self.program.nodes.len() {
            forward::forward(&mut self.state, &self.program, plan, i, params, n, norm, training);
        }
        Ok(())
    }

    fn update_running(&self, params: &mut Parameters, n: usize, momentum: f64) {
        for (node, s) in self.program.nodes.iter().zip(&self.state.statistics) {
            if let Op::Norm { mean, var, .. } = node.op {
                let shape = self.program.values[node.output];
                let m = (n * shape.h * shape.w) as f64;
                let blend = |running: &mut f32, batch: f64| *running = ((1.0 - momentum) * f64::from(*running) + momentum * batch) as f32;
                params.0[mean].iter_mut().zip(&s.mean).for_each(|(r, b)| blend(r, f64::from(*b)));
                params.0[var].iter_mut().zip(&s.var).for_each(|(r, b)| blend(r, f64::from(*b) * m / (m - 1.0)));
            }
        }
    }
}

impl Executor for FastExecutor {
    fn class(&self) -> String {
        CLASS.into()
    }

    fn forward_train(&mut self, params: &mut Parameters, images: &[f32], n: usize, norm: NormOptions) -> Result<(), String> {
        check_statistics(&self.program, n)?;
        self.forward(params, images, n, norm, true)?;
        self.update_running(params, n, norm.momentum);
        self.last = Last::Training(n);
        Ok(())
    }

    fn forward_eval(&mut self, params: &Parameters, images: &[f32], n: usize, norm: NormOptions) -> Result<(), String> {
        self.forward(params, images, n, norm, false)?;
        self.last = Last::Inference(n);
        Ok(())
    }

    fn output(&self, i: usize) -> &[f32] {
        let (plan, n) = match self.last {
            Last::Nothing => return &[],
            Last::Inference(n) => (&self.inference, n),
            Last::Training(n) | Last::Done(n) => (&self.training, n),
        };
        self.program.outputs.get(i).map_or(&[], |&v| &self.state.block(plan.values[v].block)[..plan.values[v].view(n).len()])
    }

    fn backward(&mut self, params: &Parameters, output_grads: &[Vec<f32>], grads: &mut Parameters) -> Result<(), String> {
        let Last::Training(n) = self.last else { return Err("backward without a forward in training mode before it".into()) };
        check_parameters(&self.program, params)?;
        check_parameters(&self.program, grads)?;
        check_output_grads(&self.program, output_grads, n)?;
        let plan = &self.training;
        for ((&v, seed), flow) in self.program.outputs.iter().zip(output_grads).zip(&plan.seeds) {
            let Some(place) = plan.gradients[v] else { continue };
            let mut block = self.state.take(place.block);
            let view = place.view(n);
            let dense = View::dense(n, view.h, view.w, view.c);
            match flow {
                Flow::Add => kernels::add_into(seed, dense, block.as_mut_slice(), view),
                Flow::Write => kernels::copy(seed, dense, block.as_mut_slice(), view),
                Flow::None | Flow::InPlace => {}
            }
            self.state.give_back(place.block, block);
        }
        let pass = Pass { program: &self.program, plan, params, n };
        for i in (0..self.program.nodes.len()).rev() {
            pass.node(&mut self.state, grads, i);
        }
        self.last = Last::Done(n);
        Ok(())
    }
}
