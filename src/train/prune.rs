//! Prunes a trained network: what each channel counts for by its weights, and the weights that are left.

use crate::document::{Importance, Prune};
use crate::nn::Parameters;
use crate::space::Architecture;
use crate::space::prune::{Bound, Maker, Pruning};

/// The smaller network and its weights, which are parts of the larger one's.
///
/// # Errors
/// A bound that the network cannot meet; weights of another network.
pub fn prune(architecture: &Architecture, params: &Parameters, how: &Prune) -> Result<(Architecture, Parameters), String> {
    let pruning = Pruning::of(architecture)?;
    if !pruning.program.params.iter().map(|p| p.len()).eq(params.0.iter().map(Vec::len)) {
        return Err("the weights are of another network".into());
    }
    if let Some(p) = params.0.iter().position(|p| p.iter().any(|v| !v.is_finite())) {
        return Err(format!("`{}` has weights that are not finite", pruning.program.params[p].name));
    }
    let score = |maker: &Maker, channels: usize| relative(&importance(maker, channels, params, how.by));
    let scores: Vec<Vec<f64>> = pruning.groups().iter().map(|g| mean(g.makers.iter().map(|m| score(m, g.channels)), g.channels)).collect();
    let bound = Bound { macs: how.flops, params: how.params, multiple: how.multiple, floor: how.least };
    let pruned = pruning.to(&scores, &bound)?;
    let shape = |p: usize| &pruning.program.params[p].shape[..];
    let left = pruned.kept.iter().map(|(p, kept)| gather(&params.0[*p], shape(*p), kept)).collect();
    Ok((pruned.architecture, Parameters(left)))
}

/// What each channel of a maker counts for. A maker without batch norm says nothing by `bn`.
fn importance(maker: &Maker, channels: usize, params: &Parameters, by: Importance) -> Vec<f64> {
    let weights = &params.0[maker.weight];
    let filters: Vec<&[f32]> = weights.chunks_exact((weights.len() / channels.max(1)).max(1)).collect();
    let sum = |f: &[f32], of: fn(f64) -> f64| f.iter().map(|w| of(f64::from(*w))).sum::<f64>();
    match by {
        Importance::L1 => filters.iter().map(|f| sum(f, f64::abs)).collect(),
        Importance::L2 => filters.iter().map(|f| sum(f, |w| w * w).sqrt()).collect(),
        Importance::Fpgm => {
            let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt();
            let mut sums = vec![0.0; filters.len()];
            for (i, a) in filters.iter().enumerate() {
                for (j, b) in filters.iter().enumerate().take(i) {
                    let distance = apart(a, b);
                    sums[i] += distance;
                    sums[j] += distance;
                }
            }
            sums
        }
        Importance::Bn => maker.gamma.map_or(Vec::new(), |gamma| params.0[gamma].iter().map(|g| f64::from(g.abs())).collect()),
    }
}

/// Divided by their mean, so that layers can be compared; all 1 where it is 0.
fn relative(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    values.iter().map(|v| if mean > 0.0 { v / mean } else { 1.0 }).collect()
}

/// Of what makers say of each channel, those that say nothing left out; 1 where all do.
fn mean(said: impl Iterator<Item = Vec<f64>>, channels: usize) -> Vec<f64> {
    let said: Vec<Vec<f64>> = said.filter(|s| s.len() == channels).collect();
    let of = |i: usize| said.iter().map(|s| s[i]).sum::<f64>() / said.len() as f64;
    (0..channels).map(|i| if said.is_empty() { 1.0 } else { of(i) }).collect()
}

/// The product of the indices that stay.
fn gather(from: &[f32], shape: &[usize], kept: &[Vec<usize>]) -> Vec<f32> {
    let Some((first, rest)) = kept.split_first() else { return from.to_vec() };
    if rest.is_empty() {
        return first.iter().map(|&i| from[i]).collect();
    }
    let step = shape[1..].iter().product::<usize>();
    first.iter().flat_map(|&i| gather(&from[i * step..(i + 1) * step], &shape[1..], rest)).collect()
}

#[cfg(test)]
#[path = "prune_tests.rs"]
mod tests;
