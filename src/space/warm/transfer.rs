//! What is copied from one set of weights into another.

use super::axis::Ranges;
use super::given::Tensor;
use crate::base::{Canon, Digest};
use crate::document::Matching;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is copied into the parameters of a network, or into the shared tensors of a supernet; the rest stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// How many tensors the target has.
    pub of: usize,
    /// What is copied, in the order of the target's tensors.
    pub pieces: Vec<Piece>,
}

/// A tensor, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Index of the target's tensor.
    pub to: usize,
    /// Name of the source's.
    pub from: String,
    /// The source's dimensions.
    pub shape: Vec<usize>,
    /// By dimension: (from, to, how many).
    pub ranges: Vec<Vec<(usize, usize, usize)>>,
    /// Whether all of the target's tensor is filled.
    pub whole: bool,
}

impl Piece {
    /// What of a tensor goes into a tensor of this shape: with `names` all of it or nothing.
    pub(super) fn of(to: usize, tensor: &Tensor, shape: &[usize], ranges: Vec<Ranges>, matching: Matching) -> Option<Piece> {
        let whole = ranges.iter().zip(shape).all(|(ranges, &size)| ranges.iter().map(|r| r.2).sum::<usize>() == size);
        let same = tensor.shape == shape && ranges.iter().zip(shape).all(|(ranges, &size)| ranges[..] == [(0, 0, size)]);
        let taken = matching == Matching::Overlap || same;
        taken.then(|| Piece { to, from: tensor.name.clone(), shape: tensor.shape.clone(), ranges, whole })
    }

    fn canon(&self) -> Canon {
        let range = |&(from, to, n): &(usize, usize, usize)| Canon::List(vec![from.into(), to.into(), n.into()]);
        let ranges = self.ranges.iter().map(|r| Canon::List(r.iter().map(range).collect()));
        Canon::List(vec![self.to.into(), self.from.as_str().into(), Canon::List(ranges.collect())])
    }
}

impl Transfer {
    /// Whether nothing is copied.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Tensors of which a part is filled.
    pub fn in_part(&self) -> usize {
        self.pieces.iter().filter(|p| !p.whole).count()
    }

    /// What a key holds of it: with the digest of the weights it says every number that is taken over.
    pub fn canon(&self) -> Canon {
        let digest: Digest = Canon::List(self.pieces.iter().map(Piece::canon).collect()).digest();
        Canon::map([("tensors", self.pieces.len().into()), ("in-part", self.in_part().into()), ("pieces", digest.into())])
    }
}

/// `57 of 84 tensors, 12 in part`.
impl fmt::Display for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} tensors", self.pieces.len(), self.of)?;
        match self.in_part() {
            0 => Ok(()),
            n => write!(f, ", {n} in part"),
        }
    }
}
