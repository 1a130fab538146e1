//! What a worker is given to do.

use super::commands::CommandJobs;
use crate::base::Digest;
use crate::document::{Init, Pipeline};
use crate::plan::{self, Lesson, SubnetWork, TrainWork, UntrainedWork, Work};
use crate::results::{Epoch, Outcome};
use crate::run::error::RunError;
use crate::run::job::{
    Assignment, FORMAT, Job, PredictJob, RecalibrationJob, SpaceSpec, SubnetJob, SupernetTrainee, TeacherJob, TrainJob, Trainee,
    UntrainedJob, UntrainedJobs, Warm,
};
use crate::run::options::Options;
use crate::run::packs::{Packs, Waiting};
use crate::run::prepare::{self, Prepared};
use crate::run::record;
use crate::space::Space;
use crate::store::Store;
use std::collections::HashMap;

/// Makes jobs; knows the blobs that many of them name.
#[derive(Default)]
pub struct Jobs {
    packs: Packs,
    /// Blobs of spaces by name.
    spaces: HashMap<String, Digest>,
    commands: CommandJobs,
}

/// What a lock is held on while a work is done.
pub fn lock(work: &Work) -> Digest {
    match work {
        Work::Train(w) => w.chain,
        other => other.key(),
    }
}

/// The splits that a worker reads for a work, with the sizes of the images. The one that batch norm is recalibrated on is the
/// second; a supernet reads its split at every size, the reference's first.
fn reads<'a>(work: &'a Work, prepared: &Prepared) -> Vec<(&'a (String, String), usize)> {
    match work {
        Work::Train(w) => match &w.trainee {
            plan::Trainee::Candidate(candidate) => vec![(&w.data, candidate.image_size())],
            plan::Trainee::Supernet { space, .. } => {
                let space = prepared.spaces.get(space);
                let first = space.map(Space::image_size);
                let others = space.into_iter().flat_map(Space::image_sizes).filter(|size| Some(*size) != first);
                first.into_iter().chain(others).map(|size| (&w.data, size)).collect()
            }
        },
        Work::Predict(w) => vec![(&w.data, w.candidate.image_size())],
        Work::Subnet(w) => {
            let all = std::iter::once(&w.data).chain(w.recalibration.as_ref().map(|r| &r.data));
            all.map(|data| (data, w.candidate.image_size())).collect()
        }
        Work::Command(w) => w.data.iter().map(|data| (data, w.candidate.image_size())).collect(),
        Work::Untrained(w) => w.data.iter().map(|data| (data, w.candidate.image_size())).collect(),
        Work::Metric(_) | Work::Select(_) | Work::Cut(_) | Work::Prune(_) | Work::Compare(_) | Work::Propose(_) => Vec::new(),
    }
}

impl Jobs {
    /// The assignment of a work, and the iteration that it starts from; none for what the coordinator does itself, and where it
    /// was not to wait for a pack any more.
    pub fn make(
        &mut self,
        work: &Work,
        prepared: &Prepared,
        store: &Store,
        options: &Options,
        waiting: &mut Waiting,
    ) -> Result<Option<(Assignment, u64)>, RunError> {
        let mut packs = Vec::new();
        let reads = reads(work, prepared);
        for (data, size) in &reads {
            let Some(pack) = self.packs.ensure(data, *size, prepared, store, waiting)? else { return Ok(None) };
            packs.push(pack);
        }
        if let Work::Command(w) = work {
            let job = Job::Command(Box::new(self.commands.measure(w, packs.first().copied(), prepared, store)?));
            return Ok(Some((Assignment { format: FORMAT, key: work.key(), lock: lock(work), executor: options.executor, job }, 0)));
        }
        if let Work::Propose(w) = work {
            let job = Job::Propose(Box::new(self.commands.propose(w, store)?));
            return Ok(Some((Assignment { format: FORMAT, key: work.key(), lock: lock(work), executor: options.executor, job }, 0)));
        }
        if let Work::Untrained(w) = work {
            let job = Job::Untrained(Box::new(untrained(w, packs.first().copied())?));
            return Ok(Some((Assignment { format: FORMAT, key: work.key(), lock: lock(work), executor: options.executor, job }, 0)));
        }
        let Some(&pack) = packs.first() else { return Ok(None) };
        let by_size: Vec<(usize, Digest)> = reads.iter().map(|r| r.1).zip(packs.iter().copied()).collect();
        let (job, from) = match work {
            Work::Train(w) => {
                let mut job = train(w, pack, &by_size, prepared, store, options.checkpoint_seconds)?;
                job.runner = self.commands.runner(w, prepared, store)?;
                (Job::Train(Box::new(job)), w.done())
            }
            Work::Predict(w) => {
                let architecture = w.candidate.architecture().map_err(RunError::Stuck)?.clone();
                (Job::Predict(Box::new(PredictJob { architecture, weights: w.weights, bn_eps: w.bn_eps, loss: w.loss, pack })), 0)
            }
            Work::Subnet(w) => {
                let recalibration = w.recalibration.as_ref().zip(packs.get(1));
                let recalibration =
                    recalibration.map(|(r, &pack)| RecalibrationJob { pack, batches: r.batches, batch: r.batch, seed: r.seed });
                (Job::Subnet(Box::new(self.subnet(w, pack, recalibration, prepared, store)?)), 0)
            }
            Work::Metric(_)
            | Work::Select(_)
            | Work::Cut(_)
            | Work::Prune(_)
            | Work::Compare(_)
            | Work::Command(_)
            | Work::Propose(_)
            | Work::Untrained(_) => return Ok(None),
        };
        Ok(Some((Assignment { format: FORMAT, key: work.key(), lock: lock(work), executor: options.executor, job }, from)))
    }

    /// Forgets which blobs are there, after one turned out to be gone or damaged.
    pub fn forget(&mut self) {
        self.packs.forget();
        self.spaces.clear();
        self.commands.forget();
    }

    fn subnet(
        &mut self,
        w: &SubnetWork,
        pack: Digest,
        recalibration: Option<RecalibrationJob>,
        prepared: &Prepared,
        store: &Store,
    ) -> Result<SubnetJob, RunError> {
        let space = self.space(&w.space, prepared, store)?;
        Ok(SubnetJob { space, sample: w.sample.clone(), weights: w.weights, recalibration, bn_eps: w.bn_eps, loss: w.loss, pack })
    }

    /// The blob of a space, written where it is not there.
    fn space(&mut self, name: &str, prepared: &Prepared, store: &Store) -> Result<Digest, RunError> {
        if let Some(&blob) = self.spaces.get(name)
            && store.blobs().has(&blob)?
        {
            return Ok(blob);
        }
        let bytes = serde_json::to_vec(&spec(name, prepared)?)
            .map_err(|e| RunError::Stuck(format!("the space `{name}` cannot be written: {e}")))?;
        let blob = store.blobs().put(&bytes)?;
        self.spaces.insert(name.to_string(), blob);
        Ok(blob)
    }
}

/// Networks with fresh weights, one after the other.
fn untrained(w: &UntrainedWork, pack: Option<Digest>) -> Result<UntrainedJobs, RunError> {
    let job = |w: &UntrainedWork| {
        let architecture = w.candidate.architecture().map_err(RunError::Stuck)?.clone();
        Ok(UntrainedJob { architecture, metric: w.metric.name(), seed: w.seed, batch: w.batch, bn_eps: w.bn_eps, loss: w.loss })
    };
    Ok(UntrainedJobs { each: w.all().map(job).collect::<Result<_, RunError>>()?, pack })
}

/// `by_size`: of a supernet the packs of all its sizes.
fn train(
    w: &TrainWork,
    pack: Digest,
    by_size: &[(usize, Digest)],
    prepared: &Prepared,
    store: &Store,
    checkpoint_seconds: f64,
) -> Result<TrainJob, RunError> {
    let curve = match &w.resume {
        Some(resume) => curve(store, resume.key)?,
        None => Vec::new(),
    };
    let from = starts_from(&prepared.pipeline, w.request.stage).unwrap_or_default();
    let warm = w.transfer.as_ref().map(|transfer| Warm { transfer: (**transfer).clone(), from: from.clone() });
    // A file from outside is a blob from here on.
    if let Some(file) = prepared.weights.get(&w.request.name).filter(|file| Some(file.digest) == w.init) {
        prepare::keep_weights(file, store)?;
    }
    if let Some(file) = prepared.teachers.get(&w.request.name) {
        prepare::keep_weights(file, store)?;
    }
    let trainee = match &w.trainee {
        plan::Trainee::Candidate(candidate) => Trainee::Network(candidate.architecture().map_err(RunError::Stuck)?.clone()),
        plan::Trainee::Supernet { space, oneshot, .. } => Trainee::Supernet(Box::new(SupernetTrainee {
            space: spec(space, prepared)?,
            oneshot: oneshot.clone(),
            packs: by_size.to_vec(),
            starts_from: from,
        })),
    };
    Ok(TrainJob {
        trainee,
        recipe: w.recipe.clone(),
        seed: w.seed,
        init: w.init,
        warm,
        pack,
        per_epoch: w.per_epoch,
        images: w.images,
        rungs: w.rungs.iter().map(|r| r.0).collect(),
        resume: w.resume.as_ref().map(|r| (r.iteration, r.state)),
        curve,
        checkpoint_seconds,
        teacher: w.teacher.as_ref().map(teacher).transpose()?,
        runner: None,
    })
}

/// Who teaches.
fn teacher(lesson: &Lesson) -> Result<TeacherJob, RunError> {
    let architecture = lesson.candidate.architecture().map_err(RunError::Stuck)?.clone();
    Ok(TeacherJob { architecture, weights: lesson.weights, bn_eps: lesson.bn_eps, how: lesson.how })
}

/// A space, as a worker compiles it again.
fn spec(name: &str, prepared: &Prepared) -> Result<SpaceSpec, RunError> {
    let missing = || RunError::Stuck(format!("no space `{name}`"));
    let node = prepared.pipeline.spaces.iter().find(|s| s.name.value == name).ok_or_else(missing)?;
    let input = prepared.spaces.get(name).ok_or_else(missing)?.input();
    Ok(SpaceSpec { node: node.clone(), input: input.clone() })
}

/// What a `train` starts from by `init from=` or `init file=`, for people.
fn starts_from(pipeline: &Pipeline, stage: usize) -> Option<String> {
    match &pipeline.stages.get(stage)?.train()?.init {
        Init::From(name, _) | Init::File(name, _) => Some(name.value.clone()),
        _ => None,
    }
}

/// The learning curve that a record holds.
fn curve(store: &Store, key: Digest) -> Result<Vec<Epoch>, RunError> {
    let outcome = store.lookup(&key)?.and_then(|r| record::read(&r));
    Ok(outcome.as_ref().map(Outcome::curve).unwrap_or_default().to_vec())
}
