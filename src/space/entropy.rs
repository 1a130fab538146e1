//! The entropy of a network's feature maps, in closed form: how much they could express, were all weights normal and independent.
//!
//! After DeepMAD (Shen et al. 2023, theorem 1 and equation 7) and MAE-DET (Sun et al. 2022, section 4.3; "MAE-NAS"). A convolution with
//! normal weights makes of inputs with variance v outputs with variance v · k² · c ÷ g (kernel k × k, c input channels, g groups), so a
//! plain chain has ln variance Σ ln(kᵢ² cᵢ ÷ gᵢ) at its end, and a map of h × w × C has the entropy
//!
//! ```text
//! H = ln(h · w · C) · Σ ln(kᵢ² cᵢ ÷ gᵢ)
//! ```
//!
//! Where a network is no chain, variances are followed: those of a sum add up, those of a concatenation are averaged over its channels.
//! Norms, activations, poolings, upsampling and gates leave them as they are. The score of a network is Σ αₗ Hₗ over levels:
//!
//! - of a detector, the last layer of each of its head's strides that no upsampling leads to (its backbone), with α = 6 for the
//!   coarsest and 1 for the others (MAE-DET);
//! - of other networks, the last layer of each size before the last global pooling, at most five, with α = 8 for the last and 1 for
//!   the others (DeepMAD).

use super::architecture::Architecture;
use super::graph::{Head, Op, Program, Shape, ValueId};
use crate::document::{Better::Higher, Measure, Reading, Reads, Unit::Nats};

/// Weight of a detector's coarsest level, and of another network's last; the others weigh 1.
const COARSEST: f64 = 6.0;
const LAST: f64 = 8.0;
/// Levels of networks that are no detectors, at most.
const LEVELS: usize = 5;

/// The entropy score of a network.
pub struct NetworkEntropy(pub f64);

impl Reading for NetworkEntropy {
    const READS: Reads = Reads::Shapes;
}

/// The entropy score.
pub static ENTROPY: Measure<NetworkEntropy> = Measure::new(
    "entropy",
    Nats,
    Higher,
    |e, _| e.0,
    "Entropy of the feature maps with normal weights, summed over levels (MAE-DET, DeepMAD); worked out of kernels and widths.",
);

/// The metrics that are worked out of a network's shapes.
pub static ENTROPIES: &[&Measure<NetworkEntropy>] = &[&ENTROPY];

/// The entropy score of a network.
///
/// # Errors
/// A network that cannot be built; one without a feature map before its head.
pub fn entropy(architecture: &Architecture) -> Result<NetworkEntropy, String> {
    let program = architecture.program()?;
    let levels = levels(&program);
    let last = levels.last().copied().ok_or("`entropy` needs a feature map before the head")?;
    let variances = variances(&program);
    let most = if matches!(program.head, Head::Detect { .. }) { COARSEST } else { LAST };
    let of = |v: ValueId| {
        let Shape { h, w, c } = program.values[v];
        libm::log((h * w * c) as f64) * variances[v]
    };
    Ok(NetworkEntropy(levels.iter().map(|&v| if v == last { most * of(v) } else { of(v) }).sum()))
}

/// ln of the variance of each value, that of the image being 1.
fn variances(program: &Program) -> Vec<f64> {
    let mut logs = vec![0.0; program.values.len()];
    for node in &program.nodes {
        let x = node.inputs[0];
        let fan = |weight: usize| libm::log(program.params[weight].shape[1..].iter().product::<usize>() as f64);
        logs[node.output] = match &node.op {
            Op::Conv { weight, .. } | Op::Linear { weight, .. } => logs[x] + fan(*weight),
            Op::Add => sum(node.inputs.iter().map(|&v| (1.0, logs[v]))),
            Op::Concat => {
                let all = program.values[node.output].c as f64;
                sum(node.inputs.iter().map(|&v| (program.values[v].c as f64 / all, logs[v])))
            }
            Op::Zero => f64::NEG_INFINITY,
            _ => logs[x],
        };
    }
    logs
}

/// ln Σ w · eˣ, with the largest x taken out.
fn sum(terms: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let most = terms.clone().map(|t| t.1).fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + libm::log(terms.map(|(weight, x)| weight * libm::exp(x - most)).sum())
}

/// The maps that count, the finest first.
fn levels(program: &Program) -> Vec<ValueId> {
    // What an upsampling or a global pooling leads to is no map of the backbone.
    let mut behind = vec![false; program.values.len()];
    for node in &program.nodes {
        let turns = matches!(node.op, Op::Upsample(_) | Op::GlobalPool | Op::Linear { .. });
        // A gate is made by a pooling; what it scales is still the map.
        let inputs = if matches!(node.op, Op::Scale) { &node.inputs[..1] } else { &node.inputs[..] };
        behind[node.output] = turns || inputs.iter().any(|&v| behind[v]);
    }
    // What layers are made of is nobody's map.
    let ends = |i: usize| program.nodes.get(i + 1).is_none_or(|next| next.layer != program.nodes[i].layer);
    let maps: Vec<ValueId> = (0..program.nodes.len()).filter(|&i| ends(i)).map(|i| program.nodes[i].output).collect();
    let last = |fits: &dyn Fn(Shape) -> bool, within: &[bool]| {
        maps.iter().rev().copied().find(|&v| !behind[v] && within[v] && fits(program.values[v]))
    };
    if let Head::Detect { strides, .. } = &program.head {
        // The head's own outputs are no feature maps.
        let within: Vec<bool> = (0..program.values.len()).map(|v| !program.outputs.contains(&v)).collect();
        let mut strides = strides.clone();
        strides.sort_unstable();
        let height = program.values[0].h;
        return strides.iter().filter_map(|s| last(&|shape| shape.h * s == height, &within)).collect();
    }
    let within = leading_to(program, &behind);
    let mut sizes: Vec<(usize, usize)> = Vec::new();
    for &map in maps.iter().rev().filter(|&&v| within[v] && !behind[v]) {
        let size = (program.values[map].h, program.values[map].w);
        if !sizes.contains(&size) && sizes.len() < LEVELS {
            sizes.push(size);
        }
    }
    let mut levels: Vec<ValueId> = sizes.iter().filter_map(|size| last(&|s| (s.h, s.w) == *size, &within)).collect();
    levels.sort_unstable();
    levels
}

/// Which values the outputs read.
fn leading_to(program: &Program, behind: &[bool]) -> Vec<bool> {
    let mut within = vec![false; program.values.len()];
    program.outputs.iter().for_each(|&v| within[v] = true);
    for node in program.nodes.iter().rev() {
        if within[node.output] {
            node.inputs.iter().for_each(|&v| within[v] = true);
        }
    }
    within.iter().zip(behind).map(|(w, b)| *w && !b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::tests::whole;

    fn of(network: &str) -> f64 {
        let space = whole(network);
        let architecture = space.architecture(&space.reference()).expect("it builds");
        entropy(&architecture).expect("it has levels").0
    }

    /// By hand, from the formula of a chain: the test's images are 64 × 64 × 3.
    #[test]
    fn a_chain_has_the_published_sum() {
        let ln = f64::ln;
        let plain = of("space { network { input data; conv 8 kernel=3 stride=2; conv 16 kernel=5 stride=2; global-pool; linear 10 } }");
        let (first, second) = (ln(27.0), ln(27.0) + ln(200.0));
        let wanted = ln(32.0 * 32.0 * 8.0) * first + 8.0 * ln(16.0 * 16.0 * 16.0) * second;
        assert!((plain / wanted - 1.0).abs() < 1e-12, "{plain} against {wanted}");
    }

    #[test]
    fn sums_add_variances_and_joins_average_them() {
        let both = [(1.0, 2f64.ln()), (1.0, 6f64.ln())];
        assert!((sum(both.into_iter()) - 8f64.ln()).abs() < 1e-14);
        let mean = [(0.75, 2f64.ln()), (0.25, 6f64.ln())];
        assert!((sum(mean.into_iter()) - 3f64.ln()).abs() < 1e-14);
        assert_eq!(sum([(1.0, f64::NEG_INFINITY)].into_iter()), f64::NEG_INFINITY);
        // Thousands of layers: no power overflows.
        assert!(sum([(1.0, 5000.0), (1.0, 4000.0)].into_iter()).is_finite());
    }

    /// The coarsest level of a detector counts six times, and its neck not at all.
    #[test]
    fn a_detectors_backbone_counts() {
        let space = whole("space { network like=yolov5n { input data } }");
        let program = space.architecture(&space.reference()).expect("it builds").program().expect("a program");
        let found: Vec<usize> = levels(&program).iter().map(|&v| program.values[v].h).collect();
        assert_eq!(found, [8, 4, 2]);
        let layers: Vec<usize> =
            levels(&program).iter().filter_map(|&v| program.nodes.iter().find(|n| n.output == v).map(|n| n.layer)).collect();
        assert_eq!(layers[..2], [4, 6], "the last layers of the backbone at strides 8 and 16");
    }
}
