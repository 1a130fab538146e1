//! `train`: what is trained how, and from where.

use super::{Prune, Recipe, RecipeChoice, RecipeValue, Runner, Spanned, Teacher};
use std::collections::BTreeMap;

/// A `train` stage: the recipe as resolved from `recipe` and the lines that override it.
#[derive(Clone, Debug)]
pub struct Train {
    /// `data "name"`.
    pub data: Spanned<String>,
    /// `split=`; under `folds=` the split that is cut.
    pub split: Spanned<String>,
    /// `folds=`: trained once a fold, without its images.
    pub folds: Option<Spanned<String>>,
    /// Everything that decides what an iteration computes; what a space chooses, as its reference has it.
    pub recipe: Recipe,
    /// What a space chooses of it.
    pub choices: Vec<RecipeChoice>,
    /// `epochs N`.
    pub epochs: usize,
    /// `min-iterations N`: `epochs` rises to as many as reach these, once the images are counted.
    pub min_iterations: Option<Spanned<usize>>,
    /// `images=` [1]: the share of the split that is trained on.
    pub images: f64,
    /// True where `schedule over=` was left out, so that `plan` can warn.
    pub over_is_epochs: bool,
    /// `init` [scratch].
    pub init: Init,
    /// `seed` [0].
    pub seed: u64,
    /// `seeds N` [1]: seed, seed+1, ….
    pub seeds: usize,
    /// `budget epochs=`: what may be trained at this stage in all, those of every seed counted, known ones too.
    pub budget: Option<Spanned<usize>>,
    /// Whether `init` was written.
    pub init_written: bool,
    /// The method, where a space is trained as one supernet.
    pub method: Option<crate::document::method::Named>,
    /// Its numbers, with `holdout` and `penalty`; at the method's word.
    pub oneshot: Option<Spanned<crate::document::OneShot>>,
    /// `prune`: the incoming network is made smaller first.
    pub prune: Option<Prune>,
    /// `teacher "big"`: a trained network that is learned from, beside the labels.
    pub teacher: Option<Teacher>,
    /// `runner command { … }`: a trainer of one's own, in place of nasflow's.
    pub runner: Option<Spanned<Runner>>,
}

/// What a training starts from.
#[derive(Clone, Debug, PartialEq)]
pub enum Init {
    /// Fresh weights.
    Scratch,
    /// The incoming model's own trained weights; the optimiser starts anew.
    Continue,
    /// The weights that the incoming model has in its supernet.
    Inherit,
    /// `from="name" match=`: those of another training, of one network or of a supernet.
    From(Spanned<String>, Matching),
    /// `file="weights.safetensors" match=`: those of a file; the path as the disk knows it.
    File(Spanned<String>, Matching),
}

/// Which of other weights a training takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// `names`: tensors of one place and shape.
    Names,
    /// `overlap`: also the common part of tensors of one place.
    Overlap,
}

impl Train {
    /// The stages that it waits for beside its `from`: whose weights it starts from, and who teaches it.
    pub fn waits(&self) -> impl Iterator<Item = &Spanned<String>> {
        let start = match &self.init {
            Init::From(name, _) => Some(name),
            _ => None,
        };
        start.into_iter().chain(self.teacher.as_ref().and_then(|t| t.stage()))
    }

    /// How many of a split's images are trained on: the first in the order of their digests, so that a smaller share is part of a
    /// larger one; at least one.
    pub fn taken(&self, images: usize) -> usize {
        ((images as f64 * self.images).round() as usize).clamp(1.min(images), images)
    }

    /// Iterations (batches) of an epoch over so many images, of which some are held out for the choices of a supernet.
    pub fn iterations(&self, images: usize, batch: usize) -> usize {
        let held = self.oneshot.as_ref().map_or(0, |o| o.value.held_out(images));
        (images - held).div_ceil(batch.max(1)).max(1)
    }

    /// Takes as many epochs as reach `min-iterations` with the largest batch, where the split has so many images; says how many where these
    /// are more than are written.
    pub fn lengthen(&mut self, images: usize) -> Option<usize> {
        let least = self.min_iterations.as_ref()?.value;
        let epochs = least.div_ceil(self.iterations(self.taken(images), self.largest_batch()));
        if epochs <= self.epochs {
            return None;
        }
        self.epochs = epochs;
        if self.over_is_epochs {
            self.recipe.over = epochs as f64;
        }
        Some(epochs)
    }

    /// The recipe for a model that has these values; of those that it lacks, the reference's.
    pub fn recipe_of(&self, values: &[RecipeValue]) -> Recipe {
        let mut recipe = self.recipe.clone();
        for choice in &self.choices {
            (choice.field.set)(&mut recipe, choice.of(values));
        }
        recipe
    }

    /// What is chosen of that recipe, by name.
    pub fn chosen_of(&self, values: &[RecipeValue]) -> BTreeMap<String, f64> {
        self.choices.iter().map(|choice| (choice.field.path(), choice.of(values))).collect()
    }

    /// The most images that a batch of it may have.
    pub fn largest_batch(&self) -> usize {
        let chosen = self.choices.iter().find(|c| c.field.path() == "batch").map(|c| c.largest as usize);
        chosen.unwrap_or(0).max(self.recipe.batch)
    }

    /// Of these values, those that this training reads.
    pub fn read_of(&self, values: &[RecipeValue]) -> Vec<RecipeValue> {
        values.iter().filter(|v| self.choices.iter().any(|c| c.label.value == v.label)).cloned().collect()
    }
}
