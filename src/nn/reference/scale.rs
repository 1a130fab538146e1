//! How the sum of a network's outputs grows when all weights grow by one factor: what synflow is, in f64 and without a backward pass.
//!
//! Every value is a pair: what it is, and its derivative by the factor t that all weights of convolutions and linear layers are
//! multiplied by, at t = 1. By the chain rule that derivative, summed over the outputs, is Σ w · ∂R/∂w over all those weights. The
//! second half goes through the same convolutions as the first, so a forward pass over two images is all that is computed, and no
//! value of a layer is kept longer than it is read.

use super::window::{pad, taps};
use super::{activation::activate, channels, conv, pool};
use crate::nn::Parameters;
use crate::nn::check::{check_parameters, check_program};
use crate::space::{Activation, Node, Op, Program, Window};
use candle_core::{DType, Device, Error, Result, Tensor};

/// A value and its derivative by the factor; 1 × c × h × w.
#[derive(Clone)]
struct Pair {
    value: Tensor,
    slope: Tensor,
}

/// Of one image of ones: R, the sum of all outputs, and Σ w · ∂R/∂w over the weights of convolutions and linear layers, both in f64.
/// Batch norm is left out (its activation stays), and every parameter counts by its absolute value.
///
/// # Errors
/// A program or parameters that do not fit; a mixture, which is of no single network.
pub fn by_scale(program: &Program, params: &Parameters) -> std::result::Result<(f64, f64), String> {
    check_program(program)?;
    check_parameters(program, params)?;
    walk(program, params).map_err(|e| format!("candle: {e}"))
}

fn walk(program: &Program, params: &Parameters) -> Result<(f64, f64)> {
    let mut last_reader = vec![0; program.values.len()];
    for (i, node) in program.nodes.iter().enumerate() {
        node.inputs.iter().for_each(|&v| last_reader[v] = i);
    }
    program.outputs.iter().for_each(|&v| last_reader[v] = usize::MAX);
    let image = program.values[0];
    let ones = Tensor::ones((1, image.c, image.h, image.w), DType::F64, &Device::Cpu)?;
    let mut walk = Walk { program, params, values: vec![None; program.values.len()] };
    walk.values[0] = Some(Pair { slope: ones.zeros_like()?, value: ones });
    for (i, node) in program.nodes.iter().enumerate() {
        let y = walk.node(node)?;
        walk.values[node.output] = Some(y);
        node.inputs.iter().filter(|&&v| last_reader[v] == i).for_each(|&v| walk.values[v] = None);
    }
    let mut sums = (0.0, 0.0);
    for &output in &program.outputs {
        let pair = walk.pair(output)?;
        sums.0 += pair.value.sum_all()?.to_scalar::<f64>()?;
        sums.1 += pair.slope.sum_all()?.to_scalar::<f64>()?;
    }
    Ok(sums)
}

struct Walk<'a> {
    program: &'a Program,
    params: &'a Parameters,
    values: Vec<Option<Pair>>,
}

impl Walk<'_> {
    fn pair(&self, id: usize) -> Result<&Pair> {
        self.values[id].as_ref().ok_or_else(|| Error::Msg(format!("value {id} is gone")))
    }

    /// The absolute values of a parameter.
    fn absolute(&self, id: usize) -> Result<Tensor> {
        let values: Vec<f64> = self.params.0[id].iter().map(|v| f64::from(*v).abs()).collect();
        Tensor::from_vec(values, self.program.params[id].shape.as_slice(), &Device::Cpu)
    }

    fn node(&self, node: &Node) -> Result<Pair> {
        let x = self.pair(node.inputs[0])?;
        let (_, _, h, w) = x.value.dims4()?;
        let out = |window: &Window| window.output(h, w).ok_or_else(|| Error::Msg("window does not fit".into()));
        // What neither multiplies nor bends does the same to both halves.
        let both = |f: &dyn Fn(&Tensor) -> Result<Tensor>| Ok(Pair { value: f(&x.value)?, slope: f(&x.slope)? });
        match &node.op {
            Op::Conv { weight, bias, window, groups } => {
                let weight = self.absolute(*weight)?;
                let out = out(window)?;
                self.weighted(x, *bias, &|x| conv::conv(x, &weight, None, window, *groups, out))
            }
            Op::Linear { weight, bias } => {
                let weight = self.absolute(*weight)?;
                self.weighted(x, *bias, &|x| conv::linear(x, &weight, None))
            }
            Op::Norm { activation, .. } => bent(x, *activation),
            Op::Activate(activation) => bent(x, *activation),
            Op::MaxPool(window) => max_pool(x, window, out(window)?),
            Op::AvgPool(window) => {
                let out = out(window)?;
                both(&|x| pool::avg_pool(x, window, out))
            }
            Op::GlobalPool => both(&pool::global_pool),
            Op::Upsample(factor) => both(&|x| pool::upsample(x, *factor)),
            Op::Concat => self.joined(node, &|all| Tensor::cat(all, 1)),
            Op::Add => self.joined(node, &|all| all.iter().skip(1).try_fold(all[0].clone(), |sum, x| sum + *x)),
            Op::Scale => {
                let gate = self.pair(node.inputs[1])?;
                let value = x.value.broadcast_mul(&gate.value)?;
                let slope = (x.slope.broadcast_mul(&gate.value)? + x.value.broadcast_mul(&gate.slope)?)?;
                Ok(Pair { value, slope })
            }
            Op::Zero => {
                let s = self.program.values[node.output];
                let zeros = Tensor::zeros((1, s.c, s.h, s.w), DType::F64, &Device::Cpu)?;
                Ok(Pair { value: zeros.clone(), slope: zeros })
            }
            Op::Slice { first, channels } => both(&|x| channels::slice(x, *first, *channels)),
            Op::Shuffle { groups } => both(&|x| channels::shuffle(x, *groups)),
            Op::Mix { .. } => Err(Error::Msg("a mixture is of no single network".into())),
        }
    }

    /// d/dt of t·W x + b is W x + W ẋ = W (x + ẋ): one operator over two images.
    fn weighted(&self, x: &Pair, bias: Option<usize>, f: &dyn Fn(&Tensor) -> Result<Tensor>) -> Result<Pair> {
        let y = f(&Tensor::cat(&[&x.value, &(&x.value + &x.slope)?], 0)?)?;
        let (mut value, slope) = (y.narrow(0, 0, 1)?.contiguous()?, y.narrow(0, 1, 1)?.contiguous()?);
        if let Some(bias) = bias {
            let bias = self.absolute(bias)?;
            value = value.broadcast_add(&bias.reshape((1, bias.dim(0)?, 1, 1))?)?;
        }
        Ok(Pair { value, slope })
    }

    fn joined(&self, node: &Node, f: &dyn Fn(&[&Tensor]) -> Result<Tensor>) -> Result<Pair> {
        let pairs = node.inputs.iter().map(|&v| self.pair(v)).collect::<Result<Vec<_>>>()?;
        let values: Vec<&Tensor> = pairs.iter().map(|p| &p.value).collect();
        let slopes: Vec<&Tensor> = pairs.iter().map(|p| &p.slope).collect();
        Ok(Pair { value: f(&values)?, slope: f(&slopes)? })
    }
}

/// An activation of the first half, its derivative times the second.
fn bent(x: &Pair, activation: Activation) -> Result<Pair> {
    let value = activate(&x.value, activation)?;
    let ones = || x.value.ones_like();
    let derivative = match activation {
        Activation::Identity => return Ok(x.clone()),
        Activation::Relu => x.value.gt(0.0)?.where_cond(&ones()?, &x.value.zeros_like()?)?,
        Activation::LeakyRelu => x.value.gt(0.0)?.where_cond(&ones()?, &ones()?.affine(0.1, 0.0)?)?,
        Activation::Sigmoid => (&value * value.affine(-1.0, 1.0)?)?,
        // σ(x) · (1 + x · (1 − σ(x))).
        Activation::Silu => {
            let sigmoid = activate(&x.value, Activation::Sigmoid)?;
            (&sigmoid * (&x.value * sigmoid.affine(-1.0, 1.0)?)?.affine(1.0, 1.0)?)?
        }
        Activation::Hardsigmoid | Activation::Hardswish => {
            let hard = activation == Activation::Hardsigmoid;
            let (inner, above) =
                if hard { (ones()?.affine(1.0 / 6.0, 0.0)?, x.value.zeros_like()?) } else { (x.value.affine(1.0 / 3.0, 0.5)?, ones()?) };
            let inner = x.value.lt(3.0)?.where_cond(&inner, &above)?;
            x.value.gt(-3.0)?.where_cond(&inner, &x.value.zeros_like()?)?
        }
    };
    Ok(Pair { value, slope: (derivative * &x.slope)? })
}

/// The largest value of each window and its slope; of equal values the first of the window, as in PyTorch.
fn max_pool(x: &Pair, window: &Window, out: (usize, usize)) -> Result<Pair> {
    let value = pad(&x.value, window.padding, f64::NEG_INFINITY)?;
    let slope = pad(&x.slope, window.padding, 0.0)?;
    let mut best: Option<Pair> = None;
    for (value, slope) in taps(&value, window, out)?.into_iter().zip(taps(&slope, window, out)?) {
        let (value, slope) = (value.contiguous()?, slope.contiguous()?);
        best = Some(match best {
            None => Pair { value, slope },
            Some(best) => {
                let more = value.gt(&best.value)?;
                Pair { value: more.where_cond(&value, &best.value)?, slope: more.where_cond(&slope, &best.slope)? }
            }
        });
    }
    best.ok_or_else(|| Error::Msg("empty window".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::testing::{programs, random_parameters};

    /// The derivative is that of the function itself: all weights of convolutions and linear layers made a little larger and smaller.
    #[test]
    fn the_slope_is_that_of_the_value() {
        let mut seen = 0;
        for (name, program) in programs() {
            let params = random_parameters(&program);
            let scaled = |t: f32| {
                let mut other = params.clone();
                for node in &program.nodes {
                    if let Op::Conv { weight, .. } | Op::Linear { weight, .. } = node.op {
                        other.0[weight].iter_mut().for_each(|w| *w *= t);
                    }
                }
                by_scale(&program, &other)
            };
            let Ok((value, slope)) = scaled(1.0) else {
                assert!(program.nodes.iter().any(|n| matches!(n.op, Op::Mix { .. })), "{name}");
                continue;
            };
            // Powers of two change weights exactly; the step is small against the curvature, and large against f64.
            let step = 2f32.powi(-12);
            let (up, down) = (scaled(1.0 + step).unwrap().0, scaled(1.0 - step).unwrap().0);
            let difference = (up - down) / (2.0 * f64::from(step));
            assert!((difference - slope).abs() <= 2e-4 * slope.abs().max(1e-3 * value.abs()), "{name}: {slope} against {difference}");
            seen += 1;
        }
        assert!(seen > 5);
    }
}
