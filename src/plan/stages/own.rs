//! Metrics by commands of one's own, and those that trainers of one's own report.

use super::super::Figure;
use super::super::action::{Action, Kind};
use super::super::command::Command;
use super::super::engine::{Engine, Known};
use super::super::evaluation::UNTRAINED_NORM;
use super::super::model::{SeedRun, Slot, State, Step};
use super::super::work::{CommandWork, Work};
use super::evaluate::{Found, pending};
use super::folds::run_note;
use crate::base::Canon;
use crate::document::{Evaluate, Metric};
use crate::results::Outcome;

/// The seed of the weights of networks that were never trained, where a command measures them.
const UNTRAINED: u64 = 0;

/// A network that a command measures.
struct One<'s> {
    index: usize,
    slot: &'s Slot,
    /// Its training; none where it has none.
    run: Option<&'s SeedRun>,
    note: String,
    data: Option<(String, String)>,
}

impl Engine<'_> {
    /// Adds the figures of such metrics; the state that the model is in then.
    pub(super) fn own_figures(
        &mut self,
        index: usize,
        evaluate: &Evaluate,
        slot: &mut Slot,
        mut state: State,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
    ) -> State {
        for metric in evaluate.metrics.iter().map(|m| &m.value).filter(|m| m.is_reported()) {
            match reported(slot, metric) {
                Ok(figure) => drop(slot.model.figures.insert(metric.clone(), figure)),
                Err(why) => state = State::Failed(why),
            }
        }
        for metric in evaluate.metrics.iter().map(|m| &m.value).filter(|m| m.is_by_command()) {
            let (mut values, mut whole) = (Vec::new(), true);
            let trained = slot.model.trained.clone();
            let runs: Vec<Option<&SeedRun>> = trained.as_ref().map_or(vec![None], |t| t.runs.iter().map(Some).collect());
            for run in runs {
                let note = trained.as_ref().zip(run).map_or(String::new(), |(t, run)| run_note(t, run));
                let data = match run.filter(|_| evaluate.data.is_some()).map(|run| self.measured_on(index, evaluate, run)) {
                    Some(Ok(Some(data))) => Some(data),
                    Some(Ok(None)) => continue,
                    Some(Err(why)) => {
                        (state, whole) = (State::Failed(why), false);
                        continue;
                    }
                    None => evaluate.data.as_ref().map(|(data, split)| (data.value.clone(), split.value.clone())),
                };
                let mut steps = std::mem::take(&mut slot.steps);
                let one = One { index, slot, run, note, data };
                let found = self.by_command(&one, metric, known, works, &mut steps);
                slot.steps = steps;
                match found {
                    Found::Known(value) => values.push(value),
                    Found::Pending => (state, whole) = (pending(state), false),
                    Found::Failed(why) => (state, whole) = (State::Failed(why), false),
                }
            }
            if whole {
                let folds = trained.as_ref().map_or(1, |t| t.folds());
                slot.model.figures.insert(metric.clone(), Figure { values, folds });
            }
        }
        state
    }

    /// What a command says of one network.
    fn by_command(&self, one: &One, metric: &Metric, known: &mut dyn Known, works: &mut Vec<Work>, steps: &mut Vec<Step>) -> Found<f64> {
        let Some(own) = self.pipeline.own_metric(metric) else { return Found::Failed(format!("nothing measures `{metric}`")) };
        let command = Command::new(&own.command, self.commands.metrics.get(&metric.name()));
        let model = &one.slot.model;
        let candidate = one.run.map_or(&model.candidate, |run| run.candidate(model));
        let train = model.trained.as_ref().and_then(|t| self.pipeline.stages[t.stage].train());
        let recipe = train.map(|t| t.recipe_of(&model.recipe));
        let weights = train.is_none_or(|t| t.runner.as_ref().is_none_or(|r| r.value.weights));
        let mut inputs = vec![("architecture", candidate.digest), ("uses", command.used.digest())];
        inputs.extend(one.run.map(|run| ("weights", run.weights)));
        if let Some(data) = &one.data {
            match self.images_of(data) {
                Ok((_, split)) => inputs.push(("split", split.digest)),
                Err(why) => return Found::Failed(why),
            }
        }
        // Batch norm's constants are part of the network that is written out.
        let norm = recipe.as_ref().map_or(UNTRAINED_NORM, |r| (r.bn_eps, r.bn_momentum));
        let config = [
            ("metric", metric.name().into()),
            ("command", command.canon()),
            ("batch-norm", Canon::map([("eps", norm.0.into()), ("momentum", norm.1.into())])),
        ];
        let seed = one.run.is_none().then_some(UNTRAINED);
        let action = Action { kind: Kind::Command, config: Canon::map(config), inputs, seed, numerics: None };
        let (key, found) = Found::output(&action, Outcome::value, known, steps);
        if !matches!(found, Found::Pending) {
            return found;
        }
        works.push(Work::Command(Box::new(CommandWork {
            request: self.request(one.index, action, key, Some(model.label()), one.note.clone()),
            metric: metric.clone(),
            command,
            candidate: candidate.clone(),
            weights: one.run.filter(|_| weights).map(|run| run.weights),
            seed: UNTRAINED,
            checkpoint: one.run.and_then(|run| run.checkpoint),
            norm,
            data: one.data.clone(),
            alone: own.alone,
        })));
        Found::Pending
    }
}

/// What the trainings of a model reported.
fn reported(slot: &Slot, metric: &Metric) -> Result<Figure, String> {
    let name = metric.name();
    let trained = slot.model.trained.as_ref().ok_or_else(|| format!("never trained: nobody reports `{name}`"))?;
    let of = |run: &SeedRun| run.reported.get(&name).copied().ok_or_else(|| format!("its training does not report `{name}`"));
    Ok(Figure { values: trained.runs.iter().map(of).collect::<Result<_, _>>()?, folds: trained.folds() })
}
