//! What a detector file says about itself: everything that is needed to run it and to know where it came from.

use super::ExportError;
use crate::base::Digest;
use crate::space::{Architecture, Head, Program};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, HashMap};

/// The value of the entry `format`; a change of meaning is another number.
pub const FORMAT: &str = "nasflow-detector-1";

/// How an image becomes the network's input, in words.
pub const PREPROCESSING: &str =
    "RGB, 0-255 divided by 255; letterbox to image_size x image_size, longer side scaled, borders filled with 114; NCHW in PyTorch";

/// Everything of a detector but its tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCard {
    /// The network: 3 channels, square, with a detect head at its end.
    pub architecture: Architecture,
    /// Class names in the order of the head.
    pub classes: Vec<String>,
    /// Added to the variance in batch norm.
    pub norm_eps: f64,
    /// Iterations that the weights were trained for (PyTorch's `num_batches_tracked`).
    pub iterations: u64,
    /// What its space decided, as [`crate::space::Space::choices`] says it: trainings that start from the file find places by it.
    pub choices: Vec<(u64, usize)>,
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

    /// Fails where the parts do not belong together.
    pub(super) fn check(&self, program: &Program) -> Result<(), String> {
        let input = self.architecture.input;
        if input.channels != 3 || input.height != input.width {
            return Err(format!("its input is {} x {} x {}, not square RGB", input.height, input.width, input.channels));
        }
        match &program.head {
            Head::Detect { classes, .. } if *classes == self.classes.len() => {}
            Head::Detect { classes, .. } => return Err(format!("{} class names for {classes} classes", self.classes.len())),
            _ => return Err("the network has no detect head".into()),
        }
        if !(self.norm_eps.is_finite() && self.norm_eps > 0.0) {
            return Err("norm_eps is not a positive number".into());
        }
        match self.metrics.iter().chain(&self.recipe).find(|(_, v)| !v.is_finite()) {
            Some((name, _)) => Err(format!("{name} is not a number")),
            None => Ok(()),
        }
    }

    /// The file's metadata, sorted by name. `names`, `nc` and `stride` are in upstream's form.
    pub(super) fn entries(&self, program: &Program, parameters: &Digest) -> Result<BTreeMap<String, String>, ExportError> {
        let Head::Detect { strides, anchors, .. } = &program.head else {
            return Err(ExportError::CannotWrite("the network has no detect head".into()));
        };
        let entries = [
            ("format", FORMAT.to_string()),
            ("architecture", self.architecture.to_json()),
            ("architecture_text", self.architecture.text()),
            ("classes", json(&self.classes)?),
            ("anchors", json(anchors)?),
            ("strides", json(strides)?),
            ("image_size", self.image_size().to_string()),
            ("preprocessing", PREPROCESSING.to_string()),
            ("norm_eps", json(&self.norm_eps)?),
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
            ("stride", strides.iter().max().copied().unwrap_or(32).to_string()),
        ];
        let mut entries: BTreeMap<String, String> = entries.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
        if !self.recipe.is_empty() {
            entries.insert("recipe".into(), json(&self.recipe)?);
        }
        Ok(entries)
    }

    /// From the file's metadata, with the digest of the parameters.
    pub(super) fn from_entries(entries: &HashMap<String, String>) -> Result<(Self, Digest), ExportError> {
        let get = |name: &str| entries.get(name).ok_or_else(|| missing(name, "it is missing"));
        if get("format")? != FORMAT {
            return Err(missing("format", &format!("`{FORMAT}` is expected")));
        }
        fn read<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, ExportError> {
            serde_json::from_str(text).map_err(|e| missing(name, &e.to_string()))
        }
        let digest = |name: &str| get(name)?.parse::<Digest>().map_err(|e| missing(name, &e));
        let card = ModelCard {
            architecture: Architecture::from_json(get("architecture")?).map_err(|e| missing("architecture", &e))?,
            classes: read("classes", get("classes")?)?,
            norm_eps: read("norm_eps", get("norm_eps")?)?,
            iterations: read("iterations", get("iterations")?)?,
            // Files of before have none.
            choices: entries.get("choices").map_or(Ok(Vec::new()), |text| read("choices", text))?,
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
        Ok((card, digest("parameters")?))
    }
}

fn missing(name: &str, why: &str) -> ExportError {
    ExportError::NotADetector(format!("metadata `{name}`: {why}"))
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
