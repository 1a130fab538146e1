//! What a model's file says about itself: everything that is needed to run it and to know where it came from.

use super::ExportError;
use crate::base::Digest;
use crate::space::{Architecture, Head, Program};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};

/// The value of the entry `format` of a detector; a change of meaning is another number.
pub const DETECTOR: &str = "nasflow-detector-1";
/// The same of a classifier.
pub const CLASSIFIER: &str = "nasflow-classifier-1";
/// Batch norm's momentum where a file does not say it, as those of before: that of YOLOv5's recipes.
const MOMENTUM: f64 = 0.03;

/// Everything of a model but its tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCard {
    /// The network: square; a detector of 3 channels, or a classifier of 1 or 3.
    pub architecture: Architecture,
    /// Class names in the order of the head.
    pub classes: Vec<String>,
    /// Added to the variance in batch norm.
    pub norm_eps: f64,
    /// How much of a running statistic a batch replaces, where somebody trains on.
    pub norm_momentum: f64,
    /// Iterations that the weights were trained for (PyTorch's `num_batches_tracked`).
    pub iterations: u64,
    /// What its space decided, as [`crate::space::Space::choices`] says it: trainings that start from the file find places by it.
    pub choices: Vec<(u64, usize)>,
    /// The same for people: label and value.
    pub decisions: Vec<(String, String)>,
    /// The candidate's digest.
    pub candidate: Digest,
    /// The digest of the store's blob of weights.
    pub weights: Digest,
    /// The digest of the split that it was trained on.
    pub data: Digest,
    /// What a search chose of the recipe that it was trained with, by name (`optimizer.lr`); finite.
    pub recipe: BTreeMap<String, f64>,
    /// Metrics by name, with the split in the name where that matters; finite.
    pub metrics: BTreeMap<String, f64>,
    /// The version of nasflow that wrote the file.
    pub nasflow: String,
}

impl ModelCard {
    /// The side of the square input in pixels.
    pub fn image_size(&self) -> usize {
        self.architecture.input.height
    }

    /// Whether it finds boxes; else it tells classes.
    pub fn is_detector(&self) -> bool {
        self.architecture.anchors().is_some()
    }

    /// How an image becomes the network's input, in words.
    pub fn preprocessing(&self) -> &'static str {
        match (self.is_detector(), self.architecture.input.channels) {
            (true, _) => {
                "RGB, 0-255 divided by 255; letterbox to image_size x image_size, longer side scaled, borders filled with 114; NCHW in PyTorch"
            }
            (false, 1) => "grey, 0-255 divided by 255; shorter side scaled to image_size, the square in the middle; NCHW in PyTorch",
            (false, _) => "RGB, 0-255 divided by 255; shorter side scaled to image_size, the square in the middle; NCHW in PyTorch",
        }
    }

    /// The value of the entry `format`.
    fn format(&self) -> &'static str {
        if self.is_detector() { DETECTOR } else { CLASSIFIER }
    }

    /// Fails where the parts do not belong together.
    pub(super) fn check(&self, program: &Program) -> Result<(), String> {
        let input = self.architecture.input;
        let (classes, channels) = match &program.head {
            Head::Detect { classes, .. } => (*classes, &[3][..]),
            Head::Classify { classes } => (*classes, &[1, 3][..]),
            Head::Features => return Err("the network has no head: neither `detect` nor `linear` is at its end".into()),
        };
        if !channels.contains(&input.channels) || input.height != input.width {
            let wanted = if channels.len() == 1 { "square RGB" } else { "square, RGB or grey" };
            return Err(format!("its input is {} x {} x {}, not {wanted}", input.height, input.width, input.channels));
        }
        if classes != self.classes.len() {
            return Err(format!("{} class names for {classes} classes", self.classes.len()));
        }
        for (name, value) in [("norm_eps", self.norm_eps), ("norm_momentum", self.norm_momentum)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(format!("{name} is not a positive number"));
            }
        }
        match self.metrics.iter().chain(&self.recipe).find(|(_, v)| !v.is_finite()) {
            Some((name, _)) => Err(format!("{name} is not a number")),
            None => Ok(()),
        }
    }

    /// The file's metadata, sorted by name. `names`, `nc` and `stride` are in upstream's form.
    pub(super) fn entries(&self, program: &Program, parameters: &Digest) -> Result<BTreeMap<String, String>, ExportError> {
        let mut entries = vec![
            ("format", self.format().to_string()),
            ("architecture", self.architecture.to_json()),
            ("architecture_text", self.architecture.text()),
            ("classes", json(&self.classes)?),
            ("image_size", self.image_size().to_string()),
            ("preprocessing", self.preprocessing().to_string()),
            ("norm_eps", json(&self.norm_eps)?),
            ("norm_momentum", json(&self.norm_momentum)?),
            ("iterations", self.iterations.to_string()),
            ("choices", json(&self.choices)?),
            ("candidate", self.candidate.hex()),
            ("weights", self.weights.hex()),
            ("data", self.data.hex()),
            ("parameters", parameters.hex()),
            ("metrics", json(&self.metrics)?),
            ("nasflow", self.nasflow.clone()),
            ("names", python_dict(&self.classes)),
            ("nc", self.classes.len().to_string()),
        ];
        if let Head::Detect { strides, anchors, .. } = &program.head {
            entries.extend([("anchors", json(anchors)?), ("strides", json(strides)?), ("stride", stride(strides).to_string())]);
        }
        if !self.recipe.is_empty() {
            entries.push(("recipe", json(&self.recipe)?));
        }
        if !self.decisions.is_empty() {
            entries.push(("decisions", json(&self.decisions)?));
        }
        Ok(entries.into_iter().map(|(k, v)| (k.to_string(), v)).collect())
    }

    /// From the file's metadata, with the digest of the parameters.
    pub(super) fn from_entries(entries: &HashMap<String, String>) -> Result<(Self, Digest), ExportError> {
        let get = |name: &str| entries.get(name).ok_or_else(|| missing(name, "it is missing"));
        if ![DETECTOR, CLASSIFIER].contains(&get("format")?.as_str()) {
            return Err(missing("format", &format!("`{DETECTOR}` or `{CLASSIFIER}` is expected")));
        }
        fn read<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, ExportError> {
            serde_json::from_str(text).map_err(|e| missing(name, &e.to_string()))
        }
        let digest = |name: &str| get(name)?.parse::<Digest>().map_err(|e| missing(name, &e));
        let card = ModelCard {
            architecture: Architecture::from_json(get("architecture")?).map_err(|e| missing("architecture", &e))?,
            classes: read("classes", get("classes")?)?,
            norm_eps: read("norm_eps", get("norm_eps")?)?,
            norm_momentum: entries.get("norm_momentum").map_or(Ok(MOMENTUM), |text| read("norm_momentum", text))?,
            iterations: read("iterations", get("iterations")?)?,
            // Files of before have none.
            choices: entries.get("choices").map_or(Ok(Vec::new()), |text| read("choices", text))?,
            decisions: entries.get("decisions").map_or(Ok(Vec::new()), |text| read("decisions", text))?,
            candidate: digest("candidate")?,
            weights: digest("weights")?,
            data: digest("data")?,
            recipe: entries.get("recipe").map_or(Ok(BTreeMap::new()), |text| read("recipe", text))?,
            metrics: read("metrics", get("metrics")?)?,
            nasflow: get("nasflow")?.clone(),
        };
        if read::<usize>("image_size", get("image_size")?)? != card.image_size() {
            return Err(missing("image_size", "it is not the architecture's"));
        }
        if get("format")? != card.format() {
            return Err(missing("format", "it is not the architecture's"));
        }
        Ok((card, digest("parameters")?))
    }
}

fn missing(name: &str, why: &str) -> ExportError {
    ExportError::NotAModel(format!("metadata `{name}`: {why}"))
}

/// Upstream's `stride`: the largest of the levels'.
pub(super) fn stride(strides: &[usize]) -> usize {
    strides.iter().max().copied().unwrap_or(32)
}

fn json(value: &impl serde::Serialize) -> Result<String, ExportError> {
    serde_json::to_string(value).map_err(|e| ExportError::CannotWrite(e.to_string()))
}

/// Upstream's `names`: a Python dict literal, which it reads with `ast.literal_eval`.
pub fn python_dict(names: &[String]) -> String {
    let entry = |(i, name): (usize, &String)| {
        let mut text = format!("{i}: '");
        for c in name.chars() {
            match c {
                '\'' | '\\' => text.extend(['\\', c]),
                c if c.is_control() => text.push_str(&format!("\\U{:08x}", u32::from(c))),
                c => text.push(c),
            }
        }
        text + "'"
    };
    format!("{{{}}}", names.iter().enumerate().map(entry).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_a_python_literal() {
        let names = ["RBC".to_string(), "it's \\ a".into(), "line\nbreak é".into()];
        assert_eq!(python_dict(&names), r"{0: 'RBC', 1: 'it\'s \\ a', 2: 'line\U0000000abreak é'}");
        assert_eq!(python_dict(&[]), "{}");
    }
}
