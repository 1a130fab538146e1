//! `train` with a `runner`: one run of a command for each model and seed, and over folds for each fold.

use super::super::action::{Action, Kind};
use super::super::command::{Command, RunnerWork};
use super::super::engine::{Engine, Known};
use super::super::model::{SeedRun, Slot, State, Step, Trained};
use super::super::warm::Start;
use super::super::work::{TrainWork, Trainee, Work};
use super::folds::{Part, note};
use crate::base::{Canon, Digest};
use crate::document::{Recipe, Runner, Train};
use crate::results::Outcome;

impl Engine<'_> {
    /// As [`Engine::train`], where a command trains: it has no rungs, so that epochs are part of what is asked for.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn train_by_command(
        &mut self,
        index: usize,
        train: &Train,
        runner: &Runner,
        mut slot: Slot,
        parts: &[Part],
        start: &Start,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
    ) -> Slot {
        let recipe = train.recipe_of(&slot.model.recipe);
        let used = self.commands.runners.get(&self.pipeline.stages[index].name.value);
        let work = RunnerWork {
            command: Command::new(&runner.command, used),
            reports: runner.reports.iter().map(|m| m.value.name()).collect(),
            weights: runner.weights,
        };
        let mut trained = Trained { stage: index, epochs: train.epochs, runs: Vec::new(), read: train.read_of(&slot.model.recipe) };
        let mut state = State::Ready;
        let seeds = (0..train.seeds.max(1) as u64).map(|k| train.seed.wrapping_add(k));
        for (part, seed) in parts.iter().flat_map(|part| seeds.clone().map(move |seed| (part, seed))) {
            let action = self.runner_action(train, &work, &recipe, &slot, part, start, seed);
            let key = action.key();
            let outcome = known.outcome(key);
            let fold = part.fold.as_ref().map(|f| f.index);
            // Nothing goes on from what a command left: its chain is itself.
            slot.steps.push(Step { action: action.clone(), key, known: outcome.is_some(), chain: Some(key), fold });
            match outcome {
                Some(Outcome::Diverged { reason, .. }) => state = State::Failed(reason),
                Some(Outcome::Trained(t)) => trained.runs.push(SeedRun {
                    seed,
                    key,
                    weights: t.weights,
                    fold: part.fold.clone(),
                    reported: t.reported,
                    checkpoint: t.checkpoint,
                }),
                _ => match known.given_up(key) {
                    Some(reason) => state = State::Failed(reason),
                    None => {
                        if !matches!(state, State::Failed(_)) {
                            state = State::Pending;
                        }
                        works.push(self.runner_work(index, train, &work, &slot, part, start, seed, action, key));
                    }
                },
            }
        }
        if state == State::Ready {
            slot.model.points = [(train.epochs, trained.clone())].into();
            slot.model.trained = Some(trained);
            slot.model.figures.clear();
            slot.model.subnet = None;
            let links = &self.pipeline.links;
            slot.model.raced = slot.model.raced.filter(|raced| links.reaches(index, raced.stage));
        }
        Slot { state, ..slot }
    }

    /// What runs, when it does.
    #[allow(clippy::too_many_arguments)]
    fn runner_work(
        &self,
        index: usize,
        train: &Train,
        work: &RunnerWork,
        slot: &Slot,
        part: &Part,
        start: &Start,
        seed: u64,
        action: Action,
        key: Digest,
    ) -> Work {
        let recipe = train.recipe_of(&slot.model.recipe);
        let images = train.taken(part.images);
        let detail = note(part.fold.as_ref(), (train.seeds > 1).then_some(seed));
        let candidate = part.fold.as_ref().map_or(&slot.model.candidate, |fold| &fold.candidate);
        Work::Train(Box::new(TrainWork {
            request: self.request(index, action.clone(), key, Some(slot.model.label()), detail),
            chain: key,
            trainee: Trainee::Candidate(candidate.clone()),
            data: (train.data.value.clone(), part.split.clone()),
            per_epoch: images.div_ceil(recipe.batch.max(1)).max(1),
            recipe,
            seed,
            init: start.weights(seed),
            transfer: start.transfer().cloned(),
            images: (images < part.images).then_some(images),
            rungs: vec![(train.epochs, action)],
            resume: None,
            stateless: None,
            checkpoint: None,
            teacher: None,
            runner: Some(work.clone()),
            rung: false,
        }))
    }

    /// The action whose result is what the command leaves. Its bits are the command's matter, so no class of numerics is in it.
    #[allow(clippy::too_many_arguments)]
    fn runner_action(
        &self,
        train: &Train,
        work: &RunnerWork,
        recipe: &Recipe,
        slot: &Slot,
        part: &Part,
        start: &Start,
        seed: u64,
    ) -> Action {
        let candidate = part.fold.as_ref().map_or(&slot.model.candidate, |fold| &fold.candidate);
        let mut inputs = vec![("architecture", candidate.digest), ("split", part.digest), ("uses", work.command.used.digest())];
        inputs.extend(start.weights(seed).map(|i| ("init", i)));
        let mut config = vec![
            ("command".to_string(), work.command.canon()),
            ("reports".to_string(), work.reports.clone().into()),
            ("weights".to_string(), work.weights.into()),
            ("epochs".to_string(), train.epochs.into()),
        ];
        config.extend(self.read(train, recipe, candidate.image_size(), part));
        config.extend(start.canon());
        Action { kind: Kind::Train, config: Canon::Map(config), inputs, seed: Some(seed), numerics: None }
    }
}
