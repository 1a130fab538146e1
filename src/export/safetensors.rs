//! The self-contained detector: one safetensors file with tensors under YOLOv5's names and a [`ModelCard`] as metadata.
//!
//! Where the network is one of YOLOv5's, `load_state_dict` upstream takes the tensors as they are: `num_batches_tracked`
//! (int64) stands beside each batch norm, and `model.<i>.anchors` [levels, anchors, 2] is in units of the stride. The
//! header is written here, because the crate keeps metadata in a hash map whose order differs from run to run.

use super::{ExportError, ModelCard};
use crate::base::Digest;
use crate::nn::Parameters;
use crate::space::{Head, ParamKind, Program};
use safetensors::{Dtype, SafeTensors};
use std::fmt::Write as _;

/// The largest header that is read.
const MAX_HEADER: u64 = 16 << 20;
/// The most activation values of one image: 4 GiB of f32.
const MAX_ACTIVATIONS: usize = 1 << 30;

/// A detector in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Artefact {
    /// What it is.
    pub card: ModelCard,
    /// The architecture's operators.
    pub program: Program,
    /// Weights and running statistics.
    pub params: Parameters,
}

impl Artefact {
    /// Puts a detector together. Fails where the parts do not belong to each other.
    pub fn new(card: ModelCard, params: Parameters) -> Result<Self, ExportError> {
        let program = card.architecture.program().map_err(ExportError::CannotWrite)?;
        card.check(&program).map_err(ExportError::CannotWrite)?;
        let fits = params.0.len() == program.params.len() && params.0.iter().zip(&program.params).all(|(v, p)| v.len() == p.len());
        if !fits {
            return Err(ExportError::CannotWrite("the parameters are not the architecture's".into()));
        }
        Ok(Artefact { card, program, params })
    }

    /// The file. The same detector gives the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ExportError> {
        let anchors = anchors_tensor(&self.program);
        let counts: Vec<String> = self.norms().collect();
        let count = i64::try_from(self.card.iterations).unwrap_or(i64::MAX).to_le_bytes();
        let mut file = Writer::default();
        // 8-byte numbers first keeps everything aligned, as the format recommends.
        counts.iter().for_each(|name| file.tensor(name, "I64", &[], count));
        for (spec, values) in self.program.params.iter().zip(&self.params.0) {
            file.tensor(&spec.name, "F32", &spec.shape, values.iter().flat_map(|v| v.to_le_bytes()));
        }
        if let Some((name, shape, values)) = &anchors {
            file.tensor(name, "F32", shape, values.iter().flat_map(|v| v.to_le_bytes()));
        }
        let metadata = self.card.entries(&self.program, &digest(&self.params))?;
        file.finish(&metadata)
    }

    /// Reads a file. Nothing of it is believed: sizes are bounded, the architecture is built anew, and every tensor must
    /// be there with the shape that the architecture gives it and the digest that was recorded.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ExportError> {
        let header = bytes.first_chunk::<8>().map_or(0, |n| u64::from_le_bytes(*n));
        if header > MAX_HEADER {
            return Err(ExportError::NotSafetensors(format!("a header of {header} bytes is too long")));
        }
        let not_safetensors = |e: safetensors::SafeTensorError| ExportError::NotSafetensors(e.to_string());
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(not_safetensors)?;
        let none = std::collections::HashMap::new();
        let (card, recorded) = ModelCard::from_entries(metadata.metadata().as_ref().unwrap_or(&none))?;
        let program = card.architecture.program().map_err(ExportError::NotADetector)?;
        card.check(&program).map_err(ExportError::NotADetector)?;
        let activations = program.values.iter().fold(0usize, |n, v| n.saturating_add(v.h.saturating_mul(v.w).saturating_mul(v.c)));
        if activations > MAX_ACTIVATIONS {
            return Err(ExportError::NotADetector("the network is larger than nasflow runs".into()));
        }
        let tensors = SafeTensors::deserialize(bytes).map_err(not_safetensors)?;
        let params = Parameters(program.params.iter().map(|p| floats(&tensors, &p.name, &p.shape)).collect::<Result<_, _>>()?);
        if digest(&params) != recorded {
            return Err(ExportError::WrongTensors("the weights are not those whose digest the file records".into()));
        }
        if let Some((name, shape, expected)) = anchors_tensor(&program) {
            let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-4 * b.abs();
            if !floats(&tensors, &name, &shape)?.iter().zip(&expected).all(close) {
                return Err(ExportError::WrongTensors(format!("`{name}` differs from the architecture's anchors")));
            }
        }
        Ok(Artefact { card, program, params })
    }

    /// PyTorch's counter beside each batch norm.
    fn norms(&self) -> impl Iterator<Item = String> {
        let means = self.program.params.iter().filter(|p| p.kind == ParamKind::RunningMean);
        means.filter_map(|p| Some(format!("{}.num_batches_tracked", p.name.strip_suffix(".running_mean")?)))
    }
}

/// One digest over all values, in the program's order.
fn digest(params: &Parameters) -> Digest {
    let mut bytes = Vec::with_capacity(params.0.iter().map(|v| 8 + v.len() * 4).sum());
    for values in &params.0 {
        bytes.extend_from_slice(&(values.len() as u64).to_le_bytes());
        bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }
    Digest::of(&bytes)
}

/// Upstream's buffer `anchors`, in units of the stride; none where levels have different numbers of anchors (no network
/// of YOLOv5's then).
fn anchors_tensor(program: &Program) -> Option<(String, Vec<usize>, Vec<f32>)> {
    let Head::Detect { strides, anchors, .. } = &program.head else { return None };
    let per_level = anchors.first()?.len();
    if anchors.iter().any(|level| level.len() != per_level) {
        return None;
    }
    let layer = program.nodes.iter().find(|node| program.outputs.contains(&node.output))?.layer;
    let scaled = |(level, stride): (&Vec<(f32, f32)>, &usize)| -> Vec<f32> {
        level.iter().flat_map(|(w, h)| [w / *stride as f32, h / *stride as f32]).collect()
    };
    let values = anchors.iter().zip(strides).flat_map(scaled).collect();
    Some((format!("model.{layer}.anchors"), vec![anchors.len(), per_level, 2], values))
}

fn floats(tensors: &SafeTensors, name: &str, shape: &[usize]) -> Result<Vec<f32>, ExportError> {
    let tensor = tensors.tensor(name).map_err(|_| ExportError::WrongTensors(format!("`{name}` is missing")))?;
    if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
        let found = format!("{:?} {:?}", tensor.dtype(), tensor.shape());
        return Err(ExportError::WrongTensors(format!("`{name}` is {found}, not F32 {shape:?}")));
    }
    let values: Vec<f32> = tensor.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    if values.iter().any(|v| !v.is_finite()) {
        return Err(ExportError::WrongTensors(format!("`{name}` holds values that are not finite")));
    }
    Ok(values)
}

/// Writes the format: header length u64, JSON, tensors without gaps.
#[derive(Default)]
struct Writer {
    entries: Vec<String>,
    data: Vec<u8>,
}

impl Writer {
    fn tensor(&mut self, name: &str, dtype: &str, shape: &[usize], bytes: impl IntoIterator<Item = u8>) {
        let start = self.data.len();
        self.data.extend(bytes);
        let name = serde_json::Value::from(name);
        let end = self.data.len();
        self.entries.push(format!("{name}:{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{start},{end}]}}"));
    }

    fn finish(self, metadata: &std::collections::BTreeMap<String, String>) -> Result<Vec<u8>, ExportError> {
        let mut header = "{\"__metadata__\":{".to_string();
        for (i, (key, value)) in metadata.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let (key, value) = (serde_json::Value::from(key.as_str()), serde_json::Value::from(value.as_str()));
            write!(header, "{comma}{key}:{value}").map_err(|e| ExportError::CannotWrite(e.to_string()))?;
        }
        header.push('}');
        for entry in &self.entries {
            header.push(',');
            header.push_str(entry);
        }
        header.push('}');
        header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
        if header.len() as u64 > MAX_HEADER {
            return Err(ExportError::CannotWrite("its metadata are too long".into()));
        }
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&self.data);
        Ok(bytes)
    }
}

#[cfg(test)]
#[path = "safetensors_tests.rs"]
pub(super) mod tests;
