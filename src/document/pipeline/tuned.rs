//! Recipes of which a space chooses some numbers: where each number goes, and what a model's own values make of a recipe.

use super::Recipe;
use crate::document::tree::{Node, Spanned, Value};

/// A number of a recipe, as a file names it.
#[derive(Debug)]
pub struct RecipeField {
    /// The line of a `train` that it stands in; empty: the `train` itself.
    pub line: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// Writes it. What the table of the language admits is taken.
    pub set: fn(&mut Recipe, f64),
}

impl RecipeField {
    const fn new(line: &'static str, name: &'static str, set: fn(&mut Recipe, f64)) -> Self {
        RecipeField { line, name, set }
    }

    /// `optimizer.lr`; `batch`.
    pub fn path(&self) -> String {
        match self.line {
            "" => self.name.to_string(),
            line => format!("{line}.{}", self.name),
        }
    }

    /// What stands for it in a `train`.
    pub fn written<'n>(&self, train: &'n Node) -> Option<&'n Spanned<Value>> {
        let node = if self.line.is_empty() { Some(train) } else { train.children.iter().find(|c| c.name.value == self.line) };
        node?.property(self.name)?.values.first()
    }
}

/// All numbers of a recipe that are one value: those that the table marks as `searched`.
pub static RECIPE_FIELDS: &[RecipeField] = &[
    RecipeField::new("", "batch", |r, x| r.batch = x as usize),
    RecipeField::new("", "clip-norm", |r, x| r.clip_norm = x),
    RecipeField::new("", "ema", |r, x| r.ema = x),
    RecipeField::new("", "ema-ramp", |r, x| r.ema_ramp = x),
    RecipeField::new("", "nominal-batch", |r, x| r.nominal_batch = x as usize),
    // Batches a step, whatever they hold: the nominal batch is off.
    RecipeField::new("", "accumulate", |r, x| (r.accumulate, r.nominal_batch) = (x as usize, 0)),
    RecipeField::new("batch-norm", "momentum", |r, x| r.bn_momentum = x),
    RecipeField::new("optimizer", "lr", |r, x| r.lr = x),
    RecipeField::new("optimizer", "momentum", |r, x| r.momentum = x),
    RecipeField::new("optimizer", "weight-decay", |r, x| r.weight_decay = x),
    RecipeField::new("schedule", "warmup", |r, x| r.warmup = x),
    RecipeField::new("schedule", "warmup-iterations", |r, x| r.warmup_min_iterations = x as usize),
    RecipeField::new("schedule", "warmup-bias-lr", |r, x| r.warmup_bias_lr = x),
    RecipeField::new("schedule", "warmup-momentum", |r, x| r.warmup_momentum = x),
    RecipeField::new("schedule", "final", |r, x| r.final_lr = x),
    RecipeField::new("loss", "box", |r, x| r.loss.r#box = x),
    RecipeField::new("loss", "obj", |r, x| r.loss.obj = x),
    RecipeField::new("loss", "cls", |r, x| r.loss.cls = x),
    RecipeField::new("loss", "label-smoothing", |r, x| r.loss.label_smoothing = x),
    RecipeField::new("augment", "mosaic", |r, x| r.augment.mosaic = x),
    RecipeField::new("augment", "mixup", |r, x| r.augment.mixup = x),
    RecipeField::new("augment", "scale", |r, x| r.augment.scale = x),
    RecipeField::new("augment", "translate", |r, x| r.augment.translate = x),
    RecipeField::new("augment", "degrees", |r, x| r.augment.degrees = x),
    RecipeField::new("augment", "shear", |r, x| r.augment.shear = x),
    RecipeField::new("augment", "hsv-h", |r, x| r.augment.hsv_h = x),
    RecipeField::new("augment", "hsv-s", |r, x| r.augment.hsv_s = x),
    RecipeField::new("augment", "hsv-v", |r, x| r.augment.hsv_v = x),
    RecipeField::new("augment", "flip-lr", |r, x| r.augment.flip_lr = x),
    RecipeField::new("augment", "flip-ud", |r, x| r.augment.flip_ud = x),
    RecipeField::new("augment", "crop", |r, x| r.augment.crop = x as usize),
    RecipeField::new("augment", "area", |r, x| r.augment.area = x),
    RecipeField::new("augment", "cutout", |r, x| r.augment.cutout = x as usize),
];

/// `lr=(choice)"rate"` in a `train`.
#[derive(Clone, Debug)]
pub struct RecipeChoice {
    /// Which number.
    pub field: &'static RecipeField,
    /// The label, where it is read.
    pub label: Spanned<String>,
    /// What it is for models whose space has no such choice: the reference of the first space that has one.
    pub reference: f64,
    /// The largest value that it may have.
    pub largest: f64,
}

impl RecipeChoice {
    /// What it is for a model that has these values.
    pub(super) fn of(&self, values: &[RecipeValue]) -> f64 {
        values.iter().find(|v| v.label == self.label.value).map_or(self.reference, |v| v.value)
    }
}

/// What a model has for a choice that trainings read.
#[derive(Clone, Debug, PartialEq)]
pub struct RecipeValue {
    /// The choice, for people and to find it.
    pub label: String,
    /// The numbers of recipes that read it, ascending: what it is, whatever its name.
    pub reads: Vec<String>,
    /// The value.
    pub value: f64,
    /// Whether the network reads it, too.
    pub built: bool,
}
