//! Formats of data sets, as far as a file is concerned; how their files are read is in the room `data`.

use super::pipeline::Task;
use super::word::Described;
use std::fmt;

/// A format of data sets, as far as a file is concerned; how its files are read is in the room `data`.
pub trait FormatWord: Described {
    /// What a file may say of it, and what follows for the pipeline.
    fn shape(&self) -> &FormatShape;
}

/// What a file may say of a format of data sets.
#[derive(Clone, Copy, Debug)]
pub struct FormatShape {
    /// What networks learn from it.
    pub task: Task,
    /// `image-size` where nothing is written.
    pub image_size: usize,
    /// Splits that it may have of its own.
    pub splits: &'static [&'static str],
    /// Whether `split` may name lists of images.
    pub lists: bool,
    /// Whether `images` and `annotations` may name its folders.
    pub folders: bool,
}

/// A format as a file names it.
#[derive(Clone, Copy)]
pub struct DataFormat(pub &'static dyn FormatWord);

impl DataFormat {
    /// The word in the file.
    pub fn name(&self) -> &'static str {
        self.0.word().name
    }

    /// What a file may say of it.
    pub fn shape(&self) -> &'static FormatShape {
        self.0.shape()
    }
}

impl fmt::Debug for DataFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for DataFormat {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}
