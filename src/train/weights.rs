//! A blob of weights: what is evaluated, and what `init continue` starts from.

use crate::nn::Parameters;
use crate::space::Program;
use std::collections::BTreeMap;

/// Weights and running statistics as safetensors under PyTorch's names; equal values give equal bytes.
pub fn weights_to_bytes(program: &Program, weights: &Parameters) -> Result<Vec<u8>, String> {
    let metadata = BTreeMap::from([("nasflow".to_string(), "weights v1".to_string())]);
    weights.to_safetensors(program, &metadata)
}

/// Reads what [`weights_to_bytes`] or PyTorch wrote, for a program with the same parameters.
pub fn weights_from_bytes(program: &Program, bytes: &[u8]) -> Result<Parameters, String> {
    Parameters::from_safetensors(program, bytes)
}
