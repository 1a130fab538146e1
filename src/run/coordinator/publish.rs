//! What a worker left becomes records.

use super::super::error::RunError;
use super::super::estimate;
use super::super::events::Event;
use super::super::job::{Epoch, JobResult, Rung};
use super::super::prepare::record;
use super::Coordinator;
use crate::base::counted;
use crate::plan::{TrainWork, Work};
use crate::store::{Published, Record};
use serde_json::json;
use std::collections::BTreeMap;

impl Coordinator<'_> {
    pub(super) fn publish(&mut self, work: &Work, result: &JobResult, done: Option<(f64, u64)>) -> Result<(), RunError> {
        let stored = |e: crate::store::StoreError| RunError::Store(e.to_string());
        let said = match (work, result) {
            (Work::Train(train), JobResult::Trained { rungs, curve }) => {
                if let Some((epoch, _)) = train.rungs.iter().find(|(e, _)| !rungs.iter().any(|r| r.epoch == *e)) {
                    return Err(RunError::Worker(format!("{}: the result has no epoch {epoch}", train.label)));
                }
                self.rungs(train, rungs, curve)?;
                let last = curve.last().map_or(f64::NAN, |e| e.r#box + e.obj + e.cls);
                format!("{}, loss {last:.4}", counted(train.rungs.last().map_or(0, |r| r.0), "epoch"))
            }
            (Work::Train(train), JobResult::Diverged { iteration, reason, curve, rungs }) => {
                self.rungs(train, rungs, curve)?;
                let values = json!({ "status": "diverged", "iteration": iteration, "reason": reason, "curve": curve });
                let chain = Some((train.chain, *iteration));
                self.record(&record(&train.action, chain, BTreeMap::new(), values), &train.label)?;
                reason.clone()
            }
            (Work::Predict(predict), JobResult::Predicted { predictions }) => {
                let outputs = BTreeMap::from([("predictions".to_string(), *predictions)]);
                self.record(&record(&predict.action, None, outputs, json!({})), &predict.label)?;
                "detected".into()
            }
            (Work::Subnet(subnet), JobResult::Predicted { predictions }) => {
                let outputs = BTreeMap::from([("predictions".to_string(), *predictions)]);
                self.record(&record(&subnet.action, None, outputs, json!({})), &subnet.label)?;
                "detected".into()
            }
            _ => return Err(RunError::Worker(format!("{}: the result is of another kind", work.label()))),
        };
        let (seconds, count) = done.unwrap_or((0.0, 0));
        if count > 0 {
            self.count(work);
            self.timing(work, seconds, count).map_err(stored)?;
        }
        self.known.forget(work.key());
        self.events.on(Event::Finished { key: work.key().hex(), label: work.label(), result: said, seconds });
        Ok(())
    }

    /// Publishes the rungs that a training has passed.
    fn rungs(&mut self, train: &TrainWork, rungs: &[Rung], curve: &[Epoch]) -> Result<(), RunError> {
        for (epoch, action) in &train.rungs {
            let Some(rung) = rungs.iter().find(|r| r.epoch == *epoch) else { continue };
            let mut outputs = BTreeMap::from([("weights".to_string(), rung.weights), ("state".to_string(), rung.state)]);
            outputs.extend(rung.choices.map(|choices| ("choices".to_string(), choices)));
            let curve: Vec<&Epoch> = curve.iter().filter(|e| e.epoch <= *epoch).collect();
            let mut values = json!({ "status": "trained", "epochs": epoch, "curve": curve });
            // What a method has learned of choices is read by plans and people: it stands in the record too.
            if let Some(bytes) = rung.choices.and_then(|blob| self.store.blobs().get(&blob).ok())
                && let Ok(learned) = serde_json::from_slice(&bytes)
                && let Some(values) = values.as_object_mut()
            {
                values.insert("choices".into(), learned);
            }
            let chain = (train.chain, (epoch * train.per_epoch) as u64);
            self.record(&record(action, Some(chain), outputs, values), &train.label)?;
            self.known.forget(action.key());
        }
        Ok(())
    }

    /// Publishes a record; the same action with other bits is what nasflow promises not to happen, so it is said.
    pub(super) fn record(&mut self, record: &Record, label: &str) -> Result<(), RunError> {
        if let Published::Replaced(_) = self.store.publish(record).map_err(|e| RunError::Store(e.to_string()))? {
            let message = format!("{label}: the same action gave other bits than before; the new ones are kept. Please report it");
            self.events.on(Event::Note { message });
        }
        Ok(())
    }

    /// How long it took, for estimates: an observation.
    fn timing(&self, work: &Work, seconds: f64, count: u64) -> Result<(), crate::store::StoreError> {
        let (macs, images) = match work {
            Work::Train(w) => (w.trainee.macs(), count * w.recipe.batch as u64),
            Work::Predict(w) => (w.candidate.macs, count),
            Work::Subnet(w) => (w.candidate.macs, count),
            _ => return Ok(()),
        };
        let action = work.key().hex();
        let (threads, jobs) = (self.options.threads, self.options.jobs);
        let value = json!({ "action": action, "seconds": seconds, "images": images, "macs": macs, "threads": threads, "jobs": jobs });
        estimate::keep(self.store, work, value)
    }
}
