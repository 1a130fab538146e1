//! The recipe of a training, with nothing left open.

use super::Task;

/// A training recipe with nothing left open. Numbers as in PyTorch and YOLOv5.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Recipe {
    /// What it trains for: which of the fields below are read.
    #[serde(default)]
    pub task: Task,
    /// Images a batch.
    pub batch: usize,
    /// Which optimiser.
    pub optimizer: Optimizer,
    /// Learning rate at the end of warm-up.
    pub lr: f64,
    /// SGD's momentum; Adam's beta 1.
    pub momentum: f64,
    /// Adam's beta 2.
    pub beta2: f64,
    /// On convolution and linear weights only; scaled by batch × accumulate / nominal where `nominal-batch` is set.
    pub weight_decay: f64,
    /// The schedule of the learning rate.
    pub schedule: Schedule,
    /// The horizon of the schedule, in epochs.
    pub over: f64,
    /// Warm-up length in epochs.
    pub warmup: f64,
    /// Least warm-up length in iterations (upstream: 100; short recipe: 0).
    pub warmup_min_iterations: usize,
    /// Learning rate of biases at the first iteration.
    pub warmup_bias_lr: f64,
    /// Momentum at the first iteration.
    pub warmup_momentum: f64,
    /// Last learning rate ÷ first.
    pub final_lr: f64,
    /// 0: one step a batch, or `accumulate` batches; else upstream's nominal batch (64): accumulate = max(round(nominal/batch), 1), reached during warm-up.
    pub nominal_batch: usize,
    /// Batches a step where `nominal_batch` is 0.
    pub accumulate: usize,
    /// Clip the global norm of the gradient; 0 is off.
    pub clip_norm: f64,
    /// Decay d of the averaged weights (0: none); at optimiser step t it is d·(1 − exp(−t / `ema_ramp`)).
    pub ema: f64,
    /// Optimiser steps over which the decay rises (upstream: 2000).
    pub ema_ramp: f64,
    /// Batch norm's momentum, PyTorch's meaning.
    pub bn_momentum: f64,
    /// Batch norm's epsilon.
    pub bn_eps: f64,
    /// Image augmentation.
    pub augment: Augment,
    /// Weights of the loss.
    pub loss: LossGains,
    /// Stop as diverged when the loss exceeds this (infinite: only when it is not finite).
    #[serde(with = "unbounded")]
    pub diverged_above: f64,
}

/// JSON has no infinity: it is written as null.
mod unbounded {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, s: S) -> Result<S::Ok, S::Error> {
        value.is_finite().then_some(*value).serialize(s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(d)?.unwrap_or(f64::INFINITY))
    }
}

/// Optimisers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// With Nesterov momentum.
    Sgd,
    /// L2 in the gradient.
    Adam,
    /// Decoupled weight decay.
    AdamW,
}

/// Schedules of the learning rate, stepped once an epoch as upstream does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Always `lr`.
    Constant,
    /// lf = (1 − e/E)(1 − final) + final.
    Linear,
    /// lf = (1 − cos(πe/E))/2 · (final − 1) + 1.
    Cosine,
}

/// Augmentation. For detectors upstream's names and meanings; `crop`, `area` and `cutout` are for classifiers, which of the
/// others read the hue, saturation, value and flips.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Augment {
    /// Probability of a four-image mosaic.
    pub mosaic: f64,
    /// Probability of mix-up, after a mosaic.
    pub mixup: f64,
    /// ± share.
    pub scale: f64,
    /// ± share of the image.
    pub translate: f64,
    /// ± degrees.
    pub degrees: f64,
    /// ± degrees.
    pub shear: f64,
    /// ± share of hue.
    pub hsv_h: f64,
    /// ± share of saturation.
    pub hsv_s: f64,
    /// ± share of value.
    pub hsv_v: f64,
    /// Probability.
    pub flip_lr: f64,
    /// Probability.
    pub flip_ud: f64,
    /// Padding in pixels out of which a picture is cropped at random; 0: none.
    #[serde(default)]
    pub crop: usize,
    /// Least share of the image's area that a random-resized crop takes; 1: none.
    #[serde(default = "whole")]
    pub area: f64,
    /// Side in pixels of a square that is blanked at random; 0: none.
    #[serde(default)]
    pub cutout: usize,
}

impl Augment {
    /// Images as they are.
    pub const NONE: Augment = Augment {
        mosaic: 0.0,
        mixup: 0.0,
        scale: 0.0,
        translate: 0.0,
        degrees: 0.0,
        shear: 0.0,
        hsv_h: 0.0,
        hsv_s: 0.0,
        hsv_v: 0.0,
        flip_lr: 0.0,
        flip_ud: 0.0,
        crop: 0,
        area: 1.0,
        cutout: 0,
    };
}

fn whole() -> f64 {
    1.0
}

/// The loss: gains of detection, before upstream's scaling by levels and classes, and the smoothing of classification.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LossGains {
    /// CIoU.
    pub r#box: f64,
    /// Objectness.
    pub obj: f64,
    /// Classes.
    pub cls: f64,
    /// Whether the objectness gain is scaled by (size/640)².
    pub obj_by_size: bool,
    /// Whether the gain of classes is scaled by classes ÷ 80.
    pub cls_by_classes: bool,
    /// Classification: the share of the truth that is spread over all classes.
    #[serde(default)]
    pub label_smoothing: f64,
}
