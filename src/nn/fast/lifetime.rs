//! Which buffers share memory: two whose lifetimes do not meet.

/// A buffer's need: floats an image, and the first and last step at which it is used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    pub floats: usize,
    pub first: usize,
    pub last: usize,
}

/// Gives every need a block of memory; answers the block of each and the size of each block.
///
/// Greedy in order of the first step: the smallest free block that is large enough, else the largest free one, grown.
pub(super) fn assign(needs: &[Option<Need>]) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<(usize, Need)> = needs.iter().enumerate().filter_map(|(i, n)| n.map(|n| (i, n))).collect();
    order.sort_by_key(|(i, n)| (n.first, *i));
    let mut blocks: Vec<(usize, usize)> = Vec::new(); // size, last step
    let mut block_of = vec![usize::MAX; needs.len()];
    for (i, need) in order {
        let free = |b: &&usize| blocks[**b].1 < need.first;
        let ids: Vec<usize> = (0..blocks.len()).collect();
        let fits = ids.iter().filter(free).filter(|b| blocks[**b].0 >= need.floats).min_by_key(|b| blocks[**b].0);
        let block = fits.or_else(|| ids.iter().filter(free).max_by_key(|b| blocks[**b].0)).copied().unwrap_or(blocks.len());
        if block == blocks.len() {
            blocks.push((0, 0));
        }
        blocks[block] = (blocks[block].0.max(need.floats), need.last);
        block_of[i] = block;
    }
    (block_of, blocks.into_iter().map(|b| b.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;

    #[test]
    fn no_two_living_buffers_share_memory() {
        for seed in 0..50 {
            let mut r = Random::at(seed, "lifetimes", &[]);
            let mut need = || {
                let first = r.below(30);
                (r.below(8) > 0).then(|| Need { floats: 1 + r.below(100), first, last: first + r.below(10) })
            };
            let needs: Vec<_> = (0..40).map(|_| need()).collect();
            let (block, size) = assign(&needs);
            for (i, a) in needs.iter().enumerate() {
                let Some(a) = a else { continue };
                assert!(size[block[i]] >= a.floats);
                for (j, b) in needs.iter().enumerate().skip(i + 1) {
                    let Some(b) = b else { continue };
                    assert!(block[i] != block[j] || a.last < b.first || b.last < a.first, "{a:?} {b:?}");
                }
            }
        }
    }

    #[test]
    fn a_chain_needs_two_blocks() {
        let needs: Vec<_> = (0..10).map(|i| Some(Need { floats: 5, first: i, last: i + 1 })).collect();
        assert_eq!(assign(&needs).1, vec![5, 5]);
    }
}
