//! A trained network that teaches another: its outputs for the very images of a batch, and what they add to the loss.
//!
//! The teacher runs in inference mode on the batch as it is, augmentation included, so that it says something of these images and of no
//! others (Beyer et al. 2022, "Knowledge distillation: a good teacher is patient and consistent"). It has no state: a training that goes
//! on from a checkpoint meets the same teacher.
//!
//! Classifiers: (1 − w) × loss against labels + w × τ²·KL (Hinton et al. 2015). Detectors: loss against boxes + w × objectness-scaled
//! distillation (Mehta and Ozturk 2018). `oneshot::distil` has both.

use super::loss::{Gains, LossParts, balances};
use super::oneshot::distil::{self, HeadGains, LevelOutputs};
use crate::data::Batch;
use crate::document::{Distillation, LossGains};
use crate::nn::{Executor, NormOptions, Parameters};
use crate::space::{Head, Program, same_outputs};

/// A teacher at work.
pub struct Teacher {
    how: Distillation,
    /// The student's head, which is its own.
    head: Head,
    /// The gains of the student's loss, scaled.
    gains: HeadGains,
    params: Parameters,
    executor: Box<dyn Executor>,
    norm: NormOptions,
    /// Whether the executor has seen the parameters.
    seen: bool,
    grads: Vec<Vec<f32>>,
}

impl Teacher {
    /// Teaches networks of this `student`'s program by the gains of its loss. `bn_eps` is batch norm's epsilon in the teacher's own training.
    ///
    /// # Errors
    /// Two networks whose outputs do not mean the same.
    pub fn new(
        (program, params, executor): (&Program, Parameters, Box<dyn Executor>),
        bn_eps: f64,
        student: &Program,
        gains: &LossGains,
        how: Distillation,
    ) -> Result<Self, String> {
        same_outputs(("the network", student), ("its teacher", program))?;
        let gains = match &student.head {
            Head::Detect { classes, strides, .. } => {
                let side = student.values.first().map_or(0, |image| image.h.max(image.w));
                let g = Gains::scaled(gains, strides.len().max(1), *classes, side);
                HeadGains { r#box: g.r#box, obj: g.obj, cls: g.cls }
            }
            _ => HeadGains { r#box: 0.0, obj: 0.0, cls: 0.0 },
        };
        let norm = NormOptions { eps: bn_eps, momentum: 0.0 };
        Ok(Teacher { how, head: student.head.clone(), gains, params, executor, norm, seen: false, grads: Vec::new() })
    }

    /// The loss of a batch, made of that against its truth (`hard`, with its gradients) and that against the teacher. Afterwards
    /// [`Self::grads`] is its gradient by the outputs.
    pub fn teach(&mut self, outputs: &[&[f32]], batch: &Batch, hard: LossParts, hard_grads: &[Vec<f32>]) -> Result<LossParts, String> {
        if self.seen {
            self.executor.forward_eval_again(&self.params, &batch.images, batch.n, self.norm)?;
        } else {
            self.executor.forward_eval(&self.params, &batch.images, batch.n, self.norm)?;
            self.seen = true;
        }
        let w = self.how.weight;
        let (parts, soft, labels, scale) = match &self.head {
            Head::Classify { classes } => {
                let [logits] = outputs else { return Err(format!("{} outputs of a classifier", outputs.len())) };
                let (value, grads) = distil::classifier(logits, self.executor.output(0), *classes, self.how.temperature)?;
                let cls = (1.0 - w) * hard.cls + w * value;
                // Distillation's gradient is of the sum over images, the loss is their mean.
                (LossParts { cls, total: cls, ..hard }, vec![grads], 1.0 - w, w / batch.n.max(1) as f64)
            }
            Head::Detect { classes, .. } => {
                let levels = outputs.iter().enumerate().zip(balances(outputs.len()));
                let levels = levels.map(|((i, &student), &balance)| LevelOutputs { student, teacher: self.executor.output(i), balance });
                let (p, grads) = distil::detector(&levels.collect::<Vec<_>>(), batch.n, *classes, &self.gains)?;
                let mut parts =
                    LossParts { r#box: hard.r#box + w * p.r#box, obj: hard.obj + w * p.obj, cls: hard.cls + w * p.cls, total: 0.0 };
                parts.total = parts.sum() * batch.n as f64;
                (parts, grads, 1.0, w)
            }
            Head::Features => return Err("a network without a head has nothing to learn from a teacher".into()),
        };
        if soft.len() != hard_grads.len() {
            return Err(format!("{} outputs of a teacher, {} of the network", soft.len(), hard_grads.len()));
        }
        self.grads.resize_with(soft.len(), Vec::new);
        for (sum, (hard, soft)) in self.grads.iter_mut().zip(hard_grads.iter().zip(&soft)) {
            sum.clear();
            sum.extend(hard.iter().zip(soft).map(|(h, s)| (labels * f64::from(*h) + scale * f64::from(*s)) as f32));
        }
        Ok(parts)
    }

    /// Gradient of the last loss by each output.
    pub fn grads(&self) -> &[Vec<f32>] {
        &self.grads
    }
}

#[cfg(test)]
#[path = "teacher_tests.rs"]
mod tests;
