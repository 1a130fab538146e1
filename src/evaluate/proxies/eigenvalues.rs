//! Eigenvalues of symmetric matrices and logarithms of determinants, in f64, for matrices as large as a batch.

/// Sweeps after which it gives up: Jacobi's method needs some ten.
const SWEEPS: usize = 100;

/// The eigenvalues of a symmetric matrix (row-major), in no order: Jacobi's method, cyclic. NaN where it holds one.
pub fn eigenvalues(matrix: &[f64]) -> Vec<f64> {
    let n = side(matrix);
    if matrix.iter().any(|v| !v.is_finite()) {
        return vec![f64::NAN; n];
    }
    let mut a = matrix.to_vec();
    for _ in 0..SWEEPS {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * n + j] * a[i * n + j]).sum();
        let all: f64 = a.iter().map(|v| v * v).sum();
        if off <= all * 1e-32 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, n, p, q);
            }
        }
    }
    (0..n).map(|i| a[i * n + i]).collect()
}

/// Turns the plane of rows `p` and `q` so that their common element is zero (Golub and Van Loan, section 8.5).
fn rotate(a: &mut [f64], n: usize, p: usize, q: usize) {
    let apq = a[p * n + q];
    if apq == 0.0 {
        return;
    }
    let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
    let t = theta.signum() / (theta.abs() + libm::sqrt(theta * theta + 1.0));
    let c = 1.0 / libm::sqrt(t * t + 1.0);
    let s = t * c;
    for k in 0..n {
        let (kp, kq) = (a[k * n + p], a[k * n + q]);
        (a[k * n + p], a[k * n + q]) = (c * kp - s * kq, s * kp + c * kq);
    }
    for k in 0..n {
        let (pk, qk) = (a[p * n + k], a[q * n + k]);
        (a[p * n + k], a[q * n + k]) = (c * pk - s * qk, s * pk + c * qk);
    }
}

/// ln |det| of a matrix (row-major), by elimination with partial pivoting; −∞ where it is singular.
pub fn log_determinant(matrix: &[f64]) -> f64 {
    let n = side(matrix);
    let (mut a, mut sum) = (matrix.to_vec(), 0.0);
    for k in 0..n {
        let largest = (k..n).max_by(|&i, &j| a[i * n + k].abs().total_cmp(&a[j * n + k].abs())).unwrap_or(k);
        if largest != k {
            (0..n).for_each(|c| a.swap(k * n + c, largest * n + c));
        }
        let pivot = a[k * n + k];
        if pivot == 0.0 {
            return f64::NEG_INFINITY;
        }
        sum += libm::log(pivot.abs());
        for i in k + 1..n {
            let factor = a[i * n + k] / pivot;
            (k..n).for_each(|c| a[i * n + c] -= factor * a[k * n + c]);
        }
    }
    sum
}

fn side(matrix: &[f64]) -> usize {
    matrix.len().isqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    /// [[2, 1], [1, 2]] has 1 and 3; the trace is the sum, the determinant the product, whatever the matrix.
    #[test]
    fn eigenvalues_have_the_trace_and_the_determinant() {
        let mut two = eigenvalues(&[2.0, 1.0, 1.0, 2.0]);
        two.sort_by(f64::total_cmp);
        assert!((two[0] - 1.0).abs() < 1e-14 && (two[1] - 3.0).abs() < 1e-14, "{two:?}");
        for n in [1, 2, 5, 16, 33] {
            let mut random = Random::at(n as u64, "matrix", &[]);
            let b: Vec<f64> = (0..n * n).map(|_| random.normal()).collect();
            // B Bᵀ + I: symmetric, positive.
            let at = |i: usize, j: usize| (0..n).map(|k| b[i * n + k] * b[j * n + k]).sum::<f64>() + f64::from(u8::from(i == j));
            let a: Vec<f64> = (0..n * n).map(|k| at(k / n, k % n)).collect();
            let values = eigenvalues(&a);
            let trace: f64 = (0..n).map(|i| a[i * n + i]).sum();
            assert!((values.iter().sum::<f64>() / trace - 1.0).abs() < 1e-12);
            let logs: f64 = values.iter().map(|v| v.ln()).sum();
            assert!((logs - log_determinant(&a)).abs() < 1e-10 * logs.abs().max(1.0), "{n}");
        }
    }

    #[test]
    fn pivots_are_exchanged_and_singular_ones_seen() {
        assert!((log_determinant(&[0.0, 2.0, 3.0, 5.0]) - 6f64.ln()).abs() < 1e-14);
        assert_eq!(log_determinant(&[1.0, 2.0, 2.0, 4.0]), f64::NEG_INFINITY);
        assert!(eigenvalues(&[f64::NAN]).iter().all(|v| v.is_nan()));
    }
}
