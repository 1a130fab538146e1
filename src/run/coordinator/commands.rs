//! What a worker is given of commands of one's own.

use crate::base::Digest;
use crate::data::Place;
use crate::document::DataSource;
use crate::plan::Candidate;
use crate::plan::{Command, CommandWork, ProposeWork, TrainWork, Trainee};
use crate::run::error::RunError;
use crate::run::job::{About, CommandJob, CommandSpec, Images, ProposeJob, RunnerJob};
use crate::run::prepare::{self, Prepared};
use crate::store::Store;
use std::collections::HashMap;

/// Knows the lists of images that many jobs name.
#[derive(Default)]
pub struct CommandJobs {
    /// Blobs of lists of paths by (data, split).
    lists: HashMap<(String, String), Digest>,
}

impl CommandJobs {
    /// The trainer of a training, where it has one of its own.
    pub fn runner(&mut self, w: &TrainWork, prepared: &Prepared, store: &Store) -> Result<Option<RunnerJob>, RunError> {
        let (Some(runner), Trainee::Candidate(candidate)) = (&w.runner, &w.trainee) else { return Ok(None) };
        let model = w.request.model.clone().unwrap_or_default();
        let command = self.spec(&runner.command, model, candidate, Some(&w.data), prepared, store)?;
        Ok(Some(RunnerJob { command, reports: runner.reports.clone(), weights: runner.weights }))
    }

    /// A measurement.
    pub fn measure(&mut self, w: &CommandWork, pack: Option<Digest>, prepared: &Prepared, store: &Store) -> Result<CommandJob, RunError> {
        let model = w.request.model.clone().unwrap_or_default();
        Ok(CommandJob {
            command: self.spec(&w.command, model, &w.candidate, w.data.as_ref(), prepared, store)?,
            metric: w.metric.name(),
            architecture: w.candidate.architecture().map_err(RunError::Stuck)?.clone(),
            weights: w.weights,
            seed: w.seed,
            checkpoint: w.checkpoint,
            norm: w.norm,
            pack,
        })
    }

    /// A question.
    pub fn propose(&mut self, w: &ProposeWork, store: &Store) -> Result<ProposeJob, RunError> {
        prepare::keep_used(&w.command.used, store)?;
        let files = w.command.used.0.iter().map(|f| (f.name.clone(), f.digest)).collect();
        Ok(ProposeJob { words: w.command.words.clone(), files, ask: w.ask.clone() })
    }

    /// Forgets which blobs are there.
    pub fn forget(&mut self) {
        self.lists.clear();
    }

    fn spec(
        &mut self,
        command: &Command,
        model: String,
        candidate: &Candidate,
        data: Option<&(String, String)>,
        prepared: &Prepared,
        store: &Store,
    ) -> Result<CommandSpec, RunError> {
        prepare::keep_used(&command.used, store)?;
        let classes = self.classes(candidate, data, prepared)?;
        Ok(CommandSpec {
            words: command.words.clone(),
            files: command.used.0.iter().map(|f| (f.name.clone(), f.digest)).collect(),
            about: About {
                model,
                classes,
                decisions: candidate.choices.clone(),
                candidate: candidate.digest,
                macs: candidate.macs,
                images: data.map(|data| self.images(data, prepared, store)).transpose()?,
            },
        })
    }

    /// Names of the network's classes: those of the data that it reads, else of one with as many.
    fn classes(&self, candidate: &Candidate, data: Option<&(String, String)>, prepared: &Prepared) -> Result<Vec<String>, RunError> {
        let of = |name: &String| prepared.data.get(name).map(|info| info.classes.clone());
        if let Some(classes) = data.and_then(|(name, _)| of(name)) {
            return Ok(classes);
        }
        let count = candidate.architecture().map_err(RunError::Stuck)?.classes();
        let fits = prepared.data.values().find(|info| info.classes.len() == count);
        Ok(fits.map_or_else(|| (0..count).map(|i| i.to_string()).collect(), |info| info.classes.clone()))
    }

    fn images(&mut self, data: &(String, String), prepared: &Prepared, store: &Store) -> Result<Images, RunError> {
        let missing = || RunError::Stuck(format!("no split `{}` of `{}`", data.1, data.0));
        let scan = prepared.scans.get(&data.0).ok_or_else(missing)?;
        let split = scan.split(&data.1).ok_or_else(missing)?;
        let node = prepared.pipeline.data.iter().find(|d| d.name.value == data.0).ok_or_else(missing)?;
        let files = match self.lists.get(data) {
            Some(&known) if store.blobs().has(&known)? => known,
            _ => {
                let path = |place: &Place| match place {
                    Place::File(path) => std::path::absolute(path).ok().and_then(|p| p.to_str().map(str::to_string)),
                    Place::Generated(_) | Place::Entry(..) => None,
                };
                let list: Vec<Option<String>> = split.images.iter().map(|i| path(&i.place)).collect();
                let bytes = serde_json::to_vec(&list).map_err(|e| RunError::Stuck(format!("the list of images: {e}")))?;
                let blob = store.blobs().put(&bytes)?;
                self.lists.insert(data.clone(), blob);
                blob
            }
        };
        let format = match &node.source {
            DataSource::Shapes { .. } => "shapes".to_string(),
            DataSource::Figures { .. } => "figures".to_string(),
            DataSource::Files { format, .. } => format.name().to_string(),
        };
        Ok(Images { data: data.0.clone(), split: data.1.clone(), digest: split.digest, format, files })
    }
}
