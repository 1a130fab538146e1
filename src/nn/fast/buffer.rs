//! A block of floats that starts at a cache line, so that no vector of 16 channels straddles two.

/// Zeros at first; grows, never shrinks.
#[derive(Default)]
pub struct Buffer {
    data: Vec<f32>,
    start: usize,
}

const LINE: usize = 64;

impl Buffer {
    /// Makes room for `len` floats; what was there may be lost.
    pub fn reserve(&mut self, len: usize) {
        if self.as_slice().len() < len {
            let mut data = vec![0.0f32; len + LINE / 4];
            nasflow_kernels::advise_huge_pages(&mut data);
            let start = data.as_ptr().align_offset(LINE).min(LINE / 4);
            *self = Buffer { data, start };
        }
    }

    /// All floats.
    pub fn as_slice(&self) -> &[f32] {
        self.data.get(self.start..).unwrap_or(&[])
    }

    /// All floats.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        self.data.get_mut(self.start..).unwrap_or(&mut [])
    }
}
