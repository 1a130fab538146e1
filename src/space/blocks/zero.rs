//! Zeros: no connection, in cells. They read nothing (the image stands as their input), so that networks which differ in
//! what is multiplied by zero are equal.

use super::property::{STRIDE, Spec};
use crate::space::graph::Shape;
use serde::{Deserialize, Serialize};

/// Zeros of this shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zero {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
}

pub(super) const KIND: Spec<Zero> = Spec {
    word: "zero",
    doc: "zeros in the shape of the input: no connection",
    first: None,
    joins: false,
    properties: &[STRIDE],
    build: |p, context| {
        let x = context.inputs.first().ok_or("it has no input")?;
        let stride = p.whole("stride");
        Ok(vec![Zero { height: x.h.div_ceil(stride), width: x.w.div_ceil(stride), channels: x.c }])
    },
};

impl Zero {
    pub(crate) fn shape(&self) -> Shape {
        Shape { h: self.height, w: self.width, c: self.channels }
    }
}

impl From<Shape> for Zero {
    fn from(s: Shape) -> Self {
        Zero { height: s.h, width: s.w, channels: s.c }
    }
}
