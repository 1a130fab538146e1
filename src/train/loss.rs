//! YOLOv5's detection loss with its gradient by the raw outputs.
//!
//! Outputs are f32, n × h × w × (anchors · (5 + classes)), channel a · (5 + classes) + o with o = x, y, w, h, objectness,
//! classes. Everything between the f32 outputs and the f32 gradients is f64, summed in one fixed order.

use super::assign::{Entry, assign};
use super::iou::ciou;
use crate::data::Target;
use crate::document::LossGains;
use crate::space::{Head, Program};
use nasflow_kernels::{bce_rows, logistic};

/// The loss of a batch. Of a classifier `cls` is all of it, the mean over images, which is what the gradient is of.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct LossParts {
    /// Gained, not multiplied by the batch.
    pub r#box: f64,
    /// Likewise.
    pub obj: f64,
    /// Likewise; 0 where there is one class.
    pub cls: f64,
    /// What the gradient is of: for detectors the sum of the three times the number of images.
    pub total: f64,
}

impl LossParts {
    /// Box + obj + cls: the loss that people read, and that divergence is judged by.
    pub fn sum(&self) -> f64 {
        self.r#box + self.obj + self.cls
    }
}

/// What one level adds to the loss, without gains. Sums of several batches are those of one batch of all their images.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Sums {
    /// 1 − CIoU of every entry.
    pub r#box: f64,
    /// How many entries: (cell, anchor) that answer for an object.
    pub entries: f64,
    /// Cross-entropy of the objectness of every (cell, anchor).
    pub obj: f64,
    /// How many of them.
    pub cells: f64,
    /// Cross-entropy of the classes of every entry.
    pub cls: f64,
}

impl Sums {
    /// Adds those of other images.
    pub fn add(&mut self, other: &Sums) {
        self.r#box += other.r#box;
        self.entries += other.entries;
        self.obj += other.obj;
        self.cells += other.cells;
        self.cls += other.cls;
    }
}

/// Gains as the loss applies them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gains {
    /// CIoU.
    pub r#box: f64,
    /// Objectness.
    pub obj: f64,
    /// Classes.
    pub cls: f64,
}

impl Gains {
    /// Upstream's scaling: by the number of levels (3 / levels), where `cls_by_classes` of classes (/ 80) and, where
    /// `obj_by_size`, by the area of the image (size / 640)², `size` its longer side in pixels.
    pub fn scaled(gains: &LossGains, levels: usize, classes: usize, size: usize) -> Self {
        let levels = 3.0 / levels as f64;
        let side = size as f64 / 640.0;
        let by_size = if gains.obj_by_size { side * side } else { 1.0 };
        let cls = if gains.cls_by_classes { gains.cls * classes as f64 / 80.0 } else { gains.cls };
        Gains { r#box: gains.r#box * levels, obj: gains.obj * by_size * levels, cls: cls * levels }
    }
}

/// Weights of each level's objectness, where there are `count` levels; upstream defines five at most.
pub fn balances(count: usize) -> &'static [f64] {
    if count == 3 { &[4.0, 1.0, 0.4] } else { &[4.0, 1.0, 0.25, 0.06, 0.02] }
}

/// One output of the network.
struct Level {
    h: usize,
    w: usize,
    /// In cells.
    anchors: Vec<(f32, f32)>,
    /// Weight of its objectness.
    balance: f64,
    /// Gradient by the output.
    entries: Vec<Entry>,
    /// Objectness target of each (cell, anchor).
    objectness: Vec<f32>,
}

/// The loss of one network: keeps its buffers from batch to batch.
pub struct DetectionLoss {
    classes: usize,
    gains: Gains,
    levels: Vec<Level>,
    grads: Vec<Vec<f32>>,
    rows: Rows,
    /// Of the last batch, level by level.
    sums: Vec<Sums>,
}

/// Logits that are looked at together, their targets, losses and slopes.
#[derive(Default)]
struct Rows {
    logits: Vec<f64>,
    wanted: Vec<f64>,
    losses: Vec<f64>,
    slopes: Vec<f64>,
}

impl Rows {
    /// Takes logits, with targets of zero.
    fn of(&mut self, logits: impl Iterator<Item = f32>) {
        self.logits.clear();
        self.logits.extend(logits.map(f64::from));
        for list in [&mut self.wanted, &mut self.losses, &mut self.slopes] {
            list.clear();
            list.resize(self.logits.len(), 0.0);
        }
    }

    fn evaluate(&mut self) {
        bce_rows(&self.logits, &self.wanted, &mut self.losses, &mut self.slopes);
    }
}

impl DetectionLoss {
    /// For a program with a detect head. The error says what is wrong with the program.
    pub fn new(program: &Program, gains: &LossGains) -> Result<Self, String> {
        let image = program.values.first().ok_or("the program has no image")?;
        let Head::Detect { classes, strides, .. } = &program.head else {
            return Err("the detection loss needs a network that ends in `detect`".into());
        };
        let gains = Gains::scaled(gains, strides.len().max(1), *classes, image.h.max(image.w));
        Self::with_gains(program, gains)
    }

    /// With gains that are not scaled any more.
    pub fn with_gains(program: &Program, gains: Gains) -> Result<Self, String> {
        let Head::Detect { classes, strides, anchors } = &program.head else {
            return Err("the detection loss needs a network that ends in `detect`".into());
        };
        let count = program.outputs.len();
        if count == 0 || strides.len() != count || anchors.len() != count {
            return Err(format!("{count} outputs, {} strides and {} lists of anchors", strides.len(), anchors.len()));
        }
        let balances = balances(count);
        if count > balances.len() {
            return Err(format!("{count} levels; upstream defines the balance of at most {}", balances.len()));
        }
        let mut levels = Vec::new();
        for (i, &output) in program.outputs.iter().enumerate() {
            let shape = program.values.get(output).ok_or_else(|| format!("output {i} has no shape"))?;
            if shape.c != anchors[i].len() * (5 + classes) || strides[i] == 0 {
                return Err(format!("level {i}: {} channels for {} anchors and {classes} classes", shape.c, anchors[i].len()));
            }
            let stride = strides[i] as f32;
            let anchors = anchors[i].iter().map(|(w, h)| (w / stride, h / stride)).collect();
            let (entries, objectness) = (Vec::new(), Vec::new());
            levels.push(Level { h: shape.h, w: shape.w, anchors, balance: balances[i], entries, objectness });
        }
        Ok(DetectionLoss { classes: *classes, gains, grads: vec![Vec::new(); count], levels, rows: Rows::default(), sums: Vec::new() })
    }

    /// The loss of `n` images; afterwards [`Self::grads`] is its gradient. Values that are not finite give a loss that is not.
    pub fn evaluate(&mut self, outputs: &[&[f32]], n: usize, targets: &[Target]) -> Result<LossParts, String> {
        if let Some(t) = targets.iter().find(|t| t.image >= n || t.class >= self.classes) {
            return Err(format!("an object of class {} in image {} of a batch of {n} with {} classes", t.class, t.image, self.classes));
        }
        if outputs.len() != self.levels.len() {
            return Err(format!("{} outputs for {} levels", outputs.len(), self.levels.len()));
        }
        let mut sums = std::mem::take(&mut self.sums);
        sums.clear();
        for ((level, grads), output) in self.levels.iter_mut().zip(&mut self.grads).zip(outputs) {
            sums.push(level.evaluate(grads, output, n, self.classes, &self.gains, targets, &mut self.rows)?);
        }
        let parts = self.of(&sums, n);
        self.sums = sums;
        Ok(parts)
    }

    /// The loss of `n` images whose sums these are, level by level.
    pub fn of(&self, sums: &[Sums], n: usize) -> LossParts {
        let mean = |sum: f64, over: f64| if over > 0.0 { sum / over } else { 0.0 };
        let mut parts = LossParts::default();
        for (level, s) in self.levels.iter().zip(sums) {
            parts.r#box += mean(s.r#box, s.entries);
            parts.obj += mean(s.obj, s.cells) * level.balance;
            parts.cls += mean(s.cls, s.entries * self.classes as f64);
        }
        parts.r#box *= self.gains.r#box;
        parts.obj *= self.gains.obj;
        parts.cls *= self.gains.cls;
        parts.total = parts.sum() * n as f64;
        parts
    }

    /// The sums of the last [`evaluate`](Self::evaluate), level by level.
    pub fn sums(&self) -> &[Sums] {
        &self.sums
    }

    /// Gradient of the last `total` by each output, in the outputs' layout.
    pub fn grads(&self) -> &[Vec<f32>] {
        &self.grads
    }
}

impl Level {
    /// Its sums; fills `grads` with gains and batch.
    fn evaluate(
        &mut self,
        grads: &mut Vec<f32>,
        output: &[f32],
        n: usize,
        classes: usize,
        gains: &Gains,
        targets: &[Target],
        rows: &mut Rows,
    ) -> Result<Sums, String> {
        let row = 5 + classes;
        let cells = n * self.h * self.w * self.anchors.len();
        if output.len() != cells * row {
            return Err(format!("an output of {} numbers where {} were expected", output.len(), cells * row));
        }
        if grads.len() == output.len() {
            // Only rows that held entries are not zero (objectness is written below in any case).
            for e in &self.entries {
                let at = self.index(e) * row;
                grads[at..at + row].fill(0.0);
            }
        } else {
            grads.clear();
            grads.resize(output.len(), 0.0);
        }
        self.objectness.clear();
        self.objectness.resize(cells, 0.0);
        self.entries = assign(targets, &self.anchors, self.h, self.w);

        let batch = n as f64;
        let (mut box_sum, mut cls_sum) = (0.0, 0.0);
        let count = self.entries.len() as f64;
        let box_scale = gains.r#box * batch / count;
        let cls_scale = gains.cls * batch / (count * classes as f64);
        for e in &self.entries {
            let cell = self.index(e);
            let at = cell * row;
            let logits = &output[at..at + row];
            let grads = &mut grads[at..at + row];
            let (value, gradient) = box_of(logits, self.anchors[e.anchor], e.target);
            box_sum += 1.0 - value;
            for (g, d) in grads.iter_mut().zip(gradient) {
                *g -= (box_scale * d) as f32;
            }
            // Detached; the last entry of a cell wins.
            self.objectness[cell] = if value < 0.0 { 0.0 } else { value as f32 };
            if classes > 1 {
                rows.of(logits[5..].iter().copied());
                rows.wanted[e.class] = 1.0;
                rows.evaluate();
                for ((g, loss), slope) in grads[5..].iter_mut().zip(&rows.losses).zip(&rows.slopes) {
                    cls_sum += loss;
                    *g += (cls_scale * slope) as f32;
                }
            }
        }
        let obj = self.objectness_loss(grads, output, row, gains.obj * batch, rows);
        Ok(Sums { r#box: box_sum, entries: count, obj, cells: cells as f64, cls: cls_sum })
    }

    /// Sum of the objectness loss over all cells, in eight interleaved sums; writes its gradient.
    fn objectness_loss(&self, grads: &mut [f32], output: &[f32], row: usize, gain: f64, rows: &mut Rows) -> f64 {
        const LANES: usize = 8;
        let scale = gain * self.balance / self.objectness.len() as f64;
        rows.of(output.iter().skip(4).step_by(row).copied());
        rows.wanted.iter_mut().zip(&self.objectness).for_each(|(to, t)| *to = f64::from(*t));
        rows.evaluate();
        let mut sums = [0.0; LANES];
        for losses in rows.losses.chunks(LANES) {
            sums.iter_mut().zip(losses).for_each(|(s, l)| *s += l);
        }
        grads.iter_mut().skip(4).step_by(row).zip(&rows.slopes).for_each(|(g, slope)| *g = (slope * scale) as f32);
        sums.iter().sum()
    }

    /// Which (cell, anchor) of the level, counted as the output is laid out.
    fn index(&self, e: &Entry) -> usize {
        ((e.image * self.h + e.row) * self.w + e.column) * self.anchors.len() + e.anchor
    }
}

/// CIoU of a predicted box with its target (both in cells), and the derivative by the four logits.
fn box_of(logits: &[f32], anchor: (f32, f32), target: [f32; 4]) -> (f64, [f64; 4]) {
    let sigma = [0, 1, 2, 3].map(|i| logistic(f64::from(logits[i])).0);
    let anchor = [f64::from(anchor.0), f64::from(anchor.1)];
    let size = |i: usize| 4.0 * sigma[i] * sigma[i] * anchor[i - 2];
    let p = [2.0 * sigma[0] - 0.5, 2.0 * sigma[1] - 0.5, size(2), size(3)];
    let (value, mut gradient) = ciou(p, target.map(f64::from));
    for i in 0..4 {
        let slope = sigma[i] * (1.0 - sigma[i]);
        gradient[i] *= if i < 2 { 2.0 * slope } else { 8.0 * sigma[i] * anchor[i - 2] * slope };
    }
    (value, gradient)
}
