//! Searches of a pipeline on a tabular benchmark, over many seeds, in memory: `nasflow compare`.
//!
//! Every network of the space is built and looked up once; a search then costs look-ups. What is searched by and what the outcome is
//! judged by may differ: validation and test, or one seed of a row and the mean over its seeds.

mod asked;
mod contestants;
mod networks;
mod trial;

pub use asked::{Asked, Compared, Curves, Ground};

use super::error::RunError;
use super::prepare::Prepared;
use contestants::{Contestant, contestants};
use networks::{Figures, Networks};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Runs every `sample` on a table over so many seeds. The result depends on nothing but the pipeline and what is asked.
///
/// # Errors
/// A pipeline that has no search on a table, or a space that is too large to be looked up whole.
pub fn compare(prepared: &Prepared, asked: &Asked) -> Result<Compared, RunError> {
    let (contestants, notes) = contestants(prepared, asked)?;
    let mut spaces: BTreeMap<&str, Networks> = BTreeMap::new();
    let mut out = Compared { searches: Vec::new(), notes };
    for contestant in &contestants {
        let space = &contestant.space.name;
        if !spaces.contains_key(space.as_str()) {
            spaces.insert(space, Networks::of(contestant.space)?);
        }
        let Some(networks) = spaces.get(space.as_str()) else { continue };
        let figures = Figures::of(prepared, contestant, networks, asked)?;
        out.searches.push(curves(contestant, networks, &figures, asked, prepared.pipeline.seed)?);
    }
    Ok(out)
}

fn curves(contestant: &Contestant, networks: &Networks, figures: &Figures, asked: &Asked, seed: u64) -> Result<Curves, RunError> {
    let trials = asked.trials.unwrap_or(contestant.sample.trials);
    let first = seed.wrapping_add(contestant.sample.seed);
    let run = |n: u64| trial::run(contestant, networks, figures, trials, first.wrapping_add(n));
    let runs = (0..asked.seeds).into_par_iter().map(run).collect::<Result<Vec<_>, _>>()?;
    Ok(Curves {
        name: contestant.name.to_string(),
        strategy: contestant.sample.strategy.name().to_string(),
        trials,
        window: contestant.sample.window,
        ground: figures.ground.clone(),
        runs,
    })
}
