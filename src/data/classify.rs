//! Pictures of classification: what a classifier is trained and evaluated on, as floats in the order of the network's input.
//!
//! Training draws, in this order and only what the recipe turns on: crop, colour, flips, blanked square. Evaluation takes the
//! square in the middle. Padding and blanks are black and grey; there is no normalisation by mean and deviation, because
//! every network begins with a convolution and a norm, whose output is the same whatever the input's scale is.

use super::batch::{Batch, UNIT};
use super::decode::Rgb;
use super::error::DataError;
use super::hsv::Jitter;
use super::letterbox::GREY;
use super::pack::{Pack, PackImage};
use super::resize::resize;
use crate::base::Random;
use crate::document::Augment;
use std::ops::Range;

/// Tries to place a random-resized crop before the whole square is taken, as torchvision does.
const TRIES: usize = 10;

/// Appends the training picture of an image, `size` × `size` × channels, to `out`.
///
/// # Errors
/// A disk that does not give the pack's pixels.
pub fn training(pack: &Pack, augment: &Augment, size: usize, image: usize, rng: &mut Random, out: &mut Vec<f32>) -> Result<(), DataError> {
    let (image, c) = (&pack.images[image], pack.channels);
    let mut pixels = if augment.area < 1.0 {
        resized(pack, image, augment.area, size, rng)?
    } else {
        let place = |stored: usize, rng: &mut Random| rng.below(stored + 2 * augment.crop - size + 1) as isize - augment.crop as isize;
        let (x, y) = (place(image.w, rng), place(image.h, rng));
        window(&pack.pixels_of(image)?, image.w, image.h, c, x, y, size)
    };
    if c == 3
        && let Some(jitter) = Jitter::draw(rng, augment)
    {
        jitter.apply(&mut pixels);
    }
    if happens(rng, augment.flip_lr) {
        pixels.chunks_exact_mut(size * c).for_each(|row| mirror(row, c));
    }
    if happens(rng, augment.flip_ud) {
        mirror(&mut pixels, size * c);
    }
    if augment.cutout > 0 {
        blank(&mut pixels, size, c, augment.cutout, rng);
    }
    out.extend(pixels.iter().map(|&p| UNIT[usize::from(p)]));
    Ok(())
}

/// A batch for evaluation: the middle squares of a range of a pack's images, with their classes.
///
/// # Errors
/// A disk that does not give the pack's pixels.
pub fn evaluation(pack: &Pack, size: usize, range: Range<usize>) -> Result<Batch, DataError> {
    (range.end..range.end + range.len()).for_each(|i| pack.ahead(i));
    let images = &pack.images[range];
    let mut batch = Batch { n: images.len(), images: Vec::with_capacity(images.len() * size * size * pack.channels), ..Batch::default() };
    for image in images {
        let middle = |stored: usize| (stored as isize - size as isize) / 2;
        let pixels = window(&pack.pixels_of(image)?, image.w, image.h, pack.channels, middle(image.w), middle(image.h), size);
        batch.images.extend(pixels.iter().map(|&p| UNIT[usize::from(p)]));
        batch.labels.push(label(image));
    }
    Ok(batch)
}

/// The class of an image; a pack is checked to have one for all images or for none.
pub fn label(image: &PackImage) -> u32 {
    image.label.map_or(0, u32::from)
}

/// A square out of a picture of `w` × `h` × `c`, black where it lies outside.
fn window(pixels: &[u8], w: usize, h: usize, c: usize, x: isize, y: isize, size: usize) -> Vec<u8> {
    let mut out = vec![0; size * size * c];
    let (from, to) = (x.max(0), (x + size as isize).min(w as isize));
    if from >= to {
        return out;
    }
    for row in 0..size {
        let source = y + row as isize;
        if !(0..h as isize).contains(&source) {
            continue;
        }
        let source = &pixels[(source as usize * w + from as usize) * c..(source as usize * w + to as usize) * c];
        let at = (row * size + (from - x) as usize) * c;
        out[at..at + source.len()].copy_from_slice(source);
    }
    out
}

/// A part of `area` to 1 of the picture, sides 3 : 4 to 4 : 3, scaled to the square (Szegedy et al. 2015).
fn resized(pack: &Pack, image: &PackImage, area: f64, size: usize, rng: &mut Random) -> Result<Vec<u8>, DataError> {
    let (w, h, c) = (image.w, image.h, pack.channels);
    let mut part = (w.min(h), w.min(h));
    for _ in 0..TRIES {
        let target = (w * h) as f64 * rng.range(area, 1.0);
        let ratio = libm::exp(rng.range(-1.0, 1.0) * libm::log(4.0 / 3.0));
        let (a, b) = (libm::rint(libm::sqrt(target * ratio)) as usize, libm::rint(libm::sqrt(target / ratio)) as usize);
        if (1..=w).contains(&a) && (1..=h).contains(&b) {
            part = (a, b);
            break;
        }
    }
    let (x, y) = (rng.below(w - part.0 + 1), rng.below(h - part.1 + 1));
    let source = pack.pixels_of(image)?;
    let rows = (y..y + part.1).flat_map(|row| &source[(row * w + x) * c..(row * w + x + part.0) * c]);
    Ok(scaled(&rows.copied().collect::<Vec<u8>>(), part.0, part.1, c, size, size))
}

/// A picture of `w` × `h` × `c` at another size.
pub(super) fn scaled(pixels: &[u8], w: usize, h: usize, c: usize, to_w: usize, to_h: usize) -> Vec<u8> {
    if (w, h) == (to_w, to_h) {
        return pixels.to_vec();
    }
    if c == 3 {
        return resize(&Rgb { width: w, height: h, pixels: pixels.to_vec() }, to_w, to_h).pixels;
    }
    let three = pixels.iter().flat_map(|&p| [p; 3]).collect();
    resize(&Rgb { width: w, height: h, pixels: three }, to_w, to_h).pixels.into_iter().step_by(3).collect()
}

/// Reverses the order of blocks of `block` bytes.
fn mirror(bytes: &mut [u8], block: usize) {
    let n = bytes.len() / block;
    for i in 0..n / 2 {
        let (left, right) = bytes.split_at_mut((n - 1 - i) * block);
        left[i * block..(i + 1) * block].swap_with_slice(&mut right[..block]);
    }
}

/// A grey square of side `side` with its middle anywhere in the picture (DeVries and Taylor 2017).
fn blank(pixels: &mut [u8], size: usize, c: usize, side: usize, rng: &mut Random) {
    let (x, y) = (rng.below(size), rng.below(size));
    let span = |middle: usize| middle.saturating_sub(side / 2)..(middle + side - side / 2).min(size);
    for row in span(y) {
        let columns = span(x);
        pixels[(row * size + columns.start) * c..(row * size + columns.end) * c].fill(GREY);
    }
}

/// True with this probability; draws nothing where it is certain to be false.
fn happens(rng: &mut Random, probability: f64) -> bool {
    probability > 0.0 && rng.unit() < probability
}
