//! Builds a pack from a split: decodes, checks that files are those that were scanned, resizes.

use super::decode::{self, MAX_FILE, Rgb};
use super::error::DataError;
use super::layout::read_capped;
use super::pack::{Pack, PackImage};
use super::resize::{resize, stored_size};
use super::scan::{Place, Scan, ScanImage};
use super::shapes::Shapes;
use crate::base::Digest;
use rayon::prelude::*;
use std::path::Path;

/// Largest image size.
pub const MAX_IMAGE_SIZE: usize = 8192;

impl Pack {
    /// One split of a scan at one size: the longer side of every image becomes `image_size` pixels. `base` is what the
    /// scan's paths are relative to. Decodes on all threads of rayon's pool; the result does not depend on them.
    ///
    /// # Errors
    /// A split that the scan does not have; a file that is gone, unreadable, or not the one that was scanned.
    pub fn build(scan: &Scan, split: &str, image_size: usize, base: &Path) -> Result<Pack, DataError> {
        let split = scan.split(split).ok_or_else(|| DataError::Invalid(format!("the data set has no split {split}")))?;
        if !(1..=MAX_IMAGE_SIZE).contains(&image_size) {
            return Err(DataError::Invalid(format!("image size {image_size} is outside 1 to {MAX_IMAGE_SIZE}")));
        }
        let mut images = Vec::with_capacity(split.images.len());
        let mut offset = 0usize;
        for image in &split.images {
            let (w, h) = stored_size(image.width, image.height, image_size);
            let ScanImage { digest, width, height, ref objects, .. } = *image;
            images.push(PackImage { digest, width, height, w, h, offset, objects: objects.clone() });
            offset = offset.saturating_add(w * h * 3);
        }
        let mut pixels = Vec::new();
        let full = |_| {
            DataError::Invalid(format!(
                "a pack of {} images at {image_size} pixels takes {} MiB, which is more than there is",
                images.len(),
                offset >> 20
            ))
        };
        pixels.try_reserve_exact(offset).map_err(full)?;
        pixels.resize(offset, 0);
        let mut parts = Vec::with_capacity(images.len());
        let mut rest = pixels.as_mut_slice();
        for image in &images {
            let (part, tail) = rest.split_at_mut(image.w * image.h * 3);
            parts.push(part);
            rest = tail;
        }
        parts.into_par_iter().zip(&images).zip(&split.images).try_for_each(|((part, image), source)| {
            let rgb = load(source, scan.generator.as_ref(), base)?;
            part.copy_from_slice(&resize(&rgb, image.w, image.h).pixels);
            Ok::<(), DataError>(())
        })?;
        Ok(Pack { image_size, classes: scan.classes.clone(), images, pixels })
    }

    /// The RGB bytes of one image, rows first.
    pub fn pixels_of(&self, image: &PackImage) -> &[u8] {
        &self.pixels[image.offset..image.offset + image.w * image.h * 3]
    }

    /// The same images at another size, from these pixels.
    pub fn resized(&self, image_size: usize) -> Pack {
        let mut out = Pack { image_size, classes: self.classes.clone(), images: Vec::new(), pixels: Vec::new() };
        for image in &self.images {
            let (w, h) = stored_size(image.width, image.height, image_size);
            let rgb = Rgb { width: image.w, height: image.h, pixels: self.pixels_of(image).to_vec() };
            out.images.push(PackImage { w, h, offset: out.pixels.len(), ..image.clone() });
            out.pixels.extend(resize(&rgb, w, h).pixels);
        }
        out
    }
}

fn load(image: &ScanImage, generator: Option<&Shapes>, base: &Path) -> Result<Rgb, DataError> {
    let (rgb, digest, path) = match (&image.place, generator) {
        (Place::File(path), _) => {
            let full = base.join(path);
            let bytes = read_capped(&full, MAX_FILE).map_err(|e| DataError::io(&full, e))?;
            let digest = Digest::of(&bytes);
            if digest != image.digest {
                return Err(DataError::Changed { path: full });
            }
            (decode::decode(&bytes).map_err(|e| DataError::format(&full, e))?, digest, full)
        }
        (Place::Generated(index), Some(shapes)) => {
            let pixels = shapes.draw(*index).pixels;
            let digest = Digest::of(&pixels);
            (Rgb { width: shapes.image_size, height: shapes.image_size, pixels }, digest, format!("picture {index}").into())
        }
        (Place::Generated(_), None) => return Err(DataError::Invalid("a generated image without its generator".into())),
    };
    if digest != image.digest || (rgb.width, rgb.height) != (image.width, image.height) {
        return Err(DataError::Changed { path });
    }
    Ok(rgb)
}
