//! JPEG and PNG to RGB, under limits. EXIF orientation is applied (as OpenCV does for upstream), so widths and heights
//! are those of the upright image. A JPEG that is cut short is an error: the decoder itself would fill in grey.

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::Cursor;

/// Names everything between a file's bytes and a pack's pixels; part of the actions that read pixels. A change of one
/// bit in a decoded pixel needs another name here; a golden digest in the tests tells.
pub const DECODER: &str = "image 0.25, zune-jpeg 0.5, png 0.18; exif upright; bilinear up, area down 1";
/// Longest image file in bytes.
pub const MAX_FILE: u64 = 256 << 20;
/// Longest side in pixels.
pub const MAX_SIDE: u32 = 32_768;
/// Most bytes that a decoded image may take (89 million pixels of RGB).
pub const MAX_DECODED: u64 = 256 << 20;

/// An image: rows of RGB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rgb {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// height × width × 3.
    pub pixels: Vec<u8>,
}

/// A decoded file and what was done on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The upright image.
    pub rgb: Rgb,
    /// The quarter turn by which EXIF made it upright, if it was one.
    pub turn: Option<Turn>,
    /// Whether it is a JPEG that lacks its end marker, but no pixel.
    pub no_end: bool,
}

/// How a picture was turned by a quarter, as EXIF counts orientations 5 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Clockwise.
    Right,
    /// Counter-clockwise.
    Left,
    /// Clockwise, then mirrored left to right.
    RightMirrored,
    /// Counter-clockwise, then mirrored left to right.
    LeftMirrored,
}

impl Turn {
    fn of(orientation: Orientation) -> Option<Turn> {
        match orientation {
            Orientation::Rotate90 => Some(Turn::Right),
            Orientation::Rotate270 => Some(Turn::Left),
            Orientation::Rotate90FlipH => Some(Turn::RightMirrored),
            Orientation::Rotate270FlipH => Some(Turn::LeftMirrored),
            _ => None,
        }
    }

    /// Where a point of the picture before the turn lies in the upright one of `width` × `height` pixels.
    pub fn point(self, x: f64, y: f64, width: f64, height: f64) -> (f64, f64) {
        match self {
            Turn::Right => (width - y, x),
            Turn::Left => (y, height - x),
            Turn::RightMirrored => (y, x),
            Turn::LeftMirrored => (width - y, height - x),
        }
    }
}

/// Decodes a whole file.
///
/// # Errors
/// What is wrong with the file, without its name.
pub fn decode(bytes: &[u8]) -> Result<Rgb, String> {
    open(bytes).map(|d| d.rgb)
}

/// Decodes a whole file, and says what was done on the way.
///
/// # Errors
/// As [`decode`].
pub fn open(bytes: &[u8]) -> Result<Decoded, String> {
    match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) if !jpeg_is_whole(bytes) => unended(bytes),
        Ok(ImageFormat::Jpeg | ImageFormat::Png) => pixels(bytes),
        _ => Err(super::sniff::what(bytes)),
    }
}

/// A JPEG without its end marker. Upstream reads it where nothing else is missing: whether bits are missing shows when
/// other bits are put behind it, for then they become pixels.
fn unended(bytes: &[u8]) -> Result<Decoded, String> {
    let truncated = || "truncated: the JPEG has no end".to_string();
    let ended = |pad: u8| pixels(&[bytes.strip_suffix(&[0xFF]).unwrap_or(bytes), &[pad; PAD], &[0xFF, 0xD9]].concat());
    let first = ended(0x00).map_err(|_| truncated())?;
    let same = [0x55, 0xAA].into_iter().all(|pad| ended(pad).is_ok_and(|d| d.rgb == first.rgb));
    if same { Ok(Decoded { no_end: true, ..first }) } else { Err(truncated()) }
}

/// Bytes that are put behind an unended JPEG: more than a block of any component needs.
const PAD: usize = 4096;

fn pixels(bytes: &[u8]) -> Result<Decoded, String> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string())?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|e| e.to_string())?;
    let (w, h) = decoder.dimensions();
    let bytes_of_rgb = u64::from(w) * u64::from(h) * 3;
    if w == 0 || h == 0 || w > MAX_SIDE || h > MAX_SIDE || decoder.total_bytes().max(bytes_of_rgb) > MAX_DECODED {
        return Err(format!("{w} × {h} pixels are outside the limits"));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|e| e.to_string())?;
    image.apply_orientation(orientation);
    let image = image.into_rgb8();
    let rgb = Rgb { width: image.width() as usize, height: image.height() as usize, pixels: image.into_raw() };
    Ok(Decoded { rgb, turn: Turn::of(orientation), no_end: false })
}

/// Whether the markers lead to the end of the image.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        while bytes.get(at) == Some(&0xFF) && bytes.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let (Some(0xFF), Some(&marker)) = (bytes.get(at).copied(), bytes.get(at + 1)) else { return false };
        at += 2;
        match marker {
            0xD9 => return true,
            0x01 | 0xD0..=0xD8 => continue,
            _ => {}
        }
        let (Some(&high), Some(&low)) = (bytes.get(at), bytes.get(at + 1)) else { return false };
        at += usize::from(u16::from_be_bytes([high, low])).max(2);
        if marker == 0xDA {
            // Entropy-coded data: up to the next marker that is neither a stuffed zero nor a restart.
            loop {
                match (bytes.get(at), bytes.get(at + 1)) {
                    (Some(0xFF), Some(0x00 | 0xD0..=0xD7)) => at += 2,
                    (Some(0xFF), Some(0xFF)) => at += 1,
                    (Some(0xFF), Some(_)) => break,
                    (Some(_), _) => at += 1,
                    (None, _) => return false,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;

    /// 48 × 32, a generated picture saved as JPEG (4:2:0).
    const TINY: &[u8] = include_bytes!("testdata/tiny.jpg");

    fn png(width: u32, height: u32, color: image::ExtendedColorType, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        image::ImageEncoder::write_image(image::codecs::png::PngEncoder::new(&mut out), data, width, height, color).unwrap();
        out
    }

    #[test]
    fn golden_pixels() {
        let rgb = decode(TINY).unwrap();
        assert_eq!((rgb.width, rgb.height), (48, 32));
        assert_eq!(Digest::of(&rgb.pixels).hex(), GOLDEN, "decoded pixels changed: {DECODER} needs another name");
    }
    const GOLDEN: &str = "91129fc221987538d384f3debc8d37eac5116323a2be04cdcd7782dd66c6a6c6";

    #[test]
    fn png_forms_become_rgb() {
        let rgba = png(2, 1, image::ExtendedColorType::Rgba8, &[1, 2, 3, 0, 4, 5, 6, 255]);
        assert_eq!(decode(&rgba).unwrap().pixels, [1, 2, 3, 4, 5, 6]);
        let grey = png(1, 2, image::ExtendedColorType::L8, &[7, 9]);
        assert_eq!(decode(&grey).unwrap(), Rgb { width: 1, height: 2, pixels: vec![7, 7, 7, 9, 9, 9] });
    }

    #[test]
    fn orientation_is_applied() {
        // Orientation 6: to be turned clockwise by a quarter.
        let exif = b"\xFF\xE1\x00\x22Exif\0\0II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let turned = [&TINY[..2], exif, &TINY[2..]].concat();
        let (plain, turned) = (decode(TINY).unwrap(), decode(&turned).unwrap());
        assert_eq!((turned.width, turned.height), (32, 48));
        let turn = open(&[&TINY[..2], exif, &TINY[2..]].concat()).unwrap().turn;
        assert_eq!(turn, Some(Turn::Right));
        // The first pixel of the last row lies in the corner at the top left.
        assert_eq!(Turn::Right.point(0.0, 32.0, 32.0, 48.0), (0.0, 0.0));
        let last_row_first = &plain.pixels[31 * 48 * 3..][..3];
        assert_eq!(&turned.pixels[..3], last_row_first);
    }

    /// Points go where `image` puts pixels.
    #[test]
    fn turns_are_those_of_the_decoder() {
        let (w, h) = (3u32, 2u32);
        for orientation in [Orientation::Rotate90, Orientation::Rotate270, Orientation::Rotate90FlipH, Orientation::Rotate270FlipH] {
            let turn = Turn::of(orientation).unwrap();
            for (x, y) in (0..w).flat_map(|x| (0..h).map(move |y| (x, y))) {
                let mut picture = DynamicImage::new_luma8(w, h);
                picture.as_mut_luma8().unwrap().put_pixel(x, y, image::Luma([9]));
                picture.apply_orientation(orientation);
                let (tx, ty) = turn.point(f64::from(x) + 0.5, f64::from(y) + 0.5, f64::from(h), f64::from(w));
                assert_eq!(picture.as_luma8().unwrap().get_pixel(tx as u32, ty as u32).0, [9], "{turn:?} {x},{y}");
            }
        }
    }

    #[test]
    fn hostile_files_are_errors() {
        // The last two bytes are the end marker; without them alone every pixel is there.
        let whole = TINY.len() - 2;
        for cut in 0..whole {
            assert!(decode(&TINY[..cut]).is_err(), "cut at {cut} of {whole}");
        }
        for cut in [whole, whole + 1] {
            let read = open(&TINY[..cut]).unwrap();
            assert_eq!((read.rgb, read.no_end), (decode(TINY).unwrap(), true), "cut at {cut}");
        }
        let small = png(2, 2, image::ExtendedColorType::Rgb8, &[5; 12]);
        for cut in 0..small.len() - 13 {
            assert!(decode(&small[..cut]).is_err(), "cut at {cut}");
        }
        // A header that claims 60000 × 60000.
        let mut huge = TINY.to_vec();
        let sof = huge.windows(2).position(|w| w[0] == 0xFF && (w[1] == 0xC0 || w[1] == 0xC2)).unwrap();
        huge[sof + 5..sof + 9].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
        assert!(decode(&huge).is_err());
        assert!(decode(b"").is_err() && decode(b"GIF89a").is_err() && decode(&[0xFF; 100]).is_err());
        // Damage in the middle must not panic, whatever it decodes to.
        for i in 0..TINY.len() {
            let mut damaged = TINY.to_vec();
            damaged[i] ^= 0x55;
            let _ = decode(&damaged);
        }
    }
}
