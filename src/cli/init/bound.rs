//! What no network may exceed, as it is asked for.

use super::draft::Bound;
use crate::cli::arguments::InitArguments;
use crate::cli::failure::Failure;
use crate::cli::latency_table;
use crate::space::{Architecture, Space, operations};
use std::collections::BTreeMap;

/// Networks that are drawn to see whether any is within a latency.
const DRAWN: u64 = 500;

/// As asked for on the command line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    /// Nothing: the reference's FLOPs.
    Open,
    /// FLOPs.
    Flops(f64),
    /// Milliseconds.
    Latency(f64),
}

impl Wanted {
    /// Reads `--flops` and `--latency`.
    ///
    /// # Errors
    /// What is no number of FLOPs, or no time.
    pub fn of(arguments: &InitArguments) -> Result<Wanted, Failure> {
        if let Some(text) = &arguments.flops {
            let wrong = || Failure::Message(format!("`--flops {text}`: a number such as `0.26G`, `50M` or `3e8` was expected"));
            return Ok(Wanted::Flops(number(text, &[("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12)]).ok_or_else(wrong)?));
        }
        if let Some(text) = &arguments.latency {
            let wrong = || Failure::Message(format!("`--latency {text}`: a time such as `5ms` was expected"));
            return Ok(Wanted::Latency(number(text, &[("ms", 1.0), ("s", 1e3)]).ok_or_else(wrong)?));
        }
        Ok(Wanted::Open)
    }

    /// Whether nothing is asked for.
    pub fn is_open(&self) -> bool {
        *self == Wanted::Open
    }

    /// Whether it is a time.
    pub fn is_latency(&self) -> bool {
        matches!(self, Wanted::Latency(_))
    }

    /// The bound; of a time without its table.
    pub fn bound(&self) -> Bound {
        match self {
            Wanted::Flops(flops) => Bound::Flops(*flops),
            _ => Bound::Reference,
        }
    }

    /// The most, in its unit.
    pub fn most(&self) -> f64 {
        match self {
            Wanted::Flops(most) | Wanted::Latency(most) => *most,
            Wanted::Open => f64::INFINITY,
        }
    }

    /// What a network costs in that unit; a time is measured now.
    pub fn cost(&self, architecture: &Architecture, threads: usize) -> Result<f64, Failure> {
        if !self.is_latency() {
            return Ok(2.0 * architecture.cost()?.macs as f64);
        }
        let program = architecture.program()?;
        let wanted = program.operations().into_iter().map(|o| (o.key.clone(), o)).collect();
        Ok(latency_table::table(&wanted, threads)?.latency(architecture)?)
    }

    /// The table of a space's operations on this machine, as JSON.
    ///
    /// # Errors
    /// None of many networks is within the time.
    pub fn table(&self, space: &Space, threads: usize) -> Result<String, Failure> {
        let wanted: BTreeMap<_, _> = operations(space).operations;
        crate::cli::print::note(&format!("measuring {} operations for the latency table", wanted.len()));
        let table = latency_table::table(&wanted, threads)?;
        let drawn = (0..DRAWN).filter_map(|i| space.architecture(&space.random(0, &[i])).ok());
        let times: Vec<f64> = drawn.filter_map(|a| table.latency(&a).ok()).collect();
        let least = times.iter().copied().fold(f64::INFINITY, f64::min);
        if least > self.most() {
            return Err(format!(
                "`--latency {}ms`: of {} networks that were drawn none is so fast; the fastest takes {least:.2} ms",
                self.most(),
                times.len()
            )
            .into());
        }
        Ok(table.to_json()? + "\n")
    }

    /// What to say where no network is within it.
    pub fn too_tight(&self) -> Option<String> {
        match self {
            Wanted::Flops(flops) => Some(format!(
                "`--flops {}`: no network of the space is so cheap; name a larger bound",
                crate::report::number::si(*flops).replace(' ', "")
            )),
            _ => None,
        }
    }
}

/// A positive number with one of these units, or without.
fn number(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let unit = units.iter().find(|(unit, _)| text.strip_suffix(unit).is_some_and(|rest| !rest.is_empty()));
    let (digits, factor) = unit.map_or((text, 1.0), |(unit, factor)| (text.trim_end_matches(unit), *factor));
    let value = digits.trim().parse::<f64>().ok()? * factor;
    (value.is_finite() && value > 0.0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units() {
        let flops = [("k", 1e3), ("M", 1e6), ("G", 1e9)];
        assert_eq!(number("0.26G", &flops), Some(0.26e9));
        assert_eq!(number("3e8", &flops), Some(3e8));
        assert_eq!(["", "G", "-1M", "nan", "infG", "5x"].map(|t| number(t, &flops)), [None; 6]);
        assert_eq!(["5ms", "0.02s", "7"].map(|t| number(t, &[("ms", 1.0), ("s", 1e3)])), [Some(5.0), Some(20.0), Some(7.0)]);
    }
}
