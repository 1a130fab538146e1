//! Where a parameter of one network lies in a shared tensor, and how to copy between the two.

/// A parameter's place in a shared tensor. Along each dimension it is a list of ranges, one after another; the parameter
/// holds their product in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Index of the shared tensor.
    pub tensor: usize,
    /// The shared tensor's dimensions.
    pub shared: Vec<usize>,
    /// For each dimension: (start, count), in elements of that dimension.
    pub ranges: Vec<Vec<(usize, usize)>>,
}

impl Slice {
    /// The parameter's dimensions.
    pub fn shape(&self) -> Vec<usize> {
        self.ranges.iter().map(|r| r.iter().map(|(_, n)| n).sum()).collect()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape().iter().product()
    }

    /// True where a dimension is zero.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every range lies inside the shared tensor.
    pub fn fits(&self) -> bool {
        let inside = |(ranges, &size): (&Vec<(usize, usize)>, &usize)| {
            ranges.iter().all(|(start, n)| start.checked_add(*n).is_some_and(|end| end <= size))
        };
        self.ranges.len() == self.shared.len() && self.ranges.iter().zip(&self.shared).all(inside)
    }

    /// Calls `run(shared offset, own offset, length)` for every longest stretch that is contiguous in both, in the order
    /// of the parameter's elements.
    pub fn runs(&self, mut run: impl FnMut(usize, usize, usize)) {
        // The dimensions at the end that are taken whole make one element of the last dimension that is not.
        let whole = |d: usize| matches!(self.ranges[d][..], [(0, n)] if n == self.shared[d]);
        let mut inner = self.ranges.len();
        let mut unit = 1;
        while inner > 0 && whole(inner - 1) {
            inner -= 1;
            unit *= self.shared[inner];
        }
        if inner == 0 {
            return run(0, 0, unit);
        }
        let mut strides = vec![unit; inner];
        for d in (0..inner - 1).rev() {
            strides[d] = strides[d + 1] * self.shared[d + 1];
        }
        let mut own = 0;
        self.descend(0, 0, &strides, &mut own, &mut run);
    }

    fn descend(&self, d: usize, base: usize, strides: &[usize], own: &mut usize, run: &mut impl FnMut(usize, usize, usize)) {
        for &(start, n) in &self.ranges[d] {
            if d + 1 == strides.len() {
                run(base + start * strides[d], *own, n * strides[d]);
                *own += n * strides[d];
                continue;
            }
            for i in start..start + n {
                self.descend(d + 1, base + i * strides[d], strides, own, run);
            }
        }
    }

    /// own = the slice of shared. Lengths are [`len`](Self::len) and the product of `shared`'s dimensions.
    pub fn gather(&self, shared: &[f32], own: &mut [f32]) {
        self.runs(|s, o, n| copy(&shared[s..s + n], &mut own[o..o + n]));
    }

    /// The slice of shared = own.
    pub fn scatter(&self, own: &[f32], shared: &mut [f32]) {
        self.runs(|s, o, n| copy(&own[o..o + n], &mut shared[s..s + n]));
    }

    /// The slice of shared += own: the adjoint of [`gather`](Self::gather), for gradients.
    pub fn scatter_add(&self, own: &[f32], shared: &mut [f32]) {
        self.runs(|s, o, n| shared[s..s + n].iter_mut().zip(&own[o..o + n]).for_each(|(s, o)| *s += o));
    }
}

/// The rows of a small kernel are too short for a call to memcpy.
fn copy(from: &[f32], to: &mut [f32]) {
    if from.len() >= 16 {
        return to.copy_from_slice(from);
    }
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}
