//! At which sizes images are read.

use crate::data::Summary;

/// Pixels that all but the smallest tenth of the boxes shall have: two cells of the finest level (stride 4).
const SEEN: f64 = 8.0;
/// The part of the boxes that may be smaller.
const SMALLEST: f64 = 0.1;
/// The largest stride of YOLOv5 divides all sizes.
const STRIDE: usize = 32;
/// The least and the greatest size at which a search starts by itself.
const USUAL: [usize; 2] = [128, 640];

/// The next multiple.
fn up(value: f64, multiple: usize) -> usize {
    (value / multiple as f64).ceil().max(1.0) as usize * multiple
}

/// What must be seen, as a share of the image's longer side: all but the smallest tenth of the boxes, and of every class half. (Small
/// classes are often rare, and would be lost in a quantile of all.)
pub fn smallest(summary: &Summary) -> f64 {
    let all = summary.box_sizes.as_ref().map_or(0.0, |b| b.quantile(SMALLEST));
    summary.classes.iter().filter_map(|c| c.median_share).fold(all, f64::min)
}

/// The size at which boxes are large enough, as far as it is usual and images have the pixels. `scale` is for short times.
pub fn of_boxes(summary: &Summary, scale: f64) -> usize {
    let smallest = smallest(summary);
    let wanted = up(SEEN / smallest.max(1e-4), STRIDE).clamp(USUAL[0], USUAL[1]).min(most(summary));
    up(wanted as f64 * scale - 1e-9, STRIDE).clamp(2 * STRIDE, wanted.max(2 * STRIDE))
}

/// Larger than this, images hold nothing more.
pub fn most(summary: &Summary) -> usize {
    up(summary.longer_side.map_or(640.0, |s| s.p90), STRIDE).clamp(2 * STRIDE, 2048)
}

/// The sizes that are searched: the reference first, then from three quarters of it to twice, no larger than `most` nor smaller than
/// `least`; at most `count`.
pub fn choices(reference: usize, [least, most]: [usize; 2], count: usize, step: usize) -> Vec<usize> {
    let most = most.max(reference);
    let wanted = [0.75, 1.25, 1.5, 1.75, 2.0, 0.875];
    // With fewer, those that lie far apart.
    let wanted: &[f64] = if count < 5 { &[0.75, 1.5, 2.0] } else { &wanted };
    let mut sizes = vec![reference];
    for factor in wanted {
        let size = (reference as f64 * factor / step as f64).round().max(2.0) as usize * step;
        if size >= least && size <= most && !sizes.contains(&size) && sizes.len() < count {
            sizes.push(size);
        }
    }
    sizes[1..].sort_unstable();
    sizes
}

/// The reference for pictures of one class each: small ones as they are, else `usual`.
pub fn of_pictures(summary: &Summary, scale: f64) -> usize {
    let side = summary.shorter_side.map_or(64.0, |s| s.median);
    let whole = if side <= 40.0 { 32 } else { up(side.min(96.0), 16) };
    up(whole as f64 * scale - 1e-9, 16).clamp(32, whole.max(32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_lie_around_the_reference() {
        assert_eq!(choices(160, [64, 640], 7, 32), [160, 128, 192, 256, 288, 320]);
        assert_eq!(choices(320, [64, 416], 7, 32), [320, 256, 288, 416]);
        assert_eq!(choices(64, [64, 64], 7, 32), [64]);
        assert_eq!(choices(320, [64, 2000], 4, 32), [320, 256, 480, 640]);
        // Where time has made the reference small, smaller ones would show nothing.
        assert_eq!(choices(96, [96, 640], 7, 32), [96, 128, 160, 192]);
    }
}
