//! What a search that stops early will train, before it is known.

use super::budget::{affordable, paid, trains};
use crate::base::Random;
use crate::document::{Pipeline, StageId};
use crate::search::Told;
use crate::search::racing::{Move, Race, build};

/// Trials of which the whole is extrapolated: the share that is trained differs little with more.
const TRIALS: usize = 200;
/// Trainings to a rung that are played at most, by so many trials at least: this is asked for again and again while a run goes on.
const TICKETS: usize = 4000;
const FEWEST: usize = 20;

/// How a search stops its trials.
#[derive(Clone, Debug, PartialEq)]
pub struct Stops {
    /// The `train` whose epochs are cut.
    pub stage: StageId,
    /// The epochs at which trials are measured.
    pub rungs: Vec<usize>,
    /// Epochs that are trained in all, a seed, were results drawn at random.
    pub epochs: usize,
    /// What its trials would have without the rule.
    pub whole: usize,
}

/// None where the sample stops nothing.
pub fn stops(pipeline: &Pipeline, sample: StageId) -> Option<Stops> {
    let stage = pipeline.stages[sample].sample()?;
    let rule = build(stage.objective.as_ref()?.stop.as_ref()?).ok()?;
    let (index, train) = trains(pipeline, sample).pop()?;
    let trials = affordable(pipeline, sample, stage);
    let mut race = Race::new(rule, train.epochs, trials, stage.window, None);
    let (rungs, whole) = (race.rungs().to_vec(), trials * train.epochs);
    let few = trials.min(TRIALS).min((TICKETS / rungs.len()).max(FEWEST));
    if few * rungs.len() > 10 * TICKETS {
        return Some(Stops { stage: index, rungs, epochs: paid(pipeline, index).map_or(whole, |paid| whole.min(paid)), whole });
    }
    race.of(few);
    let score = |trial: usize, _: usize| Some(Told::Value(Random::at(0, "stops", &[trial as u64]).unit()));
    loop {
        match race.next(false, &score) {
            Move::Start => race.started(0),
            Move::On(_) => {}
            Move::Needs { .. } | Move::Over => break,
        }
    }
    let epochs = (race.spent() as f64 * trials as f64 / few.max(1) as f64).round() as usize;
    let epochs = paid(pipeline, index).map_or(epochs, |paid| epochs.min(paid));
    Some(Stops { stage: index, rungs, epochs, whole })
}

/// The search whose rule cuts the epochs of a `train`.
pub fn stopped_by(pipeline: &Pipeline, train: StageId) -> Option<Stops> {
    (0..pipeline.stages.len()).filter_map(|sample| stops(pipeline, sample)).find(|stops| stops.stage == train)
}
