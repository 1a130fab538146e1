//! The fast executor: the list of operators with explicit forward and backward kernels over planned NHWC buffers.
//!
//! Planned once: producers write into the channel slices of a concatenation's buffer, the first contribution to a gradient
//! overwrites and later ones add, and buffers whose lifetimes do not meet share memory. Every kernel's bits are the same
//! for any number of threads and any instruction set, so there is one class of numbers for all machines.
//!
//! It is written over [`Kernels`]: blocks of memory, tensors of parameters, and what computes on them. This machine's processor
//! ([`Cpu`]) is the one implementation; plans, the forward and the backward pass know nothing of where memory lies. What a device
//! would still need: [`Executor`] is implemented for tensors that are the host's (`Vec<f32>`) and lends outputs from their block,
//! so it needs an implementation of that trait with its own transfers, and optimiser, moving average and loss on the device.

mod backward;
mod buffer;
mod channels;
mod cpu;
mod forward;
mod kernel;
pub mod kernels;
mod lifetime;
mod mix;
mod packed;
mod placement;
mod plan;
mod state;

#[cfg(test)]
mod counted;
#[cfg(all(test, feature = "cuda"))]
mod gpu_tests;
#[cfg(test)]
mod stored;
#[cfg(test)]
mod tests;

use super::check::{check_images, check_output_grads, check_parameters, check_program, check_statistics};
use super::{Executor, NormOptions, Parameters};
use crate::space::{Activation, Node, Op, Program, ValueId};
use backward::Pass;
pub use cpu::Cpu;
use forward::Forward;
use kernels::Kernels;
use plan::{Flow, Plan};
use state::State;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

/// The numerics class of [`Cpu`]: one for all machines and instruction sets (see `nasflow_kernels`), raised when any output changes
/// a bit.
pub const CLASS: &str = <Cpu as Kernels>::CLASS;

/// Executes a program with the crate's own kernels, on the current rayon pool.
pub struct FastExecutor<K: Kernels = Cpu> {
    kernels: K,
    program: Program,
    max_batch: usize,
    training: Plan,
    inference: Plan,
    state: State<K>,
    last: Last,
    /// Whether backward passes reach the images.
    to_images: bool,
    timings: Option<Vec<[Duration; 2]>>,
}

/// What a forward pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Training,
    Inference,
    /// Inference with the parameters of the pass before.
    Again,
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
        Self::with(Cpu, program, max_batch)
    }
}

impl<K: Kernels> FastExecutor<K> {
    /// [`FastExecutor::new`] with other kernels.
    pub fn with(kernels: K, program: &Program, max_batch: usize) -> Result<Self, String> {
        let (program, training, inference) = planned(program, max_batch, false)?;
        let state = State::new(&kernels, &program);
        Ok(FastExecutor { kernels, program, max_batch, training, inference, state, last: Last::Nothing, to_images: false, timings: None })
    }

    /// Bytes of activations (and gradients, where `training`) for a batch of `n`: what a run's peak is, without
    /// parameters and work memory.
    pub fn activation_bytes(&self, n: usize, training: bool) -> u64 {
        let plan = if training { &self.training } else { &self.inference };
        plan.blocks.iter().map(|f| *f as u64 * n as u64 * 4).sum()
    }

    /// The program as it is run: the given one, but that nodes which compute the same activation of one value are one.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Measures every node's wall time from now on, or stops measuring.
    pub fn profile(&mut self, on: bool) {
        self.timings = on.then(|| vec![[Duration::ZERO; 2]; self.program.nodes.len()]);
    }

    /// Wall time of each node (those of [`Self::program`]) in the last forward and the last backward pass; nothing where [`Self::profile`] is off.
    pub fn timings(&self) -> &[[Duration; 2]] {
        self.timings.as_deref().unwrap_or(&[])
    }

    fn forward(&mut self, params: &[K::Tensor], images: &[f32], n: usize, norm: NormOptions, pass: Purpose) -> Result<(), String> {
        let training = pass == Purpose::Training;
        if n > self.max_batch {
            return Err(format!("{n} images in an executor for {}", self.max_batch));
        }
        check_images(&self.program, images, n)?;
        let plan = if training { &self.training } else { &self.inference };
        self.state.reserve(&self.kernels, &plan.blocks, self.max_batch);
        self.last = Last::Nothing;
        // In inference, convolutions read the image where it is.
        let copies = |node: &Node| node.inputs.contains(&0) && !matches!(node.op, Op::Conv { .. } | Op::Linear { .. });
        if training || self.program.outputs.contains(&0) || self.program.nodes.iter().any(copies) {
            let place = plan.values[0];
            let mut block = self.state.take(place.block);
            self.kernels.upload(images, (&mut block, place.view(n)), false);
            self.state.give_back(place.block, block);
        }
        if pass == Purpose::Inference {
            self.state.packed.refresh(&self.kernels, &self.program, plan, params, norm.eps);
        }
        let forward = Forward { kernels: &self.kernels, program: &self.program, plan, params, images, n, norm, training };
        for i in 0..self.program.nodes.len() {
            let start = self.timings.is_some().then(Instant::now);
            forward.node(&mut self.state, i);
            if let (Some(t), Some(start)) = (&mut self.timings, start) {
                t[i][0] = start.elapsed();
            }
        }
        Ok(())
    }

    fn update_running(&self, params: &mut [K::Tensor], n: usize, momentum: f64) {
        for (node, s) in self.program.nodes.iter().zip(&self.state.statistics) {
            if let Op::Norm { mean, var, .. } = node.op {
                let shape = self.program.values[node.output];
                if let Ok([mean, var]) = params.get_disjoint_mut([mean, var]) {
                    self.kernels.follow((mean, var), s, momentum, (n * shape.h * shape.w) as f64);
                }
            }
        }
    }
}

/// Bytes of activations and gradients that [`FastExecutor`] will hold for a training step over a batch of `n`, without parameters and
/// work memory; nothing is reserved. Errors are those of [`FastExecutor::new`].
pub fn training_bytes(program: &Program, n: usize) -> Result<u64, String> {
    let (_, training, _) = planned(program, n, false)?;
    Ok(training.blocks.iter().map(|f| *f as u64 * n as u64 * 4).sum())
}

/// The program as it is run, and its plans.
fn planned(program: &Program, max_batch: usize, to_images: bool) -> Result<(Program, Plan, Plan), String> {
    check_program(program)?;
    let program = shared_activations(program);
    let (training, inference) = (Plan::training(&program, to_images), Plan::inference(&program));
    let bytes = |plan: &Plan| plan.blocks.iter().try_fold(0usize, |sum, f| sum.checked_add(f.checked_mul(max_batch)?.checked_mul(4)?));
    if max_batch == 0 || bytes(&training).is_none() {
        return Err(format!("batches of up to {max_batch} images cannot be planned"));
    }
    Ok((program, training, inference))
}

/// One activation for all readers where several nodes apply the same to one value (cells of operators that each begin with
/// ReLU). The values of the others stay in the list, unused.
fn shared_activations(program: &Program) -> Program {
    let mut program = program.clone();
    let mut seen: HashMap<(ValueId, Activation), ValueId> = HashMap::new();
    let mut instead: Vec<ValueId> = (0..program.values.len()).collect();
    let outputs = program.outputs.clone();
    program.nodes.retain_mut(|node| {
        node.inputs.iter_mut().for_each(|v| *v = instead[*v]);
        let Op::Activate(a) = node.op else { return true };
        // An output keeps its own buffer.
        if outputs.contains(&node.output) {
            return true;
        }
        match seen.entry((node.inputs[0], a)) {
            Entry::Occupied(first) => {
                instead[node.output] = *first.get();
                false
            }
            Entry::Vacant(place) => {
                place.insert(node.output);
                true
            }
        }
    });
    program
}

/// Kernels whose parameters lie where the host has them.
impl<K: Kernels<Tensor = Vec<f32>>> Executor for FastExecutor<K> {
    fn class(&self) -> String {
        K::CLASS.into()
    }

    /// Memory is kept, and grows where the new program needs more.
    fn replace(&mut self, program: &Program) -> Result<(), String> {
        (self.program, self.training, self.inference) = planned(program, self.max_batch, self.to_images)?;
        self.state.fit(&self.kernels, &self.program);
        self.last = Last::Nothing;
        self.profile(self.timings.is_some());
        Ok(())
    }

    fn forward_train(&mut self, params: &mut Parameters, images: &[f32], n: usize, norm: NormOptions) -> Result<(), String> {
        check_statistics(&self.program, n)?;
        check_parameters(&self.program, params)?;
        K::enter(|| self.forward(&params.0, images, n, norm, Purpose::Training))?;
        self.update_running(&mut params.0, n, norm.momentum);
        self.last = Last::Training(n);
        Ok(())
    }

    fn forward_eval(&mut self, params: &Parameters, images: &[f32], n: usize, norm: NormOptions) -> Result<(), String> {
        check_parameters(&self.program, params)?;
        K::enter(|| self.forward(&params.0, images, n, norm, Purpose::Inference))?;
        self.last = Last::Inference(n);
        Ok(())
    }

    fn forward_eval_again(&mut self, params: &Parameters, images: &[f32], n: usize, norm: NormOptions) -> Result<(), String> {
        let prepared = matches!(self.last, Last::Inference(_));
        check_parameters(&self.program, params)?;
        K::enter(|| self.forward(&params.0, images, n, norm, if prepared { Purpose::Again } else { Purpose::Inference }))?;
        self.last = Last::Inference(n);
        Ok(())
    }

    fn output(&self, i: usize) -> &[f32] {
        let (plan, n) = match self.last {
            Last::Nothing => return &[],
            Last::Inference(n) => (&self.inference, n),
            Last::Training(n) | Last::Done(n) => (&self.training, n),
        };
        self.program
            .outputs
            .get(i)
            .map_or(&[], |&v| &self.kernels.floats(&self.state.blocks[plan.values[v].block])[..plan.values[v].view(n).len()])
    }

    fn backward(&mut self, params: &Parameters, output_grads: &[Vec<f32>], grads: &mut Parameters) -> Result<(), String> {
        check_parameters(&self.program, params)?;
        check_parameters(&self.program, grads)?;
        K::enter(|| self.backward_pass(&params.0, output_grads, &mut grads.0))
    }

    fn seek_image_gradient(&mut self, sought: bool) -> Result<(), String> {
        let program = self.program.clone();
        (self.program, self.training, self.inference) = planned(&program, self.max_batch, sought)?;
        self.state.fit(&self.kernels, &self.program);
        (self.to_images, self.last) = (sought, Last::Nothing);
        Ok(())
    }

    fn image_gradient(&self) -> &[f32] {
        match (self.last, self.training.gradients.first()) {
            (Last::Done(n), Some(Some(place))) => &self.kernels.floats(&self.state.blocks[place.block])[..place.view(n).len()],
            _ => &[],
        }
    }
}

impl<K: Kernels> FastExecutor<K> {
    fn backward_pass(&mut self, params: &[K::Tensor], output_grads: &[Vec<f32>], grads: &mut [K::Tensor]) -> Result<(), String> {
        let Last::Training(n) = self.last else { return Err("backward without a forward in training mode before it".into()) };
        check_output_grads(&self.program, output_grads, n)?;
        let plan = &self.training;
        for ((&v, seed), flow) in self.program.outputs.iter().zip(output_grads).zip(&plan.seeds) {
            let Some(place) = plan.gradients[v].filter(|_| matches!(flow, Flow::Add | Flow::Write)) else { continue };
            let mut block = self.state.take(place.block);
            self.kernels.upload(seed, (&mut block, place.view(n)), *flow == Flow::Add);
            self.state.give_back(place.block, block);
        }
        let pass = Pass { kernels: &self.kernels, program: &self.program, plan, params, n };
        for i in (0..self.program.nodes.len()).rev() {
            let start = self.timings.is_some().then(Instant::now);
            pass.node(&mut self.state, grads, i);
            if let (Some(t), Some(start)) = (&mut self.timings, start) {
                t[i][1] = start.elapsed();
            }
        }
        self.last = Last::Done(n);
        Ok(())
    }
}
