//! The loss that a network is trained by, as the training loop sees it: outputs and truth in, loss and gradients out.

use super::cross_entropy::CrossEntropy;
use super::loss::{DetectionLoss, LossParts};
use crate::data::Batch;
use crate::document::Recipe;
use crate::space::{Head, Program};

/// A loss over the outputs of one network. Whoever trains (one network, or one that holds many) asks it once a forward pass.
pub trait Criterion: Send {
    /// The loss of a batch. `outputs[i]` is output `i` of the network, n × h × w × c. Fails where they or the truth do not
    /// fit the network; values that are not finite give a loss that is not.
    fn evaluate(&mut self, outputs: &[&[f32]], batch: &Batch) -> Result<LossParts, String>;

    /// The gradient of the last loss's `total` by each output, in the outputs' layout.
    fn grads(&self) -> &[Vec<f32>];
}

/// The loss that a network's head is trained by, as the recipe wants it. Fails where the two do not belong together.
pub fn criterion(program: &Program, recipe: &Recipe) -> Result<Box<dyn Criterion>, String> {
    use crate::document::Task::{Classify, Detect};
    match (&program.head, recipe.task) {
        (Head::Detect { .. }, Detect) => Ok(Box::new(DetectionLoss::new(program, &recipe.loss)?)),
        (Head::Classify { .. }, Classify) => Ok(Box::new(CrossEntropy::new(program, recipe.loss.label_smoothing)?)),
        (_, Detect) => Err("a recipe for detectors needs a network that ends in `detect`".into()),
        (_, Classify) => Err("a recipe for classifiers needs a network that ends in a classifier".into()),
    }
}

impl Criterion for DetectionLoss {
    fn evaluate(&mut self, outputs: &[&[f32]], batch: &Batch) -> Result<LossParts, String> {
        DetectionLoss::evaluate(self, outputs, batch.n, &batch.targets)
    }
    fn grads(&self) -> &[Vec<f32>] {
        DetectionLoss::grads(self)
    }
}

impl Criterion for CrossEntropy {
    fn evaluate(&mut self, outputs: &[&[f32]], batch: &Batch) -> Result<LossParts, String> {
        let [logits] = outputs else { return Err(format!("{} outputs of a classifier", outputs.len())) };
        if batch.labels.len() != batch.n {
            return Err(format!("{} classes for {} images", batch.labels.len(), batch.n));
        }
        CrossEntropy::evaluate(self, logits, &batch.labels)
    }
    fn grads(&self) -> &[Vec<f32>] {
        CrossEntropy::grads(self)
    }
}
