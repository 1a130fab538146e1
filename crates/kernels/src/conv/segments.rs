//! What the weight gradients sum over: bands of output rows, and in them the pixel runs a tap sees.

use super::Conv2d;
use super::gather::Window;
use crate::view::View;
use std::ops::Range;

/// Whole images, or some output rows of one.
#[derive(Clone, Debug)]
pub(crate) struct Band {
    pub(crate) images: Range<usize>,
    pub(crate) rows: Range<usize>,
}

impl Band {
    /// The band's output pixels (whole rows or images, so a range).
    pub(crate) fn pixels(&self, dyv: &View) -> Range<usize> {
        let row = |n: usize, r: usize| (n * dyv.h + r) * dyv.w;
        row(self.images.start, self.rows.start)..row(self.images.end - 1, self.rows.end)
    }
}

/// Bands of at most about `rows` output rows, in order.
pub(crate) fn bands(n: usize, h: usize, rows: usize) -> Vec<Band> {
    let rows = rows.max(1);
    if rows >= h {
        let images = rows / h.max(1);
        (0..n).step_by(images).map(|i| Band { images: i..(i + images).min(n), rows: 0..h }).collect()
    } else {
        (0..n).flat_map(|i| (0..h).step_by(rows).map(move |r| Band { images: i..i + 1, rows: r..(r + rows).min(h) })).collect()
    }
}

/// What a band reads.
pub(crate) fn window(conv: &Conv2d, dyv: &View, band: &Band) -> Window {
    Window {
        top: (band.rows.start * conv.stride.0) as isize - conv.padding.0 as isize,
        left: -(conv.padding.1 as isize),
        height: (band.rows.len() - 1) * conv.stride.0 + (conv.kernel.0 - 1) * conv.dilation.0 + 1,
        width: (dyv.w - 1) * conv.stride.1 + (conv.kernel.1 - 1) * conv.dilation.1 + 1,
    }
}

/// `count` output pixels in a row: floats to the first input pixel and the first output pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) x: usize,
    pub(crate) dy: usize,
    pub(crate) count: usize,
}

/// Appends a segment, or lengthens the last one where it goes on in both buffers.
pub(crate) fn push(to: &mut Vec<Segment>, s: Segment, xstep: usize, dystep: usize) {
    match to.last_mut() {
        Some(l) if l.x + l.count * xstep == s.x && l.dy + l.count * dystep == s.dy => l.count += s.count,
        _ => to.push(s),
    }
}

/// The pixels of a band for which tap (kh, kw) reads inside the image. `dyv` counts pixels from `origin`.
pub(crate) fn of_tap(conv: &Conv2d, xv: &View, dyv: &View, band: &Band, origin: usize, kh: usize, kw: usize, to: &mut Vec<Segment>) {
    to.clear();
    let s = conv.stride.1;
    let shift = (kw * conv.dilation.1) as isize - conv.padding.1 as isize;
    let lo = if shift < 0 { ((-shift) as usize).div_ceil(s) } else { 0 };
    let past = xv.w as isize - shift;
    let hi = if past <= 0 { 0 } else { ((past as usize).div_ceil(s)).min(dyv.w) };
    if lo >= hi {
        return;
    }
    for n in band.images.clone() {
        for oh in band.rows.clone() {
            let ih = (oh * conv.stride.0 + kh * conv.dilation.0) as isize - conv.padding.0 as isize;
            if ih < 0 || ih >= xv.h as isize {
                continue;
            }
            let iw = ((lo * s) as isize + shift) as usize;
            let x = xv.at((n * xv.h + ih as usize) * xv.w + iw);
            let dy = dyv.at((n * dyv.h + oh) * dyv.w + lo - origin);
            push(to, Segment { x, dy, count: hi - lo }, s * xv.stride, dyv.stride);
        }
    }
}
