//! Tensors to and from safetensors bytes. The bytes are a function of the content: tensors keep their order, metadata is
//! sorted by name. Bytes from outside are hostile until checked.

use super::Parameters;
use super::check::check_parameters;
use crate::space::Program;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;

/// A tensor of f32 read from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its name in the file.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its elements, the last dimension fastest.
    pub data: Vec<f32>,
}

/// A file's tensors in the order of their bytes, and its metadata.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct TensorFile {
    /// The tensors.
    pub tensors: Vec<NamedTensor>,
    /// Texts by name.
    pub metadata: BTreeMap<String, String>,
}

/// Writes the format: the header's length as u64, JSON, tensors without gaps. The header is written here, because the crate's
/// writer emits metadata in a hash map's order, which differs from run to run.
#[derive(Default)]
pub struct TensorWriter {
    entries: Vec<String>,
    data: Vec<u8>,
}

impl TensorWriter {
    /// Appends a tensor; `dtype` is the format's word.
    pub fn tensor(&mut self, name: &str, dtype: &str, shape: &[usize], bytes: impl IntoIterator<Item = u8>) {
        let start = self.data.len();
        self.data.extend(bytes);
        let (name, end) = (serde_json::Value::from(name), self.data.len());
        self.entries.push(format!("{name}:{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{start},{end}]}}"));
    }

    /// The file, its metadata sorted by name.
    pub fn finish(mut self, metadata: &BTreeMap<String, String>) -> Result<Vec<u8>, String> {
        if !metadata.is_empty() {
            let metadata = serde_json::to_string(metadata).map_err(|e| e.to_string())?;
            self.entries.insert(0, format!("\"__metadata__\":{metadata}"));
        }
        let mut header = format!("{{{}}}", self.entries.join(","));
        header.extend(std::iter::repeat_n(' ', header.len().next_multiple_of(8) - header.len()));
        let mut bytes = Vec::with_capacity(8 + header.len() + self.data.len());
        bytes.extend((header.len() as u64).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend_from_slice(&self.data);
        Ok(bytes)
    }
}

/// A safetensors file of f32 tensors in the given order. Fails where a shape does not fit its data or a name is used twice.
pub fn save_tensors(tensors: &[(&str, &[usize], &[f32])], metadata: &BTreeMap<String, String>) -> Result<Vec<u8>, String> {
    let mut names = std::collections::HashSet::new();
    let mut file = TensorWriter::default();
    for (name, shape, data) in tensors {
        if !names.insert(name) || *name == "__metadata__" {
            return Err(format!("tensor name `{name}` is used twice"));
        }
        if shape.iter().try_fold(1usize, |p, &d| p.checked_mul(d)) != Some(data.len()) {
            return Err(format!("tensor `{name}`: shape {shape:?} for {} elements", data.len()));
        }
        file.tensor(name, "F32", shape, data.iter().flat_map(|v| v.to_le_bytes()));
    }
    file.finish(metadata)
}

/// The tensors of a safetensors file. F32, F16, BF16 and F64 become f32; other types are errors that name the tensor.
pub fn load_tensors(bytes: &[u8]) -> Result<TensorFile, String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| format!("not a safetensors file: {e}"))?;
    let file = SafeTensors::deserialize(bytes).map_err(|e| format!("not a safetensors file: {e}"))?;
    let mut out = TensorFile::default();
    out.metadata.extend(header.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    let mut views = file.tensors();
    views.sort_by(|a, b| (a.1.data().as_ptr(), &a.0).cmp(&(b.1.data().as_ptr(), &b.0)));
    for (name, view) in views {
        let data = floats(view.dtype(), view.data()).map_err(|e| format!("tensor `{name}`: {e}"))?;
        out.tensors.push(NamedTensor { shape: view.shape().to_vec(), data, name });
    }
    Ok(out)
}

/// The tensors of a file of weights from outside: as [`load_tensors`], but PyTorch's counters of batches (whole numbers) are passed
/// over, and a value that is not finite is an error that names the tensor.
pub fn load_weights(bytes: &[u8]) -> Result<TensorFile, String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| format!("not a safetensors file: {e}"))?;
    let file = SafeTensors::deserialize(bytes).map_err(|e| format!("not a safetensors file: {e}"))?;
    let mut out = TensorFile::default();
    out.metadata.extend(header.metadata().iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    let mut views = file.tensors();
    views.retain(|(name, _)| !name.ends_with("num_batches_tracked"));
    views.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, view) in views {
        let data = floats(view.dtype(), view.data()).map_err(|e| format!("tensor `{name}`: {e}"))?;
        if let Some(odd) = data.iter().find(|v| !v.is_finite()) {
            return Err(format!("tensor `{name}` holds {odd}"));
        }
        out.tensors.push(NamedTensor { shape: view.shape().to_vec(), data, name });
    }
    Ok(out)
}

fn floats(dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>, String> {
    Ok(match dtype {
        Dtype::F32 => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        Dtype::F64 => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
        Dtype::BF16 => bytes.as_chunks().0.iter().map(|b| f32::from_bits(u32::from(u16::from_le_bytes(*b)) << 16)).collect(),
        Dtype::F16 => bytes.as_chunks().0.iter().map(|b| half(u16::from_le_bytes(*b))).collect(),
        other => return Err(format!("type {other:?} is not a floating-point type that is read")),
    })
}

/// IEEE half precision to f32, exactly.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10) & 31, u32::from(bits) & 1023);
    match exponent {
        0 => f32::from_bits(sign | 0x3F80_0000) * fraction as f32 / 16_777_216.0,
        31 => f32::from_bits(sign | 0x7F80_0000 | fraction << 13),
        e => f32::from_bits(sign | (e + 112) << 23 | fraction << 13),
    }
}

impl Parameters {
    /// A safetensors file under the program's names, in the program's order.
    pub fn to_safetensors(&self, program: &Program, metadata: &BTreeMap<String, String>) -> Result<Vec<u8>, String> {
        check_parameters(program, self)?;
        let named = program.params.iter().zip(&self.0).map(|(p, v)| (p.name.as_str(), p.shape.as_slice(), v.as_slice()));
        save_tensors(&named.collect::<Vec<_>>(), metadata)
    }

    /// Reads what [`Parameters::to_safetensors`] or PyTorch wrote. Buffers (`num_batches_tracked`, YOLOv5's `anchors`) are passed over; a missing or
    /// unknown name, another shape, or a value that is not finite is an error that names the tensor.
    pub fn from_safetensors(program: &Program, bytes: &[u8]) -> Result<Self, String> {
        // The counters are whole numbers, which `load_tensors` rightly refuses: only what the program names is read.
        let file = SafeTensors::deserialize(bytes).map_err(|e| format!("not a safetensors file: {e}"))?;
        let known: std::collections::HashSet<&str> = program.params.iter().map(|p| p.name.as_str()).collect();
        let mut names = file.names();
        names.sort_unstable();
        let buffer = |n: &str| ["num_batches_tracked", ".anchors", ".anchor_grid"].iter().any(|end| n.ends_with(end));
        if let Some(name) = names.iter().find(|n| !known.contains(**n) && !buffer(n)) {
            return Err(format!("tensor `{name}` does not belong to this network"));
        }
        let read = |spec: &crate::space::ParamSpec| -> Result<Vec<f32>, String> {
            let view = file.tensor(&spec.name).map_err(|_| format!("tensor `{}` is missing", spec.name))?;
            if view.shape() != spec.shape {
                return Err(format!("tensor `{}` has shape {:?}, the network needs {:?}", spec.name, view.shape(), spec.shape));
            }
            let data = floats(view.dtype(), view.data()).map_err(|e| format!("tensor `{}`: {e}", spec.name))?;
            match data.iter().find(|v| !v.is_finite()) {
                Some(v) => Err(format!("tensor `{}` holds {v}", spec.name)),
                None => Ok(data),
            }
        };
        program.params.iter().map(read).collect::<Result<_, _>>().map(Parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::testing::{Builder, random_parameters};
    use crate::space::Activation;

    fn program() -> Program {
        let mut b = Builder::new(8, 8, 3);
        let x = b.conv_norm(0, 4, 3, 1, 1, Activation::Relu);
        let y = b.conv_bias(x, 2, 1, 1, 1);
        b.features(&[y])
    }

    fn metadata() -> BTreeMap<String, String> {
        ["one", "two", "three", "four \"quoted\""].map(|k| (k.to_string(), format!("value of {k}"))).into()
    }

    #[test]
    fn parameters_survive_the_round_trip_and_bytes_are_a_function_of_content() {
        let program = program();
        let params = random_parameters(&program);
        let bytes = params.to_safetensors(&program, &metadata()).unwrap();
        assert_eq!(bytes, params.to_safetensors(&program, &metadata()).unwrap());
        assert_eq!(Parameters::from_safetensors(&program, &bytes).unwrap(), params);
        let file = load_tensors(&bytes).unwrap();
        assert_eq!(file.metadata, metadata());
        let names: Vec<_> = file.tensors.iter().map(|t| t.name.clone()).collect();
        assert_eq!(names, program.params.iter().map(|p| p.name.clone()).collect::<Vec<_>>());
        assert_eq!((bytes.len() - params.0.iter().map(|p| p.len() * 4).sum::<usize>()) % 8, 0);
    }

    #[test]
    fn mismatches_are_named() {
        let program = program();
        let bytes = random_parameters(&program).to_safetensors(&program, &BTreeMap::new()).unwrap();
        let mut other = program.clone();
        other.params[0].shape = vec![4, 3, 9, 1];
        let error = Parameters::from_safetensors(&other, &bytes).unwrap_err();
        assert!(error.contains("model.0.Weight") && error.contains("[4, 3, 3, 3]") && error.contains("[4, 3, 9, 1]"), "{error}");
        other.params[0].name = "model.9.Weight".into();
        let error = Parameters::from_safetensors(&other, &bytes).unwrap_err();
        assert!(error.contains("`model.0.Weight` does not belong"), "{error}");
        let named = [("a", &[2usize][..], &[1.0f32, f32::NAN][..])];
        let mut one = program.clone();
        one.params.truncate(1);
        (one.params[0].name, one.params[0].shape) = ("a".into(), vec![2]);
        let error = Parameters::from_safetensors(&one, &save_tensors(&named, &BTreeMap::new()).unwrap()).unwrap_err();
        assert!(error.contains("`a` holds NaN"), "{error}");
        let error = load_weights(&save_tensors(&named, &BTreeMap::new()).unwrap()).unwrap_err();
        assert!(error.contains("`a` holds NaN"), "{error}");
        assert!(save_tensors(&[("a", &[3], &[1.0])], &BTreeMap::new()).is_err());
        assert!(save_tensors(&[("a", &[1], &[1.0]), ("a", &[1], &[1.0])], &BTreeMap::new()).is_err());
    }

    #[test]
    fn damaged_bytes_are_errors() {
        let program = program();
        let bytes = random_parameters(&program).to_safetensors(&program, &metadata()).unwrap();
        for len in 0..bytes.len() {
            assert!(load_tensors(&bytes[..len]).is_err(), "{len} bytes");
        }
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        for i in 0..header {
            for value in [0, b'9', b'"', b'}', 255] {
                let mut damaged = bytes.clone();
                damaged[i] = value;
                let _ = (load_tensors(&damaged), load_weights(&damaged));
                let _ = Parameters::from_safetensors(&program, &damaged);
            }
        }
    }

    #[test]
    fn half_precision_is_exact() {
        let cases = [(0x3C00, 1.0), (0xC000, -2.0), (0x0001, 5.960_464_5e-8), (0x8000, -0.0), (0x7BFF, 65504.0), (0x7C00, f32::INFINITY)];
        for (bits, value) in cases {
            assert_eq!(half(bits).to_bits(), f32::to_bits(value), "{bits:#x}");
        }
        assert!(half(0x7E00).is_nan());
    }
}
