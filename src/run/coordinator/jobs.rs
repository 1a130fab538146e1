//! What a worker is given to do.

use super::super::error::RunError;
use super::super::job::{Epoch, Job, PredictJob, SpaceSpec, TrainJob};
use super::super::supernet;
use super::Coordinator;
use crate::base::Digest;
use crate::plan::{Trainee, Work};

impl Coordinator<'_> {
    /// The job of a work, and the iteration that it starts from.
    pub(super) fn job(&mut self, work: &Work) -> Result<Option<(Job, u64)>, RunError> {
        match work {
            Work::Train(w) => {
                let pack = self.packs.ensure(&w.data, self.prepared, self.store)?;
                let curve = w.resume.as_ref().map(|r| self.curve(r.key)).unwrap_or_default();
                let candidate = match &w.trainee {
                    Trainee::Candidate(candidate) => candidate,
                    Trainee::Supernet { space, oneshot, .. } => {
                        let mut job =
                            supernet::job(w, SpaceSpec::of(space, self.prepared)?, oneshot, pack, curve, self.options.checkpoint_seconds);
                        job.init_name = supernet::starts_from(&self.prepared.pipeline, w.stage).unwrap_or_default();
                        return Ok(Some((Job::Supernet(Box::new(job)), w.done())));
                    }
                };
                let job = TrainJob {
                    architecture: candidate.architecture.clone(),
                    recipe: w.recipe.clone(),
                    seed: w.seed,
                    init: w.init,
                    pack,
                    per_epoch: w.per_epoch,
                    rungs: w.rungs.iter().map(|r| r.0).collect(),
                    resume: w.resume.as_ref().map(|r| (r.iteration, r.state)),
                    curve,
                    checkpoint_seconds: self.options.checkpoint_seconds,
                };
                Ok(Some((Job::Train(Box::new(job)), w.done())))
            }
            Work::Predict(w) => {
                let pack = self.packs.ensure(&w.data, self.prepared, self.store)?;
                let architecture = w.candidate.architecture.clone();
                Ok(Some((Job::Predict(Box::new(PredictJob { architecture, weights: w.weights, bn_eps: w.bn_eps, pack })), 0)))
            }
            Work::Subnet(w) => {
                let job = supernet::subnet(w, &mut self.packs, &mut self.spaces, self.prepared, self.store)?;
                Ok(Some((Job::Subnet(Box::new(job)), 0)))
            }
            Work::Metric(_) | Work::Select(_) | Work::Cut(_) => Ok(None),
        }
    }

    /// The learning curve that a record holds.
    fn curve(&self, key: Digest) -> Vec<Epoch> {
        let record = self.store.lookup(&key).ok().flatten();
        record.and_then(|r| serde_json::from_value(r.values["curve"].clone()).ok()).unwrap_or_default()
    }
}
