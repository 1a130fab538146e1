//! Upstream's colour jitter: gains on hue, saturation and value in OpenCV's 8-bit HSV (hue 0 … 179), through tables.

use crate::base::Random;
use crate::document::Augment;

/// Tables of one jitter.
#[derive(Clone, Debug)]
pub struct Jitter {
    hue: [u8; 256],
    saturation: [u8; 256],
    value: [u8; 256],
}

impl Jitter {
    /// Draws gains r = 1 + U(−1, 1) · (h, s, v); none where all three are 0.
    pub fn draw(rng: &mut Random, augment: &Augment) -> Option<Self> {
        if augment.hsv_h == 0.0 && augment.hsv_s == 0.0 && augment.hsv_v == 0.0 {
            return None;
        }
        let [h, s, v] = [augment.hsv_h, augment.hsv_s, augment.hsv_v].map(|gain| rng.range(-1.0, 1.0) * gain + 1.0);
        Some(Jitter::new(h, s, v))
    }

    /// With given gains.
    pub fn new(h: f64, s: f64, v: f64) -> Self {
        let clipped = |gain: f64| std::array::from_fn(|x| (x as f64 * gain).clamp(0.0, 255.0) as u8);
        // Python's modulo: never negative.
        let modulo = |x: f64| x - 180.0 * libm::floor(x / 180.0);
        Jitter { hue: std::array::from_fn(|x| modulo(x as f64 * h) as u8), saturation: clipped(s), value: clipped(v) }
    }

    /// Applies it to RGB bytes.
    pub fn apply(&self, pixels: &mut [u8]) {
        for p in pixels.chunks_exact_mut(3) {
            let (h, s, v) = to_hsv(p[0], p[1], p[2]);
            let rgb = to_rgb(self.hue[h as usize], self.saturation[s as usize], self.value[v as usize]);
            p.copy_from_slice(&rgb);
        }
    }
}

const SHIFT: u32 = 12;

/// round(numerator · 2^12 / i), half to even as OpenCV rounds; no quotient here is a half.
const fn division_table(numerator: u32, per: u32) -> [i32; 256] {
    let mut table = [0; 256];
    let mut i = 1;
    while i < 256 {
        let d = per * i as u32;
        table[i] = (((numerator << SHIFT) * 2 + d) / (2 * d)) as i32;
        i += 1;
    }
    table
}
static BY_VALUE: [i32; 256] = division_table(255, 1);
static BY_RANGE: [i32; 256] = division_table(180, 6);

/// OpenCV's RGB2HSV for bytes: hue 0 … 179.
pub fn to_hsv(r: u8, g: u8, b: u8) -> (u8, u8, u8) {
    let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
    let v = r.max(g).max(b);
    let range = v - r.min(g).min(b);
    let s = (range * BY_VALUE[v as usize] + (1 << (SHIFT - 1))) >> SHIFT;
    let h = if v == r {
        g - b
    } else if v == g {
        b - r + 2 * range
    } else {
        r - g + 4 * range
    };
    let h = (h * BY_RANGE[range as usize] + (1 << (SHIFT - 1))) >> SHIFT;
    (if h < 0 { h + 180 } else { h } as u8, s as u8, v as u8)
}

/// OpenCV's HSV2RGB for bytes, in f32.
pub fn to_rgb(h: u8, s: u8, v: u8) -> [u8; 3] {
    if s == 0 {
        return [v; 3];
    }
    let (s, v) = (f32::from(s) * (1.0 / 255.0), f32::from(v) * (1.0 / 255.0));
    // Sixths of a turn: hue · 6/180, exact in whole numbers.
    let sector = (u32::from(h) / 30) % 6;
    let rest = (u32::from(h) % 30) as f32 * (1.0 / 30.0);
    let byte = |x: f32| (x * 255.0 + 0.5) as u8;
    let (p, q, t) = (byte(v * (1.0 - s)), byte(v * (1.0 - s * rest)), byte(v * (1.0 - s * (1.0 - rest))));
    let v = byte(v);
    match sector {
        0 => [v, t, p],
        1 => [q, v, p],
        2 => [p, v, t],
        3 => [p, q, v],
        4 => [t, p, v],
        _ => [v, p, q],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of OpenCV's documented formula, H/2, S, V.
    #[test]
    fn known_colours() {
        for (rgb, hsv) in [
            ([255, 0, 0], (0, 255, 255)),
            ([0, 255, 0], (60, 255, 255)),
            ([0, 0, 255], (120, 255, 255)),
            ([255, 255, 0], (30, 255, 255)),
            ([255, 0, 255], (150, 255, 255)),
            ([128, 128, 128], (0, 0, 128)),
            ([0, 0, 0], (0, 0, 0)),
            ([200, 100, 50], (10, 191, 200)),
        ] {
            assert_eq!(to_hsv(rgb[0], rgb[1], rgb[2]), hsv, "{rgb:?}");
        }
        assert_eq!(to_rgb(10, 191, 200), [200, 100, 50]);
    }

    #[test]
    fn there_and_back_is_near() {
        let mut worst = 0;
        for r in (0..=255).step_by(15) {
            for g in (0..=255).step_by(15) {
                for b in (0..=255).step_by(15) {
                    let (h, s, v) = to_hsv(r, g, b);
                    assert!(h < 180);
                    let back = to_rgb(h, s, v);
                    worst = worst.max([r, g, b].iter().zip(back).map(|(a, b)| a.abs_diff(b)).max().unwrap());
                }
            }
        }
        assert!(worst <= 5, "{worst}");
    }

    #[test]
    fn gains() {
        let mut grey = [100, 100, 100];
        Jitter::new(1.3, 1.9, 1.5).apply(&mut grey);
        assert_eq!(grey, [150; 3]);
        let mut red = [255, 0, 0];
        Jitter::new(1.0, 0.0, 1.0).apply(&mut red);
        assert_eq!(red, [255; 3]);
        let mut blue = [0, 0, 200];
        Jitter::new(0.5, 1.0, 2.0).apply(&mut blue);
        assert_eq!(blue, [0, 255, 0]);
        assert_eq!(Jitter::new(-0.1, 1.0, 1.0).hue[10], 179);
        let none = Augment::NONE;
        assert!(Jitter::draw(&mut Random::at(0, "t", &[]), &none).is_none());
    }
}
