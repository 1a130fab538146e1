//! A Gaussian process over samples (Rasmussen and Williams 2006, algorithm 2.1), in f64 with sums in a fixed order.
//!
//! The covariance of two samples is exp(−s · d / D): d is the sum over decisions of how far their options are apart (1 for
//! unordered ones, the share of the range that lies between for a range, 1 where only one of the samples makes the decision), D how many decisions a
//! sample makes at most. It is a product of one kernel a decision, each exponential over a metric of one dimension, and so positive definite.
//! The scale s and the share of noise are those of the highest marginal likelihood on a small grid; the variance follows from them.

/// Scales of the grid: how much the whole way across the space changes.
const SCALES: [f64; 6] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0];
/// Shares of noise in the variance of a result.
const NOISES: [f64; 4] = [1e-4, 1e-3, 1e-2, 1e-1];

/// The scale and the noise of a process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    scale: f64,
    noise: f64,
}

impl Shape {
    /// The likeliest shape of scores at these points; `distance` is d / D.
    pub fn likeliest(points: usize, distance: &dyn Fn(usize, usize) -> f64, scores: &[f64]) -> Shape {
        let apart: Vec<f64> = (0..points).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|(i, j)| distance(i, j)).collect();
        let mut best = (f64::NEG_INFINITY, Shape { scale: SCALES[0], noise: NOISES[NOISES.len() - 1] });
        for scale in SCALES {
            let alike: Vec<f64> = apart.iter().map(|d| libm::exp(-scale * d)).collect();
            for noise in NOISES {
                let Some(factor) = Factor::of(alike.clone(), noise) else { continue };
                let likelihood = factor.log_likelihood(&factor.whiten(scores));
                if likelihood > best.0 {
                    best = (likelihood, Shape { scale, noise });
                }
            }
        }
        best.1
    }
}

/// A lower triangle, row by row: L with L Lᵀ = K.
struct Factor {
    rows: Vec<f64>,
    size: usize,
}

fn row(i: usize) -> usize {
    i * (i + 1) / 2
}

/// A sum of products in eight lanes that are added in a fixed order, so that the compiler may use wide registers and the bits stay.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0f64; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a8.zip(b8) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    let pairs = [lanes[0] + lanes[4], lanes[1] + lanes[5], lanes[2] + lanes[6], lanes[3] + lanes[7]];
    (pairs[0] + pairs[2]) + (pairs[1] + pairs[3]) + rest
}

impl Factor {
    /// Of a symmetric matrix given by its lower triangle, with noise on the diagonal; none where it is not positive definite.
    fn of(mut rows: Vec<f64>, noise: f64) -> Option<Factor> {
        let mut size = 0;
        while row(size) < rows.len() {
            let (before, current) = rows.split_at_mut(row(size));
            for j in 0..size {
                let other = &before[row(j)..row(j + 1)];
                current[j] = (current[j] - dot(&current[..j], &other[..j])) / other[j];
            }
            let square = current[size] + noise - dot(&current[..size], &current[..size]);
            if !square.is_finite() || square <= 0.0 {
                return None;
            }
            current[size] = libm::sqrt(square);
            size += 1;
        }
        Some(Factor { rows, size })
    }

    /// L⁻¹ v.
    fn whiten(&self, v: &[f64]) -> Vec<f64> {
        let mut out: Vec<f64> = Vec::with_capacity(self.size);
        for i in 0..self.size {
            let line = &self.rows[row(i)..row(i + 1)];
            out.push((v[i] - dot(&line[..i], &out)) / line[i]);
        }
        out
    }

    /// ln of the marginal likelihood of whitened scores at their likeliest variance, but for a constant.
    fn log_likelihood(&self, whitened: &[f64]) -> f64 {
        let logs: f64 = (0..self.size).map(|i| libm::log(self.rows[row(i) + i])).sum();
        -0.5 * self.size as f64 * libm::log(variance(whitened)) - logs
    }
}

fn variance(whitened: &[f64]) -> f64 {
    (dot(whitened, whitened) / whitened.len().max(1) as f64).max(1e-12)
}

/// A process with its results.
pub(super) struct Process {
    factor: Factor,
    whitened: Vec<f64>,
    variance: f64,
    scale: f64,
}

impl Process {
    /// Conditioned on scores at points; none where the shape does not fit them at all.
    pub fn new(shape: Shape, points: usize, distance: &dyn Fn(usize, usize) -> f64, scores: &[f64]) -> Option<Process> {
        let pairs = (0..points).flat_map(|i| (0..=i).map(move |j| (i, j)));
        let alike = pairs.map(|(i, j)| libm::exp(-shape.scale * distance(i, j))).collect();
        let factor = Factor::of(alike, shape.noise)?;
        let whitened = factor.whiten(scores);
        Some(Process { variance: variance(&whitened), whitened, factor, scale: shape.scale })
    }

    /// Mean and standard deviation of the score of another sample, noise left out.
    pub fn guess(&self, distance: &dyn Fn(usize) -> f64) -> (f64, f64) {
        let alike: Vec<f64> = (0..self.factor.size).map(|i| libm::exp(-self.scale * distance(i))).collect();
        let whitened = self.factor.whiten(&alike);
        let explained = dot(&whitened, &whitened);
        (dot(&whitened, &self.whitened), libm::sqrt((self.variance * (1.0 - explained)).max(1e-12)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    #[test]
    fn a_factor_times_itself_is_the_matrix() {
        let n = 37;
        let mut random = Random::at(1, "points", &[]);
        let at: Vec<f64> = (0..n).map(|_| random.unit()).collect();
        let kernel = |i: usize, j: usize| libm::exp(-3.0 * (at[i] - at[j]).abs());
        let lower: Vec<f64> = (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|(i, j)| kernel(i, j)).collect();
        let factor = Factor::of(lower.clone(), 0.5).unwrap();
        let l = |i: usize, j: usize| if j <= i { factor.rows[row(i) + j] } else { 0.0 };
        for i in 0..n {
            for j in 0..=i {
                let product: f64 = (0..n).map(|k| l(i, k) * l(j, k)).sum();
                let expected = kernel(i, j) + if i == j { 0.5 } else { 0.0 };
                assert!((product - expected).abs() < 1e-12, "{i} {j}: {product} {expected}");
            }
        }
        // Twice the same point without noise has no inverse.
        assert!(Factor::of(vec![1.0, 1.0, 1.0], 0.0).is_none());
    }

    /// Two points by hand: K = [[1 + n, k], [k, 1 + n]].
    #[test]
    fn a_guess_is_that_of_the_text_book() {
        let (noise, k, far) = (0.1, libm::exp(-1.0), libm::exp(-0.5));
        let process = Process::new(Shape { scale: 1.0, noise }, 2, &|i, j| (i as f64 - j as f64).abs(), &[1.0, -0.5]).unwrap();
        let (mean, deviation) = process.guess(&|_| 0.5);
        let det = (1.0 + noise) * (1.0 + noise) - k * k;
        let solve = |a: f64, b: f64| (((1.0 + noise) * a - k * b) / det, ((1.0 + noise) * b - k * a) / det);
        let (a, b) = solve(1.0, -0.5);
        assert!((mean - far * (a + b)).abs() < 1e-12);
        let (c, d) = solve(far, far);
        let variance = (a - 0.5 * b) / 2.0;
        assert!((deviation * deviation - variance * (1.0 - far * (c + d))).abs() < 1e-12);
    }

    #[test]
    fn the_likeliest_shape_tells_rough_from_smooth_and_noise() {
        let at: Vec<f64> = (0..60).map(|i| i as f64 / 60.0).collect();
        let distance = |i: usize, j: usize| (at[i] - at[j]).abs();
        let smooth: Vec<f64> = at.iter().map(|x| 2.0 * x - 1.0).collect();
        let wavy: Vec<f64> = at.iter().map(|x| libm::sin(25.0 * x)).collect();
        let noise: Vec<f64> = (0..60).map(|i| Random::at(2, "noise", &[i]).normal()).collect();
        let [smooth, wavy, noise] = [smooth, wavy, noise].map(|scores| Shape::likeliest(60, &distance, &scores));
        assert!(smooth.scale <= wavy.scale && smooth.noise < noise.noise && wavy.noise < noise.noise, "{smooth:?} {wavy:?} {noise:?}");
    }
}
