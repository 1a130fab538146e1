//! Where a tensor lies in a buffer: NHWC with a pixel stride and a channel offset, so that producers write into, and
//! consumers read from, channel slices of a concatenation's buffer.

/// An NHWC tensor inside a flat `f32` buffer. Element (n, h, w, c) is at
/// `offset + ((n * H + h) * W + w) * stride + c`. There is never padding between rows or images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Images.
    pub n: usize,
    /// Rows an image.
    pub h: usize,
    /// Pixels a row.
    pub w: usize,
    /// Channels of this tensor.
    pub c: usize,
    /// Floats from one pixel to the next, at least `c`.
    pub stride: usize,
    /// Floats before the first element (the channel offset in a concatenation).
    pub offset: usize,
}

impl View {
    /// A tensor that fills its buffer: stride `c`, offset 0.
    pub const fn dense(n: usize, h: usize, w: usize, c: usize) -> Self {
        Self { n, h, w, c, stride: c, offset: 0 }
    }

    /// The channels `first .. first + c` of this tensor.
    ///
    /// # Panics
    /// Where the tensor has fewer channels.
    pub const fn channels(self, first: usize, c: usize) -> Self {
        assert!(first + c <= self.c, "channel slice outside the tensor");
        Self { c, offset: self.offset + first, ..self }
    }

    /// Pixels of all images: n·h·w.
    pub const fn pixels(&self) -> usize {
        self.n * self.h * self.w
    }

    /// Elements: n·h·w·c.
    pub const fn len(&self) -> usize {
        self.pixels() * self.c
    }

    /// Whether the tensor has no elements.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether pixels follow each other without a gap.
    pub const fn is_dense(&self) -> bool {
        self.stride == self.c
    }

    /// Floats a buffer must have to hold the tensor.
    pub const fn extent(&self) -> usize {
        if self.is_empty() { 0 } else { self.offset + (self.pixels() - 1) * self.stride + self.c }
    }

    /// Offset of pixel `p` (counted over all images).
    #[inline(always)]
    pub(crate) const fn at(&self, p: usize) -> usize {
        self.offset + p * self.stride
    }

    /// The check every kernel makes before it goes to pointers.
    #[track_caller]
    pub(crate) fn check(&self, len: usize, name: &str) {
        assert!(self.stride >= self.c, "{name}: pixel stride {} below {} channels", self.stride, self.c);
        assert!(self.extent() <= len, "{name}: {self:?} needs {} floats, the buffer has {len}", self.extent());
    }

    /// Asserts that both tensors have the same n, h, w and c.
    #[track_caller]
    pub(crate) fn same_shape(&self, other: &View, names: &str) {
        assert!((self.n, self.h, self.w, self.c) == (other.n, other.h, other.w, other.c), "{names}: shapes differ: {self:?}, {other:?}");
    }

    /// Asserts that both lie in the pixels of one buffer without sharing a float.
    #[track_caller]
    pub(crate) fn disjoint_channels(&self, other: &View) {
        assert!(self.stride == other.stride && self.offset / self.stride == other.offset / other.stride, "views of different pixels");
        let (a, b) = (self.offset % self.stride, other.offset % other.stride);
        assert!(a + self.c <= self.stride && b + other.c <= other.stride, "a slice crosses into the next pixel");
        assert!(a + self.c <= b || b + other.c <= a, "the channel slices overlap");
    }
}
