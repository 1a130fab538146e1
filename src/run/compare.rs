//! How the answer compares with a baseline: its metric on resamples of the images, the same for the runs of both sides.

use super::error::RunError;
use super::predicted::{self, Measured, Predicted};
use super::prepare::Prepared;
use crate::base::{Digest, Random};
use crate::document::Metric;
use crate::metrics::{Guesses, Parts, Resampled, Runs, compare};
use crate::plan::{CompareWork, Sides};
use crate::results::Comparison;
use crate::store::Store;

/// Resamples of the images, at most and at least; between them as many as look at [`LOOKS`] detections.
const RESAMPLES: (usize, usize) = (1000, 200);
const LOOKS: usize = 1_000_000_000;

/// None where predictions are gone or damaged.
///
/// # Errors
/// Those of the store, and predictions that are not of this split.
pub fn comparison(work: &CompareWork, prepared: &Prepared, store: &Store) -> Result<Option<Comparison>, RunError> {
    let (ours, theirs) = match &work.sides {
        Sides::Values { ours, theirs } => {
            return Ok(Some(compare(&Runs { ours: ours.clone(), theirs: theirs.clone() }, &[], 0)));
        }
        Sides::Predictions { ours, theirs } => (ours, theirs),
    };
    let data = work.data.as_ref().ok_or_else(|| RunError::Stuck("a comparison of predictions names no data".into()))?;
    let load = |runs: &Vec<Digest>| -> Result<Option<Vec<Run>>, RunError> {
        let read = |d: &Digest| predicted::read(*d, data, prepared, store)?.map(|p| Run::new(p, &work.metric)).transpose();
        runs.iter().map(read).collect()
    };
    let Some(ours) = load(ours)? else { return Ok(None) };
    let Some(theirs) = theirs.iter().map(load).collect::<Result<Option<Vec<_>>, _>>()? else { return Ok(None) };
    let all = |value: &dyn Fn(&Run) -> f64| Runs {
        ours: ours.iter().map(value).collect(),
        theirs: theirs.iter().map(|network| network.iter().map(value).collect()).collect(),
    };
    let images = prepared.data.get(&data.0).and_then(|d| d.splits.get(&data.1)).map_or(0, |s| s.images);
    let looks: usize = ours.iter().chain(theirs.iter().flatten()).map(Run::load).sum();
    let rounds = (LOOKS / looks.max(1)).clamp(RESAMPLES.1, RESAMPLES.0) as u64;
    let resample = |round: u64| {
        let (mut random, mut copies) = (Random::at(0, "compare", &[round]), vec![0; images]);
        (0..images).for_each(|_| copies[random.below(images)] += 1);
        all(&|run| run.resampled(&copies, &work.metric))
    };
    let resamples: Vec<Runs> = if images > 1 { (0..rounds).map(resample).collect() } else { Vec::new() };
    Ok(Some(compare(&all(&|run| run.value), &resamples, images)))
}

/// One training's predictions.
struct Run {
    /// The metric over the whole split.
    value: f64,
    predicted: Kind,
}

enum Kind {
    Detections(Resampled),
    Guesses(Guesses),
}

impl Run {
    fn new(predicted: Predicted, metric: &Metric) -> Result<Self, RunError> {
        let measured = predicted.measured();
        let value = measured.value(metric).ok_or_else(|| RunError::Stuck(format!("`{metric}` is not computed from predictions")))?;
        let predicted = match (predicted, measured) {
            (Predicted::Detections(matched), Measured::Detection(report)) => {
                let read = |r: &crate::metrics::DetectionReport| Measured::Detection(r.clone()).value(metric).unwrap_or(f64::NAN);
                Kind::Detections(Resampled::new(matched, Parts::read_by(&report, read)))
            }
            (Predicted::Guesses(guesses), _) => Kind::Guesses(guesses),
            (Predicted::Detections(matched), _) => Kind::Detections(Resampled::new(matched, Parts::ALL)),
        };
        Ok(Run { value, predicted })
    }

    /// What a resample costs, in detections that are looked at.
    fn load(&self) -> usize {
        match &self.predicted {
            Kind::Detections(resampled) => resampled.load(),
            Kind::Guesses(guesses) => guesses.images(),
        }
    }

    fn resampled(&self, copies: &[u32], metric: &Metric) -> f64 {
        let measured = match &self.predicted {
            Kind::Detections(resampled) => Measured::Detection(resampled.report(copies)),
            Kind::Guesses(guesses) => Measured::Classification(guesses.report(copies)),
        };
        measured.value(metric).unwrap_or(f64::NAN)
    }
}
