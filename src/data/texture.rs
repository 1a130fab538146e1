//! The ground of generated pictures: value noise in three octaves between two muted colours, and a few strokes.

use crate::base::Random;

/// A ground; [`Texture::at`] is a function of the place.
#[derive(Clone, Debug)]
pub struct Texture {
    low: [f64; 3],
    high: [f64; 3],
    octaves: Vec<Octave>,
    strokes: Vec<Stroke>,
    /// Direction of a gradient over the picture, a pixel.
    slope: [f64; 2],
    middle: f64,
}

#[derive(Clone, Debug)]
struct Octave {
    cell: f64,
    weight: f64,
    side: usize,
    lattice: Vec<f64>,
}

#[derive(Clone, Debug)]
struct Stroke {
    from: [f64; 2],
    to: [f64; 2],
    half: f64,
    colour: [f64; 3],
}

impl Texture {
    /// A ground for a square of `s` pixels.
    pub fn new(rng: &mut Random, s: f64) -> Self {
        let (hue, bright) = (rng.unit(), rng.range(0.25, 0.75));
        let low = hsv(hue, rng.range(0.05, 0.35), bright - 0.14);
        let high = hsv(hue + rng.range(-0.15, 0.15), rng.range(0.05, 0.35), bright + 0.14);
        let octaves = [(3.0, 0.5), (8.0, 0.3), (20.0, 0.2)]
            .map(|(cells, weight)| {
                let side = cells as usize + 2;
                Octave { cell: s / cells, weight, side, lattice: (0..side * side).map(|_| rng.unit()).collect() }
            })
            .to_vec();
        let angle = rng.range(0.0, std::f64::consts::TAU);
        let steep = rng.range(0.0, 0.25) / s;
        let strokes = (0..rng.below(5))
            .map(|_| {
                let from = [rng.range(0.0, s), rng.range(0.0, s)];
                let (angle, long) = (rng.range(0.0, std::f64::consts::TAU), rng.range(0.1, 0.5) * s);
                let to = [from[0] + long * libm::cos(angle), from[1] + long * libm::sin(angle)];
                let colour = hsv(rng.unit(), rng.range(0.1, 0.6), rng.range(0.3, 0.9));
                Stroke { from, to, half: rng.range(0.004, 0.02) * s, colour }
            })
            .collect();
        let slope = [steep * libm::cos(angle), steep * libm::sin(angle)];
        Texture { low, high, octaves, strokes, slope, middle: s / 2.0 }
    }

    /// The colour between the two.
    pub fn mean(&self) -> [f64; 3] {
        std::array::from_fn(|c| (self.low[c] + self.high[c]) / 2.0)
    }

    /// The colour at a place in pixels.
    pub fn at(&self, x: f64, y: f64) -> [f64; 3] {
        let noise: f64 = self.octaves.iter().map(|o| o.weight * o.at(x, y)).sum();
        let tilt = self.slope[0] * (x - self.middle) + self.slope[1] * (y - self.middle);
        let mix = 0.5 + (noise - 0.5) * 1.6;
        let mut rgb: [f64; 3] = std::array::from_fn(|c| self.low[c] + (self.high[c] - self.low[c]) * mix + tilt);
        for stroke in &self.strokes {
            let cover = 0.8 * (stroke.half + 0.5 - stroke.distance(x, y)).clamp(0.0, 1.0);
            for c in 0..3 {
                rgb[c] += (stroke.colour[c] - rgb[c]) * cover;
            }
        }
        rgb.map(|v| v.clamp(0.0, 1.0))
    }
}

impl Octave {
    fn at(&self, x: f64, y: f64) -> f64 {
        let split = |v: f64| {
            let v = v / self.cell;
            let whole = (v as usize).min(self.side - 2);
            let t = v - whole as f64;
            (whole, t * t * (3.0 - 2.0 * t))
        };
        let ((x, u), (y, v)) = (split(x), split(y));
        let value = |dx: usize, dy: usize| self.lattice[(y + dy) * self.side + x + dx];
        let top = value(0, 0) + (value(1, 0) - value(0, 0)) * u;
        let bottom = value(0, 1) + (value(1, 1) - value(0, 1)) * u;
        top + (bottom - top) * v
    }
}

impl Stroke {
    fn distance(&self, x: f64, y: f64) -> f64 {
        let (ex, ey) = (self.to[0] - self.from[0], self.to[1] - self.from[1]);
        let (px, py) = (x - self.from[0], y - self.from[1]);
        let t = ((px * ex + py * ey) / (ex * ex + ey * ey)).clamp(0.0, 1.0);
        let (dx, dy) = (px - t * ex, py - t * ey);
        libm::sqrt(dx * dx + dy * dy)
    }
}

/// Hue (turns), saturation and value to RGB, 0 … 1.
pub fn hsv(hue: f64, saturation: f64, value: f64) -> [f64; 3] {
    let hue = (hue - libm::floor(hue)) * 6.0;
    [5.0, 3.0, 1.0].map(|n| {
        let k = (n + hue) % 6.0;
        value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hues() {
        for (hue, rgb) in [(0.0, [1.0, 0.0, 0.0]), (1.0 / 3.0, [0.0, 1.0, 0.0]), (2.0 / 3.0, [0.0, 0.0, 1.0]), (-0.5, [0.0, 1.0, 1.0])] {
            let got = hsv(hue, 1.0, 1.0);
            assert!((0..3).all(|c| (got[c] - rgb[c]).abs() < 1e-9), "{hue}: {got:?}");
        }
        assert_eq!(hsv(0.3, 0.0, 0.5), [0.5; 3]);
    }

    #[test]
    fn the_ground_is_continuous_and_in_range() {
        let mut rng = Random::at(4, "test", &[]);
        let texture = Texture::new(&mut rng, 96.0);
        for i in 0..960 {
            let (a, b) = (texture.at(f64::from(i) / 10.0, 40.0), texture.at(f64::from(i) / 10.0 + 0.01, 40.0));
            assert!((0..3).all(|c| (0.0..=1.0).contains(&a[c]) && (a[c] - b[c]).abs() < 0.02));
        }
    }
}
