//! Every operator, forward and backward, against PyTorch's values (tests/reference/operators.json, made by scripts/trajectory.py):
//! the kernels with both gradients, and the forward pass and the parameters' gradients of both executors.

use crate::nn::testing::{Builder, assert_close};
use crate::nn::{DeviceChoice, NormOptions, Parameters, executor};
use crate::space::{Activation, Op, Shape, Window};
use nasflow_kernels::{self as kernels, Conv2d, Pool2d, Scratch, View};
use serde_json::Value;

/// A tensor; images as NHWC.
#[derive(Clone)]
struct Tensor {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl Tensor {
    fn read(v: &Value) -> Self {
        let shape: Vec<usize> = v["shape"].as_array().unwrap().iter().map(|s| s.as_u64().unwrap() as usize).collect();
        let data = v["values"].as_array().unwrap().iter().map(|s| s.as_f64().unwrap() as f32).collect();
        Tensor { shape, data }
    }

    fn image(v: &Value) -> Self {
        let t = Tensor::read(v);
        let [n, c, h, w] = t.shape[..] else { return t };
        let at = |i: usize| ((i / (h * w * c) * c + i % c) * h + i / (w * c) % h) * w + i / c % w;
        Tensor { shape: vec![n, h, w, c], data: (0..t.data.len()).map(|i| t.data[at(i)]).collect() }
    }

    fn view(&self) -> View {
        match self.shape[..] {
            [n, h, w, c] => View::dense(n, h, w, c),
            [n, c] => View::dense(n, 1, 1, c),
            _ => unreachable!("images and rows"),
        }
    }

    fn image_shape(&self) -> Shape {
        let v = self.view();
        Shape { h: v.h, w: v.w, c: v.c }
    }
}

struct Case {
    name: String,
    value: Value,
    x: Tensor,
    y: Tensor,
    dy: Tensor,
}

impl Case {
    fn all() -> Vec<Case> {
        let file: Value = serde_json::from_str(include_str!("../../../tests/reference/operators.json")).unwrap();
        let case = |(name, v): (&String, &Value)| Case {
            name: name.clone(),
            x: Tensor::image(&v["inputs"]["x"]),
            y: Tensor::image(&v["output"]),
            dy: Tensor::image(&v["output_grad"]),
            value: v.clone(),
        };
        // The losses among them are tested where losses are (`train`).
        let here = |name: &str| name != "made_by" && !name.starts_with("cross_entropy");
        file.as_object().unwrap().iter().filter(|(k, _)| here(k)).map(case).collect()
    }

    fn input(&self, key: &str) -> Option<Vec<f32>> {
        self.value["inputs"].get(key).map(|v| Tensor::read(v).data)
    }

    fn gradient(&self, key: &str) -> Vec<f32> {
        Tensor::read(&self.value["input_grads"][key]).data
    }

    fn pair(&self, key: &str, default: usize) -> (usize, usize) {
        match &self.value["options"][key] {
            Value::Null => (default, default),
            Value::Array(a) => (a[0].as_u64().unwrap() as usize, a[1].as_u64().unwrap() as usize),
            v => (v.as_u64().unwrap() as usize, v.as_u64().unwrap() as usize),
        }
    }

    fn window(&self) -> Window {
        let kernel = match self.value["inputs"].get("weight") {
            Some(w) => Tensor::read(w).shape[2..].try_into().map(|[a, b]: [usize; 2]| (a, b)).unwrap(),
            None => self.pair("kernel", 1),
        };
        Window { kernel, stride: self.pair("stride", 1), padding: self.pair("padding", 0), dilation: self.pair("dilation", 1) }
    }

    fn close(&self, got: &[f32], want: &[f32], what: &str) {
        assert_close(got, want, 1e-5, &format!("{}: {what}", self.name));
    }

    fn activation(&self) -> Option<Activation> {
        use Activation::*;
        Some(match self.name.as_str() {
            "silu" => Silu,
            "relu" => Relu,
            "hardswish" => Hardswish,
            "leaky_relu" => LeakyRelu,
            "sigmoid" => Sigmoid,
            "hardsigmoid" => Hardsigmoid,
            _ => return None,
        })
    }
}

/// The kernel's y and dx of a case; gradients of parameters are compared here.
fn kernel(case: &Case) -> (Vec<f32>, Vec<f32>) {
    let (x, xv, yv, dy) = (&case.x.data, case.x.view(), case.y.view(), &case.dy.data);
    let (mut y, mut dx, mut s) = (vec![9.0; yv.len()], vec![9.0; xv.len()], Scratch::new());
    let w = case.input("weight");
    let word = case.name.split('_').next().unwrap();
    if let Some(a) = case.activation() {
        let a = super::kernel::activation(a);
        kernels::activation_forward(a, x, xv, &mut y, yv);
        kernels::activation_backward(a, x, xv, dy, yv, &mut dx, xv, false);
        return (y, dx);
    }
    let pool = || {
        let w = case.window();
        Pool2d { kernel: w.kernel, stride: w.stride, padding: w.padding }
    };
    match word {
        "conv" | "linear" => {
            let (conv, w) = (convolution(case), w.unwrap());
            let b = case.input("bias");
            let (mut dw, mut db) = (vec![0.0; w.len()], vec![0.0; yv.c]);
            kernels::conv2d_forward(&conv, x, xv, &w, b.as_deref(), &mut y, yv, &mut s);
            kernels::conv2d_backward_input(&conv, &w, dy, yv, &mut dx, xv, false, &mut s);
            kernels::conv2d_backward_weight(&conv, x, xv, dy, yv, &mut dw, &mut s);
            kernels::conv2d_backward_bias(dy, yv, &mut db, &mut s);
            case.close(&dw, &case.gradient("weight"), "gradient of the weights");
            if b.is_some() {
                case.close(&db, &case.gradient("bias"), "gradient of the bias");
            }
        }
        "norm" => {
            let (gamma, beta, c) = (case.input("scale").unwrap(), case.input("shift").unwrap(), xv.c);
            let act = kernels::Activation::Identity;
            let (mut mean, mut var, mut invstd, mut dg, mut db) = (vec![0.0; c], vec![0.0; c], vec![0.0; c], vec![0.0; c], vec![0.0; c]);
            kernels::channel_statistics(x, xv, &mut mean, &mut var, &mut s);
            kernels::batch_norm_apply(act, x, xv, &gamma, &beta, 1e-3, &mut y, yv, &mean, &var, &mut invstd);
            let n =
                kernels::BatchNormGradients { gamma: &gamma, beta: &beta, mean: &mean, invstd: &invstd, dgamma: &mut dg, dbeta: &mut db };
            kernels::batch_norm_backward(act, n, x, xv, dy, yv, &mut dx, xv, &mut s);
            case.close(&dg, &case.gradient("scale"), "gradient of the scale");
            case.close(&db, &case.gradient("shift"), "gradient of the shift");
        }
        "max" => {
            let mut argmax = vec![0; yv.len()];
            kernels::max_pool_forward(&pool(), x, xv, &mut y, yv, &mut argmax);
            kernels::max_pool_backward(&pool(), &argmax, dy, yv, &mut dx, xv, false);
        }
        "avg" => {
            kernels::avg_pool_forward(&pool(), x, xv, &mut y, yv);
            kernels::avg_pool_backward(&pool(), dy, yv, &mut dx, xv, false);
        }
        "global" => {
            kernels::global_avg_pool_forward(x, xv, &mut y, yv);
            kernels::global_avg_pool_backward(dy, yv, &mut dx, xv, false);
        }
        "upsample" => {
            let f = case.pair("factor", 1);
            kernels::upsample_forward(f, x, xv, &mut y, yv);
            kernels::upsample_backward(f, dy, yv, &mut dx, xv, false);
        }
        "concat" | "add" | "scale" => {
            let (other, want) = (Tensor::image(&case.value["inputs"]["y"]), Tensor::image(&case.value["input_grads"]["y"]));
            let (ov, mut dother) = (other.view(), vec![9.0; other.data.len()]);
            match word {
                "concat" => {
                    kernels::sum(&[(x, xv)], &mut y, yv.channels(0, xv.c), false);
                    kernels::sum(&[(&other.data, ov)], &mut y, yv.channels(xv.c, ov.c), false);
                    kernels::sum(&[(dy, yv.channels(0, xv.c))], &mut dx, xv, false);
                    kernels::sum(&[(dy, yv.channels(xv.c, ov.c))], &mut dother, ov, false);
                }
                "add" => {
                    kernels::sum(&[(x, xv), (&other.data, ov)], &mut y, yv, false);
                    kernels::sum(&[(dy, yv)], &mut dx, xv, false);
                    kernels::sum(&[(dy, yv)], &mut dother, ov, false);
                }
                _ => {
                    kernels::channel_scale_forward(x, xv, &other.data, ov, &mut y, yv);
                    kernels::channel_scale_backward_input(&other.data, ov, dy, yv, &mut dx, xv, false);
                    kernels::channel_scale_backward_scale(x, xv, dy, yv, &mut dother, ov, false);
                }
            }
            case.close(&dother, &want.data, "gradient of y");
        }
        other => panic!("no kernel for {other}"),
    }
    (y, dx)
}

fn convolution(case: &Case) -> Conv2d {
    match case.name.as_str() {
        "linear" => super::kernel::conv_of_linear(case.x.image_shape()),
        _ => super::kernel::conv2d(&case.window(), case.pair("groups", 1).0),
    }
}

#[test]
fn kernels_compute_pytorchs_values() {
    let cases = Case::all();
    assert!(cases.len() >= 32, "{} cases", cases.len());
    for mut case in cases {
        if case.name == "linear" {
            case.y.shape = vec![case.y.shape[0], 1, 1, case.y.shape[1]];
        }
        let (y, dx) = kernel(&case);
        case.close(&y, &case.y.data, "output");
        case.close(&dx, &Tensor::image(&case.value["input_grads"]["x"]).data, "gradient of x");
    }
}

#[test]
fn executors_compute_pytorchs_values() {
    for case in Case::all() {
        let mut b = Builder::new(case.x.view().h, case.x.view().w, case.x.view().c);
        let mut values = Vec::new();
        let mut names = Vec::new();
        let word = case.name.split('_').next().unwrap();
        let y = match (word, case.activation()) {
            (_, Some(a)) => b.unary(Op::Activate(a), 0),
            ("conv", _) => {
                names = ["weight", "bias"].into_iter().filter(|k| case.input(k).is_some()).collect();
                b.conv(0, case.y.view().c, case.window(), case.pair("groups", 1).0, names.len() > 1)
            }
            ("linear", _) => {
                names = vec!["weight", "bias"];
                b.linear(0, case.y.view().c, true)
            }
            ("norm", _) => {
                names = vec!["scale", "shift"];
                b.norm(0, Activation::Identity)
            }
            ("max" | "avg", _) => b.pool(0, case.window(), word == "max"),
            ("global", _) => b.unary(Op::GlobalPool, 0),
            ("upsample", _) => b.unary(Op::Upsample(case.pair("factor", 1).0), 0),
            // Two images, or no operator of a program.
            _ => continue,
        };
        let program = b.features(&[y]);
        names.iter().for_each(|k| values.push(case.input(k).unwrap()));
        if word == "norm" {
            values.extend([vec![0.25; 4], vec![0.5; 4]]);
        }
        for device in [DeviceChoice::Fast, DeviceChoice::ReferenceCpu] {
            let n = case.x.view().n;
            let mut e = executor(&program, device, n).unwrap();
            let (mut params, mut grads) = (Parameters(values.clone()), Parameters::zeros(&program));
            e.forward_train(&mut params, &case.x.data, n, NormOptions { eps: 1e-3, momentum: 0.03 }).unwrap();
            case.close(e.output(0), &case.y.data, "output");
            e.backward(&params, std::slice::from_ref(&case.dy.data), &mut grads).unwrap();
            for (k, grad) in names.iter().zip(&grads.0) {
                case.close(grad, &case.gradient(k), k);
            }
            if word == "norm" {
                case.close(&params.0[2], &Tensor::read(&case.value["running_mean_after"]).data, "running mean");
                case.close(&params.0[3], &Tensor::read(&case.value["running_var_after"]).data, "running variance");
            }
        }
    }
}
