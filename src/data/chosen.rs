//! Some images of a data set to look at: a seeded choice in which every class occurs, where there is room for all.

use super::error::DataError;
use super::pack::Pack;
use super::scanned::{Place, Scan, ScanImage, ScanSplit};
use super::split::rank;
use std::collections::BTreeSet;
use std::path::Path;

/// An image that was chosen, with its pixels in the pack of the same index.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The split that it is from.
    pub split: String,
    /// What is known of it.
    pub image: ScanImage,
}

impl Chosen {
    /// What to call it: the name of its file, else its number.
    pub fn name(&self) -> String {
        match &self.image.place {
            Place::File(path) => path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
            Place::Generated(number) | Place::Entry(_, number) => format!("image {number}"),
        }
    }
}

/// Up to so many images, in the order in which they were chosen: for each class, the rarest first, one that shows it, unless one that
/// is chosen already does; then others. Which ones follows from the seed and the images' bytes.
pub fn choose(scan: &Scan, count: usize, seed: u64) -> Vec<Chosen> {
    let mut known = BTreeSet::new();
    let mut pool: Vec<Chosen> = Vec::new();
    for split in &scan.splits {
        let fresh = split.images.iter().filter(|i| known.insert(i.digest));
        pool.extend(fresh.map(|image| Chosen { split: split.name.clone(), image: image.clone() }));
    }
    pool.sort_by_cached_key(|c| rank(seed, c.image.digest));
    let shows = |c: &Chosen, class: u16| c.image.label == Some(class) || c.image.objects.iter().any(|o| o.class == class);
    let mut classes: Vec<(usize, u16)> =
        (0..scan.classes.len()).filter_map(|c| u16::try_from(c).ok()).map(|c| (pool.iter().filter(|i| shows(i, c)).count(), c)).collect();
    classes.sort_unstable();
    let mut taken: Vec<usize> = Vec::new();
    for (_, class) in classes {
        if taken.len() < count && !taken.iter().any(|&i| shows(&pool[i], class)) {
            taken.extend(pool.iter().position(|c| shows(c, class)));
        }
    }
    let others = (0..pool.len()).filter(|i| !taken.contains(i)).take(count.saturating_sub(taken.len())).collect::<Vec<_>>();
    taken.extend(others);
    taken.into_iter().map(|i| pool[i].clone()).collect()
}

/// The images decoded, the longer side at `size` pixels (of images with a label the shorter one), with which image each is.
///
/// # Errors
/// As [`Pack::build`].
pub fn pictures(scan: &Scan, chosen: &[Chosen], size: usize, base: &Path) -> Result<Pack, DataError> {
    let images = chosen.iter().map(|c| c.image.clone()).collect();
    let split = ScanSplit::new("chosen", &scan.classes, scan.channels, images);
    Pack::build(&Scan { splits: vec![split], ..scan.clone() }, "chosen", size, base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::data::Object;

    fn image(number: u8, classes: &[u16]) -> ScanImage {
        let objects = classes.iter().map(|&class| Object { class, x1: 0, y1: 0, x2: 16, y2: 16 }).collect();
        ScanImage { digest: Digest::of(&[number]), place: Place::Generated(u64::from(number)), width: 8, height: 8, objects, label: None }
    }

    #[test]
    fn rare_classes_are_among_the_chosen() {
        let classes: Vec<String> = (0..3).map(|c| c.to_string()).collect();
        let mut images: Vec<ScanImage> = (0..50).map(|n| image(n, &[0])).collect();
        images[17] = image(17, &[0, 2]);
        images[31] = image(31, &[1]);
        let split = ScanSplit::new("train", &classes, 3, images);
        let again = ScanSplit { name: "trainval".into(), ..split.clone() };
        let scan = Scan {
            classes,
            splits: vec![split, again],
            generator: None,
            channels: 3,
            containers: vec![],
            unread: vec![],
            findings: vec![],
        };
        for seed in 0..5 {
            let chosen = choose(&scan, 4, seed);
            let names: BTreeSet<String> = chosen.iter().map(Chosen::name).collect();
            assert!(names.len() == 4 && names.contains("image 17") && names.contains("image 31"), "{names:?}");
        }
        assert_ne!(choose(&scan, 4, 0), choose(&scan, 4, 1));
        assert_eq!((choose(&scan, 1, 0).len(), choose(&scan, 99, 0).len()), (1, 50));
    }
}
