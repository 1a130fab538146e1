//! Pools.

use super::details::Details;
use super::property::{Default, Property, Resolved, STRIDE, Spec, Type, kernel, property};
use crate::space::graph::Window;
use serde::{Deserialize, Serialize};

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

pub(super) const MAX: Spec<Pool> = Spec {
    word: "max-pool",
    doc: "the largest in a window",
    first: Some("kernel"),
    joins: false,
    properties: &[kernel(3), STRIDE, PAD],
    build: |p, _| Ok(vec![Pool::of(p)]),
};

pub(super) const AVG: Spec<Pool> =
    Spec { word: "avg-pool", doc: "the mean over a window, padding counted as zeros", build: |p, _| Ok(vec![Pool::of(p)]), ..MAX };

pub(super) const GLOBAL: Spec<()> =
    Spec { word: "global-pool", doc: "the mean over all pixels", first: None, joins: false, properties: &[], build: |_, _| Ok(vec![()]) };

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
