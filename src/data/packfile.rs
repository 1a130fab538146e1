//! A pack as bytes: a magic line, the length of a JSON header, the header, the pixels. What is read is checked
//! throughout: a blob comes from a disk, and a pack may come from elsewhere. The header is read into memory; the pixels of a
//! pack in a file stay there.

use super::build::MAX_IMAGE_SIZE;
use super::error::DataError;
use super::pack::{Pack, PackImage};
use super::pixels::Pixels;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;

/// First bytes; the number is the version of the form.
const MAGIC: &[u8; 16] = b"nasflow-pack 1\n\0";
/// Magic and the header's length (u64, little end first).
const FIXED: usize = MAGIC.len() + 8;
/// Images' widths and heights are at most this.
const MAX_ORIGINAL: usize = 1 << 20;

#[derive(Serialize)]
struct HeaderOut<'a> {
    image_size: usize,
    /// Left out where it is 3, so that packs of detection are the bytes that they were before.
    #[serde(skip_serializing_if = "is_three")]
    channels: usize,
    classes: &'a [String],
    images: &'a [PackImage],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderIn {
    image_size: usize,
    #[serde(default = "three")]
    channels: usize,
    classes: Vec<String>,
    images: Vec<PackImage>,
}

fn three() -> usize {
    3
}

fn is_three(channels: &usize) -> bool {
    *channels == 3
}

impl Pack {
    /// The bytes of the blob. Equal packs give equal bytes.
    ///
    /// # Errors
    /// Those of the disk that the pixels are on.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DataError> {
        let pixels = self.pixels.get(0..self.pixels.len() as usize)?;
        Ok([&self.head()[..], &pixels[..]].concat())
    }

    /// Where the pixels begin in the blob of the whole pack.
    pub fn pixels_start(&self) -> u64 {
        self.head().len() as u64
    }

    /// What stands before the pixels in the blob.
    pub(super) fn head(&self) -> Vec<u8> {
        let header = HeaderOut { image_size: self.image_size, channels: self.channels, classes: &self.classes, images: &self.images };
        // Maps with text keys, numbers and texts: serde_json cannot fail on them.
        let header = serde_json::to_vec(&header).unwrap_or_default();
        let mut out = Vec::with_capacity(FIXED + header.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&(header.len() as u64).to_le_bytes());
        out.extend_from_slice(&header);
        out
    }

    /// Reads what [`Pack::to_bytes`] wrote; the pixels stay where they are in these bytes.
    ///
    /// # Errors
    /// Bytes that are no pack, or whose parts do not agree.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Pack, String> {
        let (pack, start) = Pack::open(&mut &bytes[..], bytes.len() as u64)?;
        Ok(Pack { pixels: Pixels::behind(bytes, start), ..pack })
    }

    /// Reads the header of a pack in a file that was verified; its pixels are read when they are asked for.
    ///
    /// # Errors
    /// As [`Pack::from_bytes`]; a file that cannot be read.
    pub fn from_file(mut file: File) -> Result<Pack, String> {
        let length = file.metadata().map_err(|e| e.to_string())?.len();
        let (pack, start) = Pack::open(&mut file, length)?;
        let start = start as u64;
        Ok(Pack { pixels: Pixels::of_file(file, start, length - start), ..pack })
    }

    /// The pack without its pixels, and where these begin. `length` is that of the whole.
    fn open(source: &mut dyn Read, length: u64) -> Result<(Pack, usize), String> {
        let mut fixed = [0; FIXED];
        let read = source.read_exact(&mut fixed);
        let (magic, stated) = fixed.split_at(MAGIC.len());
        let stated = stated.try_into().map(u64::from_le_bytes).unwrap_or(u64::MAX);
        if read.is_err() || magic != MAGIC {
            return Err("not a pack".into());
        }
        let rest = length.saturating_sub(FIXED as u64);
        let cut = || "the pack's header is cut short".to_string();
        let stated = usize::try_from(stated).ok().filter(|&s| s as u64 <= rest).ok_or_else(cut)?;
        let mut header = vec![0; stated];
        source.read_exact(&mut header).map_err(|_| cut())?;
        let header: HeaderIn = serde_json::from_slice(&header).map_err(|e| format!("the pack's header: {e}"))?;
        let HeaderIn { image_size, channels, classes, images } = header;
        let pack = Pack { image_size, channels, classes, images, pixels: Pixels::default() };
        let pixels = usize::try_from(rest).map_err(|_| "the pack is too long for this machine".to_string())? - stated;
        pack.check(pixels)?;
        Ok((pack, FIXED + stated))
    }

    /// Bytes of pixels.
    pub fn total_bytes(&self) -> u64 {
        self.pixels.len()
    }

    fn check(&self, bytes: usize) -> Result<(), String> {
        if !(1..=MAX_IMAGE_SIZE).contains(&self.image_size) || self.classes.is_empty() || self.classes.len() > usize::from(u16::MAX) {
            return Err("the pack's size or classes are out of range".into());
        }
        let labelled = self.is_labelled();
        if self.channels != 3 && !(self.channels == 1 && labelled) {
            return Err(format!("a pack of {} channels", self.channels));
        }
        let mut offset = 0usize;
        for (i, image) in self.images.iter().enumerate() {
            let bad = |what: &str| Err(format!("image {i} of the pack: {what}"));
            if i > 0 && self.images[i - 1].digest >= image.digest {
                return bad("not in the order of digests");
            }
            if !(1..=MAX_ORIGINAL).contains(&image.width) || !(1..=MAX_ORIGINAL).contains(&image.height) {
                return bad("its original size is out of range");
            }
            if image.label.is_some() != labelled || image.label.is_some_and(|l| usize::from(l) >= self.classes.len()) {
                return bad("its class is missing or out of range");
            }
            if labelled && !image.objects.is_empty() {
                return bad("it has both a class and boxes");
            }
            if (image.w, image.h) != super::build::stored(image.width, image.height, self.image_size, labelled) {
                return bad("its stored size is not the pack's");
            }
            if image.offset != offset {
                return bad("its pixels do not follow the image before");
            }
            offset = offset
                .checked_add(image.w * image.h * self.channels)
                .filter(|&o| o <= bytes)
                .ok_or_else(|| format!("image {i} of the pack: its pixels are cut short"))?;
            let (right, bottom) = (image.width as i32 * 16, image.height as i32 * 16);
            let fits = |o: &super::pack::Object| {
                usize::from(o.class) < self.classes.len()
                    && 0 <= o.x1
                    && o.x1 < o.x2
                    && o.x2 <= right
                    && 0 <= o.y1
                    && o.y1 < o.y2
                    && o.y2 <= bottom
            };
            if !image.objects.iter().all(fits) || !image.objects.is_sorted() {
                return bad("a box is out of range or out of order");
            }
        }
        if offset != bytes {
            return Err("bytes after the pack's last image".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::data::Object;

    fn pack() -> Pack {
        let object = Object { class: 0, x1: 0, y1: 16, x2: 32, y2: 48 };
        let mut digests = [Digest::of(b"a"), Digest::of(b"b")];
        digests.sort();
        let image = |i: usize| PackImage {
            digest: digests[i],
            width: 8,
            height: 4,
            w: 4,
            h: 2,
            offset: i * 24,
            objects: vec![object],
            label: None,
        };
        Pack { image_size: 4, channels: 3, classes: vec!["x".into()], images: vec![image(0), image(1)], pixels: (0..48).collect() }
    }

    /// Two grey images of 8 × 4 pixels, stored with the shorter side at 4.
    fn labelled() -> Pack {
        let mut pack = pack();
        pack.channels = 1;
        for (i, image) in pack.images.iter_mut().enumerate() {
            (image.w, image.h, image.offset, image.label) = (8, 4, i * 32, Some(0));
            image.objects.clear();
        }
        Pack { pixels: (0..64).collect(), ..pack }
    }

    #[test]
    fn round_trip() {
        for (pack, bytes) in [(pack(), 48), (labelled(), 64)] {
            assert_eq!(Pack::from_bytes(pack.to_bytes().unwrap()).unwrap(), pack);
            assert_eq!(pack.total_bytes(), bytes);
        }
        assert!(!String::from_utf8_lossy(&pack().head()).contains("channels"));
    }

    /// A pack in a file gives the same pixels, whole or in part, and holds none of them.
    #[test]
    fn pixels_stay_in_the_file() {
        let mut file = tempfile::tempfile().unwrap();
        let whole = pack();
        std::io::Write::write_all(&mut file, &whole.to_bytes().unwrap()).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        let read = Pack::from_file(file.try_clone().unwrap()).unwrap();
        assert_eq!(read, whole);
        assert_eq!((read.pixels.held(), whole.pixels.held(), read.total_bytes()), (0, 48, 48));
        for pack in [&read, &whole] {
            pack.ahead(1);
            assert_eq!(pack.pixels_of(&pack.images[1]).unwrap()[..], (24..48).collect::<Vec<u8>>());
            let part = pack.part(1..2);
            assert_eq!(part.images[0].offset, 0);
            assert_eq!(part.pixels_of(&part.images[0]).unwrap()[..], (24..48).collect::<Vec<u8>>());
            assert_eq!((pack.part(1..1).images.len(), pack.part(5..9).total_bytes()), (0, 0));
        }
        // A file that somebody shortens is an error where its bytes are asked for.
        file.set_len(60).unwrap();
        assert!(read.pixels_of(&read.images[1]).is_err());
    }

    #[test]
    fn hostile_bytes_are_errors() {
        let good = pack().to_bytes().unwrap();
        for cut in 0..good.len() {
            assert!(Pack::from_bytes(good[..cut].to_vec()).is_err(), "cut at {cut}");
        }
        assert!(Pack::from_bytes([&good[..], b"x"].concat()).is_err());
        let mut huge = good.clone();
        huge[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(Pack::from_bytes(huge).is_err());
        for (name, change) in [
            ("offset", (|p: &mut Pack| p.images[1].offset = usize::MAX - 3) as fn(&mut Pack)),
            ("stored", |p| p.images[0].w = 5),
            ("overflow", |p| (p.images[0].w, p.images[0].h) = (usize::MAX, usize::MAX)),
            ("class", |p| p.images[0].objects[0].class = 1),
            ("box", |p| p.images[0].objects[0].x2 = 129),
            ("area", |p| p.images[0].objects[0].x2 = 0),
            ("order", |p| p.images.swap(0, 1)),
            ("size", |p| p.image_size = 0),
            ("classes", |p| p.classes.clear()),
            ("original", |p| p.images[0].width = usize::MAX),
        ] {
            let mut bad = pack();
            change(&mut bad);
            assert!(Pack::from_bytes(bad.to_bytes().unwrap()).is_err(), "{name}");
        }
        for (name, change) in [
            ("class", (|p: &mut Pack| p.images[1].label = Some(1)) as fn(&mut Pack)),
            ("no class", |p| p.images[1].label = None),
            ("boxes", |p| p.images[0].objects = vec![Object { class: 0, x1: 0, y1: 16, x2: 32, y2: 48 }]),
            ("channels", |p| p.channels = 2),
            ("stored", |p| p.image_size = 8),
        ] {
            let mut bad = labelled();
            change(&mut bad);
            assert!(Pack::from_bytes(bad.to_bytes().unwrap()).is_err(), "{name}");
        }
    }
}
