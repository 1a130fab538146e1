//! A pipeline as typed values: what the rest of the program reads. Every field that an error may point at has its span.

mod data;
mod evaluate;
mod fed;
mod links;
mod metric;
mod own;
mod prune;
mod recipe;
mod search;
mod select;
mod stage;
mod table;
mod task;
mod teacher;
mod train;
mod tuned;
mod untrained;

pub use data::*;
pub use evaluate::*;
pub use fed::*;
pub use links::{AnswerLinks, Links, StageId};
pub use metric::*;
pub use own::*;
pub use prune::*;
pub use recipe::*;
pub use search::*;
pub use select::*;
pub use stage::*;
pub use table::*;
pub use task::*;
pub use teacher::*;
pub use train::*;
pub use tuned::*;
pub use untrained::*;

pub use super::tree::Sources;

use super::diagnostic::Diagnostic;
use super::tree::{Span, Spanned};

/// A decoded, cross-checked pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its texts, for diagnostics.
    pub sources: Sources,
    /// `pipeline "name"`.
    pub name: String,
    /// `pipeline … seed=` [0]: seeds proposals.
    pub seed: u64,
    /// `data` nodes in the order of the file.
    pub data: Vec<Data>,
    /// `space` nodes.
    pub spaces: Vec<SpaceNode>,
    /// Stages in an order in which each comes after those that it reads (the `objective` edge apart).
    pub stages: Vec<Stage>,
    /// Which stages their names mean.
    pub links: Links,
    /// What the file is for.
    pub answer: Option<Answer>,
    /// Every value as it is written, parameters put in: place → value (`train "short".epochs` → `12`).
    pub written: Vec<(String, String)>,
    /// What the reader should know, in the order of the files; errors give no pipeline.
    pub warnings: Vec<Diagnostic>,
}

impl Pipeline {
    /// The space whose supernet a stage trains; none where it trains models, or is no `train`.
    pub fn supernet(&self, stage: &Stage) -> Option<&SpaceNode> {
        supernet(stage, &self.spaces)
    }

    /// The folds that a stage reads, where it reads any.
    pub fn folds(&self, stage: &Stage) -> Option<&Folds> {
        let (data, folds) = stage.folds()?;
        self.data.iter().find(|d| d.name.value == data.value)?.folds(&folds.value)
    }

    /// How often a `train` trains each of its models: once a seed, over folds once a fold and seed.
    pub fn runs(&self, train: StageId) -> usize {
        let stage = &self.stages[train];
        let folds = self.folds(stage).map_or(1, |folds| folds.count.value);
        stage.train().map_or(1, |train| train.seeds.max(1) * folds)
    }

    /// The declaration of a metric that a command measures, wherever it stands.
    pub fn own_metric(&self, metric: &Metric) -> Option<&OwnMetric> {
        let all = self.stages.iter().filter_map(|s| s.evaluate()).flat_map(|e| &e.own);
        all.into_iter().find(|own| own.metric.value == *metric)
    }

    /// The stage of this name.
    pub fn stage(&self, name: &str) -> Option<StageId> {
        self.links.id(name)
    }
}

/// The space among these that a `train` makes a supernet of.
pub(super) fn supernet<'a>(stage: &Stage, spaces: &'a [SpaceNode]) -> Option<&'a SpaceNode> {
    stage.train()?;
    stage.from.iter().find_map(|f| spaces.iter().find(|s| s.name.value == f.value))
}
