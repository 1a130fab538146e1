//! Jacobian covariance (Mellor et al. 2020, the first version of "Neural Architecture Search without Training").

use super::eigenvalues::eigenvalues;
use super::network::{Proxy, Untrained};
use crate::document::Fed;
use crate::nn::{NormOptions, Parameters};

/// Keeps the logarithm and the quotient finite; NASLib's.
const SMALL: f64 = 1e-5;

/// −Σ (ln(v + k) + 1 / (v + k)) over the eigenvalues v of the correlations between images' Jacobians: row i is the gradient of the sum
/// of all outputs (of a detector, of all levels) by the pixels of the batch's image i. Batch norm with the batch's statistics.
pub static JACOV: Proxy = Proxy::new(
    "jacov",
    Fed::Images,
    value,
    "Jacobian covariance: −Σ (ln(v + 1e-5) + 1 / (v + 1e-5)), v the eigenvalues of the correlations between the input gradients of a batch's images.",
);

fn value(network: &mut Untrained) -> Result<f64, String> {
    let mut params = network.weights();
    let (program, batch) = (network.program, network.images()?.clone());
    let mut executor = (network.executor)(program, batch.n)?;
    executor.seek_image_gradient(true)?;
    executor.forward_train(&mut params, &batch.images, batch.n, NormOptions { eps: network.eps, momentum: 0.0 })?;
    let ones: Vec<Vec<f32>> = (0..program.outputs.len()).map(|i| vec![1.0; executor.output(i).len()]).collect();
    executor.backward(&params, &ones, &mut Parameters::zeros(program))?;
    let gradient = executor.image_gradient();
    if gradient.len() != batch.images.len() {
        return Err(format!("{} gradients of {} pixels", gradient.len(), batch.images.len()));
    }
    Ok(score(&correlations(gradient, batch.n)))
}

/// Pearson's, between the `n` rows; row-major. NaN in rows that do not vary.
fn correlations(rows: &[f32], n: usize) -> Vec<f64> {
    let length = rows.len() / n.max(1);
    let centred: Vec<Vec<f64>> = rows
        .chunks_exact(length.max(1))
        .map(|row| {
            let mean = row.iter().map(|v| f64::from(*v)).sum::<f64>() / length as f64;
            row.iter().map(|v| f64::from(*v) - mean).collect()
        })
        .collect();
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let norms: Vec<f64> = centred.iter().map(|row| libm::sqrt(product(row, row))).collect();
    let mut all = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let own = if norms[i] > 0.0 { 1.0 } else { f64::NAN };
            let c = if i == j { own } else { product(&centred[i], &centred[j]) / (norms[i] * norms[j]) };
            (all[i * n + j], all[j * n + i]) = (c, c);
        }
    }
    all
}

fn score(correlations: &[f64]) -> f64 {
    -eigenvalues(correlations).iter().map(|v| libm::log(v + SMALL) + 1.0 / (v + SMALL)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// numpy 2: corrcoef and the formula over eigvalsh of [[1, 2, 4, 3], [0, 1, 5, 2], [3, 1, −2, 0]].
    #[test]
    fn as_numpy_has_it() {
        let rows = [1.0, 2.0, 4.0, 3.0, 0.0, 1.0, 5.0, 2.0, 3.0, 1.0, -2.0, 0.0];
        let c = correlations(&rows, 3);
        for (i, wanted) in [(1, NUMPY[0]), (2, NUMPY[1]), (5, NUMPY[2])] {
            assert!((c[i] - wanted).abs() < 1e-12, "{} against {wanted}", c[i]);
        }
        assert!((score(&c) / NUMPY[3] - 1.0).abs() < 1e-6, "{}", score(&c));
    }

    const NUMPY: [f64; 4] = [0.9561828874675149, -0.9922778767136676, -0.9636241116594317, -149.99649276780383];

    #[test]
    fn rows_that_do_not_vary_have_no_value() {
        assert!(score(&correlations(&[1.0, 1.0, 1.0, 2.0], 2)).is_nan());
    }
}
