//! Choices that trainings read: of a search over networks and recipes together.
//!
//! The network does not read them, so a space makes them only where it is told that a search does. What a training does with
//! them is not known here.

use super::sample::Sample;
use super::space::Space;
use super::structure::Trained;
use crate::base::{Canon, Digest};
use crate::document::RecipeValue;
use std::collections::BTreeMap;

impl Space {
    /// The same space, in which choices are made that trainings read: by label, the numbers of recipes that read them. Labels
    /// that it does not know are left out.
    #[must_use]
    pub fn with_recipe(&self, read: &BTreeMap<String, Vec<String>>) -> Space {
        let mut space = self.clone();
        let declared = space.structure.decisions.iter().enumerate().filter(|(_, d)| d.shared);
        let trained = declared.filter_map(|(decision, d)| Some(Trained { decision, reads: read.get(&d.label)?.clone() })).collect();
        space.structure.trained = trained;
        space.structure.address();
        space.size = space.structure.size();
        space.envelope = Default::default();
        space
    }

    /// What a sample has for the choices that trainings read; those that it does not make are left out.
    pub fn recipe(&self, sample: &Sample) -> Vec<RecipeValue> {
        let value = |trained: &Trained| {
            let decision = &self.structure.decisions[trained.decision];
            let value = decision.options.get(sample.option(trained.decision)?)?.parse().ok()?;
            Some(RecipeValue { label: decision.label.clone(), reads: trained.reads.clone(), value, built: decision.read })
        };
        self.structure.trained.iter().filter_map(value).collect()
    }

    /// What names the candidate of a sample: the digest of its network, and what its trainings read.
    pub fn candidate(&self, sample: &Sample, architecture: Digest) -> Digest {
        let recipe = self.recipe(sample);
        match recipe.is_empty() {
            true => architecture,
            false => Canon::List(vec![architecture.into(), recipe_canon(&recipe)]).digest(),
        }
    }
}

/// What trainings read, without names.
pub fn recipe_canon(values: &[RecipeValue]) -> Canon {
    let mut all: Vec<(&[String], f64)> = values.iter().map(|v| (&v.reads[..], v.value)).collect();
    all.sort_by(|a, b| a.0.cmp(b.0).then(a.1.total_cmp(&b.1)));
    Canon::List(all.into_iter().map(|(reads, value)| Canon::List(vec![reads.join(" ").into(), value.into()])).collect())
}
