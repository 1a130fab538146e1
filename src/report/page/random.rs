//! The random search that stands beside a search's best so far: the pipeline's own where it has one of the same metric, else the search's random
//! beginning. Which of the two it is stands in words beside the curve.

use super::beside::Beside;
use super::facts::RandomSearch;
use crate::document::{Metric, Stage};
use crate::metrics::{BestOf, best_of};
use crate::plan::unguided::{is_random, unguided};
use crate::report::rows::Row;

/// The fewest trials of a random search.
const FEWEST: usize = 3;

/// Beside the models of a stage; none where no random trial is measured like them.
pub fn random_search(beside: &Beside, stage: &Stage, metric: &Metric) -> Option<RandomSearch> {
    let pipeline = &beside.prepared.pipeline;
    let evaluate = stage.evaluate()?;
    let alike = |other: &Stage| {
        let same = |e: &crate::document::Evaluate| {
            e.data.as_ref().map(|(d, s)| (&d.value, &s.value)) == evaluate.data.as_ref().map(|(d, s)| (&d.value, &s.value))
                && e.table == evaluate.table
                && e.metrics.iter().any(|m| m.value == *metric)
        };
        other.evaluate().is_some_and(same)
    };
    let epochs = |rows: &[&Row]| rows.iter().filter_map(|r| r.epochs).max();
    let of = |stage: &str, sample: &str| -> Vec<&Row> {
        let measured = |r: &&Row| r.stage == stage && r.sample == sample && r.state != "pending";
        beside.rows.iter().filter(measured).collect()
    };
    let own: Vec<&Row> = beside.rows.iter().filter(|r| r.stage == stage.name.value).collect();
    let samples = pipeline.stages.iter().filter_map(|s| Some((&s.name.value, s.sample()?)));
    let random: Vec<&String> = samples.clone().filter(|(_, sample)| is_random(sample)).map(|(name, _)| name).collect();
    // Its own stage first; of others only such as train as long.
    let mut places: Vec<&Stage> = vec![stage];
    places.extend(pipeline.stages.iter().filter(|s| s.name.value != stage.name.value && alike(s)));
    for place in places {
        for name in &random {
            let rows = of(&place.name.value, name);
            if rows.len() >= FEWEST && epochs(&rows) == epochs(&own) {
                return curve(beside, &rows, metric, format!("random search `{name}`, measured by `{}`", place.name.value));
            }
        }
    }
    // The random beginning of the search that has most trials here.
    let guided =
        samples.filter(|(_, sample)| sample.objective.as_ref().is_some_and(|o| o.stage.value == stage.name.value && o.stop.is_none()));
    let (name, first) = guided.map(|(name, sample)| (name, unguided(sample))).max_by_key(|(_, first)| *first)?;
    let rows: Vec<&Row> = of(&stage.name.value, name).into_iter().filter(|r| r.trial < first).collect();
    if rows.len() < FEWEST {
        return None;
    }
    curve(beside, &rows, metric, format!("the random beginning of `{name}` (its first {first} trials, before it read a result)"))
}

fn curve(beside: &Beside, rows: &[&Row], metric: &Metric, from: String) -> Option<RandomSearch> {
    let values: Vec<f64> = rows.iter().map(|r| -metric.as_cost(r.value(metric))).collect();
    let back = |x: f64| -metric.as_cost(x);
    let turned = |b: BestOf| {
        let (a, z) = (back(b.low), back(b.high));
        BestOf { n: b.n, mean: back(b.mean), low: a.min(z), high: a.max(z) }
    };
    let curve: Vec<BestOf> = best_of(&values).into_iter().map(turned).collect();
    let costs: Vec<(u64, f64)> =
        rows.iter().filter_map(|r| beside.kept.trained.get(&(r.stage.clone(), r.sample.clone(), r.trial, r.epochs)).copied()).collect();
    let mean = |of: &dyn Fn(&(u64, f64)) -> f64| (!costs.is_empty()).then(|| costs.iter().map(of).sum::<f64>() / costs.len() as f64);
    let (flops, iterations) = (mean(&|c| c.1), mean(&|c| c.0 as f64));
    (!curve.is_empty()).then_some(RandomSearch { from, trials: rows.len(), flops, iterations, curve })
}
