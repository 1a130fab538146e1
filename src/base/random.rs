//! Addressed randomness: a counter-based generator keyed by (seed, purpose, position), never a shared stream.
//!
//! The key is blake3 of the address; the values are SplitMix64 over a counter (Steele, Lea and Flood 2014,
//! "Fast splittable pseudorandom number generators"), so that two addresses give independent sequences and
//! nothing depends on who drew before.

/// A generator for one address. Cheap to make; make one for every independent decision.
#[derive(Clone, Debug)]
pub struct Random {
    key: u64,
    counter: u64,
}

impl Random {
    /// The generator at an address: what the numbers are for, and where they are used.
    pub fn at(seed: u64, purpose: &str, position: &[u64]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.update(&(purpose.len() as u64).to_le_bytes());
        hasher.update(purpose.as_bytes());
        for p in position {
            hasher.update(&p.to_le_bytes());
        }
        let digest = super::Digest(*hasher.finalize().as_bytes());
        Random { key: digest.seed(), counter: 0 }
    }

    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(1);
        let mut z = self.key.wrapping_add(self.counter.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in [low, high).
    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in 0 .. n, without bias (Lemire 2019). Zero where `n` is zero.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 {
            return 0;
        }
        let n = n as u64;
        let threshold = n.wrapping_neg() % n;
        loop {
            let wide = u128::from(self.bits()) * u128::from(n);
            if wide as u64 >= threshold {
                return (wide >> 64) as usize;
            }
        }
    }

    /// A standard normal value (Box and Muller), through `libm` so that machines agree.
    pub fn normal(&mut self) -> f64 {
        let u = 1.0 - self.unit();
        let v = self.unit();
        libm::sqrt(-2.0 * libm::log(u)) * libm::cos(std::f64::consts::TAU * v)
    }

    /// Fisher–Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_independent_and_repeatable() {
        let draw = |seed, purpose: &str, pos: &[u64]| Random::at(seed, purpose, pos).bits();
        assert_eq!(draw(1, "a", &[2, 3]), draw(1, "a", &[2, 3]));
        let all = [draw(1, "a", &[2]), draw(2, "a", &[2]), draw(1, "b", &[2]), draw(1, "a", &[3]), draw(1, "a", &[2, 0])];
        for (i, a) in all.iter().enumerate() {
            assert!(!all[i + 1..].contains(a));
        }
    }

    #[test]
    fn moments_are_right() {
        let mut r = Random::at(7, "test", &[]);
        let n = 200_000;
        let (mut mean, mut normal, mut square, mut counts) = (0.0, 0.0, 0.0, [0usize; 7]);
        for _ in 0..n {
            mean += r.unit();
            let x = r.normal();
            normal += x;
            square += x * x;
            counts[r.below(7)] += 1;
        }
        let n = n as f64;
        assert!((mean / n - 0.5).abs() < 0.005);
        assert!((normal / n).abs() < 0.01 && (square / n - 1.0).abs() < 0.02);
        assert!(counts.iter().all(|&c| (c as f64 / n * 7.0 - 1.0).abs() < 0.03));
    }
}
