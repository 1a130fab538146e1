//! Models as they travel along the stages: an architecture, perhaps trained, perhaps measured.

use super::Figure;
use super::action::Action;
use super::candidate::Candidate;
use crate::base::{Canon, Digest};
use crate::document::{Metric, RecipeValue};
use crate::space::{Sample, Space, recipe_canon};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One trained copy of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedRun {
    /// The seed of weights and batches.
    pub seed: u64,
    /// The key of the training.
    pub key: Digest,
    /// The weights to evaluate.
    pub weights: Digest,
    /// Where it was trained without a fold: which.
    pub fold: Option<Fold>,
    /// What a trainer of one's own reported of it.
    pub reported: BTreeMap<String, f64>,
    /// The checkpoint that such a trainer left.
    pub checkpoint: Option<Digest>,
}

/// A fold that a training left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    /// From 0.
    pub index: usize,
    /// The network that was trained: the model's, with anchors of the images that are left, where its anchors are found in images.
    pub candidate: Arc<Candidate>,
}

impl SeedRun {
    /// The network that was trained for a model.
    pub fn candidate<'m>(&'m self, model: &'m Model) -> &'m Arc<Candidate> {
        self.fold.as_ref().map_or(&model.candidate, |fold| &fold.candidate)
    }
}

/// What a train stage gave a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The stage.
    pub stage: usize,
    /// Epochs so far.
    pub epochs: usize,
    /// One run a seed; over folds, every fold in its turn, and each with every seed.
    pub runs: Vec<SeedRun>,
    /// What it read of the model's own recipe.
    pub read: Vec<RecipeValue>,
}

impl Trained {
    /// Over how many folds; 1 where over none.
    pub fn folds(&self) -> usize {
        self.runs.iter().filter_map(|r| r.fold.as_ref()).map(|f| f.index + 1).max().unwrap_or(1)
    }
}

/// A network inside a supernet.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// The space.
    pub space: String,
    /// What was decided; only meaningful with that space.
    pub sample: Sample,
    /// What names the path: [`crate::space::Space::path`].
    pub path: Digest,
    /// The supernet's training: one run a seed.
    pub supernet: Trained,
}

/// How far a trial of a search that stops early is trained.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Raced {
    /// The `train` whose epochs are cut.
    pub stage: usize,
    /// The epochs at which it is measured, ascending, as far as it was sent; the last is where it stands.
    pub rungs: Vec<usize>,
    /// What a trial has that is never stopped.
    pub full: usize,
    /// Whether it may still go on.
    pub open: bool,
}

/// Where in a space a model was drawn.
#[derive(Debug)]
pub struct Drawn {
    /// The space.
    pub space: String,
    /// What was decided; only meaningful with that space.
    pub sample: Sample,
    /// That space as it was searched.
    pub searched: Arc<Space>,
}

impl Drawn {
    /// What names the sample.
    pub fn path(&self) -> Digest {
        self.searched.path(&self.sample)
    }
}

impl Raced {
    /// Where it stands.
    pub fn epochs(&self) -> usize {
        self.rungs.last().copied().unwrap_or(self.full)
    }
}

/// A model on its way.
#[derive(Clone, Debug)]
pub struct Model {
    /// What it is built of.
    pub candidate: Arc<Candidate>,
    /// The sample stage and ticket that proposed it, for people: `trials #12`.
    pub origin: (String, usize),
    /// What it has for choices that trainings still to come read.
    pub recipe: Vec<RecipeValue>,
    /// Its place in the space; none of what stands for a whole space.
    pub drawn: Option<Arc<Drawn>>,
    /// Its training, where it has one.
    pub trained: Option<Trained>,
    /// The supernet whose weights it has, where it was sampled from one and not trained since.
    pub subnet: Option<Arc<Subnet>>,
    /// The space, where this is no single network but the supernet of one.
    pub supernet: Option<String>,
    /// How far it is trained, where a search stops its trials early; none once it was trained again.
    pub raced: Option<Raced>,
    /// Trainings asked for on the way, by stage and epoch.
    pub points: BTreeMap<usize, Trained>,
    /// Names of the stages that it came through.
    pub via: BTreeSet<String>,
    /// Metric → figure, from the evaluate stages on the way (later ones win).
    pub figures: BTreeMap<Metric, Figure>,
}

impl Model {
    /// The identity: one candidate in one state.
    pub fn identity(&self) -> Digest {
        let of = |trained: &Trained| trained.runs.iter().map(|r| r.weights).collect::<Vec<Digest>>();
        if let (None, Some(subnet)) = (&self.trained, &self.subnet) {
            // Paths that build one network carry different weights.
            return Canon::List(vec![self.candidate.digest.into(), of(&subnet.supernet).into(), subnet.path.into()]).digest();
        }
        let weights = self.trained.as_ref().map(of).unwrap_or_default();
        let mut identity = vec![self.candidate.digest.into(), weights.into()];
        if !self.recipe.is_empty() {
            identity.push(recipe_canon(&self.recipe));
        }
        Canon::List(identity).digest()
    }

    /// Whether a decision of its candidate is part of it: of what only trainings read, its own has read it.
    pub fn has(&self, label: &str) -> bool {
        let is = |value: &RecipeValue| value.label == label && !value.built;
        !self.candidate.recipe.iter().any(is) || self.trained.as_ref().is_none_or(|t| t.read.iter().any(is))
    }

    /// How far it was trained, where that is by a search that stops early and not yet to the end.
    pub fn cut(&self) -> Option<&Raced> {
        let trained = |raced: &&Raced| self.trained.as_ref().is_some_and(|t| t.stage == raced.stage);
        self.raced.as_ref().filter(|raced| raced.epochs() < raced.full).filter(trained)
    }

    /// How far it came, to compare models by: those that were not stopped before their last epoch come first.
    pub fn reach(&self) -> usize {
        self.cut().map_or(usize::MAX, Raced::epochs)
    }

    /// `trials #12`; a supernet is called as its stage.
    pub fn label(&self) -> String {
        if self.supernet.is_some() {
            return self.origin.0.clone();
        }
        format!("{} #{}", self.origin.0, self.origin.1)
    }
}

/// How far a model is at a stage.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// The stage is done with it.
    Ready,
    /// It failed, as a result: why.
    Failed(String),
    /// Something must run first.
    Pending,
}

/// One action of a stage for one model, known or not.
#[derive(Clone, Debug)]
pub struct Step {
    /// The action.
    pub action: Action,
    /// Its key.
    pub key: Digest,
    /// Whether its result is known.
    pub known: bool,
    /// Of a training: its chain, which names the folder of its attempts.
    pub chain: Option<Digest>,
    /// Of a training over folds: the fold that it leaves out, from 0.
    pub fold: Option<usize>,
}

/// One model at one stage.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The model, as the stage leaves it (as it came, while pending).
    pub model: Model,
    /// How far it is.
    pub state: State,
    /// The actions of this stage for it, as far as their keys are known.
    pub steps: Vec<Step>,
}
