//! Initial parameters, addressed by (seed, "weights", name): a parameter's values do not depend on the others, so two
//! networks that share a layer's name and shape start it alike.

use super::Parameters;
use crate::base::{Digest, Random};
use crate::space::{ParamKind, ParamSpec, Program};

impl Parameters {
    /// PyTorch's defaults for convolutions and linear layers (Kaiming uniform with a = √5, which is
    /// U(−1/√fan_in, 1/√fan_in) for weights and biases), the specification's shift added; 1 and 0 for norms.
    pub fn init(program: &Program, seed: u64) -> Self {
        Parameters(program.params.iter().map(|spec| initial(spec, seed)).collect())
    }
}

fn initial(spec: &ParamSpec, seed: u64) -> Vec<f32> {
    match spec.kind {
        ParamKind::NormScale | ParamKind::RunningVar => vec![1.0; spec.len()],
        ParamKind::NormShift | ParamKind::RunningMean => vec![0.0; spec.len()],
        ParamKind::Mixture => vec![1.0 / spec.len().max(1) as f32; spec.len()],
        ParamKind::Weight | ParamKind::Bias => {
            let bound = 1.0 / libm::sqrt(spec.fan_in.max(1) as f64);
            let mut random = Random::at(seed, "weights", &[Digest::of(spec.name.as_bytes()).seed()]);
            let shift = |i| f64::from(spec.shift.get(i).copied().unwrap_or(0.0));
            (0..spec.len()).map(|i| (random.range(-bound, bound) + shift(i)) as f32).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::testing::Builder;
    use crate::space::Activation;

    #[test]
    fn values_follow_kind_fan_in_and_shift() {
        let mut b = Builder::new(4, 4, 16);
        let x = b.conv_norm(0, 64, 3, 1, 1, Activation::Silu);
        let y = b.conv_bias(x, 8, 1, 1, 1);
        let mut program = b.features(&[y]);
        let bias = program.params.len() - 1;
        program.params[bias].shift = vec![10.0; 8];
        let params = Parameters::init(&program, 3);
        let bound = 1.0 / 12.0f32;
        let w = &params.0[0];
        assert!(w.iter().all(|v| v.abs() <= bound) && w.iter().any(|v| v.abs() > 0.98 * bound));
        let variance = w.iter().map(|v| v * v).sum::<f32>() / w.len() as f32;
        assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 0.05, "variance {variance}");
        assert!(params.0[1].iter().all(|&v| v == 1.0) && params.0[2].iter().all(|&v| v == 0.0));
        assert!(params.0[bias].iter().all(|v| (v - 10.0).abs() <= 0.125));
        assert_eq!(params, Parameters::init(&program, 3));
        assert_ne!(params, Parameters::init(&program, 4));
    }

    #[test]
    fn a_parameter_is_addressed_by_its_name() {
        let mut b = Builder::new(4, 4, 8);
        let x = b.conv_bias(0, 8, 3, 1, 1);
        let y = b.conv_bias(x, 8, 3, 1, 1);
        let mut program = b.features(&[y]);
        let both = Parameters::init(&program, 0);
        assert_ne!(both.0[0], both.0[2]);
        program.params[2].name = program.params[0].name.clone();
        assert_eq!(Parameters::init(&program, 0).0[2], both.0[0]);
    }
}
