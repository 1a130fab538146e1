//! Boxes of a picture while it is made.

use super::pack::{Object, PackImage};

/// A box in pixels of the picture at hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// Class.
    pub class: usize,
    /// Left.
    pub x1: f64,
    /// Top.
    pub y1: f64,
    /// Right.
    pub x2: f64,
    /// Bottom.
    pub y2: f64,
}

/// A picture's boxes in stored pixels, moved by (`dx`, `dy`).
pub fn stored_labels(image: &PackImage, dx: f64, dy: f64) -> Vec<Label> {
    let (kx, ky) = (image.w as f64 / (image.width as f64 * 16.0), image.h as f64 / (image.height as f64 * 16.0));
    let x = |v: i32| f64::from(v) * kx + dx;
    let y = |v: i32| f64::from(v) * ky + dy;
    let label = |o: &Object| Label { class: o.class.into(), x1: x(o.x1), y1: y(o.y1), x2: x(o.x2), y2: y(o.y2) };
    image.objects.iter().map(label).collect()
}
