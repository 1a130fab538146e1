//! Letterbox: an image scaled into a rectangle, the rest filled with grey (upstream's section 2.3 of the facts).

use super::decode::Rgb;
use super::resize::resize;

/// The grey of the border.
pub const GREY: u8 = 114;

/// How an image lies in its letterbox.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Scale: pixels of the letterbox a pixel of the image.
    pub gain: f64,
    /// Width and height of the scaled image.
    pub inner: (usize, usize),
    /// Half of the padding, left = right; boxes move by it even where it is half a pixel (upstream).
    pub pad: (f64, f64),
    /// Left and top of the scaled image in whole pixels.
    pub corner: (usize, usize),
    /// Width and height of the letterbox.
    pub outer: (usize, usize),
}

/// The fit of `width` × `height` into `target` (width, height). `auto` keeps only the padding modulo `stride`;
/// without `scaleup` small images keep their size.
pub fn fit(width: usize, height: usize, target: (usize, usize), auto: bool, scaleup: bool, stride: usize) -> Fit {
    let (w, h) = (width.max(1) as f64, height.max(1) as f64);
    let mut gain = (target.1 as f64 / h).min(target.0 as f64 / w);
    if !scaleup {
        gain = gain.min(1.0);
    }
    let inner = (libm::rint(w * gain).max(1.0) as usize, libm::rint(h * gain).max(1.0) as usize);
    let mut free = (target.0.saturating_sub(inner.0), target.1.saturating_sub(inner.1));
    if auto {
        free = (free.0 % stride.max(1), free.1 % stride.max(1));
    }
    let pad = (free.0 as f64 / 2.0, free.1 as f64 / 2.0);
    let corner = (libm::rint(pad.0 - 0.1).max(0.0) as usize, libm::rint(pad.1 - 0.1).max(0.0) as usize);
    Fit { gain, inner, pad, corner, outer: (inner.0 + free.0, inner.1 + free.1) }
}

/// The letterbox's pixels.
pub fn draw(pixels: &[u8], width: usize, height: usize, fit: &Fit) -> Vec<u8> {
    let scaled;
    let source = if fit.inner == (width, height) {
        pixels
    } else {
        scaled = resize(&Rgb { width, height, pixels: pixels.to_vec() }, fit.inner.0, fit.inner.1).pixels;
        &scaled
    };
    let mut out = vec![GREY; fit.outer.0 * fit.outer.1 * 3];
    for (y, row) in source.chunks_exact(fit.inner.0 * 3).enumerate() {
        let at = ((fit.corner.1 + y) * fit.outer.0 + fit.corner.0) * 3;
        out[at..at + row.len()].copy_from_slice(row);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden values from running upstream (facts, 2.3); sizes here are width × height.
    #[test]
    fn golden() {
        let t = (640, 640);
        let a = fit(500, 375, t, true, true, 32);
        assert_eq!((a.gain, a.outer, a.pad), (1.28, (640, 480), (0.0, 0.0)));
        let b = fit(640, 480, t, false, true, 32);
        assert_eq!((b.gain, b.outer, b.pad, b.corner), (1.0, t, (0.0, 80.0), (0, 80)));
        let c = fit(500, 375, t, false, false, 32);
        assert_eq!((c.gain, c.outer, c.pad, c.corner), (1.0, t, (70.0, 132.5), (70, 132)));
        let d = fit(810, 1080, t, true, true, 32);
        assert_eq!(d.outer, (480, 640));
        assert!((d.gain - 0.59259).abs() < 1e-5);
    }

    #[test]
    fn draws_the_image_in_grey() {
        let image: Vec<u8> = (0..3 * 2 * 3).collect();
        let f = fit(3, 2, (3, 5), false, true, 32);
        let out = draw(&image, 3, 2, &f);
        assert_eq!((f.corner, f.pad, out.len()), ((0, 1), (0.0, 1.5), 45));
        assert!(out[..9].iter().all(|&p| p == GREY) && out[27..].iter().all(|&p| p == GREY));
        assert_eq!(out[9..27], image);
    }
}
