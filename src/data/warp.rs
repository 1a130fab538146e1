//! Upstream's `random_perspective` without its perspective terms (0 in every recipe): M = T·S·R·C, bilinear, grey border.
//!
//! The warp is OpenCV's `warpAffine` in whole numbers: source places in 1/1024 pixel, rounded to 1/32, weights of 1/1024.

use super::label::Label;
use super::letterbox::GREY;
use crate::base::Random;
use crate::document::Augment;

/// An affine map from a source picture to an output of `width` × `height`.
#[derive(Clone, Debug, PartialEq)]
pub struct Warp {
    /// Output = matrix · (x, y, 1).
    pub matrix: [[f64; 3]; 2],
    /// The drawn scale, for the share of a box's area that must remain.
    pub scale: f64,
    /// Output width.
    pub width: usize,
    /// Output height.
    pub height: usize,
}

type M3 = [[f64; 3]; 3];

fn product(a: &M3, b: &M3) -> M3 {
    std::array::from_fn(|i| std::array::from_fn(|j| (a[i][0] * b[0][j] + a[i][1] * b[1][j]) + a[i][2] * b[2][j]))
}

impl Warp {
    /// Draws rotation, scale, shear and translation, in this order, for a square source of `source` pixels and an
    /// output of `size`.
    pub fn draw(rng: &mut Random, augment: &Augment, source: usize, size: usize) -> Self {
        let angle = rng.range(-augment.degrees, augment.degrees).to_radians();
        let scale = rng.range(1.0 - augment.scale, 1.0 + augment.scale);
        let shear = [0, 1].map(|_| libm::tan(rng.range(-augment.shear, augment.shear).to_radians()));
        let shift = [0, 1].map(|_| rng.range(0.5 - augment.translate, 0.5 + augment.translate) * size as f64);
        let half = -(source as f64) / 2.0;
        let centre = [[1.0, 0.0, half], [0.0, 1.0, half], [0.0, 0.0, 1.0]];
        let (cos, sin) = (scale * libm::cos(angle), scale * libm::sin(angle));
        let rotate = [[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]];
        let shear = [[1.0, shear[0], 0.0], [shear[1], 1.0, 0.0], [0.0, 0.0, 1.0]];
        let shift = [[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]], [0.0, 0.0, 1.0]];
        let m = product(&shift, &product(&shear, &product(&rotate, &centre)));
        Warp { matrix: [m[0], m[1]], scale, width: size, height: size }
    }

    fn is_identity(&self) -> bool {
        self.matrix == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    }

    /// The warped picture. `source` is `w` × `h` × 3. A matrix that cannot be inverted (scale 0) gives grey.
    pub fn pixels(&self, source: Vec<u8>, w: usize, h: usize) -> Vec<u8> {
        if self.is_identity() && (w, h) == (self.width, self.height) {
            return source;
        }
        let mut out = vec![GREY; self.width * self.height * 3];
        let [[a, b, c], [d, e, f]] = self.matrix;
        let det = a * e - b * d;
        if det == 0.0 || !det.is_finite() {
            return out;
        }
        // Inverse: source = (ia ib ic; id ie if) · output.
        let (ia, ib, id, ie) = (e / det, -b / det, -d / det, a / det);
        let (ic, jf) = (-(ia * c + ib * f), -(id * c + ie * f));
        let fixed = |v: f64| libm::rint(v * 1024.0).clamp(-1e15, 1e15) as i64;
        let across: Vec<(i64, i64)> = (0..self.width).map(|x| (fixed(ia * x as f64), fixed(id * x as f64))).collect();
        let (w, h) = (w as i64, h as i64);
        for (y, row) in out.chunks_exact_mut(self.width * 3).enumerate() {
            let x0 = fixed(ib * y as f64 + ic) + 16;
            let y0 = fixed(ie * y as f64 + jf) + 16;
            for (pixel, (dx, dy)) in row.chunks_exact_mut(3).zip(&across) {
                let (sx, sy) = ((x0 + dx) >> 5, (y0 + dy) >> 5);
                let (fx, fy) = ((sx & 31) as u32, (sy & 31) as u32);
                let (sx, sy) = (sx >> 5, sy >> 5);
                let weights = [(32 - fx) * (32 - fy), fx * (32 - fy), (32 - fx) * fy, fx * fy];
                if sx >= 0 && sy >= 0 && sx + 1 < w && sy + 1 < h {
                    let top = &source[((sy * w + sx) * 3) as usize..][..6];
                    let bottom = &source[(((sy + 1) * w + sx) * 3) as usize..][..6];
                    for c in 0..3 {
                        let sum = u32::from(top[c]) * weights[0]
                            + u32::from(top[c + 3]) * weights[1]
                            + u32::from(bottom[c]) * weights[2]
                            + u32::from(bottom[c + 3]) * weights[3];
                        pixel[c] = ((sum + 512) >> 10) as u8;
                    }
                } else if sx >= -1 && sy >= -1 && sx < w && sy < h {
                    let at = |x: i64, y: i64, c: usize| {
                        if x < 0 || y < 0 || x >= w || y >= h { u32::from(GREY) } else { u32::from(source[((y * w + x) * 3) as usize + c]) }
                    };
                    for c in 0..3 {
                        let sum = at(sx, sy, c) * weights[0]
                            + at(sx + 1, sy, c) * weights[1]
                            + at(sx, sy + 1, c) * weights[2]
                            + at(sx + 1, sy + 1, c) * weights[3];
                        pixel[c] = ((sum + 512) >> 10) as u8;
                    }
                }
            }
        }
        out
    }

    /// The boxes' envelopes after the map, clipped; kept where both sides exceed 2 pixels, more than a tenth of the
    /// (scaled) area remains, and the sides' ratio is below 100.
    pub fn labels(&self, labels: &[Label]) -> Vec<Label> {
        let (width, height) = (self.width as f64, self.height as f64);
        let mut out = Vec::with_capacity(labels.len());
        for l in labels {
            let corners = [(l.x1, l.y1), (l.x2, l.y2), (l.x1, l.y2), (l.x2, l.y1)];
            let map = |row: &[f64; 3], (x, y): (f64, f64)| row[0] * x + row[1] * y + row[2];
            let xs = corners.map(|c| map(&self.matrix[0], c));
            let ys = corners.map(|c| map(&self.matrix[1], c));
            let least = |v: [f64; 4]| v.into_iter().fold(f64::MAX, f64::min);
            let most = |v: [f64; 4]| v.into_iter().fold(f64::MIN, f64::max);
            let new = Label {
                class: l.class,
                x1: least(xs).clamp(0.0, width),
                y1: least(ys).clamp(0.0, height),
                x2: most(xs).clamp(0.0, width),
                y2: most(ys).clamp(0.0, height),
            };
            let (w, h) = (new.x2 - new.x1, new.y2 - new.y1);
            let before = (l.x2 - l.x1) * (l.y2 - l.y1) * self.scale * self.scale;
            let ratio = (w / (h + 1e-16)).max(h / (w + 1e-16));
            if w > 2.0 && h > 2.0 && w * h / (before + 1e-16) > 0.10 && ratio < 100.0 {
                out.push(new);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Augment = Augment::NONE;

    fn label(x1: f64, y1: f64, x2: f64, y2: f64) -> Label {
        Label { class: 0, x1, y1, x2, y2 }
    }

    #[test]
    fn nothing_drawn_is_the_identity() {
        let warp = Warp::draw(&mut Random::at(0, "t", &[]), &NONE, 64, 64);
        assert!(warp.is_identity());
        let centred = Warp::draw(&mut Random::at(0, "t", &[]), &NONE, 128, 64);
        assert_eq!(centred.matrix, [[1.0, 0.0, -32.0], [0.0, 1.0, -32.0]]);
        let source: Vec<u8> = (0..128 * 128 * 3).map(|i| (i % 251) as u8).collect();
        let out = centred.pixels(source.clone(), 128, 128);
        assert_eq!(out[..192], source[(32 * 128 + 32) * 3..][..192]);
    }

    #[test]
    fn whole_and_half_pixels() {
        let warp = Warp { matrix: [[1.0, 0.0, 1.0], [0.0, 1.0, 0.5]], scale: 1.0, width: 3, height: 2 };
        let source: Vec<u8> = [10u8, 20, 30, 40, 50, 60].iter().flat_map(|&v| [v; 3]).collect();
        let out = warp.pixels(source, 3, 2);
        let row = |y: usize| [0, 1, 2].map(|x| out[(y * 3 + x) * 3]);
        assert_eq!(row(0), [114, (114 + 10) / 2, (114 + 20) / 2]);
        assert_eq!(row(1), [114, 25, 35]);
    }

    #[test]
    fn pixels_and_boxes_move_together() {
        let augment = Augment { degrees: 20.0, scale: 0.4, shear: 8.0, translate: 0.1, ..NONE };
        for seed in 0..20 {
            let warp = Warp::draw(&mut Random::at(seed, "t", &[]), &augment, 100, 100);
            let (x1, y1, x2, y2) = (35usize, 40usize, 65usize, 60usize);
            let mut source = vec![0u8; 30_000];
            for y in y1..y2 {
                source[(y * 100 + x1) * 3..(y * 100 + x2) * 3].fill(255);
            }
            let out = warp.pixels(source, 100, 100);
            let lit: Vec<(usize, usize)> =
                (0..10_000).filter(|&i| out[i * 3] > 127 && out[i * 3 + 1] > 127).map(|i| (i % 100, i / 100)).collect();
            let [got] = warp.labels(&[label(35.0, 40.0, 65.0, 60.0)])[..] else { panic!("one box") };
            let edges = [
                lit.iter().map(|p| p.0).min(),
                lit.iter().map(|p| p.1).min(),
                lit.iter().map(|p| p.0 + 1).max(),
                lit.iter().map(|p| p.1 + 1).max(),
            ];
            for (edge, of) in edges.into_iter().zip([got.x1, got.y1, got.x2, got.y2]) {
                // OpenCV maps pixel indices, not edges, so half a pixel of scale may lie between.
                assert!((edge.unwrap() as f64 - of).abs() < 2.0, "seed {seed}: {edge:?} {of}");
            }
        }
    }

    #[test]
    fn candidates() {
        let warp = Warp { matrix: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], scale: 1.0, width: 100, height: 100 };
        let kept = |l: Label| !warp.labels(&[l]).is_empty();
        assert!(kept(label(10.0, 10.0, 20.0, 20.0)));
        assert!(!kept(label(10.0, 10.0, 12.0, 20.0)), "2 pixels wide");
        assert!(!kept(label(-100.0, 10.0, 9.0, 20.0)), "a twelfth remains");
        assert!(kept(label(-80.0, 10.0, 10.0, 20.0)), "a ninth remains");
        let wide = Warp { width: 1000, ..warp.clone() };
        assert!(wide.labels(&[label(0.0, 0.0, 300.0, 2.5)]).is_empty(), "120 : 1");
    }
}
