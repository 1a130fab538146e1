//! The cost of a network, and what the expected cost adds to the gradient of the logits.
//!
//! Where the cost is a sum over decisions (the shapes of layers do not depend on each other's choices), its expectation and the
//! derivative are exact. Else both are estimated without bias from networks that are drawn by the probabilities: the mean, and
//! the score function with the mean of the other draws as baseline.

use super::learn::LogitGrads;
use super::networks::{Network, Networks};
use super::places::Places;
use super::setup::Setup;
use crate::base::Random;
use crate::document::{Cost, Penalty};
use crate::space::{LatencyTable, Supernet};
use crate::train::oneshot::penalty::{self, CostModel, Term};
use crate::train::oneshot::softmax;

/// Networks drawn for one estimate.
const DRAWS: u64 = 8;
/// Random networks on which a sum over decisions must be exact.
const CHECKS: u64 = 64;

/// A penalty with its target in the cost's own unit.
pub struct PenaltyRule {
    rule: Penalty,
    target: f64,
    exact: Option<CostModel>,
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

    /// Adds the penalty to gradients by the logits that are of the loss `loss`.
    pub(super) fn penalise(
        &self,
        setup: &Setup,
        iteration: u64,
        loss: f64,
        values: &[Vec<f64>],
        networks: &mut Networks,
        all: &mut LogitGrads,
    ) -> Result<(), String> {
        let probabilities = &setup.probabilities(values)[..];
        let (cost, grads) = match &self.exact {
            Some(model) => {
                let (cost, by_probability) = model.expected(probabilities);
                let by_logit = probabilities.iter().zip(by_probability).map(|(p, g)| softmax::backward(p, &g, 1.0));
                (cost, by_logit.collect())
            }
            None => self.estimate(setup, iteration, probabilities, networks)?,
        };
        let penalised = penalty::loss(&self.rule, self.target, loss, cost)?;
        for (d, grads) in grads.into_iter().enumerate() {
            for (o, by_cost) in setup.by_logits(d, &values[d], grads).iter().enumerate().filter(|(o, _)| all.touched[d][*o]) {
                all.grads[d][o] = penalised.by_loss * all.grads[d][o] + penalised.by_cost * by_cost;
            }
        }
        Ok(())
    }

    /// A path's reward less the penalty on its own cost.
    pub fn reward(&self, reward: f64, network: &Network) -> Result<f64, String> {
        penalty::reward(&self.rule, self.target, reward, of(self.rule.of, self.table.as_ref(), network)?)
    }

    fn estimate(
        &self,
        setup: &Setup,
        iteration: u64,
        probabilities: &[Vec<f64>],
        networks: &mut Networks,
    ) -> Result<(f64, Vec<Vec<f64>>), String> {
        let mut drawn: Vec<(Vec<usize>, f64)> = Vec::new();
        let mut why = String::new();
        for k in 0..DRAWS {
            let pick = |(d, p): (usize, &Vec<f64>)| softmax::draw(p, &mut Random::at(setup.seed, "cost", &[iteration, k, d as u64]));
            let options: Vec<usize> = probabilities.iter().enumerate().map(pick).collect();
            match networks.path(&setup.net, &setup.places.sample(&setup.net, &options)) {
                Ok(network) => drawn.push((options, of(self.rule.of, self.table.as_ref(), &network)?)),
                Err(e) => why = e.reason,
            }
        }
        let n = drawn.len() as f64;
        if drawn.is_empty() {
            return Err(format!("no network that is drawn can be built: {why}"));
        }
        let sum: f64 = drawn.iter().map(|(_, c)| c).sum();
        let mut grads: Vec<Vec<f64>> = probabilities.iter().map(|p| vec![0.0; p.len()]).collect();
        for (options, cost) in drawn.iter().filter(|_| n > 1.0) {
            let advantage = (cost - (sum - cost) / (n - 1.0)) / n;
            for (d, p) in probabilities.iter().enumerate() {
                for (o, p) in p.iter().enumerate() {
                    grads[d][o] += advantage * (f64::from(u8::from(o == options[d])) - p);
                }
            }
        }
        Ok((sum / n, grads))
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
