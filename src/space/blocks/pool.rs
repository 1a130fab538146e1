//! Pools.

use super::*;
use crate::space::graph::Window;

/// A pool with a square window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Both axes.
    pub kernel: usize,
    /// Both axes.
    pub stride: usize,
    /// All sides.
    pub padding: usize,
}

const PAD: Property = property("padding", Type::Whole(0, 127), Default::Auto, "on all sides; floor((kernel − 1) / 2)");

pub(super) const MAX: Kind = Kind {
    word: "max-pool",
    doc: "the largest in a window",
    first: Some("kernel"),
    joins: false,
    properties: &[kernel(3), STRIDE, PAD],
    build: |p, _| Ok(vec![Block::MaxPool(Pool::of(p))]),
};

pub(super) const AVG: Kind = Kind {
    word: "avg-pool",
    doc: "the mean over a window, padding counted as zeros",
    build: |p, _| Ok(vec![Block::AvgPool(Pool::of(p))]),
    ..MAX
};

pub(super) const GLOBAL: Kind = Kind {
    word: "global-pool",
    doc: "the mean over all pixels",
    first: None,
    joins: false,
    properties: &[],
    build: |_, _| Ok(vec![Block::GlobalPool]),
};

impl Pool {
    fn of(p: &Resolved) -> Pool {
        let kernel = p.whole("kernel");
        Pool { kernel, stride: p.whole("stride"), padding: p.maybe("padding").unwrap_or((kernel - 1) / 2) }
    }

    pub(super) fn window(&self) -> Window {
        Window {
            kernel: (self.kernel, self.kernel),
            stride: (self.stride, self.stride),
            padding: (self.padding, self.padding),
            dilation: (1, 1),
        }
    }

    pub(super) fn details(&self) -> String {
        let auto = self.kernel.saturating_sub(1) / 2;
        Details::of(self.kernel).unless("stride", self.stride, 1).unless("padding", self.padding, auto).0
    }
}
