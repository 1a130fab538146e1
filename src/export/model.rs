//! A model's file that runs, whatever it was trained for.

use super::{Artefact, Classifier, Detector, ExportError};
use crate::nn::{Executor, NormOptions};
use crate::space::Program;

/// A detector or a classifier.
pub enum Model {
    /// Finds boxes.
    Detector(Detector),
    /// Tells one class an image.
    Classifier(Classifier),
}

impl Model {
    /// Reads a safetensors file of nasflow; `executor` makes what runs its program, for batches of one.
    pub fn load(bytes: &[u8], executor: impl FnOnce(&Program) -> Result<Box<dyn Executor>, String>) -> Result<Self, ExportError> {
        let artefact = Artefact::from_bytes(bytes)?;
        let executor = executor(&artefact.program).map_err(ExportError::Run)?;
        Ok(match artefact.card.is_detector() {
            true => Model::Detector(Detector::new(artefact, executor)),
            false => Model::Classifier(Classifier::new(artefact, executor)),
        })
    }

    /// The network's raw outputs for images (n × h × w × channels, 0 … 1).
    pub fn outputs(&mut self, images: &[f32], n: usize) -> Result<Vec<Vec<f32>>, ExportError> {
        match self {
            Model::Detector(model) => run(&model.artefact, model.executor.as_mut(), images, n),
            Model::Classifier(model) => run(&model.artefact, model.executor.as_mut(), images, n),
        }
    }
}

/// Runs the written file `bytes` again and compares its raw outputs, for one made-up image, with those of the weights that were
/// written; they must be the same bits. `executor` makes what runs a program, for batches of one.
pub fn run_again(
    artefact: &Artefact,
    bytes: &[u8],
    executor: impl Fn(&Program) -> Result<Box<dyn Executor>, String>,
) -> Result<(), ExportError> {
    let image = artefact.program.values[0];
    // Every value differs from its neighbours, between 0 and 1.
    let images: Vec<f32> = (0..image.h * image.w * image.c).map(|i| (i * 37 % 256) as f32 / 255.0).collect();
    let expected = run(artefact, executor(&artefact.program).map_err(ExportError::Run)?.as_mut(), &images, 1)?;
    let found = Model::load(bytes, executor)?.outputs(&images, 1)?;
    let bits = |outputs: &[Vec<f32>]| outputs.iter().flatten().map(|v| v.to_bits()).collect::<Vec<_>>();
    match bits(&expected) == bits(&found) {
        true => Ok(()),
        false => Err(ExportError::CannotWrite("the file, read again, computes something else, which is a bug".into())),
    }
}

fn run(artefact: &Artefact, executor: &mut dyn Executor, images: &[f32], n: usize) -> Result<Vec<Vec<f32>>, ExportError> {
    let norm = NormOptions { eps: artefact.card.norm_eps, momentum: artefact.card.norm_momentum };
    executor.forward_eval(&artefact.params, images, n, norm).map_err(ExportError::Run)?;
    Ok((0..artefact.program.outputs.len()).map(|i| executor.output(i).to_vec()).collect())
}
