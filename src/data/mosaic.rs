//! Four images on one canvas, and the mix of two pictures.

use super::label::Label;
use super::letterbox::GREY;
use crate::base::Random;

/// An image to place: pixels, width, height, boxes in its pixels.
pub struct Tile<'a> {
    /// height × width × 3.
    pub pixels: &'a [u8],
    /// Width.
    pub width: usize,
    /// Height.
    pub height: usize,
    /// Boxes.
    pub labels: Vec<Label>,
}

/// Draws the centre: x and y in s/2 … 3s/2, truncated to whole pixels; y first, as upstream.
pub fn centre(rng: &mut Random, s: usize) -> (usize, usize) {
    let (low, high) = (s as f64 / 2.0, s as f64 * 1.5);
    let y = rng.range(low, high) as usize;
    let x = rng.range(low, high) as usize;
    (x, y)
}

/// A canvas of 2s × 2s: tile 0 has its bottom right corner at the centre, 1 its bottom left, 2 its top right, 3 its top
/// left; each is cropped to the canvas. Boxes are moved with their tile and clipped to the canvas.
pub fn mosaic(tiles: &[Tile; 4], centre: (usize, usize), s: usize) -> (Vec<u8>, Vec<Label>) {
    let side = 2 * s;
    let (xc, yc) = centre;
    let mut canvas = vec![GREY; side * side * 3];
    let mut labels = Vec::new();
    for (i, tile) in tiles.iter().enumerate() {
        // Along one axis: where the canvas's part starts, where the tile's part starts, how long it is.
        let place = |centre: usize, len: usize, before: bool| {
            if before {
                let n = len.min(centre);
                (centre - n, len - n, n)
            } else {
                (centre, 0, len.min(side - centre))
            }
        };
        let (xa, xb, w) = place(xc, tile.width, i % 2 == 0);
        let (ya, yb, h) = place(yc, tile.height, i < 2);
        for y in 0..h {
            let from = ((yb + y) * tile.width + xb) * 3;
            let to = ((ya + y) * side + xa) * 3;
            canvas[to..to + w * 3].copy_from_slice(&tile.pixels[from..from + w * 3]);
        }
        let (dx, dy) = (xa as f64 - xb as f64, ya as f64 - yb as f64);
        let clip = |v: f64| v.clamp(0.0, side as f64);
        labels.extend(tile.labels.iter().map(|l| Label {
            class: l.class,
            x1: clip(l.x1 + dx),
            y1: clip(l.y1 + dy),
            x2: clip(l.x2 + dx),
            y2: clip(l.y2 + dy),
        }));
    }
    (canvas, labels)
}

/// Beta(32, 32): the middle one of 63 uniform values.
pub fn mix_ratio(rng: &mut Random) -> f64 {
    let mut values: [f64; 63] = std::array::from_fn(|_| rng.unit());
    values.sort_by(f64::total_cmp);
    values[31]
}

/// a · ratio + b · (1 − ratio), truncated, into `a`.
pub fn mix(a: &mut [u8], b: &[u8], ratio: f64) {
    for (a, b) in a.iter_mut().zip(b) {
        *a = (f64::from(*a) * ratio + f64::from(*b) * (1.0 - ratio)) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(class: usize, x1: f64, y1: f64, x2: f64, y2: f64) -> Label {
        Label { class, x1, y1, x2, y2 }
    }

    #[test]
    fn tiles_meet_at_the_centre() {
        let (s, w, h) = (8, 8, 6);
        let pixels: Vec<Vec<u8>> = (0..4).map(|i| vec![10 * (i + 1); w * h * 3]).collect();
        let tile = |i: usize| Tile { pixels: &pixels[i], width: w, height: h, labels: vec![label(i, 1.0, 1.0, 3.0, 4.0)] };
        let (xc, yc) = (5, 10);
        let (canvas, labels) = mosaic(&[tile(0), tile(1), tile(2), tile(3)], (xc, yc), s);
        let at = |x: usize, y: usize| canvas[(y * 16 + x) * 3];
        assert_eq!([at(4, 9), at(5, 9), at(4, 10), at(5, 10)], [10, 20, 30, 40]);
        assert_eq!([at(0, 4), at(0, 3), at(12, 9), at(13, 9), at(4, 15), at(12, 15)], [10, GREY, 20, GREY, 30, 40]);
        // Tile 0's left three columns are cut off; tile 3 starts at the centre.
        assert_eq!(labels[0], label(0, 0.0, 5.0, 0.0, 8.0));
        assert_eq!(labels[1], label(1, 6.0, 5.0, 8.0, 8.0));
        assert_eq!(labels[2], label(2, 0.0, 11.0, 0.0, 14.0));
        assert_eq!(labels[3], label(3, 6.0, 11.0, 8.0, 14.0));
    }

    #[test]
    fn centres_and_ratios_are_in_range() {
        let mut rng = Random::at(0, "t", &[]);
        let (mut mean, mut square) = (0.0, 0.0);
        for _ in 0..2000 {
            let (x, y) = centre(&mut rng, 10);
            assert!((5..15).contains(&x) && (5..15).contains(&y));
            let r = mix_ratio(&mut rng) - 0.5;
            (mean, square) = (mean + r / 2000.0, square + r * r / 2000.0);
        }
        // Variance of Beta(32, 32): 1/(4 · 65).
        assert!(mean.abs() < 0.005 && (square * 260.0 - 1.0).abs() < 0.15, "{mean} {square}");
    }

    #[test]
    fn mixing() {
        let mut a = [100, 200];
        mix(&mut a, &[0, 201], 0.5);
        assert_eq!(a, [50, 200]);
    }
}
