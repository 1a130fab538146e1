//! The ground truth of one image, in pixels of the original image.

/// One true box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TruthBox {
    /// Left.
    pub x1: f32,
    /// Top.
    pub y1: f32,
    /// Right.
    pub x2: f32,
    /// Bottom.
    pub y2: f32,
    /// Class.
    pub class: u16,
}

impl TruthBox {
    /// From corners in sixteenths of a pixel, the canonical form of a pack; exact up to 2²⁰ pixels.
    pub fn from_sixteenths(class: u16, x1: i32, y1: i32, x2: i32, y2: i32) -> Self {
        let px = |v: i32| v as f32 / 16.0;
        TruthBox { x1: px(x1), y1: px(y1), x2: px(x2), y2: px(y2), class }
    }
}

/// The true boxes of one image.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Truth {
    /// In canonical order.
    pub boxes: Vec<TruthBox>,
}
