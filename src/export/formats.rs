//! The formats that there are.

use super::{Format, kdl, onnx, pytorch, safetensors, yolov5};

/// All of them, the one that is written by default first.
pub const FORMATS: &[&Format] = &[&safetensors::FORMAT, &onnx::FORMAT, &pytorch::FORMAT, &yolov5::FORMAT, &kdl::FORMAT];

/// Endings that stand for formats which cannot be written yet.
const OTHERS: &[&str] = &[
    "pt",
    "pth",
    "ckpt",
    "torchscript",
    "engine",
    "trt",
    "tflite",
    "mlmodel",
    "mlpackage",
    "pb",
    "h5",
    "keras",
    "xml",
    "param",
    "npz",
    "gguf",
];

impl Format {
    /// The format of this word.
    pub fn named(name: &str) -> Option<&'static Format> {
        FORMATS.iter().find(|f| f.name == name).copied()
    }

    /// The format that a file's ending stands for: none where it stands for one that cannot be written; the default where it stands for
    /// nothing.
    pub fn of_ending(ending: &str) -> Option<&'static Format> {
        let ending = ending.to_ascii_lowercase();
        match FORMATS.iter().find(|f| f.ending == ending) {
            None if OTHERS.contains(&ending.as_str()) => None,
            None => FORMATS.first().copied(),
            known => known.copied(),
        }
    }

    /// The words of all, for messages.
    pub fn names() -> String {
        FORMATS.iter().map(|f| f.name).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_names_its_format() {
        for format in FORMATS {
            assert_eq!(Format::of_ending(&format.ending.to_uppercase()).map(|f| f.name), Some(format.name));
            assert_eq!(Format::named(format.name).map(|f| f.ending), Some(format.ending));
            assert!(!format.doc.is_empty() && !OTHERS.contains(&format.ending));
        }
        assert!(Format::of_ending("pt").is_none());
        assert_eq!(Format::of_ending("").map(|f| f.name), Some("safetensors"));
    }
}
