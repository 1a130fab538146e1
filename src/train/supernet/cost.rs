//! The cost of a network, which a penalty weighs: a sum over decisions where it is one (the shapes of layers do not depend on each
//! other's choices).

use super::networks::Network;
use super::places::Places;
use crate::document::{Cost, Penalty};
use crate::space::{LatencyTable, Supernet};
use crate::train::oneshot::penalty::{self, CostModel, Term};

/// Random networks on which a sum over decisions must be exact.
const CHECKS: u64 = 64;

/// A penalty with its target in the cost's own unit.
pub struct PenaltyRule {
    pub(super) rule: Penalty,
    pub(super) target: f64,
    pub(super) exact: Option<CostModel>,
    table: Option<LatencyTable>,
}

impl PenaltyRule {
    /// Of a supernet. The error says what cannot be done.
    pub fn new(net: &Supernet, places: &Places, rule: &Penalty, largest: &[usize]) -> Result<Self, String> {
        let reference = net.path(&net.space().reference()).map_err(|e| e.reason)?;
        let text = rule.table.as_ref().filter(|_| rule.of == Cost::TableLatency);
        let table = text.map(|text| LatencyTable::parse(text)).transpose()?;
        let unit = of(rule.of, table.as_ref(), &reference.into())?;
        let exact = additive(net, places, &|network| of(rule.of, table.as_ref(), network), largest);
        Ok(PenaltyRule { rule: rule.clone(), target: if rule.of_reference { rule.target * unit } else { rule.target }, exact, table })
    }

    /// Whether its expectation is exact.
    #[cfg(test)]
    pub fn is_exact(&self) -> bool {
        self.exact.is_some()
    }

    /// A path's reward less the penalty on its own cost.
    pub fn reward(&self, reward: f64, network: &Network) -> Result<f64, String> {
        penalty::reward(&self.rule, self.target, reward, self.of(network)?)
    }

    /// A network's cost. The error says which rows the table lacks.
    pub(super) fn of(&self, network: &Network) -> Result<f64, String> {
        of(self.rule.of, self.table.as_ref(), network)
    }
}

/// A network's cost. The error says which rows the table lacks.
fn of(cost: Cost, table: Option<&LatencyTable>, network: &Network) -> Result<f64, String> {
    Ok(match cost {
        Cost::Flops => 2.0 * network.program.macs() as f64,
        Cost::Macs => network.program.macs() as f64,
        Cost::Params => network.program.param_count() as f64,
        Cost::TableLatency => table.ok_or("there is no latency table")?.of(&network.program).map_err(|m| m.to_string())?,
    })
}

/// The cost as a sum over decisions, where it is one.
fn additive(net: &Supernet, places: &Places, cost: &dyn Fn(&Network) -> Result<f64, String>, largest: &[usize]) -> Option<CostModel> {
    let counts = places.counts();
    let at = |ranks: &[usize]| cost(&net.path(&places.sample(net, ranks)).ok()?.into()).ok();
    let whole = at(largest)?;
    let mut terms = vec![Term { decisions: vec![], table: vec![whole] }];
    for (c, &count) in counts.iter().enumerate() {
        let with = |rank: usize| {
            let mut ranks = largest.to_vec();
            ranks[c] = rank;
            at(&ranks).map(|cost| cost - whole)
        };
        terms.push(Term { decisions: vec![c], table: (0..count).map(with).collect::<Option<_>>()? });
    }
    let model = CostModel::new(&counts, terms).ok()?;
    let agrees = |i: u64| {
        let sample = net.uniform(0, &[i]);
        let ranks: Vec<usize> = (0..counts.len()).map(|c| places.rank(&sample, c).unwrap_or(0)).collect();
        at(&ranks).is_some_and(|c| (c - model.of(&ranks)).abs() <= 1e-9 * c.abs())
    };
    (0..CHECKS).all(agrees).then_some(model)
}
