//! Geometric figures as signed distances, painted with anti-aliased edges, a shade and an outline.

use super::pack::Object;
use crate::base::Random;

/// The figures, in the order of the classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A disc.
    Circle,
    /// A square.
    Square,
    /// An isosceles triangle.
    Triangle,
    /// Five points.
    Star,
    /// Two bars.
    Cross,
    /// A disc with a hole.
    Ring,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 6] = [Kind::Circle, Kind::Square, Kind::Triangle, Kind::Star, Kind::Cross, Kind::Ring];

    /// The class's name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Circle => "circle",
            Kind::Square => "square",
            Kind::Triangle => "triangle",
            Kind::Star => "star",
            Kind::Cross => "cross",
            Kind::Ring => "ring",
        }
    }
}

#[derive(Clone, Debug)]
enum Form {
    /// Radius.
    Disc(f64),
    /// Middle radius, half of the band's width.
    Band(f64, f64),
    /// Corners.
    Polygon(Vec<[f64; 2]>),
}

/// A figure somewhere in a picture, in pixels.
#[derive(Clone, Debug)]
pub struct Figure {
    form: Form,
    centre: [f64; 2],
    /// Half width and half height of the box, around `centre`.
    half: [f64; 2],
}

impl Figure {
    /// A figure around the origin, turned by `turn` radians, whose longer side measures `extent` pixels. Draws its
    /// proportions from `rng`.
    pub fn new(kind: Kind, turn: f64, extent: f64, rng: &mut Random) -> Self {
        let proportion = rng.unit();
        let r = extent / 2.0;
        let polar = |radius: f64, angle: f64| [radius * libm::cos(turn + angle), radius * libm::sin(turn + angle)];
        let regular = |n: usize, radii: &[f64]| -> Vec<[f64; 2]> {
            (0..n).map(|i| polar(radii[i % radii.len()], std::f64::consts::TAU * i as f64 / n as f64)).collect()
        };
        let corners = match kind {
            Kind::Circle => return Figure { form: Form::Disc(r), centre: [0.0; 2], half: [r; 2] },
            Kind::Ring => {
                let band = r * (0.16 + 0.1 * proportion);
                return Figure { form: Form::Band(r - band, band), centre: [0.0; 2], half: [r; 2] };
            }
            Kind::Square => regular(4, &[1.0]),
            Kind::Triangle => regular(3, &[1.0 + 0.4 * proportion, 1.0, 1.0]),
            Kind::Star => regular(10, &[1.0, 0.40 + 0.1 * proportion]),
            Kind::Cross => {
                let t = 0.26 + 0.12 * proportion;
                let arm = [[1.0, -t], [1.0, t], [t, t]];
                let rotate = |p: [f64; 2], k: usize| (0..k).fold(p, |p, _| [-p[1], p[0]]);
                let turned = |p: [f64; 2]| {
                    let (c, s) = (libm::cos(turn), libm::sin(turn));
                    [c * p[0] - s * p[1], s * p[0] + c * p[1]]
                };
                (0..4).flat_map(|k| arm.map(|p| turned(rotate(p, k)))).collect()
            }
        };
        let bound = |axis: usize| corners.iter().fold((f64::MAX, f64::MIN), |(lo, hi), c| (lo.min(c[axis]), hi.max(c[axis])));
        let ((x0, x1), (y0, y1)) = (bound(0), bound(1));
        let scale = extent / (x1 - x0).max(y1 - y0);
        let middle = [(x0 + x1) / 2.0, (y0 + y1) / 2.0];
        let corners = corners.into_iter().map(|c| [(c[0] - middle[0]) * scale, (c[1] - middle[1]) * scale]).collect();
        Figure { form: Form::Polygon(corners), centre: [0.0; 2], half: [(x1 - x0) * scale / 2.0, (y1 - y0) * scale / 2.0] }
    }

    /// Width and height of the box in pixels.
    pub fn extent(&self) -> (f64, f64) {
        (2.0 * self.half[0], 2.0 * self.half[1])
    }

    /// The same around another centre.
    pub fn moved(self, x: f64, y: f64) -> Self {
        Figure { centre: [x, y], ..self }
    }

    /// Its box, rounded to sixteenths and inside the picture.
    pub fn object(&self, class: u16, size: usize) -> Object {
        let edge = |v: f64| (libm::floor(v * 16.0 + 0.5) as i32).clamp(0, size as i32 * 16);
        let ([x, y], [w, h]) = (self.centre, self.half);
        Object { class, x1: edge(x - w), y1: edge(y - h), x2: edge(x + w), y2: edge(y + h) }
    }

    /// Distance in pixels from the edge; negative inside.
    fn distance(&self, x: f64, y: f64) -> f64 {
        let (x, y) = (x - self.centre[0], y - self.centre[1]);
        match &self.form {
            Form::Disc(r) => libm::sqrt(x * x + y * y) - r,
            Form::Band(r, half) => (libm::sqrt(x * x + y * y) - r).abs() - half,
            Form::Polygon(corners) => polygon(corners, x, y),
        }
    }

    /// Paints onto rows of RGB (0 … 1) of a square picture: a soft shadow, the figure lit from above, a darker rim.
    /// `unit` is the width of rim and shadow in pixels; 0 leaves both out.
    pub fn paint(&self, canvas: &mut [[f64; 3]], size: usize, colour: [f64; 3], unit: f64) {
        let range = |axis: usize| {
            let (c, h) = (self.centre[axis], self.half[axis] + 4.0 * unit + 1.0);
            (c - h).max(0.0) as usize..(c + h + 1.0).clamp(0.0, size as f64) as usize
        };
        for y in range(1) {
            for x in range(0) {
                let (px, py) = (x as f64 + 0.5, y as f64 + 0.5);
                let pixel = &mut canvas[y * size + x];
                if unit > 0.0 {
                    let shadow = self.distance(px - 1.2 * unit, py - 1.6 * unit);
                    let dark = 0.3 * (0.5 - shadow / (3.0 * unit)).clamp(0.0, 1.0);
                    pixel.iter_mut().for_each(|p| *p *= 1.0 - dark);
                }
                let d = self.distance(px, py);
                let cover = (0.5 - d).clamp(0.0, 1.0);
                if cover > 0.0 {
                    let light = 1.0 - 0.22 * (py - self.centre[1]) / (2.0 * self.half[1]);
                    let rim = if unit > 0.0 { (0.5 + (d + 1.1 * unit)).clamp(0.0, 1.0) } else { 0.0 };
                    for c in 0..3 {
                        let paint = (colour[c] * light).min(1.0) * (1.0 - 0.4 * rim);
                        pixel[c] += (paint - pixel[c]) * cover;
                    }
                }
            }
        }
    }
}

/// Signed distance to a closed polygon (even-odd rule).
fn polygon(corners: &[[f64; 2]], x: f64, y: f64) -> f64 {
    let (mut least, mut inside) = (f64::MAX, false);
    for (i, a) in corners.iter().enumerate() {
        let b = &corners[(i + 1) % corners.len()];
        let (ex, ey, px, py) = (b[0] - a[0], b[1] - a[1], x - a[0], y - a[1]);
        let t = ((px * ex + py * ey) / (ex * ex + ey * ey)).clamp(0.0, 1.0);
        let (dx, dy) = (px - t * ex, py - t * ey);
        least = least.min(dx * dx + dy * dy);
        if (a[1] > y) != (b[1] > y) && px < ex * py / ey {
            inside = !inside;
        }
    }
    if inside { -libm::sqrt(least) } else { libm::sqrt(least) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_of_a_square() {
        let square = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
        assert_eq!(polygon(&square, 0.0, 0.0), -1.0);
        assert_eq!(polygon(&square, 0.5, 0.0), -0.5);
        assert_eq!(polygon(&square, 3.0, 0.0), 2.0);
        assert!((polygon(&square, 2.0, 2.0) - libm::sqrt(2.0)).abs() < 1e-12);
    }

    #[test]
    fn the_longer_side_is_the_extent() {
        for kind in Kind::ALL {
            let mut rng = Random::at(0, "test", &[]);
            let (w, h) = Figure::new(kind, 1.0, 30.0, &mut rng).extent();
            assert!((w.max(h) - 30.0).abs() < 1e-9 && w.min(h) > 15.0, "{kind:?} {w} {h}");
        }
    }
}
