//! Trials that are trained once more (`replicate`): beside the models of the stages, so that no search and no choice reads them.

use super::model::{Slot, State};
use crate::document::{Metric, Pipeline, StageId};

/// What a search trains once more, as far as it is known.
#[derive(Clone, Debug)]
pub struct Replicas {
    /// The `sample`.
    pub sample: StageId,
    /// The `evaluate` that its objective names.
    pub stage: StageId,
    /// The metric of the objective.
    pub metric: Metric,
    /// How many trials there will be, at most.
    pub of: usize,
    /// In the order of the tickets, from 0.
    pub trials: Vec<Replica>,
    /// Where the search stops its trials early: what they scored when they were measured first, whether replicated or not.
    pub first: Vec<FirstScore>,
}

/// One trial that is trained once more.
#[derive(Clone, Debug)]
pub struct Replica {
    /// What the stages from the search to its objective made of it, as far as it came.
    pub slots: Vec<(StageId, Slot)>,
    /// What it scored.
    pub score: Option<f64>,
}

impl Replica {
    /// Whether nothing more comes of it.
    pub fn is_done(&self) -> bool {
        self.score.is_some() || self.slots.last().is_some_and(|(_, slot)| matches!(slot.state, State::Failed(_)))
    }

    /// It, where it came last.
    pub fn last(&self) -> Option<&Slot> {
        self.slots.last().map(|(_, slot)| slot)
    }
}

/// What a trial scored when it was measured first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstScore {
    /// After how many epochs.
    pub epochs: usize,
    /// The metric; none while it is not known, or where the trial failed.
    pub score: Option<f64>,
}

impl Replicas {
    /// Whether all that are to be trained are.
    pub fn complete(&self) -> bool {
        self.trials.len() == self.of && self.trials.iter().all(Replica::is_done)
    }

    /// The scores of each network of its stage, those of its replica last; where the search stops early, after how many epochs: where most were
    /// trained twice, and of such the earliest.
    pub fn scores(&self, pipeline: &Pipeline, seen: &[Slot]) -> (Option<usize>, Vec<Vec<f64>>) {
        if self.first.is_empty() {
            return (None, self.beside(pipeline, seen));
        }
        let twice = |epochs: usize| {
            let both = self.first.iter().zip(&self.trials).filter(|(f, r)| f.epochs == epochs && f.score.is_some() && r.score.is_some());
            both.count()
        };
        let mut all: Vec<usize> = self.first.iter().map(|f| f.epochs).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        let Some(epochs) = all.into_iter().max_by_key(|&epochs| twice(epochs)) else { return (None, Vec::new()) };
        let again = |trial: usize| self.trials.get(trial).and_then(|replica| replica.score);
        let of = |(trial, first): (usize, &FirstScore)| {
            let own = first.score.filter(|_| first.epochs == epochs)?;
            Some(std::iter::once(own).chain(again(trial)).collect())
        };
        (Some(epochs), self.first.iter().enumerate().filter_map(of).collect())
    }

    /// Those of the models at the stage.
    fn beside(&self, pipeline: &Pipeline, seen: &[Slot]) -> Vec<Vec<f64>> {
        let name = &pipeline.stages[self.sample].name.value;
        let ready: Vec<&Slot> = seen.iter().filter(|s| s.state == State::Ready && s.model.cut().is_none()).collect();
        let figure = |slot: &Slot| slot.model.figures.get(&self.metric).map(super::Figure::by_seed);
        let mut scores: Vec<Vec<f64>> = ready.iter().map(|s| figure(s).unwrap_or_default()).collect();
        for (trial, replica) in self.trials.iter().enumerate() {
            let (Some(score), Some(again)) = (replica.score, replica.last()) else { continue };
            let own = ready.iter().position(|s| s.model.origin.0 == *name && s.model.origin.1 == trial);
            // Where two searches propose one network, it stands under the name that the first gave it.
            let same = |s: &&Slot| {
                s.model.candidate.digest == again.model.candidate.digest && s.model.candidate.recipe == again.model.candidate.recipe
            };
            if let Some(at) = own.or_else(|| ready.iter().position(same)) {
                scores[at].push(score);
            }
        }
        scores
    }
}
