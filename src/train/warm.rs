//! Parameters that start where another network's ended: fresh ones, with what a transfer says copied over.

use crate::nn::{NamedTensor, Parameters, load_weights};
use crate::space::Program;
use crate::space::warm::{Piece, Transfer};
use std::collections::HashMap;

/// The parameters of a training from scratch with this seed, and over them what is taken of a file of weights.
///
/// # Errors
/// What is wrong with the bytes, and whatever is not there as the transfer says.
pub fn warm_parameters(program: &Program, seed: u64, bytes: &[u8], transfer: &Transfer) -> Result<Parameters, String> {
    let tensors = load_weights(bytes)?.tensors;
    let by_name: HashMap<&str, &NamedTensor> = tensors.iter().map(|t| (t.name.as_str(), t)).collect();
    let mut params = Parameters::init(program, seed);
    for piece in &transfer.pieces {
        let tensor = by_name.get(piece.from.as_str()).filter(|t| t.shape == piece.shape);
        let tensor = tensor.ok_or_else(|| format!("the weights to start from have no `{}` of {:?}", piece.from, piece.shape))?;
        let (Some(spec), Some(own)) = (program.params.get(piece.to), params.0.get_mut(piece.to)) else {
            return Err(format!("there is no tensor {} to fill", piece.to));
        };
        if !fits(piece, &spec.shape) {
            return Err(format!("`{}` does not fit into `{}`", piece.from, spec.name));
        }
        copy(&piece.ranges, (&tensor.shape, &tensor.data), (&spec.shape, own));
    }
    Ok(params)
}

/// Whether every range lies in both tensors.
fn fits(piece: &Piece, shape: &[usize]) -> bool {
    let inside = |start: usize, n: usize, size: usize| start.checked_add(n).is_some_and(|end| end <= size);
    let dimensions = piece.ranges.iter().zip(piece.shape.iter().zip(shape));
    piece.ranges.len() == shape.len()
        && piece.shape.len() == shape.len()
        && dimensions.into_iter().all(|(ranges, (&from, &to))| ranges.iter().all(|r| inside(r.0, r.2, from) && inside(r.1, r.2, to)))
}

/// Copies the product of the ranges.
fn copy(ranges: &[Vec<(usize, usize, usize)>], (from_shape, from): (&[usize], &[f32]), (to_shape, to): (&[usize], &mut [f32])) {
    let Some((first, rest)) = ranges.split_first() else { return to.copy_from_slice(from) };
    let (from_step, to_step) = (from_shape[1..].iter().product::<usize>(), to_shape[1..].iter().product::<usize>());
    for &(start, place, n) in first {
        if rest.is_empty() {
            to[place..place + n].copy_from_slice(&from[start..start + n]);
            continue;
        }
        for i in 0..n {
            let (a, b) = ((start + i) * from_step, (place + i) * to_step);
            copy(rest, (&from_shape[1..], &from[a..a + from_step]), (&to_shape[1..], &mut to[b..b + to_step]));
        }
    }
}

#[cfg(test)]
#[path = "warm_tests.rs"]
mod tests;
