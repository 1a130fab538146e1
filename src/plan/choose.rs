//! How `select` chooses: bounds, then the best N by a metric, or the models that no other dominates.
//!
//! Trials that a search stopped early are compared at the highest epoch that any came to: those that were stopped before rank below,
//! whatever they scored there, and are on no front. Ties go to fewer FLOPs, then to the smaller digest; failed models and NaN come last and are never chosen.

use super::model::{Model, Slot, State};
use crate::document::{Metric, Select, SelectBy};
use crate::space::cost_as;
use std::cmp::Ordering;

/// The chosen models' indices into `slots`, best first.
pub fn choose(select: &Select, slots: &[Slot]) -> Vec<usize> {
    let mut left: Vec<usize> = (0..slots.len())
        .filter(|&i| slots[i].state == State::Ready)
        .filter(|&i| {
            select.bounds.iter().all(|b| {
                let value = value_of(&slots[i].model, &b.metric.value);
                !value.is_nan() && b.min.is_none_or(|m| value >= m) && b.max.is_none_or(|m| value <= m)
            })
        })
        .collect();
    match &select.by {
        SelectBy::All => left,
        SelectBy::Top(n, metric) => {
            left.retain(|&i| !value_of(&slots[i].model, &metric.value).is_nan());
            left.sort_by(|&a, &b| better(&metric.value, &slots[a].model, &slots[b].model));
            left.truncate(*n);
            left
        }
        SelectBy::Pareto(metrics) => {
            let furthest = left.iter().map(|&i| slots[i].model.reach()).max();
            left.retain(|&i| Some(slots[i].model.reach()) == furthest);
            let metrics: Vec<&Metric> = metrics.iter().map(|m| &m.value).collect();
            let mut front = pareto(&left.iter().map(|&i| costs(&slots[i].model, &metrics)).collect::<Vec<_>>())
                .into_iter()
                .map(|k| left[k])
                .collect::<Vec<_>>();
            front.sort_by(|&a, &b| better(metrics[0], &slots[a].model, &slots[b].model));
            front
        }
    }
}

/// A metric of a model: measured, or following from its architecture. NaN where it is not there.
pub fn value_of(model: &Model, metric: &Metric) -> f64 {
    // A table may say what a network costs; else it is counted.
    let figure = model.figures.get(metric).map(super::Figure::mean);
    figure.or_else(|| cost_as(metric, &model.candidate.cost())).unwrap_or(f64::NAN)
}

/// The better model first: the one that came further, where one was stopped early.
pub fn better(metric: &Metric, a: &Model, b: &Model) -> Ordering {
    let order = b.reach().cmp(&a.reach()).then_with(|| metric.order(value_of(a, metric), value_of(b, metric)));
    order.then(a.candidate.macs.cmp(&b.candidate.macs)).then_with(|| a.identity().cmp(&b.identity()))
}

/// Values with "less is better" in every place.
fn costs(model: &Model, metrics: &[&Metric]) -> Vec<f64> {
    metrics.iter().map(|m| m.as_cost(value_of(model, m))).collect()
}

/// The points that no other point dominates (at least as good everywhere, better somewhere). NaN points are left out.
pub fn pareto(points: &[Vec<f64>]) -> Vec<usize> {
    let dominates = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(x, y)| x <= y) && a.iter().zip(b).any(|(x, y)| x < y);
    (0..points.len())
        .filter(|&i| !points[i].iter().any(|v| v.is_nan()))
        .filter(|&i| !points.iter().any(|p| !p.iter().any(|v| v.is_nan()) && dominates(p, &points[i])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::pareto;

    #[test]
    fn the_front_keeps_ties_and_drops_what_is_dominated() {
        let points = [vec![1.0, 3.0], vec![2.0, 2.0], vec![2.0, 3.0], vec![3.0, 1.0], vec![1.0, 3.0], vec![f64::NAN, 0.0]];
        assert_eq!(pareto(&points), vec![0, 1, 3, 4]);
    }
}
