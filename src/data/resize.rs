//! Resizing in whole numbers, so that machines agree: exact area averages down, bilinear with eleven bits up (as OpenCV).

use super::decode::Rgb;

/// Width and height at which an image is stored: the longer side becomes `size`, the other is rounded up
/// (YOLOv5: r = size / max(w, h), new = ceil).
pub fn stored_size(width: usize, height: usize, size: usize) -> (usize, usize) {
    let long = width.max(height).max(1);
    ((width * size).div_ceil(long).max(1), (height * size).div_ceil(long).max(1))
}

/// Resizes to `w` × `h`: area averages where no side grows, bilinear else.
pub fn resize(image: &Rgb, w: usize, h: usize) -> Rgb {
    let pixels = if (w, h) == (image.width, image.height) {
        image.pixels.clone()
    } else if w <= image.width && h <= image.height {
        area(image, w, h)
    } else {
        bilinear(image, w, h)
    };
    Rgb { width: w, height: h, pixels }
}

/// For each output pixel the source pixels that it covers and their shares, in units of 1/n of a source pixel: the
/// shares of one output add up to `from`.
fn cover(from: usize, to: usize) -> Vec<(usize, Vec<u32>)> {
    (0..to)
        .map(|i| {
            let (start, end) = (i * from, (i + 1) * from);
            let first = start / to;
            let last = (end - 1) / to;
            let share = |j: usize| (end.min((j + 1) * to) - start.max(j * to)) as u32;
            (first, (first..=last).map(share).collect())
        })
        .collect()
}

fn area(image: &Rgb, w: usize, h: usize) -> Vec<u8> {
    let (across, down) = (cover(image.width, w), cover(image.height, h));
    // At most 255 · 32768 a sum across, so u32 holds it; u64 down.
    let row = |y: usize| -> Vec<u32> {
        let source = &image.pixels[y * image.width * 3..][..image.width * 3];
        let mut out = Vec::with_capacity(w * 3);
        for (first, shares) in &across {
            let mut sum = [0u32; 3];
            for (pixel, share) in source[first * 3..].chunks_exact(3).zip(shares) {
                for c in 0..3 {
                    sum[c] += u32::from(pixel[c]) * share;
                }
            }
            out.extend(sum);
        }
        out
    };
    let total = (image.width * image.height) as u64;
    let mut out = Vec::with_capacity(w * h * 3);
    let mut last: Option<(usize, Vec<u32>)> = None;
    for (first, shares) in &down {
        let mut sums = vec![0u64; w * 3];
        for (k, &share) in shares.iter().enumerate() {
            let y = first + k;
            // Neighbouring outputs share at most one source row.
            let values = match last.take() {
                Some((at, values)) if at == y => values,
                _ => row(y),
            };
            for (sum, &v) in sums.iter_mut().zip(&values) {
                *sum += u64::from(v) * u64::from(share);
            }
            last = Some((y, values));
        }
        out.extend(sums.iter().map(|s| ((s + total / 2) / total) as u8));
    }
    out
}

/// For each output pixel the two source pixels and the weight of the second in 1/2048; centres of pixels at .5.
fn between(from: usize, to: usize) -> Vec<(usize, usize, u32)> {
    (0..to)
        .map(|i| {
            let at = ((2 * i + 1) * from) as i64 - to as i64; // in 1/(2·to) of a source pixel
            let at = at.clamp(0, 2 * to as i64 * (from as i64 - 1));
            let first = (at / (2 * to as i64)) as usize;
            let rest = (at % (2 * to as i64)) as u64;
            let weight = ((rest * 2048 + to as u64) / (2 * to as u64)) as u32;
            (first, (first + 1).min(from - 1), weight)
        })
        .collect()
}

fn bilinear(image: &Rgb, w: usize, h: usize) -> Vec<u8> {
    let (across, down) = (between(image.width, w), between(image.height, h));
    let mut out = Vec::with_capacity(w * h * 3);
    for &(y0, y1, wy) in &down {
        let top = &image.pixels[y0 * image.width * 3..][..image.width * 3];
        let bottom = &image.pixels[y1 * image.width * 3..][..image.width * 3];
        for &(x0, x1, wx) in &across {
            for c in 0..3 {
                let mix = |row: &[u8]| u64::from(row[x0 * 3 + c]) * u64::from(2048 - wx) + u64::from(row[x1 * 3 + c]) * u64::from(wx);
                let v = mix(top) * u64::from(2048 - wy) + mix(bottom) * u64::from(wy);
                out.push(((v + (1 << 21)) >> 22) as u8);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Rgb {
        let pixels = (0..width * height * 3).map(|i| ((i * 37 + i / 7 * 11) % 256) as u8).collect();
        Rgb { width, height, pixels }
    }

    #[test]
    fn sizes_follow_upstream() {
        assert_eq!(stored_size(640, 480, 160), (160, 120));
        assert_eq!(stored_size(500, 375, 640), (640, 480));
        assert_eq!(stored_size(640, 427, 160), (160, 107));
        assert_eq!(stored_size(3, 1000, 100), (1, 100));
        assert_eq!(stored_size(1, 32768, 16), (1, 16));
    }

    #[test]
    fn area_is_the_mean_of_what_a_pixel_covers() {
        let image = Rgb { width: 4, height: 2, pixels: [10u8, 20, 30, 40, 50, 60, 70, 81].iter().flat_map(|&v| [v; 3]).collect() };
        let half = resize(&image, 2, 1);
        assert_eq!(half.pixels, [35, 35, 35, 55, 55, 55]); // (10+20+50+60)/4; (30+40+70+81)/4 = 55.25
        let third = resize(&Rgb { width: 3, height: 1, pixels: [0u8, 90, 240].iter().flat_map(|&v| [v; 3]).collect() }, 2, 1);
        assert_eq!(third.pixels, [30, 30, 30, 190, 190, 190]); // (0 + 45)/1.5, (45 + 240)/1.5
        // Against floating point, at a ratio that divides nothing.
        let (image, w, h) = (ramp(37, 23), 11, 7);
        let got = resize(&image, w, h);
        for (y, x) in [(0, 0), (3, 5), (6, 10)] {
            let edge = |i: usize, n: usize, to: usize| (i as f64 * n as f64 / to as f64, (i + 1) as f64 * n as f64 / to as f64);
            let ((x0, x1), (y0, y1)) = (edge(x, 37, w), edge(y, 23, h));
            let mut sum = 0.0;
            for v in 0..23 {
                for u in 0..37 {
                    let o = |a0: f64, a1: f64, b: usize| (a1.min(b as f64 + 1.0) - a0.max(b as f64)).max(0.0);
                    sum += f64::from(image.pixels[(v * 37 + u) * 3]) * o(x0, x1, u) * o(y0, y1, v);
                }
            }
            let want = sum / ((x1 - x0) * (y1 - y0));
            assert!((f64::from(got.pixels[(y * w + x) * 3]) - want).abs() <= 0.5 + 1e-9);
        }
    }

    #[test]
    fn bilinear_interpolates_between_centres() {
        let image = Rgb { width: 2, height: 1, pixels: vec![0, 0, 0, 100, 100, 100] };
        let twice = resize(&image, 4, 2);
        assert_eq!(twice.pixels[..12], [0, 0, 0, 25, 25, 25, 75, 75, 75, 100, 100, 100]);
        assert_eq!(twice.pixels[..12], twice.pixels[12..]);
        let flat = Rgb { width: 5, height: 3, pixels: vec![77; 45] };
        assert!(resize(&flat, 13, 8).pixels.iter().all(|&p| p == 77) && resize(&flat, 4, 2).pixels.iter().all(|&p| p == 77));
    }
}
