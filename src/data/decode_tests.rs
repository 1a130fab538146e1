//! Every format's pixels, and hostile files.

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

/// 96 × 64, lossy.
const WEBP: &[u8] = include_bytes!("testdata/tiny.webp");

/// A picture of noise and lines in a lossless format.
fn encoded(format: image::ImageFormat, picture: &image::RgbImage) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn picture(width: u32, height: u32) -> image::RgbImage {
    image::RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 37 + y * 11) as u8, (x * y) as u8, if x == y { 255 } else { 7 }]))
}

#[test]
fn formats_are_told_by_content_and_keep_every_pixel() {
    let picture = picture(19, 11);
    for format in [image::ImageFormat::Bmp, image::ImageFormat::WebP, image::ImageFormat::Tiff, image::ImageFormat::Png] {
        let read = decode(&encoded(format, &picture)).unwrap();
        assert_eq!((read.width, read.height, &read.pixels), (19, 11, picture.as_raw()), "{format:?}");
    }
}

#[test]
fn golden_pixels_of_webp() {
    let rgb = decode(WEBP).unwrap();
    assert_eq!((rgb.width, rgb.height), (96, 64));
    assert_eq!(Digest::of(&rgb.pixels).hex(), GOLDEN_WEBP, "decoded pixels changed: {DECODER} needs another name");
}
const GOLDEN_WEBP: &str = "e5fc3a5fad5fca7d8f6aadc96d27ef9f6c15d1e1b32ae60d5215ee49ad0db9ed";

/// A file that is cut anywhere is an error, or nothing of its pixels is missing.
#[test]
fn cut_and_damaged_files_of_every_format() {
    let picture = picture(9, 7);
    let of = |format| encoded(format, &picture);
    let files = [of(image::ImageFormat::Bmp), of(image::ImageFormat::WebP), of(image::ImageFormat::Tiff), WEBP.to_vec()];
    for whole in files {
        let good = decode(&whole).unwrap();
        for cut in 0..whole.len() {
            assert!(decode(&whole[..cut]).map_or(true, |read| read == good), "{:?} cut at {cut} of {}", &whole[..4], whole.len());
        }
        for i in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[i] ^= 0x55;
            // Whatever it decodes to, within the limits.
            if let Ok(read) = decode(&damaged) {
                assert!((read.pixels.len() as u64) <= MAX_DECODED);
            }
        }
    }
}

/// Few bytes that claim many pixels.
#[test]
fn bombs_are_refused_before_they_are_decoded() {
    let started = std::time::Instant::now();
    let mut bmp = encoded(image::ImageFormat::Bmp, &picture(4, 4));
    bmp[18..26].copy_from_slice(&[0x00, 0x7D, 0, 0, 0x00, 0x7D, 0, 0]);
    // The width and height of a lossy WebP's first frame, 14 bits each.
    let mut webp = WEBP.to_vec();
    let start = webp.windows(3).position(|w| w == [0x9D, 0x01, 0x2A]).unwrap() + 3;
    webp[start..start + 4].copy_from_slice(&[0xFF, 0x3F, 0xFF, 0x3F]);
    let tiff = encoded(image::ImageFormat::Tiff, &picture(4, 4));
    let mut tiffs = Vec::new();
    // Each word of the directory in turn says 30,000.
    for i in 0..tiff.len() - 2 {
        let mut one = tiff.clone();
        one[i..i + 2].copy_from_slice(&30_000u16.to_le_bytes());
        tiffs.push(one);
    }
    assert!(decode(&bmp).is_err());
    assert!(decode(&webp).is_err());
    for one in tiffs {
        let _ = decode(&one);
    }
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

/// Orientation 6 in a TIFF: turned clockwise by a quarter.
#[test]
fn a_tiff_is_turned_upright() {
    let picture = picture(6, 4);
    let tiff = encoded(image::ImageFormat::Tiff, &picture);
    // The directory: a count, then entries of 12 bytes; one more is put in order at its end (the offset of the directory is in the head).
    let at = u32::from_le_bytes(tiff[4..8].try_into().unwrap()) as usize;
    let count = usize::from(u16::from_le_bytes([tiff[at], tiff[at + 1]]));
    let mut entries: Vec<[u8; 12]> = tiff[at + 2..at + 2 + 12 * count].chunks(12).map(|c| c.try_into().unwrap()).collect();
    entries.push([0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
    entries.sort_by_key(|e| u16::from_le_bytes([e[0], e[1]]));
    let mut turned = tiff.clone();
    let place = turned.len() as u32;
    turned[4..8].copy_from_slice(&place.to_le_bytes());
    turned.extend((entries.len() as u16).to_le_bytes());
    turned.extend(entries.concat());
    turned.extend([0; 4]);
    let read = open(&turned).unwrap();
    assert_eq!((read.rgb.width, read.rgb.height, read.turn), (4, 6, Some(Turn::Right)));
    assert_eq!(read.rgb.pixels[..3], picture.get_pixel(0, 3).0);
}
