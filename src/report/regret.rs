//! Strategies held against each other on a table: as text, and query by query as CSV.

use super::table::Table;
use crate::base::{counted, fixed, grouped};
use crate::metrics::regret::{Estimate, Quartiles, mean, median, queries_to, regrets};
use crate::run::tabular::{Compared, Curves, Ground};

/// Queries after which regret is said.
const AFTER: [usize; 4] = [50, 100, 150, 200];
/// Shares are said in points.
const POINTS: f64 = 100.0;

/// Regret by run and query; a run that ended before keeps its last.
pub(super) fn curves(search: &Curves) -> Vec<Vec<f64>> {
    let ground = &search.ground;
    let longest = search.runs.iter().map(Vec::len).max().unwrap_or(0);
    let curve = |run: &Vec<_>| {
        let mut curve: Vec<f64> = regrets(run, ground.best, ground.worst).iter().map(|r| r * scale(ground)).collect();
        let last = curve.last().copied().unwrap_or((ground.best - ground.worst) * scale(ground));
        curve.resize(longest, last);
        curve
    };
    search.runs.iter().map(curve).collect()
}

/// Shares become points.
fn scale(ground: &Ground) -> f64 {
    if ground.judged.is_share() { POINTS } else { 1.0 }
}

/// The unit of regret, in words.
pub(super) fn unit(ground: &Ground) -> String {
    match ground.judged.is_share() {
        true => format!("{}, % points", ground.judged),
        false => format!("{}, {}", ground.judged, ground.judged.unit().word()),
    }
}

/// The values of all runs after a query, from 1.
pub(super) fn after(curves: &[Vec<f64>], query: usize) -> Vec<f64> {
    curves.iter().filter_map(|c| c.get(query - 1).copied()).collect()
}

/// The comparison as tables: one for queries, one for regret.
pub fn text(compared: &Compared, width: Option<usize>) -> String {
    let mut text = String::new();
    let mut said: Vec<&Ground> = Vec::new();
    for search in &compared.searches {
        if !said.contains(&&search.ground) {
            said.push(&search.ground);
            text += &ground(&search.ground);
        }
    }
    let seeds = compared.searches.iter().map(|s| s.runs.len()).max().unwrap_or(0);
    text += &format!("{} each; distinct networks are counted, so no query is spent twice\n", counted(seeds, "seed"));
    text += "\nqueries until found: median (95 % interval), quartiles\n";
    let mut table = Table::new(["  search", "strategy", ">the best", ">quartiles", ">top 0.1 %", ">quartiles", ">found it"]);
    for s in &compared.searches {
        let to = |goal: f64| s.runs.iter().map(|run| queries_to(run, goal)).collect::<Vec<f64>>();
        let (best, top) = (to(s.ground.best), to(s.ground.top));
        let found = best.iter().filter(|q| q.is_finite()).count();
        table.row([
            format!("  {}", s.name),
            s.strategy.clone(),
            queries(&median(&best), s.trials),
            quartiles(&best, s.trials),
            queries(&median(&top), s.trials),
            quartiles(&top, s.trials),
            format!("{} %", fixed(100.0 * found as f64 / best.len().max(1) as f64, 0)),
        ]);
    }
    text += &table.render(0, width);
    let points: Vec<usize> = AFTER.into_iter().filter(|q| compared.searches.iter().any(|s| s.trials >= *q)).collect();
    let longest = compared.searches.iter().map(|s| s.trials).max().unwrap_or(0);
    let points = if points.is_empty() { vec![longest] } else { points };
    let what = said.first().map_or(String::new(), |g| unit(g));
    text += &format!("\nregret ({what}) after so many queries: mean (95 % interval), median\n");
    let head = points.iter().flat_map(|q| [format!(">{q}"), ">median".to_string()]);
    let mut table = Table::new(["  search".to_string()].into_iter().chain(head));
    for s in &compared.searches {
        let curves = curves(s);
        let cells = points.iter().flat_map(|&q| {
            let values = after(&curves, q);
            match Quartiles::of(&values).filter(|_| s.trials >= q) {
                Some(q) => [estimate(&mean(&values)), fixed(q.median, 3)],
                None => ["–".to_string(), "–".to_string()],
            }
        });
        table.row([format!("  {}", s.name)].into_iter().chain(cells));
    }
    text += &table.render(0, width);
    for note in &compared.notes {
        text += &format!("\n{note}");
    }
    if compared.notes.is_empty() { text } else { text + "\n" }
}

fn ground(ground: &Ground) -> String {
    let say = |x: f64| fixed(x.abs() * scale(ground), 3);
    let (samples, networks) = (grouped(ground.samples as u64), grouped(ground.networks as u64));
    let judged = ground.judged_by.as_ref().map_or(String::new(), |by| format!(", judged by {by}"));
    format!(
        "space {:?}: {samples} samples, {networks} distinct networks; searched by {}{judged}\n\
         the best has {}; the top 0.1 % ({}) {} or better\n",
        ground.space,
        ground.told,
        say(ground.best),
        counted(ground.top_networks, "network"),
        say(ground.top)
    )
}

/// A number of queries, or that it takes more.
fn query(queries: f64, trials: usize) -> String {
    if queries.is_finite() { fixed(queries, 0) } else { format!(">{trials}") }
}

fn queries(estimate: &Estimate, trials: usize) -> String {
    let interval = estimate.interval.map_or(String::new(), |(low, high)| format!(" ({}–{})", fixed(low, 0), fixed(high, 0)));
    query(estimate.value, trials) + &interval
}

fn quartiles(values: &[f64], trials: usize) -> String {
    Quartiles::of(values).map_or("–".to_string(), |q| format!("{}–{}", query(q.lower, trials), query(q.upper, trials)))
}

fn estimate(estimate: &Estimate) -> String {
    let interval = estimate.interval.map_or(String::new(), |(low, high)| format!(" ({}–{})", fixed(low, 3), fixed(high, 3)));
    fixed(estimate.value, 3) + &interval
}

/// Query by query: one line a search and query.
pub fn csv(compared: &Compared) -> String {
    let mut csv =
        "search,strategy,query,runs,mean,mean_low95,mean_high95,lower_quartile,median,upper_quartile,found_best,found_top\n".to_string();
    for s in &compared.searches {
        let curves = curves(s);
        let arrived = |goal: f64, query: usize| s.runs.iter().filter(|run| queries_to(run, goal) <= query as f64).count();
        for query in 1..=curves.first().map_or(0, Vec::len) {
            let values = after(&curves, query);
            let (mean, Some(q)) = (mean(&values), Quartiles::of(&values)) else { continue };
            let (low, high) = mean.interval.map_or((String::new(), String::new()), |(low, high)| (low.to_string(), high.to_string()));
            csv += &format!(
                "{},{},{query},{},{},{low},{high},{},{},{},{},{}\n",
                cell(&s.name),
                cell(&s.strategy),
                values.len(),
                mean.value,
                q.lower,
                q.median,
                q.upper,
                arrived(s.ground.best, query),
                arrived(s.ground.top, query)
            );
        }
    }
    csv
}

/// A text as a cell of CSV (RFC 4180).
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_string() }
}
