//! k-fold: a split cut into parts, each with all the rest as another split. Which image is in which fold depends on its content and
//! the seed alone, as with shares.

use super::scanned::{Scan, ScanImage, ScanSplit};
use super::split::rank;
use crate::document::Folds;

/// Adds two splits a fold to a scan: the images of the fold ([`Folds::held_out`]), and all others ([`Folds::without`]). Nothing
/// where the split was not read, or has fewer images than there are folds.
///
/// The images are ordered by blake3(seed, digest) and cut at the rounded shares, so sizes differ by one at most, and an image
/// keeps its place when others come or go nearby.
pub fn cut(scan: &mut Scan, folds: &Folds) {
    let count = folds.count.value;
    let Some(split) = scan.split(&folds.of.value).filter(|s| count > 0 && s.images.len() >= count) else { return };
    let mut ranked: Vec<&ScanImage> = split.images.iter().collect();
    ranked.sort_by_cached_key(|image| rank(folds.seed, image.digest));
    let n = ranked.len();
    let bound = |fold: usize| (2 * n * fold + count) / (2 * count);
    let part = |name: String, images: &mut dyn Iterator<Item = &ScanImage>| {
        let mut images: Vec<ScanImage> = images.cloned().collect();
        images.sort_by_key(|image| image.digest);
        ScanSplit::new(&name, &scan.classes, scan.channels, images)
    };
    let mut made = Vec::with_capacity(2 * count);
    for fold in 0..count {
        let (start, end) = (bound(fold), bound(fold + 1));
        made.push(part(folds.held_out(fold), &mut ranked[start..end].iter().copied()));
        made.push(part(folds.without(fold), &mut ranked[..start].iter().chain(&ranked[end..]).copied()));
    }
    scan.splits.extend(made);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::data::Place;
    use crate::document::{Span, Spanned};
    use std::collections::BTreeSet;

    fn folds(count: usize, seed: u64) -> Folds {
        let text = |value: &str| Spanned { value: value.to_string(), span: Span::default() };
        Folds { name: text("cv"), count: Spanned { value: count, span: Span::default() }, of: text("train"), seed }
    }

    /// Images 0 to n, in files that are called as `name` says.
    fn scan(n: u64, name: impl Fn(u64) -> String) -> Scan {
        let image = |i: u64| ScanImage {
            digest: Digest::of(&i.to_le_bytes()),
            place: Place::File(name(i).into()),
            width: 8,
            height: 8,
            objects: Vec::new(),
            label: Some(0),
        };
        let mut images: Vec<ScanImage> = (0..n).map(image).collect();
        images.sort_by_key(|i| i.digest);
        let classes = vec!["a".to_string()];
        let splits = vec![ScanSplit::new("train", &classes, 3, images)];
        let (containers, unread, findings) = (Vec::new(), Vec::new(), Vec::new());
        Scan { classes, splits, generator: None, channels: 3, containers, unread, findings }
    }

    fn cut_into(mut scan: Scan, folds: &Folds) -> Scan {
        cut(&mut scan, folds);
        scan
    }

    fn digests(scan: &Scan, split: &str) -> BTreeSet<Digest> {
        scan.split(split).unwrap_or_else(|| panic!("no split {split}")).images.iter().map(|i| i.digest).collect()
    }

    #[test]
    fn folds_cover_the_split_and_none_is_in_its_training() {
        for (n, count) in [(10, 2), (23, 5), (7, 7), (100, 3)] {
            let folds = folds(count, 1);
            let scan = cut_into(scan(n, |i| format!("{i}.png")), &folds);
            let all = digests(&scan, "train");
            let mut covered = BTreeSet::new();
            for fold in 0..count {
                let (held, rest) = (digests(&scan, &folds.held_out(fold)), digests(&scan, &folds.without(fold)));
                assert!(held.is_disjoint(&rest) && covered.is_disjoint(&held), "fold {fold} of {count}");
                assert!(held.len().abs_diff(n as usize / count) <= 1 && !held.is_empty(), "{}", held.len());
                assert_eq!(held.union(&rest).copied().collect::<BTreeSet<_>>(), all);
                covered.extend(held);
            }
            assert_eq!(covered, all);
        }
    }

    #[test]
    fn folds_are_of_content_and_seed_alone() {
        let of = |seed: u64, name: fn(u64) -> String| {
            let scan = cut_into(scan(40, name), &folds(4, seed));
            scan.splits.into_iter().map(|s| (s.name, s.digest)).collect::<Vec<_>>()
        };
        assert_eq!(of(1, |i| format!("{i}.png")), of(1, |i| format!("other/{}.png", 1000 - i)));
        assert_ne!(of(1, |i| format!("{i}.png")), of(2, |i| format!("{i}.png")));
        // One image more moves few others.
        let folds = folds(4, 1);
        let (before, after) = (cut_into(scan(40, |i| i.to_string()), &folds), cut_into(scan(41, |i| i.to_string()), &folds));
        let stayed = (0..4).map(|f| digests(&before, &folds.held_out(f)).intersection(&digests(&after, &folds.held_out(f))).count());
        assert!(stayed.sum::<usize>() >= 36);
    }

    #[test]
    fn more_folds_than_images_are_none() {
        let scan = cut_into(scan(3, |i| i.to_string()), &folds(4, 0));
        assert_eq!(scan.splits.len(), 1);
    }
}
