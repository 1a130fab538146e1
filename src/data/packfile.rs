//! A pack as bytes: a magic line, the length of a JSON header, the header, the pixels. What is read is checked
//! throughout: a blob comes from a disk, and a pack may come from elsewhere.

use super::build::MAX_IMAGE_SIZE;
use super::pack::{Pack, PackImage};
use serde::{Deserialize, Serialize};

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
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = HeaderOut { image_size: self.image_size, channels: self.channels, classes: &self.classes, images: &self.images };
        // Maps with text keys, numbers and texts: serde_json cannot fail on them.
        let header = serde_json::to_vec(&header).unwrap_or_default();
        let mut out = Vec::with_capacity(FIXED + header.len() + self.pixels.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&(header.len() as u64).to_le_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(&self.pixels);
        out
    }

    /// Reads what [`Pack::to_bytes`] wrote.
    ///
    /// # Errors
    /// Bytes that are no pack, or whose parts do not agree.
    pub fn from_bytes(bytes: &[u8]) -> Result<Pack, String> {
        let length = bytes.get(MAGIC.len()..FIXED).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
        let (true, Some(length)) = (bytes.starts_with(MAGIC), length) else { return Err("not a pack".into()) };
        let rest = &bytes[FIXED..];
        let length = usize::try_from(length).ok().filter(|&l| l <= rest.len()).ok_or("the pack's header is cut short")?;
        let (header, pixels) = rest.split_at(length);
        let header: HeaderIn = serde_json::from_slice(header).map_err(|e| format!("the pack's header: {e}"))?;
        let HeaderIn { image_size, channels, classes, images } = header;
        let pack = Pack { image_size, channels, classes, images, pixels: Vec::new() };
        pack.check(pixels.len())?;
        Ok(Pack { pixels: pixels.to_vec(), ..pack })
    }

    /// Bytes of pixels.
    pub fn total_bytes(&self) -> u64 {
        self.pixels.len() as u64
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
            assert_eq!(Pack::from_bytes(&pack.to_bytes()).unwrap(), pack);
            assert_eq!(pack.total_bytes(), bytes);
        }
        assert!(!String::from_utf8_lossy(&pack().to_bytes()).contains("channels"));
    }

    #[test]
    fn hostile_bytes_are_errors() {
        let good = pack().to_bytes();
        for cut in 0..good.len() {
            assert!(Pack::from_bytes(&good[..cut]).is_err(), "cut at {cut}");
        }
        assert!(Pack::from_bytes(&[&good[..], b"x"].concat()).is_err());
        let mut huge = good.clone();
        huge[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(Pack::from_bytes(&huge).is_err());
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
            assert!(Pack::from_bytes(&bad.to_bytes()).is_err(), "{name}");
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
            assert!(Pack::from_bytes(&bad.to_bytes()).is_err(), "{name}");
        }
    }
}
