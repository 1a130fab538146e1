//! A training's recipe as the lines of a `train`: the nearest named one, and what differs from it.

use super::text::number;
use crate::document::{Optimizer, Recipe, Schedule, recipes};

/// The names of recipes, the usual one first.
const NAMED: [&str; 3] = ["yolov5", "yolov5-short", "classify"];

/// The lines of a recipe for a training of so many epochs, without indentation.
pub fn lines(recipe: &Recipe, epochs: usize) -> Vec<String> {
    let fitting = NAMED.iter().filter_map(|name| Some((*name, recipes::named(name)?)));
    let fitting = fitting.filter(|(_, named)| named.task == recipe.task);
    let differing = |(name, named): (&'static str, Recipe)| (name, differences(recipe, &Recipe { over: epochs as f64, ..named }));
    let nearest = fitting.map(differing).min_by_key(|(_, lines)| lines.iter().map(|(_, values)| values.len()).sum::<usize>());
    let (name, mut lines) = nearest.unwrap_or(("yolov5", vec![]));
    let usual = recipes::named(name).map_or(recipe.beta2, |named| named.beta2);
    if recipe.beta2 != usual && recipe.optimizer != Optimizer::Sgd {
        betas(recipe, &mut lines);
    }
    let mut out = vec![format!("recipe {name}"), format!("epochs {epochs}")];
    for (line, values) in lines {
        match line {
            "" => out.extend(values.into_iter().map(|(name, value)| format!("{name} {value}"))),
            line => {
                let values: Vec<String> = values.into_iter().map(|(n, v)| if n.is_empty() { v } else { format!("{n}={v}") }).collect();
                out.push(format!("{line} {}", values.join(" ")));
            }
        }
    }
    out
}

/// Both betas are written where one of them is.
fn betas(recipe: &Recipe, lines: &mut Vec<(&'static str, Vec<Value>)>) {
    let both = format!("{{ betas {} {} }}", number(recipe.momentum), number(recipe.beta2));
    match lines.iter_mut().find(|(line, _)| *line == "optimizer") {
        Some((_, values)) => {
            values.retain(|(name, _)| *name != "momentum");
            values.push(("", both));
        }
        None => lines.push(("optimizer", vec![("", both)])),
    }
}

/// A value of a line: its name, empty for the one without, and how it is written.
type Value = (&'static str, String);

/// Lines by name, with their values that differ from another recipe's. The first line is the `train` itself.
fn differences(r: &Recipe, named: &Recipe) -> Vec<(&'static str, Vec<Value>)> {
    let (ours, theirs) = (values(r), values(named));
    let mut lines: Vec<(&'static str, Vec<Value>)> = Vec::new();
    for ((line, name, value), (.., usual)) in ours.into_iter().zip(theirs) {
        // What has no text belongs to the other of two ways.
        if value == usual || value.is_empty() {
            continue;
        }
        match lines.iter_mut().find(|(l, _)| *l == line) {
            Some((_, values)) => values.push((name, value)),
            None => lines.push((line, vec![(name, value)])),
        }
    }
    lines
}

/// Every value of a recipe: line, name, text.
fn values(r: &Recipe) -> Vec<(&'static str, &'static str, String)> {
    let n = number;
    let kind = match r.optimizer {
        Optimizer::Sgd => "sgd",
        Optimizer::Adam => "adam",
        Optimizer::AdamW => "adamw",
    };
    let schedule = match r.schedule {
        Schedule::Constant => "constant",
        Schedule::Linear => "linear",
        Schedule::Cosine => "cosine",
    };
    let flag = |b: bool| format!("#{b}");
    let mut all = vec![("", "batch", r.batch.to_string())];
    // The nominal batch and batches a step exclude each other.
    match r.nominal_batch {
        0 => all.extend([("", "nominal-batch", String::new()), ("", "accumulate", r.accumulate.to_string())]),
        nominal => all.extend([("", "nominal-batch", nominal.to_string()), ("", "accumulate", String::new())]),
    }
    all.extend([
        ("", "clip-norm", n(r.clip_norm)),
        ("", "ema", n(r.ema)),
        ("", "ema-ramp", n(r.ema_ramp)),
        ("optimizer", "", kind.into()),
        ("optimizer", "lr", n(r.lr)),
        ("optimizer", "momentum", n(r.momentum)),
        ("optimizer", "weight-decay", n(r.weight_decay)),
        ("schedule", "", schedule.into()),
        ("schedule", "over", n(r.over)),
        ("schedule", "warmup", n(r.warmup)),
        ("schedule", "warmup-iterations", r.warmup_min_iterations.to_string()),
        ("schedule", "warmup-bias-lr", n(r.warmup_bias_lr)),
        ("schedule", "warmup-momentum", n(r.warmup_momentum)),
        ("schedule", "final", n(r.final_lr)),
        ("batch-norm", "momentum", n(r.bn_momentum)),
        ("batch-norm", "eps", n(r.bn_eps)),
        ("augment", "mosaic", n(r.augment.mosaic)),
        ("augment", "mixup", n(r.augment.mixup)),
        ("augment", "scale", n(r.augment.scale)),
        ("augment", "translate", n(r.augment.translate)),
        ("augment", "degrees", n(r.augment.degrees)),
        ("augment", "shear", n(r.augment.shear)),
        ("augment", "hsv-h", n(r.augment.hsv_h)),
        ("augment", "hsv-s", n(r.augment.hsv_s)),
        ("augment", "hsv-v", n(r.augment.hsv_v)),
        ("augment", "flip-lr", n(r.augment.flip_lr)),
        ("augment", "flip-ud", n(r.augment.flip_ud)),
        ("augment", "crop", r.augment.crop.to_string()),
        ("augment", "area", n(r.augment.area)),
        ("augment", "cutout", r.augment.cutout.to_string()),
        ("loss", "box", n(r.loss.r#box)),
        ("loss", "obj", n(r.loss.obj)),
        ("loss", "cls", n(r.loss.cls)),
        ("loss", "obj-by-size", flag(r.loss.obj_by_size)),
        ("loss", "cls-by-classes", flag(r.loss.cls_by_classes)),
        ("loss", "label-smoothing", n(r.loss.label_smoothing)),
        ("diverged", "loss-above", if r.diverged_above.is_finite() { n(r.diverged_above) } else { String::new() }),
    ]);
    all
}
