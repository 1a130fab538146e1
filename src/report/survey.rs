//! What is said of a space before anything is trained.

use super::number::{self, counted};
use super::table::Table;
use crate::space::Survey;
use crate::space::survey::{Distinct, Idle, Never};
use serde_json::{Value, json};

/// Below so many samples that count, only the upper end of an interval is said.
const FEW: usize = 5;
/// Choices and options that are named; of more only the number is said.
const NAMED: usize = 8;

/// How many networks there are: `3,969 distinct networks`.
pub fn networks(survey: &Survey) -> String {
    let Distinct { networks, low, high, drawn, least } = survey.distinct;
    if survey.exact {
        return counted(networks as usize, "distinct network");
    }
    if least == drawn {
        return format!("as many distinct networks, as far as {} show (95 %: at least {})", counted(drawn, "sample"), large(low));
    }
    if least < FEW {
        return format!("at most {} distinct networks (95 %, by {})", large(high), counted(drawn, "sample"));
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
    let Distinct { networks, low, high, drawn, .. } = survey.distinct;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(exact: bool, distinct: Distinct) -> Survey {
        Survey { samples: 1e7, exact, looked: 400, unbuilt: 0, distinct, idle: vec![], never: vec![], spread: vec![] }
    }

    #[test]
    fn how_many_networks_there_are() {
        assert_eq!(networks(&survey(true, Distinct::exactly(3969, 6561))), "3,969 distinct networks");
        let of = |networks: f64, low: f64, high: f64, least: usize| {
            super::networks(&survey(false, Distinct { networks, low, high, drawn: 100, least }))
        };
        assert_eq!(of(4e6, 3.1e6, 5e6, 40), "at most about 4.00e6 distinct networks (95 %: 3.10e6 to 5.00e6)");
        assert_eq!(of(1e5, 0.0, 6e5, 1), "at most 600,000 distinct networks (95 %, by 100 samples)");
        assert_eq!(of(1e7, 9.6e6, 1e7, 100), "as many distinct networks, as far as 100 samples show (95 %: at least 9.60e6)");
    }

    #[test]
    fn what_does_not_matter_is_named() {
        let mut found = survey(false, Distinct::exactly(1, 1));
        let idle = |i: usize| Idle { label: format!("c{i}.kernel"), tries: Some(16) };
        found.idle = (0..10).map(idle).collect();
        found.never = vec![Never { label: "nodes".into(), option: "1".into(), tries: None }];
        let text = lines(&found, None);
        assert!(text.contains("10 choices made no difference to any network that was tried: c0.kernel, c1.kernel,"), "{text}");
        assert!(text.contains("c7.kernel and 2 more") && text.contains("no network takes nodes = 1"), "{text}");
        found.unbuilt = 40;
        assert!(lines(&found, None).starts_with("  10.0 % of those looked at cannot be built\n"));
    }
}
