//! The self-contained model: one safetensors file with tensors under YOLOv5's names and a [`ModelCard`] as metadata.
//!
//! Where the network is one of YOLOv5's, `load_state_dict` upstream takes the tensors as they are: `num_batches_tracked`
//! (int64) stands beside each batch norm, and `model.<i>.anchors` [levels, anchors, 2] is in units of the stride.

use super::{Artefact, ExportError, Format, ModelCard, Written};
use crate::base::Digest;
use crate::nn::{Parameters, TensorWriter};
use crate::space::{Head, ParamKind, Program};
use safetensors::{Dtype, SafeTensors};

/// `--format safetensors`
pub const FORMAT: Format = Format {
    name: "safetensors",
    ending: "safetensors",
    doc: "weights under YOLOv5's names, with architecture and classes in its metadata",
    write,
    needs: None,
    differs: None,
    origin: None,
};

fn write(artefact: &Artefact, _: &str) -> Result<Vec<Written>, ExportError> {
    Ok(vec![file(artefact)?])
}

/// The file, read again.
pub(super) fn file(artefact: &Artefact) -> Result<Written, ExportError> {
    let bytes = artefact.to_bytes()?;
    Artefact::from_bytes(&bytes).map_err(|e| ExportError::CannotWrite(format!("the file does not load again, which is a bug: {e}")))?;
    Ok(Written { ending: FORMAT.ending, bytes })
}

/// The largest header that is read.
const MAX_HEADER: u64 = 16 << 20;
/// The most activation values of one image: 4 GiB of f32.
const MAX_ACTIVATIONS: usize = 1 << 30;

impl Artefact {
    /// The file. The same model gives the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ExportError> {
        let anchors = anchors_tensor(&self.program);
        let counts: Vec<String> = self.norms().collect();
        let count = i64::try_from(self.card.iterations).unwrap_or(i64::MAX).to_le_bytes();
        let mut file = TensorWriter::default();
        // 8-byte numbers first keeps everything aligned, as the format recommends.
        counts.iter().for_each(|name| file.tensor(name, "I64", &[], count));
        for (spec, values) in self.program.params.iter().zip(&self.params.0) {
            file.tensor(&spec.name, "F32", &spec.shape, values.iter().flat_map(|v| v.to_le_bytes()));
        }
        if let Some((name, shape, values)) = &anchors {
            file.tensor(name, "F32", shape, values.iter().flat_map(|v| v.to_le_bytes()));
        }
        let metadata = self.card.entries(&self.program, &digest(&self.params))?;
        let bytes = file.finish(&metadata).map_err(ExportError::CannotWrite)?;
        match header_len(&bytes) > MAX_HEADER {
            true => Err(ExportError::CannotWrite("its metadata are too long".into())),
            false => Ok(bytes),
        }
    }

    /// Reads a file. Nothing of it is believed: sizes are bounded, the architecture is built anew, and every tensor must
    /// be there with the shape that the architecture gives it and the digest that was recorded.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ExportError> {
        let header = header_len(bytes);
        if header > MAX_HEADER {
            return Err(ExportError::NotSafetensors(format!("a header of {header} bytes is too long")));
        }
        let not_safetensors = |e: safetensors::SafeTensorError| ExportError::NotSafetensors(e.to_string());
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(not_safetensors)?;
        let none = std::collections::HashMap::new();
        let (card, recorded) = ModelCard::from_entries(metadata.metadata().as_ref().unwrap_or(&none))?;
        let program = card.architecture.program().map_err(ExportError::NotAModel)?;
        card.check(&program).map_err(ExportError::NotAModel)?;
        let activations = program.values.iter().fold(0usize, |n, v| n.saturating_add(v.h.saturating_mul(v.w).saturating_mul(v.c)));
        if activations > MAX_ACTIVATIONS {
            return Err(ExportError::NotAModel("the network is larger than nasflow runs".into()));
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

/// What a file's first bytes say of its header.
fn header_len(bytes: &[u8]) -> u64 {
    bytes.first_chunk::<8>().map_or(0, |n| u64::from_le_bytes(*n))
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

#[cfg(test)]
#[path = "safetensors_tests.rs"]
pub(super) mod tests;
