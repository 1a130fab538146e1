//! What names a sample within its space, whatever labels and orders its file has.

use super::{Sample, Space};
use crate::base::{Canon, Digest};

impl Space {
    /// The digest of (address, rank of the option) over the active decisions. Two samples of one architecture differ here,
    /// because inside a supernet their weights do.
    pub fn path(&self, sample: &Sample) -> Digest {
        let decisions = self.decisions();
        let rank = |d: usize, o: usize| decisions.get(d)?.ranked.iter().position(|&r| r == o);
        let mut pairs: Vec<(u64, usize)> =
            sample.pairs().filter_map(|(d, o)| Some((decisions.get(d)?.address, rank(d, o).unwrap_or(o)))).collect();
        pairs.sort_unstable();
        let pairs = pairs.into_iter().map(|(address, rank)| Canon::List(vec![Canon::Int(address as i64), rank.into()]));
        Canon::map([("path", 1usize.into()), ("decisions", Canon::List(pairs.collect()))]).digest()
    }

    /// The digest of everything that a supernet of this space is made of: its network and its input. Bounds bind proposals,
    /// not the network, so another bound asks for no other supernet.
    pub fn network(&self) -> Digest {
        match self.canon() {
            Canon::Map(entries) => Canon::Map(entries.into_iter().filter(|(name, _)| name != "bounds").collect()).digest(),
            other => other.digest(),
        }
    }
}
