//! `train`: a chain over iterations for each model and seed, and over folds for each fold.

use super::super::action::{Action, Kind};
use super::super::engine::{Engine, Known};
use super::super::model::{Model, SeedRun, Slot, State, Step, Trained};
use super::super::warm::Start;
use super::super::work::{Resume, TrainWork, Work};
use super::folds::{Part, note};
use crate::base::{Canon, Digest};
use crate::document::{Recipe, Train};
use crate::results::Outcome;
use std::collections::BTreeMap;

impl Engine<'_> {
    pub(in super::super) fn train(
        &mut self,
        index: usize,
        train: &Train,
        mut slot: Slot,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
    ) -> Slot {
        let name = self.pipeline.stages[index].name.value.clone();
        slot.model.via.insert(name.clone());
        let parts = match self.parts(index, train, &slot.model) {
            Ok(parts) => parts,
            Err(why) => return Slot { state: State::Failed(why), ..slot },
        };
        let recipe = train.recipe_of(&slot.model.recipe);
        let rungs = self.rungs(index, train, &slot.model);
        let mut state = State::Ready;
        let point = |&epochs: &usize| Trained { stage: index, epochs, runs: Vec::new(), read: train.read_of(&slot.model.recipe) };
        let mut points: Vec<Trained> = rungs.iter().map(point).collect();
        let start = match &train.prune {
            Some(how) => self.pruned(index, how, &mut slot, known, works),
            None => self.initial(index, train, &mut slot, known, works),
        };
        let start = match start {
            Ok(start) => start,
            Err(state) => return Slot { state, ..slot },
        };
        if let Some(runner) = &train.runner {
            return self.train_by_command(index, train, &runner.value, slot, &parts, &start, known, works);
        }
        let teaching = match self.teaching(index, train) {
            Ok(teaching) => teaching,
            Err(state) => return Slot { state, ..slot },
        };
        let seeds = (0..train.seeds.max(1) as u64).map(|k| train.seed.wrapping_add(k));
        for (part, seed) in parts.iter().flat_map(|part| seeds.clone().map(move |seed| (part, seed))) {
            let init = start.weights(seed);
            let transfer = start.transfer();
            // The weights of a supernet learn from what is not held out for its choices.
            let images = train.taken(part.images);
            let per_epoch = train.iterations(images, recipe.batch);
            let lesson = match teaching.as_ref().map(|t| self.lesson(t, &slot.model, part, seed)).transpose() {
                Ok(lesson) => lesson,
                Err(why) => {
                    state = State::Failed(why);
                    continue;
                }
            };
            let action = |iteration: usize| {
                let mut action = self.train_action(train, &recipe, &slot.model, part, &start, seed, iteration as u64);
                lesson.iter().for_each(|lesson| lesson.enter(&mut action));
                action
            };
            let actions: Vec<(usize, Action)> = rungs.iter().map(|&epochs| (epochs, action(epochs * per_epoch))).collect();
            let keys: Vec<Digest> = actions.iter().map(|(_, a)| a.key()).collect();
            let outcomes: Vec<_> = keys.iter().map(|k| known.outcome(*k)).collect();
            let chain = action(0).key();
            let mut missing = false;
            for (i, outcome) in outcomes.iter().enumerate() {
                let (action, fold) = (actions[i].1.clone(), part.fold.as_ref().map(|f| f.index));
                slot.steps.push(Step { action, key: keys[i], known: outcome.is_some(), chain: Some(chain), fold });
                match outcome {
                    Some(Outcome::Diverged { reason, .. }) => state = State::Failed(reason.clone()),
                    Some(Outcome::Trained(t)) => points[i].runs.push({
                        let (key, weights, fold) = (keys[i], t.weights, part.fold.clone());
                        SeedRun { seed, key, weights, fold, reported: BTreeMap::new(), checkpoint: None }
                    }),
                    _ => missing = true,
                }
            }
            if !missing || matches!(state, State::Failed(_)) {
                continue;
            }
            // From the first rung that is missing to the last that is: what lies beyond is known already.
            let lacks = |o: &Option<Outcome>| o.as_ref().is_none_or(|o| o.weights().is_none());
            let (Some(first_missing), Some(last_missing)) = (outcomes.iter().position(lacks), outcomes.iter().rposition(lacks)) else {
                continue;
            };
            let (last, key) = (actions[last_missing].1.clone(), keys[last_missing]);
            if let Some(reason) = known.given_up(key) {
                state = State::Failed(reason);
                continue;
            }
            let known_points = known.chain(chain);
            let end = (rungs[last_missing] * per_epoch) as u64;
            if let Some(reason) = known_points.iter().filter(|p| p.iteration < end).find_map(|p| p.diverged.clone()) {
                state = State::Failed(reason);
                continue;
            }
            state = State::Pending;
            let limit = (rungs[first_missing] * per_epoch) as u64;
            let checkpoint = known_points.iter().filter(|p| p.key == chain && p.iteration < end).map(|p| p.iteration).max();
            let reached = known_points.iter().filter(|p| p.key != chain && p.diverged.is_none() && p.iteration < limit);
            let reached = reached.map(|p| p.iteration).max();
            let resume = known_points
                .into_iter()
                // A point at the very end has its state, and has lost its weights: they come of the state.
                .filter(|p| p.iteration <= limit)
                .filter_map(|p| p.state.map(|state| Resume { iteration: p.iteration, state, key: p.key }))
                .max_by_key(|r| r.iteration);
            let start = resume.as_ref().map_or(0, |r: &Resume| r.iteration).max(checkpoint.unwrap_or(0));
            let stateless = reached.filter(|at| *at > start);
            let mut detail = note(part.fold.as_ref(), (train.seeds > 1).then_some(seed));
            let rung = slot.model.raced.as_ref().is_some_and(|raced| raced.stage == index);
            if rung {
                detail += &format!(", to epoch {}", rungs[last_missing]);
            }
            // A supernet has no other name than its stage.
            let named = slot.model.supernet.is_none().then(|| slot.model.label());
            works.push(Work::Train(Box::new(TrainWork {
                request: self.request(index, last, key, named, detail),
                chain,
                trainee: self.trainee(train, &slot.model, part),
                data: (train.data.value.clone(), part.split.clone()),
                recipe: recipe.clone(),
                seed,
                init,
                transfer: transfer.cloned(),
                per_epoch,
                images: (images < part.images).then_some(images),
                rungs: actions[first_missing..=last_missing].to_vec(),
                resume,
                stateless,
                checkpoint,
                teacher: lesson,
                runner: None,
                rung,
            })));
        }
        if state == State::Ready {
            slot.model.points = points.iter().map(|t| (t.epochs, t.clone())).collect();
            slot.model.trained = points.pop();
            slot.model.figures.clear();
            slot.model.subnet = None;
            // Trained by another stage, it stands where that one leaves it.
            let links = &self.pipeline.links;
            slot.model.raced = slot.model.raced.filter(|raced| raced.stage == index || links.reaches(index, raced.stage));
        }
        Slot { state, ..slot }
    }

    /// Epochs at which weights are asked for: those of evaluate stages that read this training, and its end; of a trial of a search
    /// that stops early those of its rungs, as far as it was sent.
    fn rungs(&self, index: usize, train: &Train, model: &Model) -> Vec<usize> {
        let raced = model.raced.as_ref().filter(|raced| raced.stage == index).map_or(&[][..], |raced| &raced.rungs);
        let end = raced.last().copied().unwrap_or(train.epochs);
        let name = &self.pipeline.stages[index].name.value;
        let mut rungs: Vec<usize> = self
            .pipeline
            .stages
            .iter()
            .filter(|s| s.from.iter().any(|f| &f.value == name))
            .filter_map(|s| s.evaluate())
            .flat_map(|e| e.at.clone())
            .filter(|&e| e < end)
            .chain(raced.iter().copied())
            .chain([end])
            .collect();
        rungs.sort_unstable();
        rungs.dedup();
        rungs
    }

    /// What every training reads beside its inputs, whoever trains: how images come to it, and the recipe.
    pub(super) fn read(&self, train: &Train, recipe: &Recipe, image_size: usize, part: &Part) -> Vec<(String, Canon)> {
        let decoder = self.data.get(&train.data.value).map(|d| d.decoder.clone());
        let mut config = vec![
            ("image-size".to_string(), image_size.into()),
            ("decoder".to_string(), decoder.into()),
            ("recipe".to_string(), super::super::recipe::canon(recipe)),
        ];
        let taken = train.taken(part.images);
        if taken < part.images {
            config.push(("images".to_string(), taken.into()));
        }
        config
    }

    /// The action whose result is the weights after `iteration` iterations; 0 stands for the chain itself.
    fn train_action(&self, train: &Train, recipe: &Recipe, model: &Model, part: &Part, start: &Start, seed: u64, iteration: u64) -> Action {
        let candidate = part.fold.as_ref().map_or(&model.candidate, |fold| &fold.candidate);
        let subject = if model.supernet.is_some() { "space" } else { "architecture" };
        let mut inputs = vec![(subject, candidate.digest), ("split", part.digest)];
        inputs.extend(start.weights(seed).map(|i| ("init", i)));
        let mut config = vec![("iteration".to_string(), iteration.into())];
        config.extend(self.read(train, recipe, candidate.image_size(), part));
        if model.supernet.is_some() {
            config.extend(super::supernet::config(train));
        }
        config.extend(start.canon());
        Action { kind: Kind::Train, config: Canon::Map(config), inputs, seed: Some(seed), numerics: Some(self.numerics.clone()) }
    }
}
