//! The weights of a supernet: its shared tensors as the parameters of a program without operators, so that states, optimisers
//! and files are those of any training; and the networks that are cut out of them.

use crate::nn::Parameters;
use crate::space::supernet::Path;
use crate::space::{Program, Supernet};

/// A program that only holds the shared tensors, in their order. It cannot be executed.
pub fn holder(net: &Supernet) -> Result<Program, String> {
    let mut program = net.path(&net.space().reference()).map_err(|e| e.reason)?.program;
    program.nodes.clear();
    program.outputs.clear();
    program.params = net.tensors().to_vec();
    Ok(program)
}

/// The parameters of a path, gathered from the shared tensors: a network of its own from here on.
pub fn cut(path: &Path, shared: &Parameters) -> Result<Parameters, String> {
    let mut own = Parameters::zeros(&path.program);
    for (slice, own) in path.slices.iter().zip(&mut own.0) {
        let tensor = shared.0.get(slice.tensor).filter(|t| t.len() == slice.shared.iter().product::<usize>());
        slice.gather(tensor.ok_or("the weights are of another supernet")?, own);
    }
    Ok(own)
}
