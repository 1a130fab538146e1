//! Builds a pack from a split: decodes, checks that files are those that were scanned, resizes. Its bytes come in a stream, so
//! that a pack may be larger than memory.

use super::classify::scaled;
use super::container::Container;
use super::decode::{self, MAX_FILE, Rgb};
use super::error::DataError;
use super::files::read_capped;
use super::formats;
use super::pack::{Pack, PackImage};
use super::pixels::Pixels;
use super::resize::stored_size;
use super::scanned::{Place, Scan, ScanImage, ScanSplit};
use super::shapes::Shapes;
use crate::base::Digest;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Largest image size.
pub const MAX_IMAGE_SIZE: usize = 8192;

/// Most bytes of pixels that are decoded and not yet handed on.
const WINDOW: usize = 64 << 20;
/// Most images of them.
const WINDOW_IMAGES: usize = 256;

/// A pack that is to be made: what it will hold is known, its pixels are not decoded yet.
pub struct Packing<'a> {
    scan: &'a Scan,
    split: &'a ScanSplit,
    base: &'a Path,
    /// Without its pixels.
    pack: Pack,
    bytes: usize,
}

impl<'a> Packing<'a> {
    /// One split of a scan at one size: the longer side of every image becomes `image_size` pixels. `base` is what the
    /// scan's paths are relative to.
    ///
    /// # Errors
    /// A split that the scan does not have; a size out of range.
    pub fn of(scan: &'a Scan, split: &str, image_size: usize, base: &'a Path) -> Result<Self, DataError> {
        let split = scan.split(split).ok_or_else(|| DataError::Invalid(format!("the data set has no split {split}")))?;
        if !(1..=MAX_IMAGE_SIZE).contains(&image_size) {
            return Err(DataError::Invalid(format!("image size {image_size} is outside 1 to {MAX_IMAGE_SIZE}")));
        }
        let (channels, labelled) = (scan.channels, split.images.first().is_some_and(|i| i.label.is_some()));
        let mut images = Vec::with_capacity(split.images.len());
        let mut bytes = 0usize;
        for image in &split.images {
            let (w, h) = stored(image.width, image.height, image_size, labelled);
            let ScanImage { digest, width, height, ref objects, label, .. } = *image;
            images.push(PackImage { digest, width, height, w, h, offset: bytes, objects: objects.clone(), label });
            bytes = bytes.saturating_add(w * h * channels);
        }
        let pack = Pack { image_size, channels, classes: scan.classes.clone(), images, pixels: Pixels::default() };
        Ok(Packing { scan, split, base, pack, bytes })
    }

    /// How many images.
    pub fn images(&self) -> usize {
        self.pack.images.len()
    }

    /// Bytes of the whole blob.
    pub fn bytes(&self) -> u64 {
        self.pack.head().len() as u64 + self.bytes as u64
    }

    /// Hands on the bytes of the blob, piece by piece. Decodes some images at a time, on all threads of rayon's pool; the bytes do not
    /// depend on them. Given up once `stop` says so, which is asked before every image.
    ///
    /// # Errors
    /// A file that is gone, unreadable, or not the one that was scanned; [`DataError::Stopped`]; those of `out`.
    pub fn write<E: From<DataError>>(
        &self,
        stop: &(dyn Fn() -> bool + Sync),
        out: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        out(&self.pack.head())?;
        self.pixels(stop, out)
    }

    fn pixels<E: From<DataError>>(&self, stop: &(dyn Fn() -> bool + Sync), out: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let containers = open(self.scan, self.split, self.base)?;
        let labelled = self.pack.is_labelled();
        let decode = |(image, source): (&PackImage, &ScanImage)| {
            if stop() {
                return Err(DataError::Stopped);
            }
            let mut picture = load(source, self.scan.generator.as_ref(), &containers, self.base)?;
            if labelled {
                picture = picture.middle();
            }
            Ok(scaled(&picture.pixels, picture.width, picture.height, self.pack.channels, image.w, image.h))
        };
        let mut at = 0;
        while at < self.pack.images.len() {
            let end = self.window(at);
            let window = self.pack.images[at..end].par_iter().zip(&self.split.images[at..end]);
            let decoded: Vec<Result<Vec<u8>, DataError>> = window.map(decode).collect();
            for pixels in decoded {
                out(&pixels?)?;
            }
            at = end;
        }
        Ok(())
    }

    /// Where the window ends that begins at an image: it holds that one at least.
    fn window(&self, at: usize) -> usize {
        let images = &self.pack.images;
        let first = images[at].offset;
        let fits = |i: &PackImage| i.offset + i.w * i.h * self.pack.channels - first <= WINDOW;
        at + images[at..].iter().take(WINDOW_IMAGES).take_while(|i| fits(i)).count().max(1)
    }
}

impl Pack {
    /// The same, in memory.
    ///
    /// # Errors
    /// As [`Packing::of`] and [`Packing::write`]; more pixels than memory holds.
    pub fn build(scan: &Scan, split: &str, image_size: usize, base: &Path) -> Result<Pack, DataError> {
        let packing = Packing::of(scan, split, image_size, base)?;
        let mut pixels = Vec::new();
        let (images, mib) = (packing.images(), packing.bytes >> 20);
        let full = |_| {
            DataError::Invalid(format!("a pack of {images} images at {image_size} pixels takes {mib} MiB, which is more than there is"))
        };
        pixels.try_reserve_exact(packing.bytes).map_err(full)?;
        packing.pixels::<DataError>(&|| false, &mut |bytes| {
            pixels.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(Pack { pixels: pixels.into(), ..packing.pack })
    }

    /// A split of one picture, stored as [`Pack::build`] stores those of a data set: `labelled` as for classifiers, with 1 or 3
    /// channels, else as for detectors, with 3. Fails where it has no pixels or a number of channels that is not there.
    pub fn of_one(picture: Rgb, channels: usize, image_size: usize, labelled: bool) -> Result<Pack, String> {
        let Rgb { width, height, pixels } = picture;
        if width == 0 || height == 0 {
            return Err("the image has no pixels".into());
        }
        let pixels = match channels {
            3 => pixels,
            1 => pixels.as_chunks::<3>().0.iter().map(luma).collect(),
            n => return Err(format!("images of {n} channels")),
        };
        let mut picture = Picture { width, height, channels, pixels };
        let (w, h) = stored(width, height, image_size, labelled);
        if labelled {
            picture = picture.middle();
        }
        let pixels = scaled(&picture.pixels, picture.width, picture.height, channels, w, h);
        // The digest only labels the image, and there is one.
        let label = labelled.then_some(0);
        let one = PackImage { digest: Digest([0; 32]), width, height, w, h, offset: 0, objects: vec![], label };
        Ok(Pack { image_size, channels, classes: vec![], images: vec![one], pixels: pixels.into() })
    }

    /// The same images at another size, from these pixels, in memory.
    ///
    /// # Errors
    /// Those of the disk that the pixels are on.
    pub fn resized(&self, image_size: usize) -> Result<Pack, DataError> {
        let (channels, labelled) = (self.channels, self.is_labelled());
        let (mut images, mut pixels) = (Vec::with_capacity(self.images.len()), Vec::new());
        for image in &self.images {
            let (w, h) = stored(image.width, image.height, image_size, labelled);
            images.push(PackImage { w, h, offset: pixels.len(), ..image.clone() });
            pixels.extend(scaled(&self.pixels_of(image)?, image.w, image.h, channels, w, h));
        }
        Ok(Pack { image_size, channels, classes: self.classes.clone(), images, pixels: pixels.into() })
    }
}

/// Width and height at which an image is stored: of detection with the longer side at `size`, of images with a label with
/// the shorter one at it and the longer at most twice as long (the rest of a longer image is left out at both ends).
pub(super) fn stored(width: usize, height: usize, size: usize, labelled: bool) -> (usize, usize) {
    if !labelled {
        return stored_size(width, height, size);
    }
    let short = width.min(height).max(1);
    let side = |length: usize| (length.min(2 * short) * size).div_ceil(short).max(1);
    (side(width), side(height))
}

/// How bright a pixel is (ITU-R BT.601); of a grey one its own value.
fn luma([r, g, b]: &[u8; 3]) -> u8 {
    ((299 * u32::from(*r) + 587 * u32::from(*g) + 114 * u32::from(*b) + 500) / 1000) as u8
}

/// A decoded image.
struct Picture {
    width: usize,
    height: usize,
    channels: usize,
    pixels: Vec<u8>,
}

impl Picture {
    /// Without what lies beyond twice the shorter side, half of it at each end.
    fn middle(self) -> Picture {
        let most = 2 * self.width.min(self.height);
        let (w, h, c) = (self.width.min(most), self.height.min(most), self.channels);
        if (w, h) == (self.width, self.height) {
            return self;
        }
        let (x, y) = ((self.width - w) / 2, (self.height - h) / 2);
        let rows = (y..y + h).flat_map(|row| &self.pixels[(row * self.width + x) * c..(row * self.width + x + w) * c]);
        Picture { width: w, height: h, channels: c, pixels: rows.copied().collect() }
    }
}

/// The files with many images that a split needs.
fn open(scan: &Scan, split: &ScanSplit, base: &Path) -> Result<BTreeMap<usize, Container>, DataError> {
    let of = |image: &ScanImage| if let Place::Entry(file, _) = image.place { Some(file) } else { None };
    let needed: BTreeSet<usize> = split.images.iter().filter_map(of).collect();
    let open = |file: usize| {
        let (word, path) = scan.containers.get(file).ok_or_else(|| DataError::Invalid(format!("the data set has no file {file}")))?;
        let format = formats::by_word(word).ok_or_else(|| DataError::Invalid(format!("there is no format `{word}`")))?;
        Ok((file, formats::open(format, base, path)?))
    };
    needed.into_iter().map(open).collect()
}

fn load(image: &ScanImage, generator: Option<&Shapes>, containers: &BTreeMap<usize, Container>, base: &Path) -> Result<Picture, DataError> {
    let (picture, digest, path) = match (&image.place, generator) {
        (Place::File(path), _) => {
            let full = base.join(path);
            let bytes = read_capped(&full, MAX_FILE).map_err(|e| DataError::io(&full, e))?;
            let digest = Digest::of(&bytes);
            if digest != image.digest {
                return Err(DataError::Changed { path: full });
            }
            let rgb = decode::decode(&bytes).map_err(|e| DataError::format(&full, e))?;
            (Picture { width: rgb.width, height: rgb.height, channels: 3, pixels: rgb.pixels }, digest, full)
        }
        (Place::Entry(file, index), _) => {
            let path = format!("image {index} of file {file}").into();
            let container = containers.get(file).ok_or_else(|| DataError::Invalid(format!("the data set has no file {file}")))?;
            let found = usize::try_from(*index).map_err(|e| e.to_string()).and_then(|i| container.image(i));
            let found = found.map_err(|_| DataError::Changed { path: std::path::PathBuf::clone(&path) })?;
            let (width, height, channels) = (found.width, found.height, found.channels);
            (Picture { width, height, channels, pixels: found.pixels }, found.digest, path)
        }
        (Place::Generated(index), Some(shapes)) => {
            let pixels = shapes.draw(*index).pixels;
            let (digest, side) = (Digest::of(&pixels), shapes.image_size);
            (Picture { width: side, height: side, channels: 3, pixels }, digest, format!("picture {index}").into())
        }
        (Place::Generated(_), None) => return Err(DataError::Invalid("a generated image without its generator".into())),
    };
    if digest != image.digest || (picture.width, picture.height) != (image.width, image.height) {
        return Err(DataError::Changed { path });
    }
    Ok(picture)
}
