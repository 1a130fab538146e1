//! How long a plan will take, from what this machine took before.

use super::observe::{machine, now};
use crate::base::Digest;
use crate::plan::Work;
use crate::store::{Store, StoreError};

/// The observation kind of a work's timing.
pub fn kind(work: &Work) -> &'static str {
    match work {
        Work::Train(_) => "train-time",
        _ => "predict-time",
    }
}

/// Keeps a timing: `{seconds, images, macs, …}`.
pub fn keep(store: &Store, work: &Work, value: serde_json::Value) -> Result<(), StoreError> {
    let machine = machine();
    store.observe(kind(work), &Digest::of(machine.as_bytes()), &machine, value, now())
}

/// Multiply-adds a second that this machine reached with all its workers together: the median over its last works of a kind,
/// each times the workers that ran beside it.
pub fn rate(store: &Store, kind: &str) -> Option<f64> {
    let machine = machine();
    let mut rates: Vec<f64> = store
        .observations(kind, &Digest::of(machine.as_bytes()))
        .ok()?
        .into_iter()
        .rev()
        .take(200)
        .filter_map(|o| {
            let v = |k: &str| o.value[k].as_f64();
            Some(v("macs")? * v("images")? * v("jobs")? / v("seconds").filter(|s| *s > 0.0)?)
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied()
}

/// Multiply-adds that a training still needs (forward; the rate counts alike).
pub fn load(work: &Work) -> f64 {
    match work {
        Work::Train(w) => (w.end().saturating_sub(w.done()) * w.recipe.batch as u64) as f64 * w.trainee.macs() as f64,
        _ => 0.0,
    }
}

/// Multiply-adds of trainings that the replay does not list yet: trials to be proposed, and trainings behind a `select`.
/// Every such model is taken to cost what its space's reference costs.
pub fn to_come(prepared: &super::Prepared, view: &crate::plan::View) -> f64 {
    use crate::document::StageKind;
    let pipeline = &prepared.pipeline;
    let listed = |stage: usize| view.works.iter().filter(|w| matches!(w, Work::Train(t) if t.stage == stage)).count();
    let mut all = 0.0;
    for (index, stage) in pipeline.stages.iter().enumerate() {
        let StageKind::Train(train) = &stage.kind else { continue };
        let Some(split) = prepared.data.get(&train.data.value).and_then(|d| d.splits.get(&train.split.value)) else { continue };
        let seen = &view.stages[index];
        let finished = seen.slots.iter().filter(|s| s.state != crate::plan::State::Pending).count();
        let expected: usize = stage.from.iter().map(|f| expected(pipeline, &f.value, 0)).sum();
        let missing = (expected.saturating_sub(finished) * train.seeds).saturating_sub(listed(index));
        let macs = prepared.spaces.values().map(|s| s.reference_cost().macs as f64).fold(0.0, f64::max);
        all += missing as f64 * (train.epochs * split.images) as f64 * macs;
    }
    all
}

/// Multiply-adds of evaluations with shared weights that are still to be made, those of trials to be proposed included.
pub fn subnets(prepared: &super::Prepared, view: &crate::plan::View) -> f64 {
    use crate::document::{Recalibrate, StageKind};
    let pipeline = &prepared.pipeline;
    let mut all = 0.0;
    for (index, stage) in pipeline.stages.iter().enumerate() {
        let StageKind::Evaluate(evaluate) = &stage.kind else { continue };
        let (Some(how), Some((data, split))) = (&evaluate.recalibrate, &evaluate.data) else { continue };
        let Some(info) = prepared.data.get(&data.value) else { continue };
        let images = |name: &str| info.splits.get(name).map_or(0, |s| s.images);
        let batch = pipeline.stages.iter().find_map(|s| match &s.kind {
            StageKind::Train(t) if pipeline.supernet(s).is_some() => Some(t.recipe.batch),
            _ => None,
        });
        let read = match &how.value {
            Recalibrate::Off => 0,
            Recalibrate::Batches { batches, batch: own, split } => (batches * own.or(batch).unwrap_or(1)).min(images(&split.value)),
        };
        let finished = view.stages[index].slots.iter().filter(|s| s.state != crate::plan::State::Pending).count();
        let expected: usize = stage.from.iter().map(|f| expected(pipeline, &f.value, 0)).sum();
        let macs = prepared.spaces.values().map(|s| s.reference_cost().macs as f64).fold(0.0, f64::max);
        all += expected.saturating_sub(finished) as f64 * (read + images(&split.value)) as f64 * macs;
    }
    all
}

/// How many models a stage will leave, at most.
fn expected(pipeline: &crate::document::Pipeline, name: &str, depth: usize) -> usize {
    use crate::document::{SelectBy, StageKind};
    let Some(stage) = pipeline.stages.iter().find(|s| s.name.value == name) else { return 0 };
    if depth > pipeline.stages.len() {
        return 0;
    }
    let incoming = || stage.from.iter().map(|f| expected(pipeline, &f.value, depth + 1)).sum::<usize>();
    match &stage.kind {
        StageKind::Sample(s) => s.trials,
        StageKind::Select(s) => match &s.by {
            SelectBy::Top(n, _) => incoming().min(*n),
            _ => incoming(),
        },
        _ => incoming(),
    }
}

/// Copies the timings of one store to another.
pub fn copy(from: &Store, to: &Store, kind: &str) -> Result<(), StoreError> {
    let machine = machine();
    let key = Digest::of(machine.as_bytes());
    to.observe_many(&from.observations(kind, &key)?)
}
