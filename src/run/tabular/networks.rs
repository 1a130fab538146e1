//! All networks of a space, built once, and their figures in a table.

use super::asked::{Asked, Ground};
use super::contestants::Contestant;
use crate::base::Digest;
use crate::document::{Diagnostic, Diagnostics, Metric, StageId};
use crate::plan::Figure;
use crate::plan::table::key_of;
use crate::run::error::RunError;
use crate::run::prepare::Prepared;
use crate::search::Known;
use crate::space::{Cost, Sample, Space, cost_as};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Larger spaces are not looked up whole, so that nobody knows what is best in them.
const MOST: usize = 1_000_000;

/// What a sample is called, and what its network costs; none where the space does not admit it.
pub(super) struct Networks {
    pub samples: Vec<Sample>,
    pub known: Vec<Option<(Known, Cost)>>,
    /// Which of them a sample is.
    pub at: HashMap<Sample, usize>,
}

impl Networks {
    pub fn of(space: &Space) -> Result<Networks, RunError> {
        let Some(samples) = space.enumerate(MOST) else {
            let (name, size) = (&space.name, space.size());
            return Err(RunError::Data(format!(
                "`{name}` has {size:.3e} samples: `compare` looks every network up and takes at most {MOST}"
            )));
        };
        let build = |sample: &Sample| {
            let architecture = space.architecture(sample).ok()?;
            space.admits(&architecture).ok()?;
            let cost = architecture.cost().ok()?;
            let known = Known { sample: sample.clone(), digest: space.candidate(sample, architecture.digest()), macs: cost.macs };
            Some((known, cost))
        };
        let known: Vec<_> = samples.par_iter().map(build).collect();
        let at = samples.iter().cloned().zip(0..).collect();
        Ok(Networks { samples, known, at })
    }

    /// One value a network: where several samples build one and their rows differ, the first in the order of the file counts.
    fn one_each(&self, values: Vec<Option<f64>>) -> Vec<Option<f64>> {
        let mut first: HashMap<Digest, Option<f64>> = HashMap::new();
        let of = |(known, value): (&Option<(Known, Cost)>, Option<f64>)| *first.entry(known.as_ref()?.0.digest).or_insert(value);
        self.known.iter().zip(values).map(of).collect()
    }

    /// The name of a sample, for a search.
    pub fn name(&self, sample: &Sample) -> Option<Known> {
        Some(self.known[*self.at.get(sample)?].as_ref()?.0.clone())
    }
}

/// What a search is told of every sample, and what it is judged by; more is better in both.
pub(super) struct Figures {
    pub told: Vec<Option<f64>>,
    pub judged: Vec<Option<f64>>,
    pub ground: Ground,
}

impl Figures {
    pub fn of(prepared: &Prepared, contestant: &Contestant, networks: &Networks, asked: &Asked) -> Result<Figures, RunError> {
        let told = column(prepared, contestant, &contestant.told, networks, asked.told_seed)?;
        let judged = column(prepared, contestant, &contestant.judged, networks, None)?;
        let (told, judged) = (networks.one_each(told), networks.one_each(judged));
        let distinct: BTreeMap<Digest, f64> =
            networks.known.iter().zip(&judged).filter_map(|(known, value)| Some((known.as_ref()?.0.digest, (*value)?))).collect();
        let mut values: Vec<f64> = distinct.into_values().collect();
        values.sort_by(|a, b| b.total_cmp(a));
        let top_networks = values.len().div_ceil(1000).max(1);
        let (Some(&best), Some(&worst), Some(&top)) = (values.first(), values.last(), values.get(top_networks - 1)) else {
            return Err(RunError::Data(format!("no network of `{}` has a row in the table", contestant.space.name)));
        };
        let stage = |id: StageId| &prepared.pipeline.stages[id].name.value;
        let judged_by = match (contestant.judged != contestant.told, asked.told_seed) {
            (true, _) => Some(format!("{} of `{}`", contestant.judged.1, stage(contestant.judged.0))),
            (false, Some(n)) => Some(format!("the mean of all seeds, where the search is told seed {n}")),
            (false, None) => None,
        };
        let ground = Ground {
            space: contestant.space.name.clone(),
            samples: networks.samples.len(),
            networks: values.len(),
            told: contestant.told.1.clone(),
            judged: contestant.judged.1.clone(),
            judged_by,
            best,
            worst,
            top,
            top_networks,
        };
        Ok(Figures { told, judged, ground })
    }
}

/// The metric of every sample, by a stage's table; more is better.
fn column(
    prepared: &Prepared,
    contestant: &Contestant,
    (stage, metric, maximize): &(StageId, Metric, bool),
    networks: &Networks,
    seed: Option<usize>,
) -> Result<Vec<Option<f64>>, RunError> {
    let at = &prepared.pipeline.stages[*stage];
    let source = at.evaluate().and_then(|e| e.table.as_deref());
    let (Some(source), Some(table)) = (source, prepared.tables.get(&at.name.value)) else {
        return Err(RunError::Stuck(format!("the table of `{}` was not read", at.name.value)));
    };
    let column = source.columns.iter().find(|c| c.metric.value == *metric);
    let space = contestant.space;
    let figure = |(sample, known): (&Sample, &Option<(Known, Cost)>)| -> Option<Figure> {
        let (_, cost) = known.as_ref()?;
        match column {
            Some(column) => table.figure(&key_of(source, space.decisions(), &space.describe(sample)).ok()?, column).ok(),
            // A cost that the table does not have is counted.
            None => cost_as(metric, cost).map(Figure::exact),
        }
    };
    let figures: Vec<Option<Figure>> = networks.samples.iter().zip(&networks.known).map(figure).collect();
    let seeds = figures.iter().flatten().map(|f| f.values.len()).max().unwrap_or(0);
    if let Some(n) = seed.filter(|n| *n >= seeds) {
        let message = format!("`{metric}` has {seeds} values a row in this table: there is no seed {n}");
        let d = Diagnostic::error("compare", message, at.name.span, "this table").help("seeds are counted from 0");
        return Err(Diagnostics { sources: prepared.pipeline.sources.clone(), items: vec![d] }.into());
    }
    let value = |f: Figure| {
        let value = match seed {
            None => f.mean(),
            Some(n) => *f.values.get(n)?,
        };
        Some(if *maximize { value } else { -value }).filter(|v| !v.is_nan())
    };
    Ok(figures.into_iter().map(|f| f.and_then(value)).collect())
}
