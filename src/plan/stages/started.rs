//! `start` of a sample: the candidates that a search proposes first, known once the stages that it names are done.

use super::super::engine::{Engine, StageReplay};
use super::super::model::State;
use crate::base::Canon;
use crate::document;
use crate::space::{Sample, Space};

impl Engine<'_> {
    /// What a search follows from beside its space and its strategies: what it begins with, and what it is told of.
    pub(super) fn beside(&self, index: usize, sample: &document::Sample, start: &[Sample]) -> Canon {
        let start = start.iter().map(|sample| Canon::List(sample.pairs().map(|(d, o)| Canon::from(vec![d, o])).collect()));
        let earlier = self.earlier.get(&self.pipeline.stages[index].name.value).map(|earlier| earlier.digest);
        let goals = sample.objective.iter().flat_map(|o| o.goals());
        let goals = goals.map(|(metric, maximize)| Canon::List(vec![metric.value.name().into(), maximize.into()]));
        Canon::map([("start", Canon::List(start.collect())), ("earlier", earlier.into()), ("goals", Canon::List(goals.collect()))])
    }

    /// The candidates of the stages that a sample starts with, as samples of its space, and what is to be said of those that are none. An error is
    /// the replay of a sample that has to wait.
    pub(super) fn started(&self, index: usize, space: &Space, views: &[StageReplay]) -> Result<(Vec<Sample>, Vec<String>), StageReplay> {
        let (mut samples, mut notes) = (Vec::new(), Vec::new());
        for &stage in &self.pipeline.links.begins[index] {
            let done = views.get(stage).filter(|view| view.complete && view.slots.iter().all(|slot| slot.state != State::Pending));
            let Some(view) = done else { return Err(StageReplay { slots: Vec::new(), complete: false, notes: Vec::new() }) };
            let ready: Vec<_> = view.slots.iter().filter(|slot| slot.state == State::Ready).collect();
            let found: Vec<Sample> = ready.iter().filter_map(|slot| space.sample_named(&slot.model.candidate.choices)).collect();
            let (name, lacking) = (&self.pipeline.stages[stage].name.value, ready.len() - found.len());
            if lacking > 0 {
                notes.push(format!(
                    "{lacking} of the {} models of `{name}` are no networks of this space: it starts without them",
                    ready.len()
                ));
            } else if ready.is_empty() {
                notes.push(format!("`{name}` left no model: the search starts without any"));
            }
            samples.extend(found);
        }
        Ok((samples, notes))
    }
}
