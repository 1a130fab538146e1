//! Zen-score (Lin et al. 2021, "Zen-NAS", algorithm 1).

use super::network::{Proxy, Untrained};
use super::rewrite::{features, reaching};
use crate::base::{Digest, Random};
use crate::document::Fed;
use crate::nn::{NormOptions, Parameters};
use crate::space::{Op, ParamKind, Program};

/// How much noise is mixed into the second batch.
const MIX: f32 = 0.01;

/// ln E ‖f(x) − f(x + 0.01 ε)‖₁ + Σ ln √(mean over channels of batch norm's variance): f is the map before the last global pooling, x
/// and ε are batches of standard normal numbers, and weights are standard normal too (biases 0, batch norm 1 and 0).
///
/// A norm that reads what does not vary (behind an operation that gives zeros) takes nothing out, and is left out of the sum.
///
/// The variances are those of the batch x, as in the paper; the authors' code reads the running ones, in which the initial 1 still has
/// most of the weight, and counts each layer by so much less. Links around layers stay, as in NASLib (the authors' search leaves them
/// out). Of a detector each level has a score of its own, with the norms on the way to it, and the mean of them is the score.
pub static ZEN: Proxy = Proxy::new(
    "zen",
    Fed::Noise,
    value,
    "Zen-score: ln of how far noise moves the last map of a network with normal weights, plus ln of the deviations that batch norms take out.",
);

fn value(network: &mut Untrained) -> Result<f64, String> {
    let levels = features(network.program);
    let program = reaching(network.program, &levels);
    let mut params = normal_weights(&program, network.seed);
    let s = program.values.first().ok_or("the program has no image")?;
    let (n, length) = (network.noise, network.noise * s.h * s.w * s.c);
    let noise = |what: u64| {
        let mut random = Random::at(network.seed, "zen-noise", &[what]);
        (0..length).map(|_| random.normal() as f32).collect::<Vec<f32>>()
    };
    let images = noise(0);
    let mixed: Vec<f32> = images.iter().zip(noise(1)).map(|(x, e)| x + MIX * e).collect();
    let mut executor = (network.executor)(&program, n)?;
    // With a momentum of 1 the running variance is the batch's.
    let norm = NormOptions { eps: network.eps, momentum: 1.0 };
    executor.forward_train(&mut params, &images, n, norm)?;
    let before: Vec<Vec<f32>> = (0..levels.len()).map(|i| executor.output(i).to_vec()).collect();
    executor.forward_train(&mut params.clone(), &mixed, n, norm)?;
    let one = |(i, level): (usize, usize)| {
        let apart = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).abs();
        let distance: f64 = before[i].iter().zip(executor.output(i)).map(apart).sum();
        libm::log(distance / n.max(1) as f64) + scales(&reaching(&program, &[level]), &params)
    };
    let scores: Vec<f64> = levels.iter().copied().enumerate().map(one).collect();
    Ok(scores.iter().sum::<f64>() / scores.len() as f64)
}

/// Σ ln √(mean over channels of the variance) over the batch norms of a network.
fn scales(program: &Program, params: &Parameters) -> f64 {
    let norm = |op: &Op| match op {
        Op::Norm { var, .. } => {
            let variances = &params.0[*var];
            let mean = variances.iter().map(|v| f64::from(*v)).sum::<f64>() / variances.len() as f64;
            (mean != 0.0).then(|| libm::log(mean) / 2.0)
        }
        _ => None,
    };
    program.nodes.iter().filter_map(|node| norm(&node.op)).sum()
}

/// Standard normal weights, each parameter addressed by its name as `Parameters::init` does; biases 0, batch norm 1 and 0.
pub fn normal_weights(program: &Program, seed: u64) -> Parameters {
    let values = |spec: &crate::space::ParamSpec| match spec.kind {
        ParamKind::Weight => {
            let mut random = Random::at(seed, "zen-weights", &[Digest::of(spec.name.as_bytes()).seed()]);
            (0..spec.len()).map(|_| random.normal() as f32).collect()
        }
        ParamKind::NormScale | ParamKind::RunningVar => vec![1.0; spec.len()],
        ParamKind::Bias | ParamKind::NormShift | ParamKind::RunningMean => vec![0.0; spec.len()],
        ParamKind::Mixture => vec![1.0 / spec.len().max(1) as f32; spec.len()],
    };
    Parameters(program.params.iter().map(values).collect())
}
