//! `nasflow compare`: the searches of a pipeline on a table, over many seeds.

use super::arguments::CompareArguments;
use super::failure::Failure;
use super::load;
use super::print;
use crate::report::{regret, regret_plot};
use crate::run::tabular::{Asked, compare};
use std::process::ExitCode;

pub fn run(arguments: &CompareArguments) -> Result<ExitCode, Failure> {
    // Before minutes of work: whether what comes out can be written as asked.
    let endings: Vec<Ending> = arguments.output.iter().map(|path| Ending::of(path)).collect::<Result<_, _>>()?;
    let pipeline = load::pipeline(&arguments.file)?;
    let prepared = load::prepared(pipeline, None, &arguments.file, true)?;
    let asked = Asked {
        seeds: u64::from(arguments.seeds),
        trials: arguments.trials.map(|n| n as usize),
        by: arguments.by.clone(),
        told_seed: arguments.told_seed,
    };
    let compared = compare(&prepared, &asked)?;
    print::out(&regret::text(&compared, print::columns()));
    for (path, ending) in arguments.output.iter().zip(endings) {
        let text = match ending {
            Ending::Csv => regret::csv(&compared),
            Ending::Svg => regret_plot::svg(&compared),
        };
        std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        print::note(&format!("wrote {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// What a file is to be.
enum Ending {
    Csv,
    Svg,
}

impl Ending {
    fn of(path: &std::path::Path) -> Result<Ending, Failure> {
        match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Ok(Ending::Csv),
            Some("svg") => Ok(Ending::Svg),
            _ => Err(format!("`-o {}`: a name that ends in `.csv` or `.svg` was expected", path.display()).into()),
        }
    }
}
