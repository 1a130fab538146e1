//! One step of a workload on an executor of this project, as the trainer makes it.

use super::clock::Clock;
use super::workload::{Task, Workload};
use nasflow::base::Random;
use nasflow::data::Target;
use nasflow::document::{LossGains, Optimizer};
use nasflow::nn::{DeviceChoice, Executor, NormOptions, Parameters};
use nasflow::space::{ParamKind, Program};
use nasflow::train::optimizer::{self, Moments, Rule};
use nasflow::train::{CrossEntropy, DetectionLoss, schedule::Rates};

/// Rates of every step: YOLOv5's momentum and weight decay.
const RATES: Rates = Rates { lr: 0.01, bias_lr: 0.01, momentum: 0.937, accumulate: 1 };
const RULE: Rule = Rule { optimizer: Optimizer::Sgd, beta2: 0.999, weight_decay: 5e-4, clip_norm: 0.0 };
const GAINS: LossGains = LossGains { r#box: 0.05, obj: 1.0, cls: 0.5, obj_by_size: true, cls_by_classes: true, label_smoothing: 0.0 };

enum Loss {
    Detect(Box<DetectionLoss>, Vec<Target>),
    Classify(CrossEntropy, Vec<u32>),
    None,
}

/// A network with everything that its steps need.
pub struct Stepper {
    executor: Box<dyn Executor>,
    params: Parameters,
    grads: Parameters,
    momentum: Parameters,
    kinds: Vec<ParamKind>,
    images: Vec<f32>,
    batch: usize,
    norm: NormOptions,
    loss: Loss,
    steps: u64,
    /// Seconds of every step in each of [`PHASES`].
    pub phases: [Vec<f64>; 4],
}

/// The parts of a training step.
pub const PHASES: [&str; 4] = ["forward", "loss", "backward", "optimiser"];

impl Stepper {
    /// Fresh weights and one batch of noise.
    pub fn new(workload: &Workload, program: &Program, device: DeviceChoice) -> Result<Stepper, String> {
        let executor = nasflow::nn::executor(program, device, workload.batch)?;
        let image = program.values[0];
        let mut random = Random::at(0, "bench images", &[]);
        let images = (0..workload.batch * image.h * image.w * image.c).map(|_| random.unit() as f32).collect();
        let loss = match workload.task {
            Task::Detect => Loss::Detect(Box::new(DetectionLoss::new(program, &GAINS)?), workload.targets()),
            Task::Classify => {
                let labels = (0..workload.batch).map(|i| (i * 31 % workload.classes) as u32).collect();
                Loss::Classify(CrossEntropy::new(program, 0.0)?, labels)
            }
            Task::Infer => Loss::None,
        };
        let mut params = Parameters::init(program, 0);
        let own = || if workload.task == Task::Infer { Parameters::default() } else { Parameters::zeros(program) };
        let (grads, momentum) = (own(), own());
        if workload.task == Task::Infer {
            // Without training the running statistics do not normalise: larger weights keep the activations away from zero.
            let weights = program.params.iter().zip(&mut params.0).filter(|(p, _)| p.kind == ParamKind::Weight);
            weights.for_each(|(_, values)| values.iter_mut().for_each(|v| *v *= 2.5));
        }
        let (norm, batch) = (NormOptions { eps: 1e-3, momentum: 0.03 }, workload.batch);
        let kinds = program.params.iter().map(|p| p.kind).collect();
        Ok(Stepper { executor, params, grads, momentum, kinds, images, batch, norm, loss, steps: 0, phases: Default::default() })
    }

    /// One step, its phases timed by `clock`; its loss, or the mean size of the outputs where it only infers.
    pub fn step(&mut self, clock: Clock) -> Result<f64, String> {
        let n = self.batch;
        if let Loss::None = self.loss {
            match self.steps {
                0 => self.executor.forward_eval(&self.params, &self.images, n, self.norm)?,
                _ => self.executor.forward_eval_again(&self.params, &self.images, n, self.norm)?,
            }
            self.steps += 1;
            let output = self.executor.output(0);
            return Ok(output.iter().map(|v| f64::from(v.abs())).sum::<f64>() / output.len().max(1) as f64);
        }
        let mut laps = Laps { clock, at: clock.now(), phases: &mut self.phases };
        self.executor.forward_train(&mut self.params, &self.images, n, self.norm)?;
        laps.ends(0);
        let value = match &mut self.loss {
            Loss::Detect(loss, targets) => {
                let outputs: Vec<&[f32]> = (0..loss.grads().len()).map(|i| self.executor.output(i)).collect();
                let parts = loss.evaluate(&outputs, n, targets)?;
                laps.ends(1);
                self.executor.backward(&self.params, loss.grads(), &mut self.grads)?;
                parts.sum()
            }
            Loss::Classify(loss, labels) => {
                let parts = loss.evaluate(self.executor.output(0), labels)?;
                laps.ends(1);
                self.executor.backward(&self.params, loss.grads(), &mut self.grads)?;
                parts.sum()
            }
            Loss::None => 0.0,
        };
        laps.ends(2);
        self.steps += 1;
        // The trainer's test for divergence.
        let norm = optimizer::global_norm(&self.grads);
        if !value.is_finite() || !norm.is_finite() {
            return Err(format!("the loss is {value} and the gradient's norm {norm} after {} steps", self.steps));
        }
        let moments = Moments { first: &mut self.momentum, second: None };
        optimizer::step(&RULE, &RATES, self.steps, &self.kinds, norm, &mut self.params, &mut self.grads, moments, None);
        laps.ends(3);
        Ok(value)
    }
}

struct Laps<'a> {
    clock: Clock,
    at: f64,
    phases: &'a mut [Vec<f64>; 4],
}

impl Laps<'_> {
    fn ends(&mut self, phase: usize) {
        let now = self.clock.now();
        self.phases[phase].push(now - self.at);
        self.at = now;
    }
}
