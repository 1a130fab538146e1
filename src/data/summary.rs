//! What a data set holds, in figures: splits, classes, sizes of boxes and of images.

use super::pack::Object;
use super::scanned::{Scan, ScanImage, ScanSplit};
use serde::Serialize;
use std::collections::BTreeMap;

/// Sides in pixels below which boxes are counted.
pub const SMALL: [usize; 3] = [8, 16, 32];
/// The least, three in between, the greatest.
const SHARES: [f64; 5] = [0.0, 0.1, 0.5, 0.9, 1.0];

/// What a data set holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Images, those that stand in several splits once a split.
    pub images: usize,
    /// Boxes; none where images are of one class each.
    pub boxes: Option<usize>,
    /// 3 (RGB) or 1.
    pub channels: usize,
    /// In the order of the data set.
    pub splits: Vec<Split>,
    /// In the order of the data set.
    pub classes: Vec<Class>,
    /// Width × height of the images, and how many have it: the most frequent first.
    pub image_sizes: Vec<ImageSize>,
    /// The longer side of the images in pixels.
    pub longer_side: Option<Quantiles>,
    /// The shorter side of the images in pixels.
    pub shorter_side: Option<Quantiles>,
    /// How large boxes are; none without boxes.
    pub box_sizes: Option<BoxSizes>,
}

/// One split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Split {
    /// Its name.
    pub name: String,
    /// How many images.
    pub images: usize,
    /// How many boxes.
    pub boxes: usize,
    /// Images without a box (of a data set with boxes).
    pub background: usize,
    /// Whether its images are those of other splits: it counts nowhere else.
    pub overlaps: bool,
}

/// One class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Images that it occurs in.
    pub images: usize,
    /// Its boxes; of images of one class each, its images.
    pub count: usize,
    /// The same by split, in the order of [`Summary::splits`].
    pub by_split: Vec<usize>,
    /// Half of its boxes are smaller than this share of their image's longer side.
    pub median_share: Option<f64>,
}

/// Images of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ImageSize {
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// How many.
    pub images: usize,
}

/// Least, 10 %, median, 90 %, greatest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// The least.
    pub least: f64,
    /// One in ten is smaller.
    pub p10: f64,
    /// The middle.
    pub median: f64,
    /// One in ten is greater.
    pub p90: f64,
    /// The greatest.
    pub greatest: f64,
}

/// How large boxes are. The size of a box is the square root of its area.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BoxSizes {
    /// In pixels of the images as they are.
    pub pixels: Quantiles,
    /// As a share of the longer side of their images. Times `image-size`, it is the size that networks see.
    pub share: Quantiles,
    /// All shares, the smallest first.
    #[serde(skip)]
    shares: Vec<f64>,
}

impl Quantiles {
    /// Of numbers in rising order; none of none.
    fn of(sorted: &[f64]) -> Option<Quantiles> {
        let at = |share: f64| sorted.get(libm::round((sorted.len().saturating_sub(1)) as f64 * share) as usize).copied();
        let [least, p10, median, p90, greatest] = SHARES.map(at);
        Some(Quantiles { least: least?, p10: p10?, median: median?, p90: p90?, greatest: greatest? })
    }
}

impl BoxSizes {
    /// How many boxes are smaller than so many pixels where the longer side of images has `image_size`.
    pub fn smaller(&self, pixels: usize, image_size: usize) -> usize {
        self.shares.partition_point(|share| share * (image_size as f64) < pixels as f64)
    }

    /// The share of the longer side that so large a part of the boxes is smaller than.
    pub fn quantile(&self, part: f64) -> f64 {
        let last = self.shares.len().saturating_sub(1);
        self.shares.get(libm::round(last as f64 * part.clamp(0.0, 1.0)) as usize).copied().unwrap_or(0.0)
    }
}

impl Summary {
    /// Of a data set that was read.
    pub fn of(scan: &Scan) -> Summary {
        let labelled = scan.splits.iter().flat_map(|s| &s.images).any(|i| i.label.is_some());
        let overlaps = |split: &ScanSplit| split.name == "trainval" && scan.splits.len() > 1;
        let once = || scan.splits.iter().filter(|s| !overlaps(s));
        let images = || once().flat_map(|s| &s.images);
        let splits = scan.splits.iter().map(|s| Split {
            name: s.name.clone(),
            images: s.images.len(),
            boxes: s.boxes(),
            background: if labelled { 0 } else { s.images.iter().filter(|i| i.objects.is_empty()).count() },
            overlaps: overlaps(s),
        });
        let mut sizes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        images().for_each(|i| *sizes.entry((i.width, i.height)).or_default() += 1);
        let mut image_sizes: Vec<ImageSize> =
            sizes.into_iter().map(|((width, height), images)| ImageSize { width, height, images }).collect();
        image_sizes.sort_by_key(|s| std::cmp::Reverse(s.images));
        let side = |of: fn(usize, usize) -> usize| {
            let mut sides: Vec<f64> = images().map(|i| of(i.width, i.height) as f64).collect();
            sides.sort_by(f64::total_cmp);
            Quantiles::of(&sides)
        };
        Summary {
            images: images().count(),
            boxes: (!labelled).then(|| once().map(ScanSplit::boxes).sum()),
            channels: scan.channels,
            splits: splits.collect(),
            classes: classes(scan, &overlaps),
            image_sizes,
            longer_side: side(usize::max),
            shorter_side: side(usize::min),
            box_sizes: box_sizes(images()),
        }
    }
}

fn classes(scan: &Scan, overlaps: &dyn Fn(&ScanSplit) -> bool) -> Vec<Class> {
    let mut classes: Vec<Class> = scan
        .classes
        .iter()
        .map(|name| Class { name: name.clone(), images: 0, count: 0, by_split: vec![0; scan.splits.len()], median_share: None })
        .collect();
    let mut shares: Vec<Vec<f64>> = vec![Vec::new(); classes.len()];
    for (number, split) in scan.splits.iter().enumerate() {
        for image in &split.images {
            for o in image.objects.iter().filter(|_| !overlaps(split)) {
                shares.get_mut(usize::from(o.class)).into_iter().for_each(|s| s.push(share(o, image)));
            }
            let mut of: Vec<u16> = image.objects.iter().map(|o| o.class).chain(image.label).collect();
            for &class in &of {
                let Some(class) = classes.get_mut(usize::from(class)) else { continue };
                class.by_split[number] += 1;
                class.count += usize::from(!overlaps(split));
            }
            of.sort_unstable();
            of.dedup();
            for class in of.into_iter().filter(|_| !overlaps(split)) {
                classes.get_mut(usize::from(class)).into_iter().for_each(|c| c.images += 1);
            }
        }
    }
    for (class, mut shares) in classes.iter_mut().zip(shares) {
        shares.sort_by(f64::total_cmp);
        class.median_share = Quantiles::of(&shares).map(|q| q.median);
    }
    classes
}

/// The square root of a box's area in pixels.
fn size(o: &Object) -> f64 {
    libm::sqrt(f64::from(o.x2 - o.x1) / 16.0 * (f64::from(o.y2 - o.y1) / 16.0))
}

/// The same as a share of the image's longer side.
fn share(o: &Object, image: &ScanImage) -> f64 {
    size(o) / image.width.max(image.height).max(1) as f64
}

fn box_sizes<'a>(images: impl Iterator<Item = &'a ScanImage>) -> Option<BoxSizes> {
    let (mut pixels, mut shares) = (Vec::new(), Vec::new());
    for image in images {
        pixels.extend(image.objects.iter().map(size));
        shares.extend(image.objects.iter().map(|o| share(o, image)));
    }
    pixels.sort_by(f64::total_cmp);
    shares.sort_by(f64::total_cmp);
    Some(BoxSizes { pixels: Quantiles::of(&pixels)?, share: Quantiles::of(&shares)?, shares })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::data::Place;

    fn image(width: usize, height: usize, boxes: &[(u16, i32, i32)]) -> ScanImage {
        let objects = boxes.iter().map(|&(class, w, h)| Object { class, x1: 0, y1: 0, x2: w * 16, y2: h * 16 }).collect();
        ScanImage { digest: Digest::of(b""), place: Place::Generated(0), width, height, objects, label: None }
    }

    fn scan(splits: Vec<(&str, Vec<ScanImage>)>) -> Scan {
        let classes: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        let splits = splits.into_iter().map(|(name, images)| ScanSplit::new(name, &classes, 3, images)).collect();
        Scan { classes, splits, generator: None, channels: 3, containers: vec![], unread: vec![], findings: vec![] }
    }

    #[test]
    fn boxes_are_counted_and_measured_once() {
        let (one, two) = (image(200, 100, &[(0, 20, 20), (0, 10, 40), (1, 4, 4)]), image(100, 100, &[]));
        let scan = scan(vec![("train", vec![one.clone()]), ("val", vec![two.clone()]), ("trainval", vec![one, two])]);
        let summary = Summary::of(&scan);
        assert_eq!((summary.images, summary.boxes), (2, Some(3)));
        assert_eq!(summary.splits[2], Split { name: "trainval".into(), images: 2, boxes: 3, background: 1, overlaps: true });
        let counts: Vec<_> = summary.classes.iter().map(|c| (c.images, c.count, &c.by_split[..])).collect();
        assert_eq!(counts, [(1, 2, &[2, 0, 2][..]), (1, 1, &[1, 0, 1]), (0, 0, &[0, 0, 0])]);
        assert_eq!(summary.classes[1].median_share, Some(0.02));
        let boxes = summary.box_sizes.unwrap();
        assert_eq!((boxes.pixels.least, boxes.pixels.median, boxes.share.greatest), (4.0, 20.0, 0.1));
        // At 80 px the three are 1.6, 8 and 8 pixels.
        assert_eq!([8, 9].map(|px| boxes.smaller(px, 80)), [1, 3]);
        assert_eq!((boxes.quantile(0.0), boxes.quantile(1.0)), (0.02, 0.1));
        assert_eq!(summary.longer_side.unwrap().greatest, 200.0);
    }

    #[test]
    fn a_data_set_without_boxes_has_no_sizes_of_them() {
        let mut image = image(10, 10, &[]);
        image.label = Some(1);
        let summary = Summary::of(&scan(vec![("all", vec![image])]));
        assert_eq!((summary.boxes, summary.box_sizes, summary.classes[1].count), (None, None, 1));
        assert!(Summary::of(&scan(vec![])).longer_side.is_none());
    }
}
