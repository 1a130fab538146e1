//! What is true of a split's images, without their pixels.

use super::error::RunError;
use crate::data::pixels::Pixels;
use crate::data::{Pack, PackImage, Scan, ScanSplit};

/// The truth of a split, as a pack without pixels: what k-means and metrics read.
pub fn boxes(scan: &Scan, split: &ScanSplit, image_size: usize) -> Pack {
    let images = split
        .images
        .iter()
        .map(|i| {
            let longer = i.width.max(i.height).max(1);
            let (w, h) = ((i.width * image_size).div_ceil(longer), (i.height * image_size).div_ceil(longer));
            PackImage { digest: i.digest, width: i.width, height: i.height, w, h, offset: 0, objects: i.objects.clone(), label: i.label }
        })
        .collect();
    Pack { image_size, channels: scan.channels, classes: scan.classes.clone(), images, pixels: Pixels::default() }
}

/// [`boxes`] of a split by name.
pub fn without_pixels(scan: &Scan, split: &str) -> Result<Pack, RunError> {
    let found = scan.split(split).ok_or_else(|| RunError::Data(format!("no split `{split}`")))?;
    Ok(boxes(scan, found, 1))
}
