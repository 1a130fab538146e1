//! How a supernet is trained: the one-shot methods of `train`, with their numbers. Nothing is left open.

use serde::{Deserialize, Serialize};

/// `method`, `holdout` and `penalty` of a `train` over a space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OneShot {
    /// The method.
    pub method: Method,
    /// `holdout`: the share of the train split that choices learn from, and weights do not; 0: both learn from all of it.
    pub holdout: f64,
    /// `penalty`.
    pub penalty: Option<Penalty>,
}

impl OneShot {
    /// How many of so many training images are held out for the choices, the last in the order of digests: the share rounded,
    /// and at least one image on either side; 0 where `holdout` is 0. An epoch has as many iterations as the others have batches.
    pub fn held_out(&self, images: usize) -> usize {
        if self.holdout <= 0.0 || images < 2 {
            return 0;
        }
        ((images as f64 * self.holdout + 0.5).floor() as usize).clamp(1, images - 1)
    }
}

/// The one-shot methods. Sources stand in `train::oneshot`, one file each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Method {
    /// One path a step, uniform (SPOS), or `sampling=fair`: as many as the largest decision has values, each value once (FairNAS).
    SinglePath {
        /// `sampling=fair`.
        fair: bool,
    },
    /// Largest, smallest and random paths, distilled in place (BigNAS).
    Sandwich {
        /// `random` [2]: random paths a step.
        random: usize,
    },
    /// A teacher, then choices opened phase by phase (once-for-all).
    ProgressiveShrinking(Shrinking),
    /// A softmax over all values of a decision; weights and choices learn in turn.
    Darts {
        /// `order=2`: through one step of the weights.
        second_order: bool,
        /// How choices learn.
        choices: ChoiceRule,
    },
    /// A softmax with Gumbel noise and a falling temperature (SNAS, GumbelDARTS).
    Gumbel {
        /// `temperature` [1.0 to 0.33].
        temperature: Temperature,
        /// How choices learn.
        choices: ChoiceRule,
    },
    /// The same, one value forward (GDAS).
    Gdas {
        /// `temperature` [10 to 0.1].
        temperature: Temperature,
        /// How choices learn.
        choices: ChoiceRule,
    },
    /// DARTS over one of so many channels, with weights of the edges.
    PcDarts {
        /// `partial` [4].
        partial: usize,
        /// How choices learn.
        choices: ChoiceRule,
    },
    /// Binary gates, two paths a step (ProxylessNAS).
    Proxyless {
        /// How choices learn.
        choices: ChoiceRule,
    },
    /// A recurrent controller that learns from rewards (ENAS).
    Enas {
        /// The controller.
        controller: Controller,
        /// How it learns.
        choices: ChoiceRule,
    },
}

impl Method {
    /// The word in the file.
    pub fn word(&self) -> &'static str {
        match self {
            Method::SinglePath { .. } => "single-path",
            Method::Sandwich { .. } => "sandwich",
            Method::ProgressiveShrinking(_) => "progressive-shrinking",
            Method::Darts { .. } => "darts",
            Method::Gumbel { .. } => "gumbel",
            Method::Gdas { .. } => "gdas",
            Method::PcDarts { .. } => "pc-darts",
            Method::Proxyless { .. } => "proxyless",
            Method::Enas { .. } => "enas",
        }
    }

    /// How its choices learn; none where paths are drawn without learning.
    pub fn choices(&self) -> Option<&ChoiceRule> {
        match self {
            Method::SinglePath { .. } | Method::Sandwich { .. } | Method::ProgressiveShrinking(_) => None,
            Method::Darts { choices, .. }
            | Method::Gumbel { choices, .. }
            | Method::Gdas { choices, .. }
            | Method::PcDarts { choices, .. }
            | Method::Proxyless { choices }
            | Method::Enas { choices, .. } => Some(choices),
        }
    }
}

/// The optimiser of choices: Adam.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChoiceRule {
    /// Learning rate.
    pub lr: f64,
    /// Adam's first beta.
    pub beta1: f64,
    /// Adam's second.
    pub beta2: f64,
    /// Added to the gradient, as PyTorch's Adam does.
    pub weight_decay: f64,
    /// Clip the norm of the gradient; 0: off.
    pub clip_norm: f64,
    /// Epochs at the start in which only weights learn.
    pub warmup: usize,
}

/// `temperature first final= over=`: linear from epoch 0 to the horizon.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Temperature {
    /// At epoch 0.
    pub first: f64,
    /// At the horizon and after it.
    pub last: f64,
    /// The horizon in epochs.
    pub over: f64,
}

/// `controller`: ENAS's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Controller {
    /// Units of the LSTM [64].
    pub hidden: usize,
    /// Steps of the controller after each epoch of the weights [50].
    pub steps: usize,
    /// Paths a step [20].
    pub samples: usize,
    /// Decay of the moving average of rewards [0.99].
    pub baseline: f64,
    /// Weight of the entropy [1e-4].
    pub entropy: f64,
}

/// `method progressive-shrinking { … }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shrinking {
    /// `teacher epochs=`: of the largest network, alone.
    pub teacher: usize,
    /// The phases in their order; a kind may come several times.
    pub phases: Vec<Phase>,
}

impl Shrinking {
    /// All epochs.
    pub fn epochs(&self) -> usize {
        self.phases.iter().fold(self.teacher, |sum, p| sum.saturating_add(p.epochs))
    }
}

/// `phase KIND epochs= subnets= lr=`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// Which choices it opens.
    pub kind: Elastic,
    /// How long.
    pub epochs: usize,
    /// Paths a step [1].
    pub subnets: usize,
    /// Learning rate of the phase [the recipe's].
    pub lr: Option<f64>,
}

/// What a choice varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Elastic {
    /// Kernels.
    Kernel,
    /// Repeats.
    Depth,
    /// Hidden channels: `expand`, `expansion`.
    Expand,
    /// Channels.
    Width,
    /// Layers, activations, inputs: whatever does not nest.
    Branch,
}

impl Elastic {
    /// The word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Elastic::Kernel => "kernel",
            Elastic::Depth => "depth",
            Elastic::Expand => "expand",
            Elastic::Width => "width",
            Elastic::Branch => "branch",
        }
    }
}

/// `penalty METRIC target= weight= form=`: what an expected cost adds to the loss that choices learn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Penalty {
    /// Which cost.
    pub of: Cost,
    /// The cost at which nothing is added, or its multiple of the reference's.
    pub target: f64,
    /// `of=reference`.
    pub of_reference: bool,
    /// λ.
    pub weight: f64,
    /// How it is added.
    pub form: PenaltyForm,
    /// `exponent` of [`PenaltyForm::Log`].
    pub exponent: f64,
    /// `latency-table`, resolved against its file, or its text once the pipeline is prepared; with [`Cost::TableLatency`] only.
    pub table: Option<String>,
}

/// Costs that can be expected over a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// 2 × multiply-adds.
    Flops,
    /// Half of them.
    Macs,
    /// Trained parameters.
    Params,
    /// Of a table.
    TableLatency,
}

/// How a penalty enters the loss L, E the expected cost and T its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PenaltyForm {
    /// L + λ (E / T − 1).
    Add,
    /// L (E / T)^λ.
    Multiply,
    /// L λ (ln E / ln T)^β.
    Log,
}
