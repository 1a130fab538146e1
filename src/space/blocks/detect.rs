//! Upstream's `Detect`: a 1×1 convolution with bias for each level. What it means is in `Head::Detect`.

use super::property::{Default, Scalar, Spec, Type, property};
use crate::space::expand::Expander;
use crate::space::graph::{Activation, ValueId};
use serde::{Deserialize, Serialize};

/// The detection head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detect {
    /// Classes.
    pub classes: usize,
    /// (width, height) in pixels, for each level.
    pub anchors: Vec<Vec<(f32, f32)>>,
}

/// Upstream's anchors for COCO at 640 px, strides 8, 16, 32.
pub const COCO_ANCHORS: [[(f32, f32); 3]; 3] = [
    [(10.0, 13.0), (16.0, 30.0), (33.0, 23.0)],
    [(30.0, 61.0), (62.0, 45.0), (59.0, 119.0)],
    [(116.0, 90.0), (156.0, 198.0), (373.0, 326.0)],
];

pub(super) const KIND: Spec<Detect> = Spec {
    word: "detect",
    doc: "YOLOv5's head over the named layers, finest first",
    first: None,
    joins: true,
    properties: &[property(
        "anchors",
        Type::Word(&["coco", "auto"]),
        Default::Is(Scalar::Word("auto")),
        "upstream's numbers, or k-means over the boxes of the train split",
    )],
    build: |p, context| {
        let levels = context.inputs.len();
        let anchors: Vec<Vec<(f32, f32)>> = match (p.word("anchors"), &context.anchors) {
            ("auto", Ok(Some(found))) => found.to_vec(),
            ("auto", Err(why)) => return Err(why.clone()),
            ("auto", Ok(None)) => (0..levels).map(|l| placeholder(l, context.image.h.max(context.image.w))).collect(),
            _ if levels == 3 => COCO_ANCHORS.iter().map(|level| level.to_vec()).collect(),
            _ => return Err(format!("anchors=coco are for three levels, it reads {levels}")),
        };
        Ok(vec![Detect { classes: context.classes, anchors }])
    },
};

/// COCO's anchors at this image size, so that shapes and costs are known before k-means ran.
fn placeholder(level: usize, size: usize) -> Vec<(f32, f32)> {
    let scale = size as f32 / 640.0;
    COCO_ANCHORS[level.min(2)].iter().map(|(w, h)| (w * scale, h * scale)).collect()
}

impl Detect {
    pub(super) fn expand(&self, e: &mut Expander, inputs: &[ValueId]) -> Result<Vec<ValueId>, String> {
        if self.anchors.len() != inputs.len() {
            return Err(format!("anchors for {} levels, inputs for {}", self.anchors.len(), inputs.len()));
        }
        let strides = self.strides(e, inputs)?;
        let mut units = Vec::new();
        for (l, (&x, anchors)) in inputs.iter().zip(&self.anchors).enumerate() {
            let unit = e.conv_bias(&format!("m.{l}"), e.shape(x).c, anchors.len() * (5 + self.classes), Activation::Identity)?;
            e.shift(unit, self.prior(strides[l], anchors.len()));
            units.push(unit);
        }
        units.iter().zip(inputs).map(|(unit, &x)| e.run(*unit, x)).collect()
    }

    /// How many pixels a cell of each level spans.
    pub(crate) fn strides(&self, e: &Expander, inputs: &[ValueId]) -> Result<Vec<usize>, String> {
        let image = e.image();
        let stride = |&x: &ValueId| {
            let map = e.shape(x);
            let stride = image.h / map.h.max(1);
            let whole = stride.is_power_of_two() && (map.h * stride, map.w * stride) == (image.h, image.w);
            let (a, b) = (super::super::expand::show(image), super::super::expand::show(map));
            if whole { Ok(stride) } else { Err(format!("a map of {b} is not the image of {a} divided by a power of two")) }
        };
        inputs.iter().map(stride).collect()
    }

    /// Upstream's prior: eight objects a 640 px image, classes at 0.6 ÷ their number.
    fn prior(&self, stride: usize, anchors: usize) -> Vec<f32> {
        let cells = 640.0 / stride as f64;
        let object = libm::log(8.0 / (cells * cells)) as f32;
        let class = libm::log(0.6 / (self.classes as f64 - 0.99999)) as f32;
        let one = (0..5 + self.classes).map(|o| match o {
            0..4 => 0.0,
            4 => object,
            _ => class,
        });
        one.collect::<Vec<_>>().repeat(anchors)
    }
}
