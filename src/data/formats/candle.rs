//! What candle-datasets reads, with the cargo feature `hub`: sets that it downloads from Hugging Face's hub, and MNIST's and
//! CIFAR-10's unpacked files. Its readers take memory for what a head claims and read a folder as a whole, so every head is
//! compared with its file here first; what does not fit is left to this project's own readers, which say why.

use super::super::container::{Container, Images, Truths};
use super::super::files::FileStamp;
use super::{cifar_file, idx_file};
use candle_datasets::vision::{self, Dataset};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

/// MNIST's files as candle names them, with their dimensions: images before their labels.
const IDX: [(&str, u8); 4] =
    [("train-images-idx3-ubyte", 3), ("train-labels-idx1-ubyte", 1), ("t10k-images-idx3-ubyte", 3), ("t10k-labels-idx1-ubyte", 1)];
/// Images in each of CIFAR-10's files; candle's reader takes no other number.
const BATCH: usize = 10_000;

/// A folder as candle read it: its files with many images, each until somebody takes it. candle reads a folder whole, and
/// a scan takes its files one after the other.
struct Folder {
    stamps: Vec<FileStamp>,
    files: BTreeMap<String, Container>,
}

static LAST: Mutex<Option<Folder>> = Mutex::new(None);

/// A set from the hub, and one of its splits.
pub fn hub(set: &str, split: &str) -> candle_core::Result<Container> {
    let loaded = match set {
        "mnist" => vision::mnist::load(),
        "fashion-mnist" => vision::fashion_mnist::load(),
        _ => vision::cifar::load(),
    }?;
    let colour = set == "cifar10";
    let (height, width) = if colour { (cifar_file::SIDE, cifar_file::SIDE) } else { (28, 28) };
    let (images, labels) =
        if split == "test" { (&loaded.test_images, &loaded.test_labels) } else { (&loaded.train_images, &loaded.train_labels) };
    // candle's loader of CIFAR-10 from the hub gives columns before rows.
    let images = if colour { images.permute((0, 1, 3, 2))? } else { images.clone() };
    container(&images, labels, height, width)
}

/// One of MNIST's unpacked files of images; none where the folder is not as candle's reader takes it.
pub fn idx(path: &Path) -> Option<Container> {
    let folder = path.parent()?;
    let heads: Vec<Vec<usize>> = IDX.iter().map(|(name, dims)| idx_file::head(&folder.join(name), *dims)).collect::<Option<_>>()?;
    let fits = |images: &[usize], labels: &[usize]| images.first() == labels.first() && images.first().is_some_and(|&n| n > 0);
    if !fits(&heads[0], &heads[1]) || !fits(&heads[2], &heads[3]) {
        return None;
    }
    take(path, IDX.map(|(name, _)| name).as_slice(), |folder| {
        let set = vision::mnist::load_dir(folder).ok()?;
        let train = container(&set.train_images, &set.train_labels, heads[0][1], heads[0][2]).ok()?;
        let test = container(&set.test_images, &set.test_labels, heads[2][1], heads[2][2]).ok()?;
        Some(BTreeMap::from([(IDX[0].0.to_string(), train), (IDX[2].0.to_string(), test)]))
    })
}

/// One of CIFAR-10's files; none where they are not as candle's reader takes them.
pub fn cifar(path: &Path) -> Option<Container> {
    let names: Vec<String> = (1..=5).map(|i| format!("data_batch_{i}.bin")).chain(["test_batch.bin".to_string()]).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let folder = path.parent()?;
    let whole =
        |name: &&str| std::fs::metadata(folder.join(name)).is_ok_and(|m| m.is_file() && m.len() == (BATCH * cifar_file::RECORD) as u64);
    if !names.iter().all(whole) {
        return None;
    }
    take(path, &names, |folder| {
        let set: Dataset = vision::cifar::load_dir(folder).ok()?;
        let mut files = BTreeMap::new();
        for (i, name) in names.iter().enumerate() {
            let part = |t: &candle_core::Tensor| t.narrow(0, i * BATCH, BATCH);
            let (images, labels) = match i {
                5 => (set.test_images.clone(), set.test_labels.clone()),
                _ => (part(&set.train_images).ok()?, part(&set.train_labels).ok()?),
            };
            files.insert(name.to_string(), container(&images, &labels, cifar_file::SIDE, cifar_file::SIDE).ok()?);
        }
        Some(files)
    })
}

/// A file of a folder that was read before, else reads the folder.
fn take(path: &Path, names: &[&str], read: impl Fn(&Path) -> Option<BTreeMap<String, Container>>) -> Option<Container> {
    let (folder, name) = (path.parent()?, path.file_name()?.to_str()?);
    let stamps = names.iter().map(|n| FileStamp::of(Path::new(""), &folder.join(n)).ok()).collect::<Option<Vec<_>>>()?;
    let mut last = LAST.lock().ok()?;
    let known = last.as_mut().filter(|l| l.stamps == stamps).and_then(|l| l.files.remove(name));
    if last.as_ref().is_some_and(|l| l.files.is_empty()) {
        *last = None;
    }
    if known.is_some() {
        return known;
    }
    let mut files = read(folder)?;
    let found = files.remove(name);
    *last = Some(Folder { stamps, files });
    found
}

/// candle's tensors as bytes: images n × pixels (grey) or n × 3 × rows × columns, in 0 … 1; classes n.
fn container(images: &candle_core::Tensor, labels: &candle_core::Tensor, height: usize, width: usize) -> candle_core::Result<Container> {
    let labels: Vec<usize> = labels.to_vec1::<u8>()?.into_iter().map(usize::from).collect();
    let (channels, planes) = match images.dims() {
        [_, 3, _, _] => (3, images.permute((0, 2, 3, 1))?),
        _ => (1, images.clone()),
    };
    let values = planes.flatten_all()?.to_vec1::<f32>()?;
    // A byte over 255 and back is the byte.
    let bytes: Vec<u8> = values.into_iter().map(|v| libm::rintf(v * 255.0) as u8).collect();
    let names = (channels == 3).then(cifar_file::names);
    let unknown = names.as_ref().is_some_and(|n| labels.iter().any(|&l| l >= n.len()));
    if bytes.len() != labels.len() * height * width * channels || unknown {
        candle_core::bail!("{} bytes and {} classes are no images of {width} × {height} pixels", bytes.len(), labels.len());
    }
    Ok(Container { truths: Truths::Classes(labels), names, images: Images::Raw { width, height, channels, bytes } })
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::labelled::write_idx;
    use super::*;

    fn bytes(container: &Container) -> &[u8] {
        match &container.images {
            Images::Raw { bytes, .. } => bytes,
            Images::Encoded(_) => &[],
        }
    }

    /// candle and this project's readers read the same files alike.
    #[test]
    fn mnists_files_both_ways() {
        let dir = tempfile::tempdir().unwrap();
        write_idx(dir.path(), 30, 9, false, (6, 4));
        for stem in ["train", "t10k"] {
            let path = dir.path().join(format!("{stem}-images-idx3-ubyte"));
            let (theirs, ours) = (idx(&path).unwrap(), idx_file::own(&path).unwrap());
            assert_eq!((bytes(&theirs), &theirs.truths), (bytes(&ours), &ours.truths));
        }
        // What does not fit is not candle's to read.
        let images = dir.path().join("train-images-idx3-ubyte");
        let mut head = std::fs::read(&images).unwrap();
        head[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
        std::fs::write(&images, &head).unwrap();
        assert!(idx(&images).is_none());
        assert!(idx_file::own(&images).is_err());
    }

    #[test]
    fn cifars_files_both_ways() {
        let dir = tempfile::tempdir().unwrap();
        let file = |k: usize| -> Vec<u8> {
            (0..BATCH)
                .flat_map(|i| std::iter::once(((i + k) % 10) as u8).chain((0..3072).map(move |p| (i * 31 + p * 7 + k) as u8)))
                .collect()
        };
        for k in 1..=5 {
            std::fs::write(dir.path().join(format!("data_batch_{k}.bin")), file(k)).unwrap();
        }
        let test = dir.path().join("test_batch.bin");
        std::fs::write(&test, file(9)).unwrap();
        for path in [dir.path().join("data_batch_2.bin"), test.clone()] {
            let (theirs, ours) = (cifar(&path).unwrap(), cifar_file::own(&path).unwrap());
            assert_eq!((&theirs.truths, &theirs.names), (&ours.truths, &ours.names));
            assert!(bytes(&theirs) == bytes(&ours));
        }
        // A class that there is not, or a file cut short: this project's reader says so.
        let mut wrong = file(9);
        wrong[0] = 10;
        std::fs::write(&test, &wrong).unwrap();
        assert!(cifar(&test).is_none());
        std::fs::write(&test, &wrong[1..]).unwrap();
        assert!(cifar(&test).is_none());
    }
}
