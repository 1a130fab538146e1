//! What the scores are worth by which searches and `select`s rank.

use crate::base::fixed;
use crate::document::{Metric, Pipeline, Stage, StageId, StageKind};
use crate::metrics::reliability::{Reliability, reliability};
use crate::plan::replicas::{Replica, Replicas};
use crate::plan::{Figure, Replay, State};
use serde::Serialize;

/// Below so large a share a ranking is mostly luck.
const LUCK: f64 = 0.3;

/// The score of one stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Score {
    /// The stage.
    pub stage: String,
    /// The metric by which its models are ranked.
    pub metric: Metric,
    /// After how many epochs, where a search stops its trials early: when they were measured first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// What it is worth.
    #[serde(flatten)]
    pub reliability: Reliability,
}

/// Of every stage that a search or a `select` reads and of whose networks some were trained more than once.
pub fn scores(pipeline: &Pipeline, replay: &Replay) -> Vec<Score> {
    (0..pipeline.stages.len()).filter_map(|stage| score(pipeline, replay, stage)).collect()
}

/// Of one stage.
pub fn score(pipeline: &Pipeline, replay: &Replay, index: StageId) -> Option<Score> {
    let stage = &pipeline.stages[index];
    // Several epochs of one training are no trainings of their own.
    stage.evaluate().filter(|e| e.at.len() <= 1)?;
    let metric = ranked_by(pipeline, &stage.name.value).filter(|m| !m.is_of_network())?;
    let seen = replay.stages.get(index)?;
    let again = replay.replicas.iter().find(|r| r.stage == index && r.metric == *metric);
    let (epochs, values) = again.map_or_else(
        || {
            let ready = seen.slots.iter().filter(|s| s.state == State::Ready && s.model.cut().is_none());
            // Folds are measured on other images each: a network's score is their mean, and only trainings with other seeds repeat it.
            (None, ready.filter_map(|s| s.model.figures.get(metric)).map(Figure::by_seed).collect())
        },
        |replicas| replicas.scores(pipeline, &seen.slots),
    );
    Some(Score { stage: stage.name.value.clone(), metric: metric.clone(), epochs, reliability: reliability(&values)? })
}

/// A trial that was trained once more.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Again {
    /// The `sample`.
    pub sample: String,
    /// Its ticket there, from 0.
    pub trial: usize,
    /// The stage that measured it.
    pub stage: String,
    /// The metric of the objective.
    pub metric: Metric,
    /// Epochs trained.
    pub epochs: Option<usize>,
    /// What it scored; none while that is not known, or where it failed.
    pub value: Option<f64>,
}

/// All of them, in the order of the searches and their tickets.
pub fn trained_again(pipeline: &Pipeline, replay: &Replay) -> Vec<Again> {
    let name = |stage: StageId| pipeline.stages[stage].name.value.clone();
    let of = |replicas: &Replicas| {
        let one = |(trial, replica): (usize, &Replica)| Again {
            sample: name(replicas.sample),
            trial,
            stage: name(replicas.stage),
            metric: replicas.metric.clone(),
            epochs: replica.last().and_then(|slot| slot.model.trained.as_ref()).map(|trained| trained.epochs),
            value: replica.score,
        };
        replicas.trials.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    replay.replicas.iter().flat_map(of).collect()
}

/// The metric by which a search or a `select` ranks the models of a stage.
pub fn ranked_by<'p>(pipeline: &'p Pipeline, stage: &str) -> Option<&'p Metric> {
    pipeline.stages.iter().find_map(|s| match &s.kind {
        StageKind::Sample(sample) => sample.objective.as_ref().filter(|o| o.stage.value == stage).map(|o| &o.metric.value),
        StageKind::Select(select) if s.from.iter().any(|f| f.value == stage) => select.metric(),
        _ => None,
    })
}

/// How far a stage is, as far as its score is concerned: a score is worth saying when this changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Progress {
    /// The trials that are trained once more are measured.
    Replicas,
    /// All models are.
    All,
}

impl Progress {
    /// Of a stage; none while it is under way.
    pub fn of(replay: &Replay, index: StageId, stage: &Stage) -> Option<Progress> {
        stage.evaluate()?;
        match replay.replicas.iter().find(|r| r.stage == index) {
            Some(replicas) if !replicas.complete() => None,
            _ if replay.stages.get(index)?.complete => Some(Progress::All),
            Some(_) => Some(Progress::Replicas),
            None => None,
        }
    }
}

impl Score {
    /// Whether a ranking by it is mostly luck.
    pub fn is_luck(&self) -> bool {
        self.reliability.share < LUCK
    }

    /// `of the spread of map50 among 64 networks 0.51 (0.20 to 0.70) is the networks', …`
    pub fn sentence(&self) -> String {
        let r = &self.reliability;
        let between = r.interval.map_or(String::new(), |(low, high)| format!(" ({} to {})", fixed(low, 2), fixed(high, 2)));
        let trained = if r.repeated == r.networks { "all".to_string() } else { format!("{} of them", r.repeated) };
        let at = match self.epochs {
            Some(1) => " after epoch 1".to_string(),
            Some(epochs) => format!(" after {epochs} epochs"),
            None => String::new(),
        };
        format!(
            "of the spread of {}{at} among {} networks {}{between} is the networks', the rest the seeds' ({trained} trained more than once)",
            self.metric,
            r.networks,
            fixed(r.share, 2)
        )
    }

    /// What follows where it is luck.
    pub fn advice(&self) -> &'static str {
        "a ranking by it is mostly luck: longer trainings, more seeds or a wider space make it worth more"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::words::mean_average_precision::MAP50;

    #[test]
    fn a_score_says_what_it_is_worth_and_when() {
        let score = |share: f64, repeated: usize, epochs| Score {
            stage: "score".into(),
            metric: MAP50.metric(),
            epochs,
            reliability: Reliability { networks: 64, repeated, share, interval: Some((0.125, 0.75)) },
        };
        assert_eq!(
            score(0.5, 8, None).sentence(),
            "of the spread of map50 among 64 networks 0.50 (0.12 to 0.75) is the networks', the rest the seeds' (8 of them trained more than once)"
        );
        let early = score(0.25, 64, Some(2));
        assert!(early.sentence().starts_with("of the spread of map50 after 2 epochs among 64 networks 0.25 "), "{}", early.sentence());
        assert!(early.sentence().ends_with("(all trained more than once)"));
        assert_eq!([0.29, 0.3].map(|share| score(share, 8, None).is_luck()), [true, false]);
        let json = |s: &Score| serde_json::to_value(s).expect("JSON");
        assert_eq!((json(&early)["epochs"].as_u64(), json(&score(0.5, 8, None)).get("epochs")), (Some(2), None));
    }
}
