//! One training picture: upstream's augmentations in upstream's order (facts, 2.4), drawn from one generator.
//!
//! 1. Mosaic, or letterbox; then the affine warp. 2. Mix-up, after a mosaic. 3. Boxes clipped and normalised. 4. Colour.
//! 5. Flips. The generator is drawn from in this order, and only for what the recipe turns on.

use super::error::DataError;
use super::hsv::Jitter;
use super::label::{Label, stored_labels};
use super::letterbox;
use super::mosaic::{self, Tile};
use super::pack::Pack;
use super::warp::Warp;
use crate::base::Random;
use crate::document::Augment;

/// What chance decides of one picture. Nothing of it depends on pixels, so that it can be known ahead which images are read.
pub struct Plan {
    ground: Ground,
    jitter: Option<Jitter>,
    flip_ud: bool,
    flip_lr: bool,
}

enum Ground {
    /// One image, letterboxed and warped.
    One(usize, Warp),
    /// A mosaic, perhaps mixed with another.
    Four(Mosaic, Option<(Mosaic, f64)>),
}

struct Mosaic {
    centre: (usize, usize),
    images: [usize; 4],
    warp: Warp,
}

impl Plan {
    /// Draws for the picture of `image`, one of so many `images`, at this size.
    pub fn draw(images: usize, augment: &Augment, size: usize, image: usize, rng: &mut Random) -> Plan {
        let ground = if happens(rng, augment.mosaic) {
            let first = Mosaic::draw(images, augment, size, image, rng);
            let mixed = happens(rng, augment.mixup).then(|| {
                let other = rng.below(images);
                (Mosaic::draw(images, augment, size, other, rng), mosaic::mix_ratio(rng))
            });
            Ground::Four(first, mixed)
        } else {
            Ground::One(image, Warp::draw(rng, augment, size, size))
        };
        let jitter = Jitter::draw(rng, augment);
        let flip_ud = happens(rng, augment.flip_ud);
        Plan { ground, jitter, flip_ud, flip_lr: happens(rng, augment.flip_lr) }
    }

    /// The images that are read.
    pub fn images(&self) -> Vec<usize> {
        match &self.ground {
            Ground::One(image, _) => vec![*image],
            Ground::Four(first, None) => first.images.to_vec(),
            Ground::Four(first, Some((second, _))) => [first.images, second.images].concat(),
        }
    }

    /// Makes the picture, size × size × 3, and its boxes in pixels. The pack's image size is `size`.
    ///
    /// # Errors
    /// A disk that does not give the pack's pixels.
    pub fn picture(&self, pack: &Pack, size: usize) -> Result<(Vec<u8>, Vec<Label>), DataError> {
        let (mut pixels, mut labels) = match &self.ground {
            Ground::One(image, warp) => {
                let image = &pack.images[*image];
                let fit = letterbox::fit(image.w, image.h, (size, size), false, true, 32);
                let source = letterbox::draw(&pack.pixels_of(image)?, image.w, image.h, &fit);
                let labels = warp.labels(&stored_labels(image, fit.pad.0, fit.pad.1));
                (warp.pixels(source, size, size), labels)
            }
            Ground::Four(first, mixed) => {
                let (mut pixels, mut labels) = first.picture(pack, size)?;
                if let Some((second, ratio)) = mixed {
                    let (other, more) = second.picture(pack, size)?;
                    mosaic::mix(&mut pixels, &other, *ratio);
                    labels.extend(more);
                }
                (pixels, labels)
            }
        };
        let most = size as f64 - 1e-3;
        for l in &mut labels {
            [l.x1, l.y1, l.x2, l.y2] = [l.x1, l.y1, l.x2, l.y2].map(|v| v.clamp(0.0, most));
        }
        if let Some(jitter) = &self.jitter {
            jitter.apply(&mut pixels);
        }
        self.flip(&mut pixels, &mut labels, size);
        Ok((pixels, labels))
    }

    fn flip(&self, pixels: &mut [u8], labels: &mut [Label], size: usize) {
        let s = size as f64;
        if self.flip_ud {
            let row = size * 3;
            for y in 0..size / 2 {
                let (top, bottom) = pixels.split_at_mut((size - 1 - y) * row);
                top[y * row..(y + 1) * row].swap_with_slice(&mut bottom[..row]);
            }
            labels.iter_mut().for_each(|l| (l.y1, l.y2) = (s - l.y2, s - l.y1));
        }
        if self.flip_lr {
            for row in pixels.chunks_exact_mut(size * 3) {
                for x in 0..size / 2 {
                    let (left, right) = row.split_at_mut((size - 1 - x) * 3);
                    left[x * 3..x * 3 + 3].swap_with_slice(&mut right[..3]);
                }
            }
            labels.iter_mut().for_each(|l| (l.x1, l.x2) = (s - l.x2, s - l.x1));
        }
    }
}

impl Mosaic {
    /// `image` and three others, in random order, warped to size × size.
    fn draw(images: usize, augment: &Augment, size: usize, image: usize, rng: &mut Random) -> Mosaic {
        let centre = mosaic::centre(rng, size);
        let mut indices = [image, 0, 0, 0];
        indices[1..].fill_with(|| rng.below(images));
        rng.shuffle(&mut indices);
        Mosaic { centre, images: indices, warp: Warp::draw(rng, augment, 2 * size, size) }
    }

    fn picture(&self, pack: &Pack, size: usize) -> Result<(Vec<u8>, Vec<Label>), DataError> {
        let [a, b, c, d] = self.images.map(|i| pack.pixels_of(&pack.images[i]));
        let pixels = [a?, b?, c?, d?];
        let tiles = [0, 1, 2, 3].map(|i| {
            let image = &pack.images[self.images[i]];
            Tile { pixels: &pixels[i], width: image.w, height: image.h, labels: stored_labels(image, 0.0, 0.0) }
        });
        let (canvas, labels) = mosaic::mosaic(&tiles, self.centre, size);
        Ok((self.warp.pixels(canvas, 2 * size, 2 * size), self.warp.labels(&labels)))
    }
}

/// True with this probability; draws nothing where it is certain to be false.
fn happens(rng: &mut Random, probability: f64) -> bool {
    probability > 0.0 && rng.unit() < probability
}
