//! From the detect head's raw outputs to boxes in pixels of the network's input.
//!
//! YOLOv5's formula (v6.0 and later), cell (gx, gy), stride S, anchor (aw, ah) in pixels:
//! x = (2σ(tx) + gx − ½)·S, likewise y; w = (2σ(tw))²·aw, likewise h; objectness and classes are σ.

use super::EvaluateError;
use super::nms::{Collector, NmsOptions};
use crate::metrics::Detection;
use crate::space::{Head, Program, Shape};

/// One output of the head.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Rows, columns, anchors · (5 + classes).
    pub shape: Shape,
    /// Pixels a cell.
    pub stride: f32,
    /// Anchors (w, h) in pixels.
    pub anchors: Vec<(f32, f32)>,
}

/// The detect head of a program, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectHead {
    /// Number of classes.
    pub classes: usize,
    /// Its outputs, finest first as the program orders them.
    pub levels: Vec<Level>,
}

impl DetectHead {
    /// Fails where the program does not end in a detect head whose outputs have the shapes that it needs.
    pub fn of(program: &Program) -> Result<Self, EvaluateError> {
        let Head::Detect { classes, strides, anchors } = &program.head else {
            return Err(EvaluateError::misfit("the network has no detect head"));
        };
        if program.outputs.len() != strides.len() || strides.len() != anchors.len() || *classes > usize::from(u16::MAX) {
            return Err(EvaluateError::misfit("the detect head's outputs, strides and anchors do not agree"));
        }
        let mut levels = Vec::new();
        for ((&output, &stride), anchors) in program.outputs.iter().zip(strides).zip(anchors) {
            let shape = program.values.get(output).copied();
            let shape = shape.ok_or_else(|| EvaluateError::misfit("the detect head names an output that is not there"))?;
            if shape.c != anchors.len() * (5 + classes) {
                let why = format!("a detect output has {} channels, not {} × (5 + {classes})", shape.c, anchors.len());
                return Err(EvaluateError::Misfit(why));
            }
            levels.push(Level { shape, stride: stride as f32, anchors: anchors.clone() });
        }
        Ok(DetectHead { classes: *classes, levels })
    }

    /// The detections of one image in network pixels: `outputs[l]` holds the h · w · c values of that image alone.
    ///
    /// Rows come in upstream's order (level, anchor, y, x), which breaks ties of score. Fails where an output is short.
    pub fn detect(&self, outputs: &[&[f32]], options: NmsOptions) -> Result<Vec<Detection>, EvaluateError> {
        if outputs.len() != self.levels.len() {
            return Err(EvaluateError::misfit(format!("{} outputs for {} detect levels", outputs.len(), self.levels.len())));
        }
        let mut collector = Collector::new(options);
        for (level, output) in self.levels.iter().zip(outputs) {
            if output.len() != level.shape.h * level.shape.w * level.shape.c {
                return Err(EvaluateError::misfit("a detect output does not have its program's size"));
            }
            level.collect(output, self.classes, options.confidence, &mut collector);
        }
        Ok(collector.finish())
    }
}

impl Level {
    fn collect(&self, output: &[f32], classes: usize, confidence: f32, collector: &mut Collector) {
        let width = 5 + classes;
        let floor = logit_floor(confidence);
        for (a, &(aw, ah)) in self.anchors.iter().enumerate() {
            for (cell, values) in output.chunks_exact(self.shape.c).enumerate() {
                let row = &values[a * width..(a + 1) * width];
                // Most cells hold nothing: a comparison instead of an exponential.
                if row[4] < floor || row[4].is_nan() {
                    continue;
                }
                let objectness = sigmoid(row[4]);
                let (gy, gx) = (cell / self.shape.w, cell % self.shape.w);
                let centre = |t: f32, g: usize| (2.0 * sigmoid(t) + g as f32 - 0.5) * self.stride;
                let side = |t: f32, anchor: f32| (2.0 * sigmoid(t)) * (2.0 * sigmoid(t)) * anchor;
                let xywh = [centre(row[0], gx), centre(row[1], gy), side(row[2], aw), side(row[3], ah)];
                let class_floor = logit_floor(confidence / objectness);
                let scored = row[5..].iter().enumerate().filter(|(_, t)| **t >= class_floor);
                collector.row(xywh, objectness, scored.map(|(class, t)| (class as u16, sigmoid(*t))));
            }
        }
    }
}

/// 1 / (1 + e⁻ˣ), through `libm`.
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-x))
}

/// A logit below which the sigmoid is surely not above `p`: ln(p / (1 − p)) less a margin for rounding.
fn logit_floor(p: f32) -> f32 {
    if p <= 0.0 {
        return f32::NEG_INFINITY;
    }
    // Near 1 the sigmoid's steps are coarse: 1 − 2⁻²⁴ has the logit 16.6, so above 10 the margin is everything beyond 10.
    let p = f64::from(p.min(1.0));
    (libm::log(p / (1.0 - p)).min(10.0) - 0.01) as f32
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
