//! What was spent, and what one way gains over another, as tables.

use super::number;
use super::table::Table;
use crate::document::Metric;
use crate::run::cost::{Costs, Line};
use crate::run::gain::Way;

/// The costs by stage, then by way.
pub fn costs(costs: &Costs, width: Option<usize>) -> String {
    let mut out = table("stage", &costs.stages, width);
    if !costs.ways.is_empty() {
        out += "\nall that led to it, searches included, each action once\n";
        out += &table("way", &costs.ways, width);
    }
    if costs.stages.iter().any(|line| line.spent.untimed > 0) {
        out += "\n*: more than that; some of it was made before times were kept, or interrupted\n";
    }
    out
}

fn table(what: &str, lines: &[Line], width: Option<usize>) -> String {
    let mut table = Table::new([what, ">models", ">iterations", ">images trained", ">images evaluated", ">worker time"]);
    for line in lines {
        let spent = &line.spent;
        let more = if spent.untimed > 0 { " *" } else { "" };
        table.row([
            line.name.clone(),
            line.models.to_string(),
            number::grouped(spent.iterations),
            number::grouped(spent.trained_images),
            number::grouped(spent.evaluated_images),
            format!("{}{more}", number::duration(spent.seconds)),
        ]);
    }
    table.render(2, width)
}

/// Iterations until each way is as good as the worse of them ends, the first against the others.
pub fn gain(ways: &[Way], metric: &Metric, width: Option<usize>) -> String {
    let finals: Vec<f64> = ways.iter().filter_map(Way::last).collect();
    let worse = |a: f64, b: f64| if metric.order(a, b).is_lt() { b } else { a };
    let (true, Some(target)) = (finals.len() == ways.len(), finals.iter().copied().reduce(worse)) else {
        let empty: Vec<&str> = ways.iter().filter(|w| w.last().is_none()).map(|w| w.name.as_str()).collect();
        return format!("gain: nothing is measured yet of {}\n", empty.join(", "));
    };
    let until: Vec<u64> = ways.iter().filter_map(|w| w.until(target, metric)).collect();
    let shown = number::value(metric, target);
    let mut table = Table::new(["way", &format!(">best {metric}"), &format!(">iterations to {shown}"), ">of all", ">ratio"]);
    for (way, &own) in ways.iter().zip(&until) {
        let ratio = until.first().filter(|_| own > 0).map_or("–".into(), |first| format!("{:.2}", *first as f64 / own as f64));
        let best = way.last().map_or(String::new(), |v| number::value(metric, v));
        table.row([way.name.clone(), best, number::grouped(own), number::grouped(way.iterations), ratio]);
    }
    format!("gain: training iterations until the best {metric} is {shown}, the worse of the finals\n{}", table.render(2, width))
}
