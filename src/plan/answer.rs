//! The answer of a pipeline: one model beside its baselines, and whether the difference was tested.

use super::engine::{Replay, StageReplay};
use super::figures::{Figure, pooled};
use super::model::{Model, Slot, State};
use super::standing::{Others, figure_of, sides, standing};
use crate::document::{Metric, Pipeline};
use crate::results::Comparison;

/// How a baseline compares.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Better: the 95 % interval of the difference lies on the better side of 0.
    Better,
    /// Worse: it lies on the other side.
    Worse,
    /// It holds 0; or, where one run each is all there is, the difference is on the wrong side.
    NoBetter,
    /// One run each: the difference was not tested.
    NotTested,
    /// The next `run` compares them.
    Pending,
    /// The answer is this baseline's own model.
    Same,
    /// Its models failed: why.
    Failed(String),
}

/// One baseline beside the answer.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// The node that `against` names.
    pub name: String,
    /// The metric of its model over seeds; of several models, their means.
    pub figure: Figure,
    /// How many models it stands for.
    pub models: usize,
    /// The deviation over seeds, within its models.
    pub deviation: Option<f64>,
    /// The answer's figure minus this one.
    pub difference: f64,
    /// How sure that is.
    pub comparison: Option<Comparison>,
    /// How the answer compares.
    pub verdict: Verdict,
    /// FLOPs of the answer ÷ mean FLOPs of the baseline.
    pub cost_ratio: f64,
}

impl Baseline {
    /// The 95 % interval of the difference; none where it was not tested.
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.comparison.as_ref()?.interval
    }
}

/// The answer with its baselines.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The node that `answer` names.
    pub name: String,
    /// The metric.
    pub metric: Metric,
    /// The model.
    pub model: Model,
    /// Its figure.
    pub figure: Figure,
    /// In the order of `against`.
    pub baselines: Vec<Baseline>,
}

/// Finds the answer; none while its stage is not done, or where the pipeline names none. Where several models came by way of the
/// node that `answer` names, it is the first of them.
pub fn answered(pipeline: &Pipeline, replay: &Replay) -> Option<Answered> {
    let (answer, standing) = (pipeline.answer.as_ref()?, standing(pipeline, &replay.stages)?);
    let metric = &answer.by.value;
    let ours = standing.ours;
    let figure = figure_of(&ours.model, metric);
    let baseline = |(name, others): (&str, Others)| match others {
        Others::Models(models) => Some(baseline(metric, name, ours, &models, replay.compared.get(name).map(|c| &c.comparison))),
        Others::Same => Some(without(name, &figure, Verdict::Same)),
        Others::Failed(why) => Some(without(name, &Figure::of(Vec::new()), Verdict::Failed(why))),
        Others::Nobody => None,
    };
    let baselines = standing.baselines.into_iter().filter_map(baseline).collect();
    Some(Answered { name: answer.name.value.clone(), metric: metric.clone(), model: ours.model.clone(), figure, baselines })
}

/// Why there is no answer though everything is done: how the models of the node that `answer` names failed.
pub fn unanswered(pipeline: &Pipeline, replay: &Replay) -> Option<String> {
    let answer = pipeline.answer.as_ref()?;
    let measured: &StageReplay = replay.stages.get(pipeline.links.answer.as_ref()?.within)?;
    let ours = measured.slots.iter().filter(|s| s.model.via.contains(&answer.name.value));
    ours.into_iter().find_map(|s| if let State::Failed(why) = &s.state { Some(format!("{}: {why}", s.model.label())) } else { None })
}

/// The model that a pipeline ends in: its answer's; where it names none, the first that its last `select` chose.
pub fn winner<'v>(pipeline: &Pipeline, replay: &'v Replay) -> Option<&'v Model> {
    if pipeline.answer.is_some() {
        let identity = answered(pipeline, replay)?.model.identity();
        return replay.stages.iter().flat_map(|s| &s.slots).map(|s| &s.model).rfind(|m| m.identity() == identity);
    }
    let last = pipeline.stages.iter().rposition(|s| s.select().is_some())?;
    replay.stages.get(last)?.slots.first().map(|s| &s.model)
}

/// A baseline that there is nothing to compare with.
fn without(name: &str, figure: &Figure, verdict: Verdict) -> Baseline {
    Baseline {
        name: name.to_string(),
        figure: figure.clone(),
        models: 0,
        deviation: None,
        difference: f64::NAN,
        comparison: None,
        verdict,
        cost_ratio: 1.0,
    }
}

fn baseline(metric: &Metric, name: &str, ours: &Slot, others: &[&Slot], comparison: Option<&Comparison>) -> Baseline {
    let figures: Vec<Figure> = others.iter().map(|s| figure_of(&s.model, metric)).collect();
    let theirs = match figures.as_slice() {
        [one] => one.clone(),
        many => Figure::of(many.iter().map(Figure::mean).collect()),
    };
    let difference = figure_of(&ours.model, metric).mean() - theirs.mean();
    let verdict = match comparison {
        Some(comparison) => verdict(metric, difference, comparison.interval),
        None if sides(metric, ours, others).is_some() => Verdict::Pending,
        None => verdict(metric, difference, None),
    };
    let macs = others.iter().map(|s| s.model.candidate.macs as f64).sum::<f64>() / others.len() as f64;
    Baseline {
        name: name.to_string(),
        figure: theirs,
        models: others.len(),
        deviation: pooled(&figures),
        difference,
        comparison: comparison.cloned(),
        verdict,
        cost_ratio: ours.model.candidate.macs as f64 / macs,
    }
}

/// On the metric's better side.
fn verdict(metric: &Metric, difference: f64, interval: Option<(f64, f64)>) -> Verdict {
    let side = if metric.higher_is_better() { 1.0 } else { -1.0 };
    match interval {
        Some((low, high)) if (side * low).min(side * high) > 0.0 => Verdict::Better,
        Some((low, high)) if (side * low).max(side * high) < 0.0 => Verdict::Worse,
        Some(_) => Verdict::NoBetter,
        None if side * difference <= 0.0 => Verdict::NoBetter,
        None => Verdict::NotTested,
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, verdict};
    use crate::document::Metric;

    #[test]
    fn better_is_on_the_side_of_the_metric() {
        let language = crate::language();
        let of = |name: &str| -> Metric { language.metric(name).expect("a metric") };
        let (map50, loss) = (of("map50"), of("loss"));
        assert_eq!(verdict(&map50, 0.2, Some((0.1, 0.3))), Verdict::Better);
        assert_eq!(verdict(&map50, 0.2, Some((-0.1, 0.5))), Verdict::NoBetter);
        assert_eq!(verdict(&map50, -0.2, Some((-0.3, -0.1))), Verdict::Worse);
        assert_eq!(verdict(&loss, -0.2, Some((-0.3, -0.1))), Verdict::Better);
        assert_eq!(verdict(&loss, 0.2, Some((0.1, 0.3))), Verdict::Worse);
        assert_eq!(verdict(&loss, 0.0, Some((0.0, 0.0))), Verdict::NoBetter);
        // One run each: only the wrong side is a finding.
        assert_eq!([0.1, -0.1].map(|d| verdict(&map50, d, None)), [Verdict::NotTested, Verdict::NoBetter]);
    }
}
