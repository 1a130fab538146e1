//! `root="hub:mnist"`: sets that candle-datasets downloads from Hugging Face's hub (into its own cache), with the cargo feature
//! `hub`. The feature is off by default, because it builds a client for the network with some 160 crates; every format on
//! disk is read without it, by this house's own readers, which a test of the feature compares with candle's.

use super::super::error::DataError;
use super::Files;
use super::container::Container;
use std::path::{Path, PathBuf};

/// What stands before the name of a set.
pub(super) const PREFIX: &str = "hub:";

/// Names of the sets.
#[cfg(feature = "hub")]
const NAMES: [&str; 3] = ["mnist", "fashion-mnist", "cifar10"];

/// The set that a root names, if it is one of the hub's.
pub(super) fn name(root: &Path) -> Option<&str> {
    root.to_str()?.strip_prefix(PREFIX)
}

/// Its two splits, as if they were files: `hub:mnist/train`.
pub(super) fn listing(name: &str) -> Result<Files, DataError> {
    available(name)?;
    let of = |split: &str| (split.to_string(), PathBuf::from(format!("{PREFIX}{name}/{split}")));
    Ok(Files { containers: vec![of("train"), of("test")], ..Files::default() })
}

#[cfg(not(feature = "hub"))]
fn available(name: &str) -> Result<(), DataError> {
    Err(DataError::Invalid(format!(
        "`{PREFIX}{name}`: this nasflow downloads nothing; build it with `--features hub`, or give a folder as `root`"
    )))
}

#[cfg(feature = "hub")]
fn available(name: &str) -> Result<(), DataError> {
    let known = NAMES.contains(&name);
    known.then_some(()).ok_or_else(|| DataError::Invalid(format!("the hub has no set `{name}` for this; it has {}", NAMES.join(", "))))
}

/// The images of one of them: `mnist/train`.
#[cfg(not(feature = "hub"))]
pub(super) fn read(name: &str) -> Result<Container, DataError> {
    available(name).and(Err(DataError::Invalid(format!("no set `{name}`"))))
}

/// The images of one of them: `mnist/train`.
#[cfg(feature = "hub")]
pub(super) fn read(name: &str) -> Result<Container, DataError> {
    use candle_datasets::vision::{cifar, fashion_mnist, mnist};
    let (set, split) = name.split_once('/').unwrap_or((name, ""));
    available(set)?;
    let loaded = match set {
        "mnist" => mnist::load(),
        "fashion-mnist" => fashion_mnist::load(),
        _ => cifar::load(),
    };
    let failed = |e: candle_core::Error| DataError::Invalid(format!("`{PREFIX}{set}` cannot be had: {e}"));
    let set_of = loaded.map_err(failed)?;
    // candle's loader of CIFAR-10 from the hub gives columns before rows.
    container(&set_of, split, set == "cifar10").map_err(failed)
}

/// A split of candle's tensors: images n × pixels or n × 3 × rows × columns in 0 … 1, classes n.
#[cfg(feature = "hub")]
fn container(set: &candle_datasets::vision::Dataset, split: &str, columns_first: bool) -> candle_core::Result<Container> {
    use super::container::Images;
    let (images, labels) = match split {
        "test" => (&set.test_images, &set.test_labels),
        _ => (&set.train_images, &set.train_labels),
    };
    let labels: Vec<usize> = labels.to_vec1::<u8>()?.into_iter().map(usize::from).collect();
    let (channels, planes) = match images.dims() {
        [_, 3, _, _] if columns_first => (3, images.permute((0, 3, 2, 1))?),
        [_, 3, _, _] => (3, images.permute((0, 2, 3, 1))?),
        _ => (1, images.clone()),
    };
    let values = planes.flatten_all()?.to_vec1::<f32>()?;
    let bytes: Vec<u8> = values.into_iter().map(|v| libm::rintf(v * 255.0) as u8).collect();
    let pixels = bytes.len() / (labels.len() * channels).max(1);
    let side = libm::sqrt(pixels as f64) as usize;
    if side * side != pixels {
        candle_core::bail!("images of {pixels} pixels, which are not square");
    }
    let names = (channels == 3).then(super::cifar::names);
    Ok(Container { labels, names, images: Images::Raw { width: side, height: side, channels, bytes } })
}

#[cfg(all(test, feature = "hub"))]
mod tests {
    use super::super::container::Images;
    use super::super::{cifar, idx, tests::write_idx};
    use super::*;

    fn bytes(container: &Container) -> &[u8] {
        match &container.images {
            Images::Raw { bytes, .. } => bytes,
            Images::Encoded(_) => &[],
        }
    }

    /// candle's `load_dir` and this house's readers read the same files alike.
    #[test]
    fn as_candle_reads_them() {
        let dir = tempfile::tempdir().unwrap();
        write_idx(dir.path(), 30, 9, false, (5, 5));
        let set = candle_datasets::vision::mnist::load_dir(dir.path()).unwrap();
        for (split, stem) in [("train", "train"), ("test", "t10k")] {
            let (theirs, ours) =
                (container(&set, split, false).unwrap(), idx::read(&dir.path().join(format!("{stem}-images-idx3-ubyte"))).unwrap());
            assert_eq!((bytes(&theirs), &theirs.labels), (bytes(&ours), &ours.labels));
        }
        // candle's reader of CIFAR-10 takes files of 10,000 images, no fewer.
        let dir = tempfile::tempdir().unwrap();
        let file = |k: usize| -> Vec<u8> {
            (0..10_000)
                .flat_map(|i| std::iter::once(((i + k) % 10) as u8).chain((0..3072).map(move |p| (i * 31 + p * 7 + k) as u8)))
                .collect()
        };
        for k in 1..=5 {
            std::fs::write(dir.path().join(format!("data_batch_{k}.bin")), file(k)).unwrap();
        }
        std::fs::write(dir.path().join("test_batch.bin"), file(9)).unwrap();
        let set = candle_datasets::vision::cifar::load_dir(dir.path()).unwrap();
        let (theirs, ours) = (container(&set, "test", false).unwrap(), cifar::read(&dir.path().join("test_batch.bin")).unwrap());
        assert_eq!(theirs.labels, ours.labels);
        assert!(bytes(&theirs) == bytes(&ours) && theirs.names == ours.names);
    }

    #[test]
    fn unknown_sets_are_errors() {
        let error = listing("imagenet").unwrap_err().to_string();
        assert!(error.contains("no set `imagenet`"), "{error}");
    }
}
