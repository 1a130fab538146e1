//! `earlier` of a sample: the results of a file, as its search knows them.

use super::super::earlier::{Earlier, Trial};
use super::super::engine::Engine;
use super::super::way::way;
use crate::document::{Sample, StageId};
use crate::search::{self, Scores, Search, Told};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Engine<'_> {
    /// The same engine with the files of earlier results, by the stage that knows them.
    #[must_use]
    pub fn with_earlier(mut self, files: &BTreeMap<String, Arc<Earlier>>) -> Self {
        self.earlier.clone_from(files);
        self
    }

    /// What a sample knows before its first trial, and what is to be said of it.
    pub(super) fn known_before(&self, index: StageId, sample: &Sample, search: &Search) -> (Vec<(search::Known, Told)>, Vec<String>) {
        let Some(earlier) = self.earlier.get(&self.pipeline.stages[index].name.value) else { return Default::default() };
        let (mut known, mut notes) = (Vec::new(), Vec::new());
        for trial in &earlier.results.trials {
            let found = search.space().sample_named(&trial.choices).and_then(|s| search.candidate(s));
            let Some(ticket) = found.filter(|t| t.architecture.digest() == trial.network) else { continue };
            known.push((ticket.known(), told(sample, trial)));
        }
        let (all, name) = (earlier.results.trials.len(), &earlier.results.stage);
        if known.len() < all {
            notes.push(format!(
                "{} of the {all} earlier results of `{name}` are of no network of this space: they are left out",
                all - known.len()
            ));
        }
        let target = self.pipeline.links.objective[index];
        if target.is_some_and(|target| way(self.pipeline, self.data, &self.tables, target) != earlier.results.way) {
            notes.push(format!("the earlier results of `{name}` come of other training or other images than this search's"));
        }
        (known, notes)
    }
}

/// What a search is told of an earlier trial.
fn told(sample: &Sample, trial: &Trial) -> Told {
    let goals = sample.objective.iter().flat_map(|o| o.goals());
    let scores = goals.map(|(metric, maximize)| {
        let value = trial.figures.get(&metric.value.name()).copied()?;
        Some(if maximize { value } else { -value })
    });
    match scores.collect::<Option<Vec<f64>>>().as_deref() {
        _ if trial.failed.is_some() => Told::Failed,
        None | Some([]) => Told::Failed,
        Some([one]) => Told::Value(*one),
        Some(several) => Told::Values(Scores::new(several.iter().copied())),
    }
}
