//! Which results a model learns from, where there are more than it can take.

/// At most so many tickets, in their order: half the best and half the newest of the others. The best say where to go on, and the newest
/// are what was tried around them and was worse; old bad ones lie far from both. `best` has all tickets, the best first.
pub(super) fn informative(best: &[usize], most: usize) -> Vec<usize> {
    let mut some: Vec<usize> = if best.len() <= most {
        best.to_vec()
    } else {
        let (top, mut others) = (best[..most / 2].to_vec(), best[most / 2..].to_vec());
        others.sort_unstable_by(|a, b| b.cmp(a));
        top.into_iter().chain(others.into_iter().take(most - most / 2)).collect()
    };
    some.sort_unstable();
    some
}

#[cfg(test)]
mod tests {
    use super::informative;

    #[test]
    fn the_best_and_the_newest_are_kept() {
        assert_eq!(informative(&[3, 0, 2, 1], 4), [0, 1, 2, 3]);
        // The best two, and of the others the newest two.
        assert_eq!(informative(&[3, 0, 2, 1, 5, 4], 4), [0, 3, 4, 5]);
    }
}
