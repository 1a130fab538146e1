use super::tape::{Mode, Tape};
use super::*;
use crate::base::Random;
use crate::nn::testing::*;
use crate::space::{Activation, Op, ParamKind};
use candle_core::DType;

const NORM: NormOptions = NormOptions { eps: 1e-3, momentum: 0.03 };

struct Case {
    program: Program,
    params: Vec<Vec<f64>>,
    image: Vec<f64>,
    seeds: Vec<Tensor>,
}

const N: usize = 2;

impl Case {
    fn new(program: Program) -> Self {
        let double = |v: &Vec<f32>| v.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
        let params = random_parameters(&program).0.iter().map(double).collect();
        let s = program.values[0];
        let image = double(&normal("image", N * s.h * s.w * s.c));
        let seeds = output_grads(&program, N);
        let seeds = program.outputs.iter().zip(&seeds).map(|(&v, g)| tensor(&double(g), program.values[v])).collect();
        Case { program, params, image, seeds }
    }

    fn tape(&self, params: &[Tensor]) -> Tape {
        Tape::forward(&self.program, params, tensor(&self.image, self.program.values[0]), Mode::Train, NORM.eps).unwrap()
    }

    fn tensors(&self, params: &[Vec<f64>]) -> Vec<Tensor> {
        let tensor = |(spec, v): (&crate::space::ParamSpec, &Vec<f64>)| Tensor::from_slice(v, spec.shape.as_slice(), &Device::Cpu).unwrap();
        self.program.params.iter().zip(params).map(tensor).collect()
    }

    fn loss(&self, params: &[Vec<f64>]) -> f64 {
        let tape = self.tape(&self.tensors(params));
        let term = |(&v, g): (&usize, &Tensor)| (tape.value(v).unwrap() * g).unwrap().sum_all().unwrap().to_scalar::<f64>().unwrap();
        self.program.outputs.iter().zip(&self.seeds).map(term).sum()
    }
}

fn tensor(data: &[f64], s: crate::space::Shape) -> Tensor {
    let t = Tensor::from_slice(data, (N, s.h, s.w, s.c), &Device::Cpu).unwrap();
    assert_eq!(t.dtype(), DType::F64);
    t.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap()
}

/// Every operator's gradient against central differences in f64.
#[test]
fn gradients_agree_with_finite_differences() {
    for (name, program) in programs() {
        let case = Case::new(program);
        let leaves: Vec<Var> = case.tensors(&case.params).iter().map(|t| Var::from_tensor(t).unwrap()).collect();
        let leaf_tensors: Vec<Tensor> = leaves.iter().map(|v| v.as_tensor().clone()).collect();
        let store = case.tape(&leaf_tensors).backward(&case.program, &case.seeds).unwrap();
        let mut checked = 0;
        for (id, spec) in case.program.params.iter().enumerate().filter(|(_, s)| s.kind.has_gradient()) {
            // Dead parameters have no gradient: zero.
            let grad = store.get(&leaf_tensors[id]).map(|g| g.flatten_all().unwrap().to_vec1::<f64>().unwrap());
            let grad = grad.unwrap_or(vec![0.0; spec.len()]);
            let largest = grad.iter().fold(1.0f64, |m, g| m.max(g.abs()));
            let mut r = Random::at(1, name, &[id as u64]);
            for _ in 0..spec.len().min(12) {
                let (k, h) = (r.below(spec.len()), 1e-5);
                let at = |d: f64| {
                    let mut params = case.params.clone();
                    params[id][k] += d;
                    case.loss(&params)
                };
                let numeric = (at(h) - at(-h)) / (2.0 * h);
                let error = (numeric - grad[k]).abs();
                assert!(error < 2e-6 * largest, "{name}, {} [{k}]: {numeric} by differences, {} by candle", spec.name, grad[k]);
                checked += usize::from(grad[k] != 0.0);
            }
        }
        assert!(checked > 40, "{name}: only {checked} gradients other than zero");
    }
}

#[test]
fn slopes_at_the_kinks_follow_pytorch() {
    use Activation::*;
    let table = [(Relu, 0.0, 0.0, 0.0), (LeakyRelu, 0.0, 0.0, 0.1), (Hardswish, -3.0, 0.0, 0.0), (Hardswish, 3.0, 3.0, 1.0)];
    let more = [(Hardsigmoid, -3.0, 0.0, 0.0), (Hardsigmoid, 3.0, 1.0, 0.0), (Silu, -200.0, 0.0, 0.0), (Sigmoid, -200.0, 0.0, 0.0)];
    for device in [super::super::DeviceChoice::ReferenceCpu, super::super::DeviceChoice::Fast] {
        for (activation, x, y, slope) in table.into_iter().chain(more) {
            let mut b = Builder::new(1, 1, 1);
            let c = b.conv_bias(0, 1, 1, 1, 1);
            let a = b.unary(Op::Activate(activation), c);
            let program = b.features(&[a]);
            let mut e = super::super::executor(&program, device, 1).unwrap();
            let mut params = Parameters(vec![vec![0.0], vec![x]]);
            e.forward_train(&mut params, &[1.0], 1, NORM).unwrap();
            assert!((e.output(0)[0] - y).abs() < 1e-6, "{device:?} {activation:?}({x})");
            let mut grads = Parameters::zeros(&program);
            e.backward(&params, &[vec![1.0]], &mut grads).unwrap();
            assert!((grads.0[1][0] - slope).abs() < 1e-6, "{device:?} {activation:?}'({x}) is {}", grads.0[1][0]);
        }
    }
}

fn eval(program: &Program, params: &Parameters, image: &[f32]) -> Vec<f32> {
    let mut e = ReferenceExecutor::new(program, Device::Cpu).unwrap();
    e.forward_eval(params, image, 1, NORM).unwrap();
    e.output(0).to_vec()
}

/// Values worked out by hand, so that both executors cannot be wrong together.
#[test]
fn pools_and_upsampling_match_hand_worked_values() {
    let image: Vec<f32> = (1..=9).map(|v| -(v as f32)).collect();
    let run = |f: &dyn Fn(&mut Builder) -> usize| {
        let mut b = Builder::new(3, 3, 1);
        let y = f(&mut b);
        eval(&b.features(&[y]), &Parameters::default(), &image)
    };
    // Padding of a maximum is −∞, not 0; of an average it is a zero that counts.
    assert_eq!(run(&|b| b.pool(0, square(3, 2, 1), true)), [-1.0, -2.0, -4.0, -5.0]);
    assert_close(&run(&|b| b.pool(0, square(3, 2, 1), false)), &[-12.0 / 9.0, -16.0 / 9.0, -24.0 / 9.0, -28.0 / 9.0], 1e-6, "average");
    assert_eq!(run(&|b| b.unary(Op::GlobalPool, 0)), [-5.0]);
    let up = run(&|b| b.unary(Op::Upsample(2), 0));
    assert_eq!(up[..8], [-1.0, -1.0, -2.0, -2.0, -3.0, -3.0, -1.0, -1.0]);
}

/// Cross-correlation with PyTorch's order of weights and of a flattened image.
#[test]
fn convolution_and_linear_match_hand_worked_values() {
    let image = [1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0]; // 2 × 2 × 2
    let mut b = Builder::new(2, 2, 2);
    let y = b.conv(0, 1, square(2, 1, 0), 1, false);
    let weights = Parameters(vec![vec![1.0, 2.0, 3.0, 4.0, 0.1, 0.2, 0.3, 0.4]]);
    assert_close(&eval(&b.features(&[y]), &weights, &image), &[30.0 + 30.0], 1e-6, "convolution");
    let mut b = Builder::new(2, 2, 2);
    let y = b.linear(0, 1, true);
    let weights = Parameters(vec![vec![1.0, 2.0, 3.0, 4.0, 0.1, 0.2, 0.3, 0.4], vec![5.0]]);
    assert_close(&eval(&b.features(&[y]), &weights, &image), &[65.0], 1e-6, "linear");
}

#[test]
fn running_statistics_use_the_unbiased_variance() {
    let mut b = Builder::new(1, 2, 1);
    let y = b.norm(0, Activation::Identity);
    let program = b.features(&[y]);
    for device in [super::super::DeviceChoice::ReferenceCpu, super::super::DeviceChoice::Fast] {
        let mut e = super::super::executor(&program, device, 2).unwrap();
        let mut params = Parameters(vec![vec![2.0], vec![1.0], vec![10.0], vec![5.0]]);
        let norm = NormOptions { eps: 0.0, momentum: 0.25 };
        e.forward_train(&mut params, &[1.0, 2.0, 3.0, 6.0], 2, norm).unwrap();
        // Mean 3, biased variance 3.5, unbiased 14/3.
        let y: Vec<f32> = [-2.0f32, -1.0, 0.0, 3.0].iter().map(|d| d / 3.5f32.sqrt() * 2.0 + 1.0).collect();
        assert_close(e.output(0), &y, 1e-6, "normalised");
        assert_close(&params.0[2], &[0.75 * 10.0 + 0.25 * 3.0], 1e-6, "running mean");
        assert_close(&params.0[3], &[0.75 * 5.0 + 0.25 * 14.0 / 3.0], 1e-6, "running variance");
        e.forward_eval(&params, &[1.0, 2.0], 1, norm).unwrap();
        let s = 2.0 / params.0[3][0].sqrt();
        assert_close(e.output(0), &[(1.0 - params.0[2][0]) * s + 1.0, (2.0 - params.0[2][0]) * s + 1.0], 1e-6, "inference");
        assert!(e.forward_train(&mut params, &[1.0, 2.0], 1, norm).is_ok());
        let mut lone = Builder::new(1, 1, 1);
        let y = lone.norm(0, Activation::Identity);
        let mut e = super::super::executor(&lone.features(&[y]), device, 2).unwrap();
        assert!(e.forward_train(&mut params, &[1.0], 1, norm).unwrap_err().contains("one value a channel"));
    }
}

#[test]
fn misuse_is_an_error() {
    let (_, program) = programs().swap_remove(0);
    for device in [super::super::DeviceChoice::ReferenceCpu, super::super::DeviceChoice::Fast] {
        let mut e = super::super::executor(&program, device, 2).unwrap();
        let mut params = random_parameters(&program);
        let mut grads = Parameters::zeros(&program);
        let image = normal("image", 2 * 8 * 7 * 3);
        let seeds = output_grads(&program, 2);
        assert!(e.backward(&params, &seeds, &mut grads).unwrap_err().contains("without a forward"));
        assert!(e.forward_eval(&params, &image, 1, NORM).unwrap_err().contains("1 images"));
        e.forward_eval(&params, &image, 2, NORM).unwrap();
        assert!(e.backward(&params, &seeds, &mut grads).is_err());
        e.forward_train(&mut params, &image, 2, NORM).unwrap();
        assert!(e.backward(&params, &seeds[1..], &mut grads).is_err());
        params.0[0].pop();
        assert!(e.forward_train(&mut params, &image, 2, NORM).unwrap_err().contains(&program.params[0].name));
        assert!(e.output(9).is_empty());
    }
    let mut broken = program.clone();
    broken.values[3].h += 1;
    assert!(ReferenceExecutor::new(&broken, Device::Cpu).err().is_some_and(|e| e.contains("node 2 (convolution")));
    let mut broken = program.clone();
    broken.nodes.swap(0, 2);
    assert!(ReferenceExecutor::new(&broken, Device::Cpu).err().is_some_and(|e| e.contains("before it is written")));
    let mut broken = program;
    broken.params.iter_mut().filter(|p| p.kind == ParamKind::Bias).for_each(|p| p.shape = vec![99]);
    assert!(ReferenceExecutor::new(&broken, Device::Cpu).is_err());
}
