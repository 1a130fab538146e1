//! What follows from decisions: a condition, a derived value. Worked out once for every combination of options.

/// Index of a decision in [`Structure::decisions`](super::structure::Structure::decisions), in the order of the file.
pub type DecisionId = usize;

/// Most combinations of what an expression reads.
pub const MOST: usize = 1 << 14;

/// A decision that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Which.
    pub decision: DecisionId,
    /// How many options it has.
    pub options: usize,
    /// Whether reading it makes it: a declared choice. Other decisions are made at their place, or are not there.
    pub asks: bool,
}

/// A value for every combination of the options of what is read; the last option varies fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Function<T> {
    /// What is read.
    pub reads: Vec<Read>,
    /// As many as there are combinations.
    pub values: Vec<T>,
}

/// Whether something is there.
pub type Condition = Function<bool>;

impl<T> Function<T> {
    /// Works all values out; none where there are too many combinations.
    pub fn of<E>(reads: Vec<Read>, value: impl FnMut(&[usize]) -> Result<T, E>) -> Option<Result<Function<T>, E>> {
        let count = reads.iter().try_fold(1usize, |n, r| n.checked_mul(r.options));
        count.filter(|n| *n <= MOST)?;
        let values: Result<Vec<T>, E> =
            Combinations::of(&reads).map(|c| c.to_vec()).collect::<Vec<_>>().iter().map(|c| &c[..]).map(value).collect();
        Some(values.map(|values| Function { reads, values }))
    }

    /// The value for options in the order of what is read; an option too large is the last.
    pub fn at(&self, options: &[usize]) -> &T {
        let place = self.reads.iter().zip(options).fold(0, |place, (r, &o)| place * r.options + o.min(r.options - 1));
        &self.values[place.min(self.values.len() - 1)]
    }

    /// All combinations of options.
    pub fn combinations(&self) -> Combinations {
        Combinations::of(&self.reads)
    }
}

/// Combinations of options in order, the last varying fastest.
pub struct Combinations {
    counts: Vec<usize>,
    next: Option<Vec<usize>>,
}

impl Combinations {
    fn of(reads: &[Read]) -> Self {
        Self::from(reads.iter().map(|r| r.options).collect())
    }

    /// Of so many options each.
    pub fn from(counts: Vec<usize>) -> Self {
        let next = (!counts.contains(&0)).then(|| vec![0; counts.len()]);
        Combinations { counts, next }
    }
}

impl Iterator for Combinations {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let current = self.next.take()?;
        let mut after = current.clone();
        for i in (0..after.len()).rev() {
            after[i] += 1;
            if after[i] < self.counts[i] {
                self.next = Some(after);
                break;
            }
            after[i] = 0;
        }
        Some(current)
    }
}
