//! The canonical form of a training recipe: every field that an iteration reads, by name.

use crate::base::Canon;
use crate::document::{Augment, LossGains, Optimizer, Recipe, Schedule, Task};

/// Steps over which upstream's averaging rises.
const UPSTREAM_RAMP: f64 = 2000.0;

/// The recipe as it enters a key.
pub fn canon(recipe: &Recipe) -> Canon {
    let Recipe {
        task,
        batch,
        optimizer,
        lr,
        momentum,
        beta2,
        weight_decay,
        schedule,
        over,
        warmup,
        warmup_min_iterations,
        warmup_bias_lr,
        warmup_momentum,
        final_lr,
        nominal_batch,
        accumulate,
        clip_norm,
        ema,
        ema_ramp,
        bn_momentum,
        bn_eps,
        augment,
        loss,
        diverged_above,
    } = recipe;
    let optimizer_word = match optimizer {
        Optimizer::Sgd => "sgd",
        Optimizer::Adam => "adam",
        Optimizer::AdamW => "adamw",
    };
    let schedule_word = match schedule {
        Schedule::Constant => "constant",
        Schedule::Linear => "linear",
        Schedule::Cosine => "cosine",
    };
    // What a recipe does not read is left out, so that it changes no key.
    let horizon = if *schedule == Schedule::Constant { Canon::None } else { (*over).into() };
    let last = if *schedule == Schedule::Constant { Canon::None } else { (*final_lr).into() };
    let beta2 = if *optimizer == Optimizer::Sgd { Canon::None } else { (*beta2).into() };
    let accumulate = if *nominal_batch > 0 { Canon::None } else { (*accumulate).into() };
    Canon::map([
        ("batch", (*batch).into()),
        ("optimizer", optimizer_word.into()),
        ("lr", (*lr).into()),
        ("momentum", (*momentum).into()),
        ("beta2", beta2),
        ("weight-decay", (*weight_decay).into()),
        ("schedule", schedule_word.into()),
        ("over", horizon),
        ("final", last),
        ("warmup", (*warmup).into()),
        ("warmup-min-iterations", (*warmup_min_iterations).into()),
        ("warmup-bias-lr", (*warmup_bias_lr).into()),
        ("warmup-momentum", (*warmup_momentum).into()),
        ("nominal-batch", (*nominal_batch).into()),
        ("accumulate", accumulate),
        ("clip-norm", (*clip_norm).into()),
        ("ema", ema_canon(*ema, *ema_ramp)),
        ("batch-norm", Canon::map([("momentum", (*bn_momentum).into()), ("eps", (*bn_eps).into())])),
        ("augment", augment_canon(*task, augment)),
        ("loss", loss_canon(*task, loss)),
        ("diverged-above", (*diverged_above).into()),
    ])
}

/// Upstream's ramp is not written: keys from before it could be chosen stay.
fn ema_canon(decay: f64, ramp: f64) -> Canon {
    if decay == 0.0 || ramp == UPSTREAM_RAMP {
        return decay.into();
    }
    Canon::map([("decay", decay.into()), ("ramp", ramp.into())])
}

fn augment_canon(task: Task, a: &Augment) -> Canon {
    if task == Task::Classify {
        return Canon::map([
            ("crop", a.crop.into()),
            ("area", a.area.into()),
            ("hsv-h", a.hsv_h.into()),
            ("hsv-s", a.hsv_s.into()),
            ("hsv-v", a.hsv_v.into()),
            ("flip-lr", a.flip_lr.into()),
            ("flip-ud", a.flip_ud.into()),
            ("cutout", a.cutout.into()),
        ]);
    }
    Canon::map([
        ("mosaic", a.mosaic.into()),
        ("mixup", a.mixup.into()),
        ("scale", a.scale.into()),
        ("translate", a.translate.into()),
        ("degrees", a.degrees.into()),
        ("shear", a.shear.into()),
        ("hsv-h", a.hsv_h.into()),
        ("hsv-s", a.hsv_s.into()),
        ("hsv-v", a.hsv_v.into()),
        ("flip-lr", a.flip_lr.into()),
        ("flip-ud", a.flip_ud.into()),
    ])
}

/// What enters a key of a loss.
pub fn loss_canon(task: Task, l: &LossGains) -> Canon {
    if task == Task::Classify {
        return Canon::map([("label-smoothing", l.label_smoothing.into())]);
    }
    let mut entries = vec![("box", l.r#box.into()), ("obj", l.obj.into()), ("cls", l.cls.into()), ("obj-by-size", l.obj_by_size.into())];
    // Upstream's way is not written: keys from before there was another stay.
    if !l.cls_by_classes {
        entries.push(("cls-by-classes", false.into()));
    }
    Canon::Map(entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}
