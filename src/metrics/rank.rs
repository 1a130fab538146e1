//! Rank correlation: whether one number orders candidates as another does.

/// Kendall's tau-b (1945): (concordant − discordant) / √((pairs − ties in a)(pairs − ties in b)), in n·log n steps
/// (Knight 1966).
///
/// None where the lists differ in length, hold a NaN or fewer than two values, or one of them is constant.
pub fn kendall_tau_b(a: &[f64], b: &[f64]) -> Option<f64> {
    if !comparable(a, b) {
        return None;
    }
    let mut order: Vec<usize> = (0..a.len()).collect();
    order.sort_by(|&i, &j| compare(a[i], a[j]).then(compare(b[i], b[j])));
    let pairs = pairs_of(a.len());
    let ties_a = ties(&order, |i, j| a[i] == a[j]);
    let ties_both = ties(&order, |i, j| a[i] == a[j] && b[i] == b[j]);
    let mut values: Vec<f64> = order.iter().map(|&i| b[i]).collect();
    // Sorted by a, then b: pairs that are out of order in b are the discordant ones.
    let discordant = inversions(&mut values);
    let sorted: Vec<usize> = (0..values.len()).collect();
    let ties_b = ties(&sorted, |i, j| values[i] == values[j]);
    let concordant = pairs + ties_both - ties_a - ties_b - discordant;
    let (free_a, free_b) = ((pairs - ties_a) as f64, (pairs - ties_b) as f64);
    let scale = libm::sqrt(free_a) * libm::sqrt(free_b);
    (scale > 0.0).then(|| ((concordant as f64 - discordant as f64) / scale).clamp(-1.0, 1.0))
}

/// Spearman's rho: the correlation of ranks, ties sharing their mean rank. None as for [`kendall_tau_b`].
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    if !comparable(a, b) {
        return None;
    }
    let (a, b) = (ranks(a), ranks(b));
    // Ranks have the mean (n + 1) / 2 whatever the ties.
    let centre = (a.len() + 1) as f64 / 2.0;
    let product = |x: &[f64], y: &[f64]| -> f64 { x.iter().zip(y).map(|(x, y)| (x - centre) * (y - centre)).sum() };
    let scale = libm::sqrt(product(&a, &a)) * libm::sqrt(product(&b, &b));
    (scale > 0.0).then(|| (product(&a, &b) / scale).clamp(-1.0, 1.0))
}

/// Ranks from 1; equal values share the mean of their ranks.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| compare(values[i], values[j]));
    let mut ranks = vec![0.0; values.len()];
    for run in order.chunk_by(|&i, &j| compare(values[i], values[j]).is_eq()) {
        let before = order.partition_point(|&i| compare(values[i], values[run[0]]).is_lt());
        let rank = before as f64 + (run.len() + 1) as f64 / 2.0;
        run.iter().for_each(|&i| ranks[i] = rank);
    }
    ranks
}

fn comparable(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.len() > 1 && !a.iter().chain(b).any(|v| v.is_nan())
}

fn compare(a: f64, b: f64) -> std::cmp::Ordering {
    (a + 0.0).total_cmp(&(b + 0.0))
}

fn pairs_of(n: usize) -> u64 {
    (n as u64) * (n as u64).saturating_sub(1) / 2
}

/// Pairs within runs of neighbours that are the same.
fn ties(order: &[usize], same: impl Fn(usize, usize) -> bool) -> u64 {
    order.chunk_by(|&i, &j| same(i, j)).map(|run| pairs_of(run.len())).sum()
}

/// Sorts, and counts the pairs that stood in the wrong order.
fn inversions(values: &mut [f64]) -> u64 {
    let n = values.len();
    if n < 2 {
        return 0;
    }
    let (left, right) = values.split_at_mut(n / 2);
    let mut count = inversions(left) + inversions(right);
    let mut merged = Vec::with_capacity(n);
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < right.len() {
        if j == right.len() || (i < left.len() && left[i] <= right[j]) {
            merged.push(left[i]);
            i += 1;
        } else {
            count += (left.len() - i) as u64;
            merged.push(right[j]);
            j += 1;
        }
    }
    values.copy_from_slice(&merged);
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    #[test]
    fn known_values() {
        // scipy.stats.kendalltau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]) = −0.4714045207910316 (its manual's example).
        let tau = kendall_tau_b(&[12.0, 2.0, 1.0, 12.0, 2.0], &[1.0, 4.0, 7.0, 1.0, 0.0]).unwrap();
        assert!((tau + 0.4714045207910316).abs() < 1e-12, "{tau}");
        // scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]) = 0.8207826816681233 (its manual's example).
        let rho = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[5.0, 6.0, 7.0, 8.0, 7.0]).unwrap();
        assert!((rho - 0.8207826816681233).abs() < 1e-12, "{rho}");
        assert_eq!(kendall_tau_b(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), Some(-1.0));
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), vec![3.5, 1.0, 3.5, 2.0]);
    }

    #[test]
    fn agrees_with_the_definition_on_tied_data() {
        for seed in 0..50 {
            let mut r = Random::at(seed, "ranks", &[]);
            let n = 2 + r.below(40);
            let a: Vec<f64> = (0..n).map(|_| r.below(9) as f64).collect();
            let b: Vec<f64> = a.iter().map(|v| v + r.below(9) as f64).collect();
            let (mut s, mut free_a, mut free_b) = (0.0, 0.0, 0.0);
            for i in 0..n {
                for j in 0..i {
                    let sign = |x: f64| if x == 0.0 { 0.0 } else { x.signum() };
                    let (x, y) = (sign(a[i] - a[j]), sign(b[i] - b[j]));
                    s += x * y;
                    free_a += x * x;
                    free_b += y * y;
                }
            }
            let expected = s / libm::sqrt(free_a * free_b);
            match kendall_tau_b(&a, &b) {
                Some(tau) => assert!((tau - expected).abs() < 1e-12, "seed {seed}"),
                None => assert!(expected.is_nan()),
            }
        }
    }

    #[test]
    fn refuses_what_has_no_order() {
        assert_eq!(kendall_tau_b(&[1.0], &[1.0]), None);
        assert_eq!(kendall_tau_b(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[1.0, f64::NAN], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[1.0, 2.0], &[1.0]), None);
        assert_eq!(kendall_tau_b(&[0.0, -0.0], &[1.0, 2.0]), None);
    }
}
