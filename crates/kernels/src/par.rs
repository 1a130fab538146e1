//! Work split into pieces whose sizes depend on the shapes alone, run by rayon's current pool. What a piece computes never
//! depends on who runs it, so the number of threads changes no bit.

use crate::moments::Moments;
use rayon::prelude::*;
use std::cell::RefCell;
use std::ops::Range;

/// A buffer that several tasks write disjoint parts of.
#[derive(Clone, Copy)]
pub(crate) struct Out(*mut f32);

// Safety: only handed to tasks that write disjoint elements, while the exclusive borrow it was made from lasts.
unsafe impl Send for Out {}
unsafe impl Sync for Out {}

impl Out {
    pub(crate) fn new(s: &mut [f32]) -> Self {
        Self(s.as_mut_ptr())
    }
    #[inline(always)]
    pub(crate) fn ptr(self) -> *mut f32 {
        self.0
    }
}

/// A buffer that tasks read, possibly the one they write (kernels that work in place).
#[derive(Clone, Copy)]
pub(crate) struct In(*const f32);

// Safety: read-only, or read by the one task that also writes the element.
unsafe impl Send for In {}
unsafe impl Sync for In {}

impl In {
    pub(crate) fn new(s: &[f32]) -> Self {
        Self(s.as_ptr())
    }
    pub(crate) fn of(o: Out) -> Self {
        Self(o.0)
    }
    #[inline(always)]
    pub(crate) fn ptr(self) -> *const f32 {
        self.0
    }
}

/// Runs `f(0) … f(n - 1)` in any order on the current pool.
pub(crate) fn tasks(n: usize, f: impl Fn(usize) + Sync) {
    if n <= 1 {
        (0..n).for_each(f);
    } else {
        (0..n).into_par_iter().for_each(&f);
    }
}

/// Runs `f` on the pieces of `0..n`, each `size` long but the last.
pub(crate) fn chunks(n: usize, size: usize, f: impl Fn(Range<usize>) + Sync) {
    let size = size.max(1);
    tasks(n.div_ceil(size), |i| f(i * size..((i + 1) * size).min(n)));
}

/// Pixels a piece for passes over `c` channels: about 64 KiB of floats.
pub(crate) fn pixels_a_piece(c: usize) -> usize {
    (16384 / c.max(1)).max(1)
}

/// Memory of a thread that lives on between calls, so that no call pays for fresh pages.
#[derive(Default)]
pub(crate) struct Local {
    pub(crate) floats: Vec<f32>,
    pub(crate) others: Vec<f32>,
    pub(crate) sums: Vec<f32>,
    pub(crate) sources: Vec<usize>,
    pub(crate) targets: Vec<usize>,
}

thread_local! {
    static LOCAL: RefCell<Local> = RefCell::default();
}

/// Lends the thread's memory to `f`, which must not start parallel work.
pub(crate) fn with_local<R>(f: impl FnOnce(&mut Local) -> R) -> R {
    LOCAL.with(|l| f(&mut l.borrow_mut()))
}

/// A vector's first `len` elements, grown where it is too short; what they hold is unspecified.
pub(crate) fn take<T: Copy + Default>(v: &mut Vec<T>, len: usize) -> &mut [T] {
    if v.len() < len {
        v.resize(len, T::default());
    }
    &mut v[..len]
}

/// [`take`] of floats whose first lies on a cache line, so that no vector load from it crosses one.
pub(crate) fn aligned(v: &mut Vec<f32>, len: usize) -> &mut [f32] {
    let all = take(v, len + 15);
    let skip = all.as_ptr().align_offset(64).min(15);
    &mut all[skip..skip + len]
}

/// Work memory a caller keeps from call to call (packed weights, partial sums). Any kernel can use any scratch; results never
/// depend on what it held. One scratch serves one call at a time.
#[derive(Default)]
pub struct Scratch {
    pub(crate) packed: Vec<f32>,
    pub(crate) partial: Vec<f32>,
    pub(crate) moments: Moments,
}

impl Scratch {
    /// An empty one; it grows to the largest need it meets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Floats it holds at present.
    pub fn len(&self) -> usize {
        self.packed.len() + self.partial.len() + self.moments.len()
    }

    /// Whether it holds nothing yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
