//! What a classifier says of a split, as a blob: the logits of every image, which every metric of classification reads.
//!
//! Little-endian: `NFLOGIT\0`, version u16, classes u32, images u64; for each image its digest and so many f32.

use super::EvaluateError;
use crate::base::Digest;
use crate::data::{Pack, classify};
use crate::metrics::{ClassificationReport, Guesses};
use crate::nn::{Executor, NormOptions, Parameters};
use crate::space::{Head, Program};

const MAGIC: &[u8; 8] = b"NFLOGIT\0";
const VERSION: u16 = 1;
const HEAD: usize = 8 + 2 + 4 + 8;

/// Logits of a split's images, in the split's order.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Logits {
    /// Numbers an image.
    pub classes: usize,
    /// The images' digests.
    pub images: Vec<Digest>,
    /// images × classes.
    pub values: Vec<f32>,
}

impl Logits {
    /// The blob's bytes: one form for one value.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.images.len() * (32 + 4 * self.classes));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(self.classes as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.images.len() as u64).to_le_bytes());
        for (digest, values) in self.images.iter().zip(self.values.chunks_exact(self.classes.max(1))) {
            bytes.extend_from_slice(&digest.0);
            values.iter().for_each(|v| bytes.extend_from_slice(&v.to_le_bytes()));
        }
        bytes
    }

    /// Reads a blob. Fails where it is not exactly one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EvaluateError> {
        let early = || EvaluateError::blob("logits end too early");
        let (head, rest) = bytes.split_at_checked(HEAD).ok_or_else(early)?;
        if !head.starts_with(MAGIC) {
            return Err(EvaluateError::blob("not a blob of logits"));
        }
        let number = |range: std::ops::Range<usize>| head[range].iter().rev().fold(0u64, |n, &b| n << 8 | u64::from(b));
        let (version, classes, count) = (number(8..10), number(10..14) as usize, number(14..22));
        if version != u64::from(VERSION) {
            return Err(EvaluateError::blob(format!("logits of version {version}; this program reads version {VERSION}")));
        }
        let row = 32 + 4 * classes;
        if classes == 0 || u128::from(count) * row as u128 != rest.len() as u128 {
            return Err(EvaluateError::blob(format!("{} bytes for {count} images of {classes} classes", rest.len())));
        }
        let mut logits = Logits { classes, ..Logits::default() };
        for row in rest.chunks_exact(row) {
            let (digest, values) = row.split_at(32);
            logits.images.push(Digest(digest.try_into().map_err(|_| early())?));
            logits.values.extend(values.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
        }
        Ok(logits)
    }
}

/// Runs a classifier over a pack, `batch` images at a time; `seen` is told how many images are done and may stop it (then there
/// is no result). Fails with the first error of the executor, and where pack and program do not fit.
pub fn logits(
    executor: &mut dyn Executor,
    params: &Parameters,
    program: &Program,
    norm: NormOptions,
    pack: &Pack,
    batch: usize,
    mut seen: impl FnMut(usize) -> bool,
) -> Result<Option<Logits>, EvaluateError> {
    let Head::Classify { classes } = program.head else { return Err(EvaluateError::misfit("the network does not end in a classifier")) };
    let image = program.values.first().ok_or_else(|| EvaluateError::misfit("the network has no input"))?;
    if image.h != image.w || image.h != pack.image_size || image.c != pack.channels || (!pack.images.is_empty() && !pack.is_labelled()) {
        return Err(EvaluateError::misfit(format!(
            "images of {0} × {0} × {1} for a network of {2} × {3} × {4}",
            pack.image_size, pack.channels, image.h, image.w, image.c
        )));
    }
    let mut all = Logits { classes, images: pack.images.iter().map(|i| i.digest).collect(), values: Vec::new() };
    let mut done = 0;
    while done < pack.images.len() {
        if !seen(done) {
            return Ok(None);
        }
        let end = (done + batch.max(1)).min(pack.images.len());
        let input = classify::evaluation(pack, image.h, done..end).map_err(|e| EvaluateError::Data(e.to_string()))?;
        executor.forward_eval(params, &input.images, input.n, norm).map_err(EvaluateError::Executor)?;
        // An executor that keeps buffers for a larger batch may return more.
        let found = executor.output(0).get(..input.n * classes);
        let found = found.ok_or_else(|| EvaluateError::Executor("the executor returned too few logits".into()))?;
        all.values.extend_from_slice(found);
        done = end;
    }
    seen(done);
    Ok(Some(all))
}

/// Every number of the logits for a split. Fails where they are not of this split's images in this order.
pub fn classification(pack: &Pack, logits: &Logits) -> Result<ClassificationReport, EvaluateError> {
    Ok(guesses(pack, logits)?.report(&vec![1; pack.images.len()]))
}

/// The logits laid against the truth. Fails as [`classification`] does.
pub fn guesses(pack: &Pack, logits: &Logits) -> Result<Guesses, EvaluateError> {
    let same =
        pack.images.len() == logits.images.len() && pack.images.iter().zip(&logits.images).all(|(image, digest)| image.digest == *digest);
    if !same {
        let (found, images) = (logits.images.len(), pack.images.len());
        return Err(EvaluateError::misfit(format!("the logits ({found} images) are not of this split ({images} images)")));
    }
    let truth: Vec<u32> = pack.images.iter().map(classify::label).collect();
    Guesses::new(&pack.classes, &truth, &logits.values).map_err(EvaluateError::Misfit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_hostile_bytes() {
        let logits =
            Logits { classes: 3, images: vec![Digest::of(b"a"), Digest::of(b"b")], values: vec![0.5, -1.0, f32::MAX, 0.0, -0.0, 1e-30] };
        let bytes = logits.to_bytes();
        assert_eq!(Logits::from_bytes(&bytes).unwrap(), logits);
        for end in 0..bytes.len() {
            assert!(matches!(Logits::from_bytes(&bytes[..end]), Err(EvaluateError::Blob(_))), "{end}");
        }
        assert!(Logits::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
        for at in 0..HEAD {
            let mut bad = bytes.clone();
            bad[at] ^= 0x81;
            assert!(Logits::from_bytes(&bad).is_err(), "{at}");
        }
    }
}
