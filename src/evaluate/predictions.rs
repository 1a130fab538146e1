//! Predictions as a blob: what inference leaves behind, and what every metric reads (invariant 15).
//!
//! Little-endian: `NFPRED`, version u16, images u64; for each image its digest, a count u32, and so many detections of
//! five f32 (x1, y1, x2, y2, score) and a u16 (class).

use super::EvaluateError;
use crate::base::Digest;
use crate::metrics::Detection;

const MAGIC: &[u8; 6] = b"NFPRED";
const VERSION: u16 = 1;
const DETECTION_BYTES: usize = 5 * 4 + 2;

/// Detections of a split's images, in the split's order, in pixels of the original images, highest score first.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Predictions {
    /// The image's digest, and what was found in it.
    pub images: Vec<(Digest, Vec<Detection>)>,
}

impl Predictions {
    /// The blob's bytes: one form for one value.
    pub fn to_bytes(&self) -> Vec<u8> {
        let detections: usize = self.images.iter().map(|(_, d)| d.len()).sum();
        let mut bytes = Vec::with_capacity(16 + self.images.len() * 36 + detections * DETECTION_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(self.images.len() as u64).to_le_bytes());
        for (digest, detections) in &self.images {
            bytes.extend_from_slice(&digest.0);
            bytes.extend_from_slice(&(detections.len() as u32).to_le_bytes());
            for d in detections {
                for value in [d.x1, d.y1, d.x2, d.y2, d.score] {
                    bytes.extend_from_slice(&value.to_le_bytes());
                }
                bytes.extend_from_slice(&d.class.to_le_bytes());
            }
        }
        bytes
    }

    /// Reads a blob. Fails, without allocating more than the bytes hold, where it is not exactly one; numbers that are
    /// not finite are refused too (`predict` never makes them).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EvaluateError> {
        let mut reader = Reader { bytes };
        if reader.take::<6>()? != *MAGIC {
            return Err(EvaluateError::blob("not a blob of predictions"));
        }
        let version = u16::from_le_bytes(reader.take()?);
        if version != VERSION {
            return Err(EvaluateError::blob(format!("predictions of version {version}; this program reads version {VERSION}")));
        }
        let count = u64::from_le_bytes(reader.take()?);
        if count > (reader.bytes.len() / 36) as u64 {
            return Err(early());
        }
        let mut images = Vec::with_capacity(count as usize);
        for _ in 0..count {
            images.push(reader.image()?);
        }
        if !reader.bytes.is_empty() {
            return Err(EvaluateError::blob(format!("{} bytes follow the predictions", reader.bytes.len())));
        }
        Ok(Predictions { images })
    }
}

fn early() -> EvaluateError {
    EvaluateError::blob("predictions end too early")
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], EvaluateError> {
        let (head, rest) = self.bytes.split_first_chunk::<N>().ok_or_else(early)?;
        self.bytes = rest;
        Ok(*head)
    }

    fn image(&mut self) -> Result<(Digest, Vec<Detection>), EvaluateError> {
        let digest = Digest(self.take()?);
        let count = u32::from_le_bytes(self.take()?) as usize;
        if count > self.bytes.len() / DETECTION_BYTES {
            return Err(early());
        }
        let mut detections = Vec::with_capacity(count);
        for _ in 0..count {
            let mut values = [0.0f32; 5];
            for value in &mut values {
                *value = f32::from_le_bytes(self.take()?);
            }
            if values.iter().any(|v| !v.is_finite()) {
                return Err(EvaluateError::blob(format!("a prediction for image {} is not a number", digest.short())));
            }
            let [x1, y1, x2, y2, score] = values;
            detections.push(Detection { x1, y1, x2, y2, score, class: u16::from_le_bytes(self.take()?) });
        }
        Ok((digest, detections))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Predictions {
        let d = |score| Detection { x1: 1.5, y1: -0.0, x2: 1e9, y2: f32::MIN_POSITIVE, score, class: 65535 };
        Predictions { images: vec![(Digest::of(b"a"), vec![d(0.9), d(0.1)]), (Digest::of(b"b"), vec![])] }
    }

    #[test]
    fn round_trip() {
        for value in [sample(), Predictions::default()] {
            let bytes = value.to_bytes();
            let back = Predictions::from_bytes(&bytes).unwrap();
            assert_eq!(back, value);
            assert_eq!(back.to_bytes(), bytes);
        }
        assert_eq!(sample().to_bytes().len(), 16 + 2 * 36 + 2 * 22);
    }

    #[test]
    fn hostile_bytes_are_errors() {
        let bytes = sample().to_bytes();
        for end in 0..bytes.len() {
            assert!(matches!(Predictions::from_bytes(&bytes[..end]), Err(EvaluateError::Blob(_))), "{end}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(Predictions::from_bytes(&longer).is_err());
        // Counts that promise more than there is.
        for at in [8, 16 + 32] {
            let mut huge = bytes.clone();
            huge[at..at + 4].fill(0xff);
            assert!(Predictions::from_bytes(&huge).is_err());
        }
        let mut nan = bytes.clone();
        nan[16 + 36..16 + 40].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(Predictions::from_bytes(&nan).is_err());
        // Any one byte may be flipped: an error or another value, never a panic.
        for i in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[i] ^= 0x80;
            let _ = Predictions::from_bytes(&flipped);
        }
    }
}
