//! What networks cost: the least, the most, and what lies between.

use crate::document::Metric;
use crate::space::architecture::Architecture;
use crate::space::costs::{COSTS, cost_as};
use crate::space::latency::LatencyTable;

/// How a cost is spread over networks.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// `params`, `flops`, or `table-latency` with the name of its table.
    pub name: String,
    /// Whether it is in milliseconds; else it is a count.
    pub milliseconds: bool,
    /// Least, 5 %, median, 95 %, most.
    pub quantiles: [f64; 5],
    /// Networks that have no such figure: an operation of theirs has no row in the table.
    pub missing: usize,
}

/// Costs that are said; `macs` are half of `flops`.
const SAID: [&str; 2] = ["params", "flops"];
const AT: [f64; 5] = [0.0, 0.05, 0.5, 0.95, 1.0];

/// Figures as they are found.
pub struct Figures<'a> {
    costs: Vec<(Metric, Vec<f64>)>,
    tables: &'a [(String, &'a LatencyTable)],
    latencies: Vec<(Vec<f64>, usize)>,
}

impl<'a> Figures<'a> {
    pub fn new(tables: &'a [(String, &'a LatencyTable)]) -> Self {
        let costs = COSTS.iter().map(|c| c.metric()).filter(|m| SAID.contains(&m.name().as_str()));
        Figures { costs: costs.map(|m| (m, vec![])).collect(), tables, latencies: vec![(vec![], 0); tables.len()] }
    }

    pub fn note(&mut self, network: &Architecture) {
        let Ok(cost) = network.cost() else { return };
        for (metric, values) in &mut self.costs {
            values.extend(cost_as(metric, &cost));
        }
        for ((_, table), (values, missing)) in self.tables.iter().zip(&mut self.latencies) {
            match table.latency(network) {
                Ok(ms) => values.push(ms),
                Err(_) => *missing += 1,
            }
        }
    }

    pub fn spread(self) -> Vec<Spread> {
        let one = |name: String, milliseconds: bool, mut values: Vec<f64>, missing: usize| {
            values.sort_by(f64::total_cmp);
            let at = |q: f64| values.get((q * (values.len().saturating_sub(1)) as f64 + 0.5) as usize).copied();
            let mut quantiles = [f64::NAN; 5];
            for (to, q) in quantiles.iter_mut().zip(AT) {
                *to = at(q)?;
            }
            Some(Spread { name, milliseconds, quantiles, missing })
        };
        let costs = self.costs.into_iter().filter_map(|(metric, values)| one(metric.name().to_string(), false, values, 0));
        let tables = self.tables.iter().zip(self.latencies);
        costs.chain(tables.filter_map(|((name, _), (values, missing))| one(name.clone(), true, values, missing))).collect()
    }
}

/// Of these networks.
pub fn of<'n>(networks: impl Iterator<Item = &'n Architecture>, tables: &[(String, &LatencyTable)]) -> Vec<Spread> {
    let mut figures = Figures::new(tables);
    networks.for_each(|n| figures.note(n));
    figures.spread()
}
