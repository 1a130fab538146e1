//! What this room's tests share: the numbers that scripts/reference_formula.py computes alike, a recipe, and a network so
//! small that its executor stands here.

use crate::data::{Batch, DataError, Target};
use crate::document::{Augment, LossGains, Optimizer, Recipe, Schedule, Task};
use crate::nn::{Executor, NormOptions, Parameters};
use crate::space::{Head, ParamKind, ParamSpec, Program, Shape};
use crate::train::Batches;

/// uniform(name, count): see the script.
pub fn uniform(name: &str, count: usize) -> Vec<f64> {
    let key = name.bytes().fold(0xCBF2_9CE4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01B3));
    (1..=count as u64)
        .map(|i| {
            let mut z = key.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 40) as f64 / f64::from(1 << 24)
        })
        .collect()
}

/// symmetric(name, count, bound)
pub fn symmetric(name: &str, count: usize, bound: f64) -> Vec<f32> {
    uniform(name, count).iter().map(|u| (2.0 * u - 1.0) as f32 * bound as f32).collect()
}

/// targets(name, images, classes)
pub fn targets(name: &str, images: usize, classes: usize) -> Vec<Target> {
    let mut out = Vec::new();
    for (image, v) in uniform(name, 64 * images).chunks(64).enumerate() {
        for u in v[1..].chunks(5).take(1 + (v[0] * 5.0) as usize) {
            let at = |low: f64, range: f64, u: f64| (low + range * u) as f32;
            let class = (u[0] * classes as f64) as usize;
            let (cx, cy, w, h) = (at(0.1, 0.8, u[1]), at(0.1, 0.8, u[2]), at(0.05, 0.5, u[3]), at(0.05, 0.5, u[4]));
            out.push(Target { image, class, cx, cy, w, h });
        }
    }
    out
}

/// The batches of the trajectories: image:<iteration> and boxes:<iteration>.
pub struct Generated {
    pub n: usize,
    pub size: usize,
    pub classes: usize,
    pub per_epoch: usize,
}

impl Batches for Generated {
    fn per_epoch(&self) -> usize {
        self.per_epoch
    }
    fn batch(&mut self, epoch: usize, index: usize) -> Result<Batch, DataError> {
        let iteration = epoch * self.per_epoch + index;
        let labels = (0..self.n).map(|i| ((iteration * self.n + i) % self.classes) as u32).collect();
        let images = uniform(&format!("image:{iteration}"), self.n * self.size * self.size * 3).iter().map(|u| *u as f32).collect();
        Ok(Batch { n: self.n, images, targets: targets(&format!("boxes:{iteration}"), self.n, self.classes), labels })
    }
}

/// A recipe with everything plain: tests change what they are about.
pub fn recipe() -> Recipe {
    Recipe {
        task: Task::Detect,
        batch: 4,
        optimizer: Optimizer::Sgd,
        lr: 0.01,
        momentum: 0.9,
        beta2: 0.999,
        weight_decay: 5e-4,
        schedule: Schedule::Linear,
        over: 4.0,
        warmup: 1.0,
        warmup_min_iterations: 0,
        warmup_bias_lr: 0.1,
        warmup_momentum: 0.8,
        final_lr: 0.01,
        nominal_batch: 0,
        accumulate: 1,
        clip_norm: 10.0,
        ema: 0.9999,
        ema_ramp: 2000.0,
        bn_momentum: 0.03,
        bn_eps: 1e-3,
        augment: Augment::NONE,
        loss: LossGains { r#box: 0.05, obj: 1.0, cls: 0.5, obj_by_size: false, cls_by_classes: true, label_smoothing: 0.0 },
        diverged_above: f64::INFINITY,
    }
}

/// YOLOv5's anchors (w, h) in pixels.
pub fn anchors() -> Vec<Vec<(f32, f32)>> {
    vec![
        vec![(10.0, 13.0), (16.0, 30.0), (33.0, 23.0)],
        vec![(30.0, 61.0), (62.0, 45.0), (59.0, 119.0)],
        vec![(116.0, 90.0), (156.0, 198.0), (373.0, 326.0)],
    ]
}

/// Three detect outputs of `size` × `size` images; level l reads nothing but the mean colour of each cell:
/// logit = weight · (mean − running mean) + bias.
pub fn tiny(classes: usize, size: usize) -> Program {
    let c = 3 * (5 + classes);
    let mut values = vec![Shape { h: size, w: size, c: 3 }];
    let mut params = Vec::new();
    for (l, stride) in [8, 16, 32].into_iter().enumerate() {
        values.push(Shape { h: size / stride, w: size / stride, c });
        let kinds = [
            ("weight", vec![c, 3], ParamKind::Weight),
            ("bias", vec![c], ParamKind::Bias),
            ("running_mean", vec![3], ParamKind::RunningMean),
        ];
        for (name, shape, kind) in kinds {
            params.push(ParamSpec { name: format!("model.0.{l}.{name}"), shape, kind, fan_in: 3, shift: vec![] });
        }
    }
    let head = Head::Detect { classes, strides: vec![8, 16, 32], anchors: anchors() };
    Program { values, nodes: vec![], params, outputs: vec![1, 2, 3], head }
}

/// Weights of any program: symmetric(name) / √fan in + shift; batch norm as PyTorch starts it.
pub fn initial(program: &Program) -> Parameters {
    let start = |p: &ParamSpec| match p.kind {
        ParamKind::Weight | ParamKind::Bias => {
            let mut values = symmetric(&p.name, p.len(), 1.0 / (p.fan_in as f64).sqrt());
            values.iter_mut().zip(&p.shift).for_each(|(v, s)| *v += s);
            values
        }
        ParamKind::NormScale | ParamKind::RunningVar => vec![1.0; p.len()],
        ParamKind::NormShift | ParamKind::RunningMean | ParamKind::Mixture => vec![0.0; p.len()],
    };
    Parameters(program.params.iter().map(start).collect())
}

/// Executes [`tiny`].
pub struct TinyExecutor {
    program: Program,
    pooled: Vec<Vec<f32>>,
    outputs: Vec<Vec<f32>>,
}

impl TinyExecutor {
    pub fn new(program: &Program) -> Self {
        TinyExecutor { program: program.clone(), pooled: vec![vec![]; 3], outputs: vec![vec![]; 3] }
    }
}

impl Executor for TinyExecutor {
    fn class(&self) -> String {
        "tiny".into()
    }

    fn replace(&mut self, _: &Program) -> Result<(), String> {
        Err("one network only".into())
    }

    fn forward_train(&mut self, params: &mut Parameters, images: &[f32], n: usize, norm: NormOptions) -> Result<(), String> {
        let size = self.program.values[0].h;
        for l in 0..3 {
            let Shape { h, w, c } = self.program.values[l + 1];
            let stride = size / h;
            let mut pooled = vec![0.0f32; n * h * w * 3];
            for (i, v) in images.iter().enumerate() {
                let (pixel, channel) = (i / 3, i % 3);
                let (image, y, x) = (pixel / (size * size), pixel / size % size, pixel % size);
                pooled[((image * h + y / stride) * w + x / stride) * 3 + channel] += v / (stride * stride) as f32;
            }
            let (head, tail) = params.0[3 * l..].split_at_mut(2);
            let mean = &mut tail[0];
            for (i, v) in pooled.iter_mut().enumerate() {
                *v -= mean[i % 3];
            }
            for (k, m) in mean.iter_mut().enumerate() {
                *m += norm.momentum as f32 * pooled[k];
            }
            let rows = pooled
                .chunks(3)
                .flat_map(|x| (0..c).map(|o| head[0][3 * o] * x[0] + head[0][3 * o + 1] * x[1] + head[0][3 * o + 2] * x[2] + head[1][o]));
            self.outputs[l] = rows.collect();
            self.pooled[l] = pooled;
        }
        Ok(())
    }

    fn forward_eval(&mut self, params: &Parameters, images: &[f32], n: usize, norm: NormOptions) -> Result<(), String> {
        self.forward_train(&mut params.clone(), images, n, NormOptions { momentum: 0.0, ..norm })
    }

    fn output(&self, i: usize) -> &[f32] {
        &self.outputs[i]
    }

    fn backward(&mut self, _: &Parameters, output_grads: &[Vec<f32>], grads: &mut Parameters) -> Result<(), String> {
        for l in 0..3 {
            let c = self.program.values[l + 1].c;
            for (x, g) in self.pooled[l].chunks(3).zip(output_grads[l].chunks(c)) {
                for (o, g) in g.iter().enumerate() {
                    (0..3).for_each(|k| grads.0[3 * l][3 * o + k] += g * x[k]);
                    grads.0[3 * l + 1][o] += g;
                }
            }
        }
        Ok(())
    }
}
