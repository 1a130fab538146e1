//! YOLO's label files: `class cx cy w h` a line, normalised; or polygons `class x1 y1 x2 y2 …`, whose envelope is the box.

use super::super::text;
use super::super::truth::{Annotation, ClassRef, RawBox};

/// Longest label file.
pub const MAX_LABELS: u64 = 16 << 20;
/// Normalised values may overshoot the image this far (rounding, VOC's convention); beyond it they are not normalised.
const OVERSHOOT: f64 = 0.5;

/// The boxes of one label file, for an image of `width` × `height` pixels.
///
/// Every line is read by its own form: one with five columns is a box, one with seven or more a polygon. (Upstream reads
/// all lines of a file with a polygon as polygons, and so the boxes in it as something else.)
///
/// # Errors
/// The line and what is wrong with it.
pub fn read(bytes: &[u8], width: usize, height: usize) -> Result<Annotation, String> {
    let text = text::plain(bytes)?;
    let lines = text.lines().enumerate().map(|(i, l)| (i + 1, l.split_whitespace().collect::<Vec<_>>()));
    let lines = lines.filter(|(_, fields)| !fields.is_empty());
    let mut out = Annotation::default();
    for (line, fields) in lines {
        let values = fields.iter().map(|f| number(f)).collect::<Result<Vec<f64>, _>>().map_err(|e| format!("line {line}: {e}"))?;
        let class = values[0];
        if class < 0.0 || class != libm::floor(class) || class > f64::from(u16::MAX) {
            return Err(format!("line {line}: `{}` is not a class index", fields[0]));
        }
        let v = &values[1..];
        if let Some(bad) = v.iter().position(|&x| !(-OVERSHOOT..=1.0 + OVERSHOOT).contains(&x)) {
            return Err(format!("line {line}: {} is not normalised to 0 … 1", fields[bad + 1]));
        }
        let edges = if v.len() >= 6 {
            if v.len() % 2 == 1 {
                return Err(format!("line {line}: a polygon needs x and y for each of its points"));
            }
            let side = |i: usize, pick: fn(f64, f64) -> f64| v.iter().skip(i).step_by(2).copied().fold(v[i], pick);
            [side(0, f64::min), side(1, f64::min), side(0, f64::max), side(1, f64::max)]
        } else {
            let &[cx, cy, w, h] = v else {
                return Err(format!("line {line}: {} columns; a box has 5, a polygon 7 or more", fields.len()));
            };
            if w < 0.0 || h < 0.0 {
                return Err(format!("line {line}: a negative size"));
            }
            [cx - w / 2.0, cy - h / 2.0, cx + w / 2.0, cy + h / 2.0]
        };
        let (w, h) = (width as f64, height as f64);
        let class = ClassRef::Index(class as usize);
        out.boxes.push(RawBox { class, x1: edges[0] * w, y1: edges[1] * h, x2: edges[2] * w, y2: edges[3] * h });
    }
    Ok(out)
}

fn number(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|v| v.is_finite())
        .ok_or_else(|| format!("`{}` is not a number", text.chars().take(20).collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_polygons() {
        let got = read(b"1 0.5 0.5 0.2 0.4\n\n0 0.25 0.25 0.5 0.5\n", 100, 50).unwrap();
        let edges = |b: &RawBox| [b.x1, b.y1, b.x2, b.y2];
        assert_eq!((got.boxes.len(), &got.boxes[0].class), (2, &ClassRef::Index(1)));
        assert_eq!(edges(&got.boxes[1]), [0.0, 0.0, 50.0, 25.0]);
        let polygon = read(b"2 0.1 0.2 0.5 0.1 0.3 0.9 0.2 0.2\n", 10, 10).unwrap();
        assert_eq!(edges(&polygon.boxes[0]), [1.0, 1.0, 5.0, 9.0]);
        let mixed = read(b"0 0.5 0.5 0.2 0.2\n1 0.1 0.1 0.4 0.1 0.4 0.4 0.1 0.4\n", 10, 10).unwrap();
        assert_eq!((edges(&mixed.boxes[0]), edges(&mixed.boxes[1])), ([4.0, 4.0, 6.0, 6.0], [1.0, 1.0, 4.0, 4.0]));
        assert_eq!(read(b"", 9, 9).unwrap(), Annotation::default());
    }

    #[test]
    fn hostile_labels_are_errors() {
        for text in [
            "0 0.5 0.5 0.2",
            "0 .5 .5 .2 .2 .9",
            "x .5 .5 .2 .2",
            "0.5 .5 .5 .2 .2",
            "-1 .5 .5 .2 .2",
            "0 nan .5 .2 .2",
            "0 inf 0 0 0",
            "0 .5 .5 -.2 .2",
            "0 320 240 10 10",
            "0 .1 .2 .3 .4 .5 .6 .7",
            "0 1 2 3 4 5 6",
            "99999999999 .5 .5 .1 .1",
            "0",
        ] {
            assert!(read(text.as_bytes(), 10, 10).is_err(), "{text}");
        }
        assert!(read(&[0xff, 0x30], 10, 10).is_err());
    }
}
