//! Activation codes: which units of a network an image switches on, and the kernel that counts where two images agree.

/// The codes of a batch, one bit a unit.
pub struct Codes {
    /// By image.
    images: Vec<Vec<u64>>,
    units: usize,
}

impl Codes {
    /// No unit yet.
    pub fn new(n: usize) -> Self {
        Codes { images: vec![Vec::new(); n], units: 0 }
    }

    /// Adds the units of one layer: `values` holds as many of each image, image by image; above zero is on.
    pub fn add(&mut self, values: &[f32]) {
        let units = values.len() / self.images.len().max(1);
        self.units += units;
        for (code, values) in self.images.iter_mut().zip(values.chunks_exact(units.max(1))) {
            let word = |some: &[f32]| some.iter().enumerate().fold(0u64, |word, (i, v)| word | u64::from(*v > 0.0) << i);
            code.extend(values.chunks(64).map(word));
        }
    }

    /// K + K₂ of all units: how many two images have in common, on or off; row-major.
    pub fn kernel(&self) -> Vec<f64> {
        let differ = |a: &[u64], b: &[u64]| a.iter().zip(b).map(|(a, b)| u64::from((a ^ b).count_ones())).sum::<u64>();
        let row = |a: &Vec<u64>| self.images.iter().map(|b| (self.units as u64 - differ(a, b)) as f64).collect::<Vec<_>>();
        self.images.iter().flat_map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition: X Xᵀ + (1 − X)(1 − X)ᵀ, layer by layer.
    #[test]
    fn the_kernel_is_that_of_both_products() {
        let layers: [Vec<f32>; 2] = [(0..3 * 70).map(|i| ((i * i) % 7) as f32 - 3.0).collect(), vec![0.0, 1.0, -1.0, 2.0, 1e-30, f32::NAN]];
        let mut codes = Codes::new(3);
        let mut wanted = vec![0.0; 9];
        for layer in &layers {
            codes.add(layer);
            let units = layer.len() / 3;
            let x = |i: usize, u: usize| f64::from(u8::from(layer[i * units + u] > 0.0));
            for (k, wanted) in wanted.iter_mut().enumerate() {
                let (i, j) = (k / 3, k % 3);
                *wanted += (0..units).map(|u| x(i, u) * x(j, u) + (1.0 - x(i, u)) * (1.0 - x(j, u))).sum::<f64>();
            }
        }
        assert_eq!(codes.kernel(), wanted);
    }
}
