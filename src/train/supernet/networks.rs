//! The networks of a supernet as they are executed, the last ones kept: planning one costs a good part of a small step.

use crate::space::supernet::{Mixed, Mixture, Path, Slice};
use crate::space::{Infeasible, Program, Sample, Supernet};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A network and where its parameters lie in the shared tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// What is executed.
    pub program: Program,
    /// By parameter; none for the weights of mixtures and for batch norms that have no scale and shift.
    pub slices: Vec<Option<Slice>>,
    /// The decisions that are mixed; of a path none.
    pub mixtures: Vec<Mixture>,
    /// Of a network with mixtures: the decisions that it depends on otherwise.
    pub taken: Vec<usize>,
}

impl Network {
    /// Both sides of the images that it reads, in pixels.
    pub fn image_size(&self) -> usize {
        self.program.values.first().map_or(0, |image| image.h)
    }
}

impl From<Path> for Network {
    fn from(path: Path) -> Self {
        Network { program: path.program, slices: path.slices.into_iter().map(Some).collect(), mixtures: Vec::new(), taken: Vec::new() }
    }
}

impl From<Mixed> for Network {
    fn from(mixed: Mixed) -> Self {
        Network { program: mixed.program, slices: mixed.slices, mixtures: mixed.mixtures, taken: mixed.taken }
    }
}

/// Which network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Path(Sample),
    Mixed(Vec<usize>, BTreeMap<usize, Vec<usize>>, usize),
}

/// The networks used last, with those that cannot be built.
pub struct Networks {
    most: usize,
    clock: u64,
    kept: HashMap<Key, (u64, Result<Arc<Network>, Infeasible>)>,
}

impl Networks {
    /// Keeps at most so many (1 or more).
    pub fn new(most: usize) -> Self {
        Networks { most: most.max(1), clock: 0, kept: HashMap::new() }
    }

    /// The path of a sample; why it cannot be built.
    pub fn path(&mut self, net: &Supernet, sample: &Sample) -> Result<Arc<Network>, Infeasible> {
        self.get(Key::Path(sample.clone()), || net.path(sample).map(Network::from))
    }

    /// A network with mixtures (see [`Supernet::mixed_where_met`]).
    /// `partial`: over one of so many channels ([`Supernet::mixed_partly`]); 1 is all.
    pub fn mixed(
        &mut self,
        net: &Supernet,
        options: &[usize],
        over: &BTreeMap<usize, Vec<usize>>,
        partial: usize,
    ) -> Result<Arc<Network>, Infeasible> {
        self.get(Key::Mixed(options.to_vec(), over.clone(), partial), || net.mixed_partly(options, over, partial).map(Network::from))
    }

    fn get(&mut self, key: Key, make: impl FnOnce() -> Result<Network, Infeasible>) -> Result<Arc<Network>, Infeasible> {
        self.clock += 1;
        if let Some((last, network)) = self.kept.get_mut(&key) {
            *last = self.clock;
            return network.clone();
        }
        if self.kept.len() >= self.most
            && let Some(oldest) = self.kept.iter().min_by_key(|(_, (last, _))| *last).map(|(key, _)| key.clone())
        {
            self.kept.remove(&oldest);
        }
        let made = make().map(Arc::new);
        self.kept.insert(key, (self.clock, made.clone()));
        made
    }
}
