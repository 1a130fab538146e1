//! One network of a supernet.

use super::{Slice, Supernet, follow, uses};
use crate::base::{Canon, Digest};
use crate::space::{Architecture, Infeasible, Program, Sample};

/// A sample as a network and the places of its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// What is executed: the network exactly as it would be alone.
    pub program: Program,
    /// The network as the rest of nasflow knows it.
    pub architecture: Architecture,
    /// By parameter of the program.
    pub slices: Vec<Slice>,
    canon: Canon,
}

impl Path {
    /// What names the path within its supernet: (place, rank of the option) of the active decisions. Two paths of one
    /// architecture differ here, because their weights do.
    pub fn canon(&self) -> &Canon {
        &self.canon
    }

    /// The digest of [`canon`](Self::canon).
    pub fn digest(&self) -> Digest {
        self.canon.digest()
    }
}

impl Supernet {
    /// The path of a sample. An error where it cannot be built, or needs more of a shared tensor than was foreseen.
    pub fn path(&self, sample: &Sample) -> Result<Path, Infeasible> {
        let tracked = follow(&self.space, sample)?;
        let fail = |reason: String| Infeasible { reason, span: Default::default() };
        let program = tracked.architecture.program().map_err(fail)?;
        let mut slices = Vec::with_capacity(program.params.len());
        for (span, id, of) in uses(&tracked) {
            let slice = self.slice(of).ok_or_else(|| {
                let reason = format!("the shared tensor {} does not hold what this sample needs of it", of.tensor);
                Infeasible { reason, span }
            })?;
            // Layers stand in another order there, but each has its parameters in this one.
            let same = program.params.get(slices.len()).is_some_and(|p| p.shape == tracked.expander.params[id].shape);
            if !same || slice.shape() != tracked.expander.params[id].shape {
                return Err(Infeasible { reason: format!("{} is cut out wrongly", of.tensor), span });
            }
            slices.push(slice);
        }
        if slices.len() != program.params.len() {
            return Err(fail(format!("{} of {} parameters have a place", slices.len(), program.params.len())));
        }
        Ok(Path { program, architecture: tracked.architecture, slices, canon: self.key(sample) })
    }

    fn key(&self, sample: &Sample) -> Canon {
        let decisions = &self.space.structure.decisions;
        let mut pairs: Vec<(u64, usize)> =
            sample.pairs().filter_map(|(d, o)| decisions.get(d).map(|decision| (decision.address, decision.rank(o)))).collect();
        pairs.sort_unstable();
        let pairs = pairs.into_iter().map(|(address, rank)| Canon::List(vec![Canon::Int(address as i64), rank.into()]));
        Canon::map([("path", 1usize.into()), ("decisions", Canon::List(pairs.collect()))])
    }
}
