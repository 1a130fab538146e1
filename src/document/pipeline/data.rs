//! `data`: where images come from and how they are split.

use super::{Spanned, Task};
use crate::base::Digest;
use crate::document::format::DataFormat;

/// A `data` node.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// Its name.
    pub name: Spanned<String>,
    /// Where the images come from.
    pub source: DataSource,
    /// `url= blake3=`: what `root` is a folder of, where that is fetched.
    pub fetch: Option<Fetch>,
    /// `image-size` in pixels (the longer side; networks see a square of it).
    pub image_size: usize,
    /// `classes "a" "b"`: order and subset; empty is the order of the data set.
    pub classes: Vec<Spanned<String>>,
    /// `split { train= val= test= }` in the order written; empty is the format's own split.
    pub splits: Vec<(Spanned<String>, SplitBy)>,
    /// `split seed=` [0].
    pub split_seed: u64,
    /// `split stratify=`: shares have as much of every class as the whole.
    pub stratify: bool,
    /// `split only-missing=`: the splits that the data set itself has stay; only the others are cut, from its `train`.
    pub only_missing: bool,
    /// `folds "cv" 5 of=train`: splits that are cut into folds.
    pub folds: Vec<Folds>,
    /// `images=`: the folder of the images where it has another name than the format's.
    pub images: Option<Spanned<String>>,
    /// `annotations=`: likewise of the annotations.
    pub annotations: Option<Spanned<String>>,
    /// `broken=skip`: images that cannot be read are left out.
    pub skip_broken: bool,
}

/// An archive, or a single file, that is fetched once. What it is, its hash says; the place may change.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetch {
    /// Where it is to be had.
    pub url: Spanned<String>,
    /// The blake3 hash of its bytes; none until it is pinned, which is an error wherever the data is read.
    pub blake3: Option<Spanned<Digest>>,
}

/// Where the images of a data set come from.
#[derive(Clone, Debug, PartialEq)]
pub enum DataSource {
    /// `generate=shapes`: coloured figures on textured ground.
    Shapes {
        /// How many images [400].
        images: usize,
        /// How many classes [4], 1 to 6.
        classes: usize,
        /// Seed of the generator [0].
        seed: u64,
    },
    /// `generate=figures`: one such figure an image, whose form is its class.
    Figures {
        /// How many images [400].
        images: usize,
        /// How many classes [4], 1 to 6.
        classes: usize,
        /// Seed of the generator [0].
        seed: u64,
    },
    /// `format=… root=…`: images on disk.
    Files {
        /// How they lie there.
        format: DataFormat,
        /// The folder, resolved against the file that names it (or the working directory where it came by `-p`).
        root: Spanned<String>,
    },
}

impl DataSource {
    /// What networks learn from it.
    pub fn task(&self) -> Task {
        match self {
            DataSource::Files { format, .. } => format.shape().task,
            DataSource::Figures { .. } => Task::Classify,
            DataSource::Shapes { .. } => Task::Detect,
        }
    }

    /// Whether its images are made here.
    pub fn is_generated(&self) -> bool {
        matches!(self, DataSource::Shapes { .. } | DataSource::Figures { .. })
    }
}

/// How a split is made.
#[derive(Clone, Debug, PartialEq)]
pub enum SplitBy {
    /// A share of the images, 0 < share <= 1.
    Share(f64),
    /// A list file, relative to the data set's usual place for such lists.
    File(Spanned<String>),
}

/// A split cut into folds, each left out of one training.
#[derive(Clone, Debug, PartialEq)]
pub struct Folds {
    /// Their name.
    pub name: Spanned<String>,
    /// How many, at least 2.
    pub count: Spanned<usize>,
    /// The split that is cut.
    pub of: Spanned<String>,
    /// Seeds which image is in which fold [0].
    pub seed: u64,
}

impl Folds {
    /// What the images of a fold (from 0) are called among the splits: those that its training leaves out.
    pub fn held_out(&self, fold: usize) -> String {
        format!("{} {} of {}", self.name.value, fold + 1, self.count.value)
    }

    /// What the images of all other folds are called: those of its training.
    pub fn without(&self, fold: usize) -> String {
        format!("{} without {} of {}", self.name.value, fold + 1, self.count.value)
    }
}

impl Data {
    /// The folds of this name.
    pub fn folds(&self, name: &str) -> Option<&Folds> {
        self.folds.iter().find(|f| f.name.value == name)
    }
}
