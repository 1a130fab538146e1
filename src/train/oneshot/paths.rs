//! What one optimiser step of a path-sampling method trains.

use crate::document::Elastic;

/// An index into the options of each decision. Decisions that the others leave unused have an index too, which is not read.
pub type Path = Vec<usize>;

/// A decision as the methods see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What it varies.
    pub kind: Elastic,
    /// A size for each option, in the space's order: the value itself (kernel, repeats, channels), or the cost of a branch. The first
    /// largest option and the first smallest one make the largest and the smallest path; where all are equal, both take the first.
    pub sizes: Vec<f64>,
}

impl Decision {
    /// How many options there are.
    pub fn options(&self) -> usize {
        self.sizes.len()
    }

    /// Options from the largest to the smallest; equal ones in the space's order.
    pub fn descending(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.sizes.len()).collect();
        order.sort_by(|&a, &b| self.sizes[b].total_cmp(&self.sizes[a]));
        order
    }

    /// The largest option; 0 where there is none.
    pub fn largest(&self) -> usize {
        self.descending().first().copied().unwrap_or(0)
    }

    /// The smallest option; of equal ones the first.
    pub fn smallest(&self) -> usize {
        let by_size = |&a: &usize, &b: &usize| self.sizes[a].total_cmp(&self.sizes[b]);
        (0..self.sizes.len()).min_by(by_size).unwrap_or(0)
    }
}

/// Why a path is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Drawn.
    Random,
    /// The largest network.
    Largest,
    /// The smallest network.
    Smallest,
}

/// Whose soft outputs a path is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Teacher {
    /// The outputs of the first path of this very step, on the same batch; constants.
    InPlace,
    /// A network of its own: the largest as it stood when the teacher's phase ended.
    Frozen,
}

/// One path of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct PathPlan {
    /// The path.
    pub path: Path,
    /// Why.
    pub role: Role,
    /// Which of the step's batches it reads.
    pub batch: usize,
    /// Weight of the loss against the labels; 0: not computed.
    pub labels: f64,
    /// Weight of the distillation loss, and its teacher.
    pub teacher: Option<(f64, Teacher)>,
    /// Whether dropout and drop-path, where the recipe has them, apply.
    pub regularised: bool,
}

impl PathPlan {
    /// A path that learns from labels, on the first batch.
    pub fn labelled(path: Path, role: Role) -> Self {
        PathPlan { path, role, batch: 0, labels: 1.0, teacher: None, regularised: true }
    }
}

/// One optimiser step: gradients of all paths are added, in this order, and one step is made.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPlan {
    /// How many batches it reads.
    pub batches: usize,
    /// The paths, in the order in which they run.
    pub paths: Vec<PathPlan>,
}

/// The path of all largest options.
pub fn largest(decisions: &[Decision]) -> Path {
    decisions.iter().map(Decision::largest).collect()
}

/// The path of all smallest options.
pub fn smallest(decisions: &[Decision]) -> Path {
    decisions.iter().map(Decision::smallest).collect()
}

#[cfg(test)]
pub(super) fn decisions(counts: &[usize]) -> Vec<Decision> {
    let sizes = |n: usize| (0..n).map(|i| ((i + n / 2) % n.max(1)) as f64).collect();
    counts.iter().map(|&n| Decision { kind: Elastic::Width, sizes: sizes(n) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_follow_sizes_and_ties_the_order() {
        let d = |sizes: &[f64]| Decision { kind: Elastic::Kernel, sizes: sizes.to_vec() };
        let all = [d(&[3.0, 7.0, 5.0]), d(&[1.0, 1.0]), d(&[2.0, 1.0, 1.0, 2.0])];
        assert_eq!(largest(&all), [1, 0, 0]);
        assert_eq!(smallest(&all), [0, 0, 1]);
        assert_eq!(all[2].descending(), [0, 3, 1, 2]);
        assert_eq!((d(&[]).largest(), d(&[]).smallest()), (0, 0));
    }
}
