//! What is said of a space before anything is trained.

use super::number::{self, counted};
use super::table::Table;
use crate::space::Survey;
use crate::space::survey::{Distinct, Idle, Never};
use serde_json::{Value, json};

/// Choices and options that are named; of more only the number is said.
const NAMED: usize = 8;

/// How many networks there are: `3,969 distinct networks`.
pub fn networks(survey: &Survey) -> String {
    let Distinct { networks, low, high, drawn } = survey.distinct;
    if survey.exact {
        return counted(networks as usize, "distinct network");
    }
    if networks == survey.samples {
        return format!("as many distinct networks, as far as {drawn} samples show (95 %: at least {})", large(low));
    }
    format!("at most about {} distinct networks (95 %: {} to {})", large(networks), large(low), large(high))
}

/// The lines below the number of samples, each indented.
pub fn lines(survey: &Survey, width: Option<usize>) -> String {
    let mut out = String::new();
    if survey.unbuilt > 0 {
        let share = 100.0 * survey.unbuilt as f64 / survey.looked.max(1) as f64;
        let of = if survey.exact { "of them" } else { "of those looked at" };
        out += &format!("  {share:.1} % {of} cannot be built\n");
    }
    if !survey.spread.is_empty() {
        let over = if survey.exact { "all that can be built".to_string() } else { format!("{} drawn", survey.looked - survey.unbuilt) };
        let mut table = Table::new([format!("  of {over}").as_str(), ">least", ">5 %", ">median", ">95 %", ">most"]);
        for spread in &survey.spread {
            let said = |x: &f64| if spread.milliseconds { format!("{x:.3} ms") } else { number::si(*x).trim_end().to_string() };
            let mut row = vec![format!("  {}", spread.name)];
            row.extend(spread.quantiles.iter().map(said));
            table.row(row);
        }
        out += &table.render(0, width);
        for spread in survey.spread.iter().filter(|s| s.missing > 0) {
            out += &format!("  {}: {} have an operation without a row\n", spread.name, counted(spread.missing, "network"));
        }
    }
    out + &idle(&survey.idle) + &never(&survey.never)
}

fn idle(idle: &[Idle]) -> String {
    let Some(first) = idle.first() else { return String::new() };
    let names = named(idle.iter().map(|i| i.label.clone()));
    match first.tries {
        None => format!("  {} can never matter: {names}\n", counted(idle.len(), "choice")),
        Some(_) => format!("  {} made no difference to any network that was tried: {names}\n", counted(idle.len(), "choice")),
    }
}

fn never(never: &[Never]) -> String {
    let Some(first) = never.first() else { return String::new() };
    let names = named(never.iter().map(|n| format!("{} = {}", n.label, n.option)));
    match first.tries {
        None => format!("  no network takes {names}\n"),
        Some(_) => format!("  no network that was tried can be built with {names}\n"),
    }
}

fn named(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(NAMED);
    let shown = names[..names.len() - more].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// A number that may be very large: exact while it can be read.
fn large(n: f64) -> String {
    if n < 1e6 { number::grouped(n.round() as u64) } else { format!("{n:.2e}") }
}

/// The same for programs. Counts that are no exact ones have their interval.
pub fn json(survey: &Survey) -> Value {
    let Distinct { networks, low, high, drawn } = survey.distinct;
    json!({
        "samples": survey.samples,
        "exact": survey.exact,
        "looked": survey.looked,
        "unbuilt": survey.unbuilt,
        "distinct": { "networks": networks, "low": low, "high": high, "drawn": drawn },
        "never-matters": survey.idle.iter().map(|i| json!({ "label": i.label, "tries": i.tries })).collect::<Vec<_>>(),
        "never-taken": survey.never.iter().map(|n| json!({ "label": n.label, "option": n.option, "tries": n.tries })).collect::<Vec<_>>(),
        "costs": survey.spread.iter().map(|s| json!({
            "name": s.name,
            "min": s.quantiles[0],
            "p5": s.quantiles[1],
            "median": s.quantiles[2],
            "p95": s.quantiles[3],
            "max": s.quantiles[4],
            "without": s.missing,
        })).collect::<Vec<_>>(),
    })
}
