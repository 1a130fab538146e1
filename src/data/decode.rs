//! JPEG, PNG, BMP, WebP and TIFF to RGB, under limits; told apart by content, whatever the suffix. The first picture of a file
//! counts: of an animation its first frame, of a TIFF its first page. EXIF orientation is applied (as OpenCV does for upstream), so widths and heights
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
        // The decoder reads bits that are not there as zeros.
        Ok(ImageFormat::WebP) if !webp_is_whole(bytes) => Err("truncated: the WebP is shorter than it says".into()),
        Ok(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Bmp | ImageFormat::WebP | ImageFormat::Tiff) => pixels(bytes),
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

/// Width and height of the upright image, by the head of the file; none where that cannot be read.
pub(super) fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut decoder = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?.into_decoder().ok()?;
    let (w, h) = decoder.dimensions();
    let turned = decoder.orientation().ok().and_then(Turn::of).is_some();
    Some(if turned { (h, w) } else { (w, h) })
}

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

/// Whether a WebP has as many bytes as its head says.
fn webp_is_whole(bytes: &[u8]) -> bool {
    let stated = bytes.get(4..8).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    stated.is_some_and(|stated| bytes.len() as u64 >= u64::from(stated) + 8)
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
#[path = "decode_tests.rs"]
mod tests;
