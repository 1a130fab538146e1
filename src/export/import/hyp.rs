//! Upstream's hyper-parameters as a recipe.

use super::yaml::{self, Node, shown};
use crate::document::{Recipe, recipes};

/// A number that nasflow has, too.
struct Known {
    key: &'static str,
    least: f64,
    most: f64,
    set: fn(&mut Recipe, f64),
}

const fn known(key: &'static str, least: f64, most: f64, set: fn(&mut Recipe, f64)) -> Known {
    Known { key, least, most, set }
}

/// All of them, with what the language admits.
const KNOWN: [Known; 23] = [
    known("lr0", 1e-12, 1e9, |r, x| r.lr = x),
    known("lrf", 0.0, 1e9, |r, x| r.final_lr = x),
    known("momentum", 0.0, 1.0, |r, x| r.momentum = x),
    known("weight_decay", 0.0, 1e9, |r, x| r.weight_decay = x),
    known("warmup_epochs", 0.0, 1e9, |r, x| r.warmup = x),
    known("warmup_momentum", 0.0, 1.0, |r, x| r.warmup_momentum = x),
    known("warmup_bias_lr", 0.0, 1e9, |r, x| r.warmup_bias_lr = x),
    known("box", 0.0, 1e9, |r, x| r.loss.r#box = x),
    known("cls", 0.0, 1e9, |r, x| r.loss.cls = x),
    known("obj", 0.0, 1e9, |r, x| r.loss.obj = x),
    known("hsv_h", 0.0, 1.0, |r, x| r.augment.hsv_h = x),
    known("hsv_s", 0.0, 1.0, |r, x| r.augment.hsv_s = x),
    known("hsv_v", 0.0, 1.0, |r, x| r.augment.hsv_v = x),
    known("degrees", 0.0, 180.0, |r, x| r.augment.degrees = x),
    known("translate", 0.0, 1.0, |r, x| r.augment.translate = x),
    known("scale", 0.0, 1.0, |r, x| r.augment.scale = x),
    known("shear", 0.0, 90.0, |r, x| r.augment.shear = x),
    known("flipud", 0.0, 1.0, |r, x| r.augment.flip_ud = x),
    known("fliplr", 0.0, 1.0, |r, x| r.augment.flip_lr = x),
    known("mosaic", 0.0, 1.0, |r, x| r.augment.mosaic = x),
    known("mixup", 0.0, 1.0, |r, x| r.augment.mixup = x),
    // No training reads the first; the second overrides how many anchors a level has, and here the data's boxes decide.
    known("iou_t", 0.0, 1.0, |_, _| {}),
    known("anchors", 0.0, 64.0, |_, _| {}),
];

/// Numbers that nasflow does not have, and what it trains as.
const FIXED: [(&str, f64); 6] =
    [("cls_pw", 1.0), ("obj_pw", 1.0), ("anchor_t", 4.0), ("fl_gamma", 0.0), ("perspective", 0.0), ("copy_paste", 0.0)];

/// The recipe `yolov5` with these numbers; what a file leaves out is the recipe's.
///
/// # Errors
/// The line, and what cannot be taken over.
pub fn recipe(text: &str) -> Result<Recipe, String> {
    let mut recipe = recipes::yolov5();
    for (key, node) in yaml::parse(text)? {
        one(&mut recipe, &key, &node)?;
    }
    Ok(recipe)
}

fn one(recipe: &mut Recipe, key: &str, node: &Node) -> Result<(), String> {
    let x = node.number(&format!("`{}`", shown(key)))?;
    if let Some(known) = KNOWN.iter().find(|k| k.key == key) {
        if !(known.least..=known.most).contains(&x) {
            return Err(node.error(format!("`{key}` is {x}; a number from {} to {} is expected", known.least, known.most)));
        }
        (known.set)(recipe, x);
        return Ok(());
    }
    match FIXED.iter().find(|(k, _)| *k == key) {
        Some((_, fixed)) if *fixed == x => Ok(()),
        Some((_, fixed)) => Err(node.error(format!("`{key}` is {x}; nasflow has no such number, and trains as with {fixed}"))),
        None => {
            let all: Vec<&str> = KNOWN.iter().map(|k| k.key).chain(FIXED.iter().map(|(k, _)| *k)).collect();
            Err(node.error(format!("`{}` is not known; known are {}", shown(key), all.join(", "))))
        }
    }
}
