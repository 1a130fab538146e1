//! `teacher` of a `train`: whose outputs each training of a model learns from.

use super::super::candidate::Candidate;
use super::super::engine::Engine;
use super::super::lesson::Lesson;
use super::super::model::{Model, SeedRun, State};
use super::folds::Part;
use crate::base::Digest;
use crate::document::{Distillation, Task, TeacherFrom, Train};
use crate::space::same_outputs;
use std::sync::Arc;

/// The network that a stage's `teacher` names, with all its weights.
pub(super) struct Teaching {
    who: Who,
    bn_eps: f64,
    how: Distillation,
    classifies: bool,
    name: String,
}

/// Whose they are.
enum Who {
    /// A model's: one a seed and fold.
    Model(Box<Model>),
    /// A file's: one.
    File(Digest, Arc<Candidate>),
}

impl Engine<'_> {
    /// Who teaches at a stage, if anyone; an error is the state of models that have to wait for the teacher, or will never have it.
    pub(super) fn teaching(&self, index: usize, train: &Train) -> Result<Option<Teaching>, State> {
        let Some(teacher) = &train.teacher else { return Ok(None) };
        let (how, classifies) = (teacher.how, train.recipe.task == Task::Classify);
        let name = match &teacher.who {
            TeacherFrom::Stage(name) => &name.value,
            TeacherFrom::File(path) => {
                let stage = &self.pipeline.stages[index].name.value;
                let known = self.warm.teachers.get(stage).ok_or_else(|| State::Failed(format!("{} was not read", path.value)))?;
                let (who, bn_eps) = (Who::File(known.0.digest, known.1.clone()), known.0.bn_eps.unwrap_or(train.recipe.bn_eps));
                return Ok(Some(Teaching { who, bn_eps, how, classifies, name: path.value.clone() }));
            }
        };
        let source = self.pipeline.links.teachers[index].ok_or(State::Pending)?;
        let (slots, complete) = self.warm.sources.get(&source).ok_or(State::Pending)?;
        let one = match &slots[..] {
            [one] => one,
            _ if !complete => return Err(State::Pending),
            other => return Err(State::Failed(format!("`{name}` left {} networks, and one teaches", other.len()))),
        };
        match &one.state {
            State::Ready => {}
            State::Failed(why) => return Err(State::Failed(format!("`{name}` failed: {why}"))),
            State::Pending => return Err(State::Pending),
        }
        let by = one.model.trained.as_ref().and_then(|t| Some((t, self.pipeline.stages[t.stage].train()?)));
        let (trained, by) = by.ok_or_else(|| State::Failed(format!("`{name}` left a network without weights of its own")))?;
        let bn_eps = by.recipe_of(&trained.read).bn_eps;
        let who = Who::Model(Box::new(one.model.clone()));
        Ok(Some(Teaching { who, bn_eps, how, classifies, name: name.clone() }))
    }

    /// What one training of a model learns from: the teacher's weights of the same fold and of the same seed, or its first.
    pub(super) fn lesson(&mut self, teaching: &Teaching, model: &Model, part: &Part, seed: u64) -> Result<Lesson, String> {
        let (candidate, weights) = match &teaching.who {
            Who::File(weights, candidate) => (candidate.clone(), *weights),
            Who::Model(teacher) => {
                let fold = |run: &&SeedRun| run.fold.as_ref().map(|f| f.index) == part.fold.as_ref().map(|f| f.index);
                let runs = || teacher.trained.iter().flat_map(|t| &t.runs).filter(fold);
                let run = runs().find(|run| run.seed == seed).or_else(|| runs().next());
                let run = run.ok_or_else(|| format!("`{}` was trained on other images", teaching.name))?;
                (run.candidate(teacher).clone(), run.weights)
            }
        };
        let student = part.fold.as_ref().map_or(&model.candidate, |fold| &fold.candidate);
        let fits = || {
            let (a, b) = (student.architecture()?.program()?, candidate.architecture()?.program()?);
            same_outputs(("this network", &a), (&format!("its teacher `{}`", teaching.name), &b))
        };
        self.taught.entry((student.digest, candidate.digest)).or_insert_with(fits).clone()?;
        Ok(Lesson { candidate, weights, bn_eps: teaching.bn_eps, how: teaching.how, classifies: teaching.classifies })
    }
}
