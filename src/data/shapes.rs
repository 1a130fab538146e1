//! The generated data sets: `shapes`, coloured figures on textured ground with boxes, and `figures`, one such figure a
//! picture, whose form is the picture's class. A picture is a function of (seed,
//! index, image size, number of classes) in arithmetic that agrees between machines: whole numbers, IEEE basic
//! operations on f64 and `libm`.
//!
//! Sizes are shares of the image, so that the set is the same in kind at any size; at 96 pixels figures measure 12 to
//! 48. A figure has its class's hue more often than not, which makes the set learnable in a few hundred steps; form
//! alone settles the rest, and some strokes of the ground are no figures.

use super::figure::{Figure, Kind};
use super::pack::Object;
use super::texture::{Texture, hsv};
use crate::base::{Canon, Random};
use crate::document::{Data, DataSource};
use serde::{Deserialize, Serialize};

/// Raise this where a pixel or box of any picture changes.
const VERSION: usize = 1;
/// Figures' sizes as shares of the image.
const SIZES: (f64, f64) = (0.125, 0.5);
/// And those of a figure that has its picture to itself: in pixels about the same, in pictures of half the size. Small enough
/// to have room in the smallest picture.
const ALONE: (f64, f64) = (0.3, 0.7);
/// Most figures in a picture.
const MOST: usize = 6;
/// How often a figure has its class's hue.
const FAITHFUL: f64 = 0.7;
/// Two boxes share at most this part of the smaller one.
const OVERLAP: f64 = 0.15;

/// A generated set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shapes {
    /// How many pictures.
    pub images: usize,
    /// How many classes, 1 to 6.
    pub classes: usize,
    /// Seed.
    pub seed: u64,
    /// Width and height in pixels.
    pub image_size: usize,
    /// One figure a picture: the set `figures`.
    #[serde(default)]
    pub single: bool,
}

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Rows of RGB.
    pub pixels: Vec<u8>,
    /// Boxes, classes in the generator's order.
    pub objects: Vec<Object>,
}

impl Shapes {
    /// What the document asks for; none where the data set is not generated.
    pub fn of(data: &Data) -> Option<Self> {
        match data.source {
            DataSource::Shapes { images, classes, seed } | DataSource::Figures { images, classes, seed } => Some(Shapes {
                images,
                classes: classes.clamp(1, Kind::ALL.len()),
                seed,
                image_size: data.image_size.clamp(8, 8192),
                single: matches!(data.source, DataSource::Figures { .. }),
            }),
            _ => None,
        }
    }

    /// Class names in order.
    pub fn names(&self) -> Vec<&'static str> {
        Kind::ALL.iter().take(self.classes).map(|k| k.name()).collect()
    }

    pub(crate) fn canon(&self) -> Canon {
        Canon::map([
            (self.purpose(), VERSION.into()),
            ("images", self.images.into()),
            ("classes", self.classes.into()),
            ("seed", self.seed.into()),
            ("image-size", self.image_size.into()),
        ])
    }

    /// What it draws for.
    fn purpose(&self) -> &'static str {
        if self.single { "figures" } else { "shapes" }
    }

    /// Picture number `index`.
    pub fn draw(&self, index: u64) -> Drawn {
        let size = self.image_size;
        let s = size as f64;
        let mut rng = Random::at(self.seed, self.purpose(), &[index]);
        let texture = Texture::new(&mut rng, s);
        let mut canvas: Vec<[f64; 3]> = (0..size * size).map(|i| texture.at((i % size) as f64 + 0.5, (i / size) as f64 + 0.5)).collect();
        let mut objects: Vec<Object> = Vec::new();
        let count = if self.single { 1 } else { 1 + rng.below(MOST) };
        for _ in 0..count {
            let Some((class, figure)) = self.place(&mut rng, s, &objects) else { continue };
            let colour = pick_colour(&mut rng, class, texture.mean());
            figure.paint(&mut canvas, size, colour, s / 96.0);
            objects.push(figure.object(class as u16, size));
        }
        let mut grain = Random::at(self.seed, "shapes-grain", &[index]);
        let mut pixels = Vec::with_capacity(size * size * 3);
        for rgb in canvas {
            let bits = grain.bits();
            for (c, v) in rgb.into_iter().enumerate() {
                // Sum of two bytes: a triangle of ± 8 levels.
                let noise = ((bits >> (16 * c)) & 0xFF) as f64 + ((bits >> (16 * c + 8)) & 0xFF) as f64 - 255.0;
                pixels.push((v * 255.0 + noise / 32.0 + 0.5).clamp(0.0, 255.0) as u8);
            }
        }
        objects.sort();
        Drawn { pixels, objects }
    }

    /// A figure that lies inside the picture and hides little of the others; none where twenty tries find no room.
    fn place(&self, rng: &mut Random, s: f64, others: &[Object]) -> Option<(usize, Figure)> {
        let class = rng.below(self.classes);
        let (least, most) = if self.single { ALONE } else { SIZES };
        for _ in 0..20 {
            let extent = s * least * libm::exp(rng.unit() * libm::log(most / least));
            let turn = rng.range(0.0, std::f64::consts::TAU);
            let figure = Figure::new(Kind::ALL[class], turn, extent, rng);
            let (w, h) = figure.extent();
            let (x, y) = (rng.unit(), rng.unit());
            if w + 2.0 > s || h + 2.0 > s {
                continue;
            }
            let figure = figure.moved(1.0 + w / 2.0 + x * (s - w - 2.0), 1.0 + h / 2.0 + y * (s - h - 2.0));
            let new = figure.object(class as u16, s as usize);
            if others.iter().all(|o| shared(o, &new) <= OVERLAP) {
                return Some((class, figure));
            }
        }
        None
    }
}

/// The shared area as a part of the smaller box.
fn shared(a: &Object, b: &Object) -> f64 {
    let area = |o: &Object| f64::from(o.x2 - o.x1) * f64::from(o.y2 - o.y1);
    let w = (a.x2.min(b.x2) - a.x1.max(b.x1)).max(0);
    let h = (a.y2.min(b.y2) - a.y1.max(b.y1)).max(0);
    f64::from(w) * f64::from(h) / area(a).min(area(b)).max(1.0)
}

/// A saturated colour that stands out from the ground.
fn pick_colour(rng: &mut Random, class: usize, ground: [f64; 3]) -> [f64; 3] {
    let faithful = rng.unit() < FAITHFUL;
    let mut colour = [0.0; 3];
    for _ in 0..12 {
        let hue = if faithful { class as f64 / 6.0 + 0.03 * rng.normal() } else { rng.unit() };
        colour = hsv(hue, rng.range(0.5, 0.95), rng.range(0.55, 1.0));
        let distance: f64 = (0..3).map(|c| (colour[c] - ground[c]) * (colour[c] - ground[c])).sum();
        if distance > 0.09 {
            break;
        }
    }
    colour
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;

    const SET: Shapes = Shapes { images: 40, classes: 6, seed: 0, image_size: 96, single: false };

    #[test]
    fn pictures_are_repeatable_and_differ() {
        assert_eq!(SET.draw(3), SET.draw(3));
        let digests: std::collections::BTreeSet<_> = (0..40).map(|i| Digest::of(&SET.draw(i).pixels)).collect();
        assert_eq!(digests.len(), 40);
        assert_ne!(Shapes { seed: 1, ..SET }.draw(0), SET.draw(0));
    }

    /// The same on all machines: change it together with `VERSION`.
    #[test]
    fn golden() {
        let all: Vec<u8> = (0..40).flat_map(|i| SET.draw(i).pixels).collect();
        assert_eq!(Digest::of(&all).hex(), GOLDEN);
    }
    const GOLDEN: &str = "31d2d76062e03750a046cd03bad5f88b52ef6407f416868a651b76f76d4f1b9f";

    #[test]
    fn a_figure_alone_is_whatever_size_the_picture_has() {
        for image_size in [8, 32, 48, 96] {
            let set = Shapes { single: true, image_size, ..SET };
            let mut classes = [0; 6];
            for i in 0..120 {
                let drawn = set.draw(i);
                let [object] = drawn.objects.as_slice() else { panic!("{} figures", drawn.objects.len()) };
                classes[usize::from(object.class)] += 1;
                let (w, h) = (f64::from(object.x2 - object.x1) / 16.0, f64::from(object.y2 - object.y1) / 16.0);
                let (least, most) = (0.3 * image_size as f64 - 0.1, 0.7 * image_size as f64 + 0.1);
                assert!(w.max(h) >= least && w.max(h) <= most, "{w} × {h} in {image_size}");
            }
            assert!(classes.iter().all(|&c| c > 8), "{classes:?}");
        }
        assert_ne!(Shapes { single: true, ..SET }.canon().digest(), SET.canon().digest());
    }

    #[test]
    fn boxes_are_inside_of_the_right_size_and_apart() {
        let (mut count, mut classes) = (0, [0; 6]);
        for i in 0..40 {
            let drawn = SET.draw(i);
            assert!((1..=MOST).contains(&drawn.objects.len()));
            for (k, o) in drawn.objects.iter().enumerate() {
                assert!(o.x1 >= 0 && o.y1 >= 0 && o.x2 <= 96 * 16 && o.y2 <= 96 * 16);
                let (w, h) = (f64::from(o.x2 - o.x1) / 16.0, f64::from(o.y2 - o.y1) / 16.0);
                assert!(w.max(h) >= 8.0 && w.max(h) <= 50.0, "{w} × {h}");
                assert!(drawn.objects[k + 1..].iter().all(|p| shared(o, p) <= OVERLAP));
                count += 1;
                classes[o.class as usize] += 1;
            }
        }
        assert!(count > 80 && classes.iter().all(|&c| c > 4), "{count} {classes:?}");
    }

    /// Inside its box a picture differs from its own ground, outside it does not: boxes are where the figures are.
    #[test]
    fn boxes_hold_the_figures() {
        let s = 96;
        for kind in Kind::ALL {
            let mut rng = Random::at(1, "test", &[]);
            let figure = Figure::new(kind, 0.4, 40.0, &mut rng).moved(50.0, 45.0);
            let mut canvas = vec![[0.0; 3]; s * s];
            figure.paint(&mut canvas, s, [1.0, 1.0, 1.0], 0.0);
            let o = figure.object(0, s);
            let lit: Vec<(i32, i32)> = (0..s * s).filter(|&i| canvas[i][0] > 0.35).map(|i| ((i % s) as i32, (i / s) as i32)).collect();
            let (x1, x2) = (lit.iter().map(|p| p.0).min().unwrap(), lit.iter().map(|p| p.0).max().unwrap() + 1);
            let (y1, y2) = (lit.iter().map(|p| p.1).min().unwrap(), lit.iter().map(|p| p.1).max().unwrap() + 1);
            for (edge, of) in [(x1, o.x1), (y1, o.y1), (x2, o.x2), (y2, o.y2)] {
                assert!((f64::from(of) / 16.0 - f64::from(edge)).abs() < 2.5, "{kind:?}: {edge} against {}", f64::from(of) / 16.0);
            }
        }
    }
}
