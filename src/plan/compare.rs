//! The answer's comparisons: each is an action over the predictions of both sides, so that a run that changes nothing computes none.

use super::action::{Action, Kind};
use super::engine::{Compared, Engine, Known, StageReplay};
use super::standing::{Others, sides, standing};
use super::work::{CompareWork, Sides, Work};
use crate::base::Canon;
use crate::document::Metric;
use crate::results::Outcome;
use std::collections::BTreeMap;

impl Engine<'_> {
    /// By name of `against`, as far as they are known; those that are not are listed as work.
    pub(super) fn compare(&self, stages: &[StageReplay], known: &mut dyn Known, works: &mut Vec<Work>) -> BTreeMap<String, Compared> {
        let mut compared = BTreeMap::new();
        let (Some(answer), Some(standing)) = (&self.pipeline.answer, standing(self.pipeline, stages)) else { return compared };
        let metric = &answer.by.value;
        for (name, others) in &standing.baselines {
            let Others::Models(others) = others else { continue };
            let Some(sides) = sides(metric, standing.ours, others) else { continue };
            let data = self.pipeline.stages[standing.within].evaluate().and_then(|e| e.data.as_ref());
            let data = data.map(|(data, split)| (data.value.clone(), split.value.clone()));
            let Some(action) = self.comparison(metric, &sides, data.as_ref()) else { continue };
            let key = action.key();
            match known.outcome(key) {
                Some(Outcome::Compared(comparison)) => {
                    compared.insert((*name).to_string(), Compared { key, comparison });
                }
                _ => {
                    let detail = format!(": {} against {name}", answer.name.value);
                    let request = self.request(standing.within, action, key, None, detail);
                    works.push(Work::Compare(Box::new(CompareWork { request, metric: metric.clone(), sides, data })));
                }
            }
        }
        compared
    }

    fn comparison(&self, metric: &Metric, sides: &Sides, data: Option<&(String, String)>) -> Option<Action> {
        let (ours, theirs, inputs): (Canon, Vec<Canon>, Vec<_>) = match sides {
            Sides::Predictions { ours, theirs } => {
                let (data, split) = data?;
                let split = self.data.get(data)?.splits.get(split)?;
                (ours.clone().into(), theirs.iter().map(|n| n.clone().into()).collect(), vec![("split", split.digest)])
            }
            Sides::Values { ours, theirs } => (ours.clone().into(), theirs.iter().map(|n| n.clone().into()).collect(), Vec::new()),
        };
        let config = Canon::map([("metric", metric.name().into()), ("answer", ours), ("baseline", Canon::List(theirs))]);
        Some(Action { kind: Kind::Compare, config, inputs, seed: None, numerics: None })
    }
}
