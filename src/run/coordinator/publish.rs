//! What a worker left becomes records.

use crate::base::{Digest, counted, fixed};
use crate::plan::{TrainWork, UntrainedWork, Work};
use crate::results::{Classes, Epoch, Learned, Outcome, Timing, Trained};
use crate::run::error::RunError;
use crate::run::job::{JobResult, Rung, UntrainedResult};
use crate::run::options::Options;
use crate::run::{estimate, record};
use crate::store::{Observation, Record, Store};

/// What is to be published of a result.
#[derive(Default)]
pub struct Publication {
    /// The records.
    pub records: Vec<Record>,
    /// In words.
    pub result: String,
    /// Why the trial failed for good, where that is the result.
    pub failed: Option<String>,
    /// The keys that are known now.
    pub keys: Vec<Digest>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// What a worker left, as records.
///
/// # Errors
/// Those of the store; a result that is not what was asked for.
pub fn publication(store: &Store, work: &Work, result: &JobResult) -> Result<Publication, RunError> {
    let mut publication = Publication::default();
    match (work, result) {
        (Work::Train(train), JobResult::Trained { rungs, curve }) => {
            if let Some((epoch, _)) = train.rungs.iter().find(|(e, _)| !rungs.iter().any(|r| r.epoch == *e)) {
                return Err(RunError::Worker(format!("{}: the result has no epoch {epoch}", work.label())));
            }
            publication.rungs(store, train, rungs, curve)?;
            let last = curve.last().map_or(f64::NAN, Epoch::total);
            let epochs = counted(train.rungs.last().map_or(0, |r| r.0), "epoch");
            // A trainer of one's own may say nothing on its way.
            publication.result = if last.is_finite() { format!("{epochs}, loss {last:.4}") } else { epochs };
        }
        (Work::Train(train), JobResult::Diverged { iteration, reason, curve, rungs }) => {
            publication.rungs(store, train, rungs, curve)?;
            let outcome = Outcome::Diverged { iteration: *iteration, reason: reason.clone(), curve: curve.clone() };
            let chain = Some((train.chain, *iteration));
            publication.records.push(record::write(&train.request.action, chain, &outcome));
            (publication.result, publication.failed) = (reason.clone(), Some(reason.clone()));
        }
        (Work::Predict(_) | Work::Subnet(_), JobResult::Predicted { predictions }) => {
            let outcome = Outcome::Predicted { predictions: *predictions };
            publication.records.push(record::write(work.action(), None, &outcome));
            publication.result = "detected".into();
        }
        (Work::Predict(_) | Work::Subnet(_), JobResult::Loss { value }) => {
            let value = value.unwrap_or(f64::NAN);
            let outcome = Outcome::Measured { value, classes: Classes::Detection(Vec::new()) };
            publication.records.push(record::write(work.action(), None, &outcome));
            publication.result = format!("loss {}", fixed(value, 4));
        }
        (Work::Command(command), JobResult::Number { value }) => {
            let outcome = Outcome::Measured { value: *value, classes: Classes::Detection(Vec::new()) };
            publication.records.push(record::write(work.action(), None, &outcome));
            publication.result = format!("{} {}", command.metric, fixed(*value, if value.abs() < 1000.0 { 3 } else { 0 }));
        }
        (Work::Propose(_), JobResult::Proposed { choices }) => {
            let outcome = Outcome::Proposed { choices: choices.clone() };
            publication.records.push(record::write(work.action(), None, &outcome));
            publication.result = if choices.is_some() { "a candidate".into() } else { "no further candidate".into() };
        }
        (Work::Untrained(w), JobResult::Untrained { results }) => publication.untrained(work, w, results)?,
        _ => return Err(RunError::Worker(format!("{}: the result is of another kind", work.label()))),
    }
    publication.keys.push(work.key());
    Ok(publication)
}

impl Publication {
    /// The rungs that a training has passed.
    fn rungs(&mut self, store: &Store, train: &TrainWork, rungs: &[Rung], curve: &[Epoch]) -> Result<(), RunError> {
        for (epoch, action) in &train.rungs {
            let Some(rung) = rungs.iter().find(|r| r.epoch == *epoch) else { continue };
            let learned = match rung.choices {
                Some(blob) => Some(learned(&store.blobs().get(&blob)?, &train.request.label())?),
                None => None,
            };
            let outcome = Outcome::Trained(Trained {
                weights: rung.weights,
                state: rung.state,
                choices: rung.choices,
                epochs: *epoch,
                curve: curve.iter().filter(|e| e.epoch <= *epoch).copied().collect(),
                learned,
                reported: rung.reported.clone(),
                checkpoint: rung.checkpoint,
            });
            let chain = (train.chain, (epoch * train.per_epoch) as u64);
            self.records.push(record::write(action, Some(chain), &outcome));
            self.keys.push(action.key());
        }
        Ok(())
    }

    /// What networks with fresh weights have. Of a metric that is not defined for some of them one is named.
    fn untrained(&mut self, work: &Work, w: &UntrainedWork, results: &[UntrainedResult]) -> Result<(), RunError> {
        if results.len() != w.all().count() {
            return Err(RunError::Worker(format!("{}: {} results for {}", work.label(), results.len(), w.all().count())));
        }
        for (one, result) in w.all().zip(results) {
            let value = result.value.unwrap_or(f64::NAN);
            let outcome = Outcome::Measured { value, classes: Classes::Detection(Vec::new()) };
            self.records.push(record::write(&one.request.action, None, &outcome));
            self.keys.push(one.request.key);
            if let (Some(why), true) = (&result.why, self.notes.is_empty()) {
                let model = one.request.model.clone().unwrap_or_default();
                self.notes.push(format!("{}: {model}, {}: no value: {why}", one.request.name, one.metric));
            }
        }
        self.result = match results {
            [one] => format!("{} {}", w.metric, fixed(one.value.unwrap_or(f64::NAN), 4)),
            several => format!("{} measured", several.len()),
        };
        Ok(())
    }

    /// Of these keys another result was there: the same action with other bits is what nasflow promises not to happen, so it is said.
    /// Commands of one's own promise nothing.
    pub fn replaced(&mut self, work: &Work, replaced: &[Digest]) {
        if !self.keys.iter().any(|key| replaced.contains(key)) {
            return;
        }
        let by_command = matches!(work, Work::Command(_) | Work::Propose(_)) || matches!(work, Work::Train(w) if w.runner.is_some());
        let why = match by_command {
            true => "the command gave another result than before; the new one is kept",
            false => "the same action gave other bits than before; the new ones are kept. Please report it",
        };
        self.notes.push(format!("{}: {why}", work.label()));
    }
}

/// What the blob of a distribution says. A record without it would be taken for whole, for good.
fn learned(bytes: &[u8], label: &str) -> Result<Learned, RunError> {
    serde_json::from_slice(bytes).map_err(|e| RunError::Worker(format!("{label}: what it learned of its choices cannot be read: {e}")))
}

/// How long it took, for estimates: observations.
pub fn timings(work: &Work, seconds: f64, count: u64, options: &Options) -> Vec<Observation> {
    let (threads, jobs) = (options.threads, options.jobs);
    let (macs, images) = match work {
        Work::Untrained(w) => {
            // Together they took so long: each has its share.
            let all = w.all().count();
            let one = |one: &UntrainedWork| {
                let (action, macs) = (Some(one.request.key), one.candidate.macs);
                let timing = Timing { action, seconds: seconds / all as f64, images: one.batch as u64, macs, threads, jobs };
                estimate::observation(work, &timing)
            };
            return w.all().map(one).collect();
        }
        Work::Train(w) => (w.macs(), count * w.recipe.batch as u64),
        Work::Predict(w) => (w.candidate.macs, count),
        Work::Subnet(w) => (w.candidate.macs, count),
        Work::Command(w) => (w.candidate.macs, count),
        _ => return Vec::new(),
    };
    vec![estimate::observation(work, &Timing { action: Some(work.key()), seconds, images, macs, threads, jobs })]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_that_cannot_be_read_is_an_error() {
        let whole = r#"{"method":"darts","choices":[],"strongest":[],"collapse":null}"#;
        assert_eq!(learned(whole.as_bytes(), "train: space").map(|l| l.method).unwrap_or_else(|e| panic!("{e}")), "darts");
        let Err(e) = learned(&whole.as_bytes()[..20], "train: space") else { panic!("it was read") };
        assert!(e.to_string().starts_with("train: space: what it learned"), "{e}");
    }
}
