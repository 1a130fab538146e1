//! One training picture: upstream's augmentations in upstream's order (facts, 2.4), drawn from one generator.
//!
//! 1. Mosaic, or letterbox; then the affine warp. 2. Mix-up, after a mosaic. 3. Boxes clipped and normalised. 4. Colour.
//! 5. Flips. The generator is drawn from in this order, and only for what the recipe turns on.

use super::hsv::Jitter;
use super::label::{Label, stored_labels};
use super::letterbox;
use super::mosaic::{self, Tile};
use super::pack::Pack;
use super::warp::Warp;
use crate::base::Random;
use crate::document::Augment;

/// Makes the picture of `image`, size × size × 3, and its boxes in pixels. The pack's image size is `size`.
pub fn picture(pack: &Pack, augment: &Augment, size: usize, image: usize, rng: &mut Random) -> (Vec<u8>, Vec<Label>) {
    let (mut pixels, mut labels);
    if happens(rng, augment.mosaic) {
        (pixels, labels) = four(pack, augment, size, image, rng);
        if happens(rng, augment.mixup) {
            let other = rng.below(pack.images.len());
            let (second, more) = four(pack, augment, size, other, rng);
            mosaic::mix(&mut pixels, &second, mosaic::mix_ratio(rng));
            labels.extend(more);
        }
    } else {
        let image = &pack.images[image];
        let fit = letterbox::fit(image.w, image.h, (size, size), false, true, 32);
        let source = letterbox::draw(pack.pixels_of(image), image.w, image.h, &fit);
        let warp = Warp::draw(rng, augment, size, size);
        labels = warp.labels(&stored_labels(image, fit.pad.0, fit.pad.1));
        pixels = warp.pixels(source, size, size);
    }
    let most = size as f64 - 1e-3;
    for l in &mut labels {
        [l.x1, l.y1, l.x2, l.y2] = [l.x1, l.y1, l.x2, l.y2].map(|v| v.clamp(0.0, most));
    }
    if let Some(jitter) = Jitter::draw(rng, augment) {
        jitter.apply(&mut pixels);
    }
    let s = size as f64;
    if happens(rng, augment.flip_ud) {
        let row = size * 3;
        for y in 0..size / 2 {
            let (top, bottom) = pixels.split_at_mut((size - 1 - y) * row);
            top[y * row..(y + 1) * row].swap_with_slice(&mut bottom[..row]);
        }
        labels.iter_mut().for_each(|l| (l.y1, l.y2) = (s - l.y2, s - l.y1));
    }
    if happens(rng, augment.flip_lr) {
        for row in pixels.chunks_exact_mut(size * 3) {
            for x in 0..size / 2 {
                let (left, right) = row.split_at_mut((size - 1 - x) * 3);
                left[x * 3..x * 3 + 3].swap_with_slice(&mut right[..3]);
            }
        }
        labels.iter_mut().for_each(|l| (l.x1, l.x2) = (s - l.x2, s - l.x1));
    }
    (pixels, labels)
}

/// A mosaic of `image` and three others, in random order, warped to size × size.
fn four(pack: &Pack, augment: &Augment, size: usize, image: usize, rng: &mut Random) -> (Vec<u8>, Vec<Label>) {
    let centre = mosaic::centre(rng, size);
    let mut indices = [image, 0, 0, 0];
    indices[1..].fill_with(|| rng.below(pack.images.len()));
    rng.shuffle(&mut indices);
    let tiles = indices.map(|i| {
        let image = &pack.images[i];
        Tile { pixels: pack.pixels_of(image), width: image.w, height: image.h, labels: stored_labels(image, 0.0, 0.0) }
    });
    let (canvas, labels) = mosaic::mosaic(&tiles, centre, size);
    let warp = Warp::draw(rng, augment, 2 * size, size);
    let labels = warp.labels(&labels);
    (warp.pixels(canvas, 2 * size, 2 * size), labels)
}

/// True with this probability; draws nothing where it is certain to be false.
fn happens(rng: &mut Random, probability: f64) -> bool {
    probability > 0.0 && rng.unit() < probability
}
