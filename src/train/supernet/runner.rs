//! Runs one network after the other on one executor, over shared tensors.

use super::copy;
use super::networks::Network;
use crate::data::Batch;
use crate::nn::{Executor, NormOptions, Parameters};
use crate::train::TrainError;
use std::sync::Arc;

/// The executor with the network that it holds.
pub struct Runner {
    executor: Box<dyn Executor>,
    norm: NormOptions,
    loaded: Option<Arc<Network>>,
    own: Parameters,
    grads: Parameters,
}

impl Runner {
    /// Over an executor of any program, for the largest batch that will come.
    pub fn new(executor: Box<dyn Executor>, norm: NormOptions) -> Self {
        Runner { executor, norm, loaded: None, own: Parameters::default(), grads: Parameters::default() }
    }

    /// The executor's part of the numerics class.
    pub fn class(&self) -> String {
        self.executor.class()
    }

    /// Takes a network and its parameters out of the shared tensors. Weights of mixtures are set by [`Self::mix`].
    pub fn load(&mut self, network: &Arc<Network>, shared: &[Vec<f32>]) -> Result<(), TrainError> {
        if !self.loaded.as_ref().is_some_and(|held| Arc::ptr_eq(held, network)) {
            self.executor.replace(&network.program).map_err(TrainError::Executor)?;
            self.loaded = Some(network.clone());
        }
        copy::gather(network, shared, &mut self.own);
        Ok(())
    }

    /// Other parameters than the shared ones, for the network that is loaded.
    pub fn set(&mut self, params: Option<&Parameters>) {
        if let Some(params) = params {
            self.own.clone_from(params);
        }
    }

    /// Sets the weights of mixture `m` of the network.
    pub fn mix(&mut self, m: usize, weights: impl Iterator<Item = f64>) {
        if let Some(mixture) = self.loaded.as_ref().and_then(|n| n.mixtures.get(m)) {
            self.own.0[mixture.param].iter_mut().zip(weights).for_each(|(own, w)| *own = w as f32);
        }
    }

    /// Forward in training mode.
    pub fn forward(&mut self, batch: &Batch) -> Result<(), TrainError> {
        let image = self.loaded.as_ref().and_then(|n| n.program.values.first()).map_or(0, |s| s.h * s.w * s.c);
        if batch.n == 0 || batch.images.len() != batch.n * image {
            return Err(TrainError::Batch(format!("{} numbers for {} images of {image}", batch.images.len(), batch.n)));
        }
        self.executor.forward_train(&mut self.own, &batch.images, batch.n, self.norm).map_err(TrainError::Executor)
    }

    /// Outputs of the last forward.
    pub fn outputs(&self) -> Vec<&[f32]> {
        let count = self.loaded.as_ref().map_or(0, |n| n.program.outputs.len());
        (0..count).map(|i| self.executor.output(i)).collect()
    }

    /// Backward of the last forward.
    pub fn backward(&mut self, output_grads: &[Vec<f32>]) -> Result<(), TrainError> {
        if let Some(network) = &self.loaded {
            copy::fit(network, &mut self.grads);
            self.grads.0.iter_mut().for_each(|g| g.fill(0.0));
        }
        self.executor.backward(&self.own, output_grads, &mut self.grads).map_err(TrainError::Executor)
    }

    /// Gradient of the last backward by the weights of mixture `m`.
    pub fn mixture_grads(&self, m: usize) -> Vec<f64> {
        let mixture = self.loaded.as_ref().and_then(|n| n.mixtures.get(m));
        mixture.map_or(vec![], |m| self.grads.0[m.param].iter().map(|g| f64::from(*g)).collect())
    }

    /// Adds the gradients of the last backward to those of the shared tensors.
    pub fn add_grads(&self, shared: &mut Parameters, touched: &mut [bool]) {
        if let Some(network) = &self.loaded {
            copy::add(network, &self.grads, shared, touched);
        }
    }

    /// Writes the running statistics of the last forward back.
    pub fn keep_statistics(&self, shared: &mut Parameters) {
        if let Some(network) = &self.loaded {
            copy::statistics(network, &self.own, shared);
        }
    }
}
