//! Splits: by share, by list, or the format's own. Membership depends on content and the split's seed alone.

use super::error::{DataError, Finding, FindingKind, Findings};
use super::layout::{Need, POOLS};
use super::scanned::{Place, ScanImage, ScanSplit};
use crate::base::Digest;
use crate::document::{Data, Spanned, SplitBy};
use std::collections::{BTreeMap, BTreeSet};

/// The generator's own split.
const GENERATED: [(&str, f64); 3] = [("train", 0.7), ("val", 0.15), ("test", 0.15)];

/// What splits are dealt from.
pub(crate) struct Dealt<'a> {
    /// What the document says.
    pub data: &'a Data,
    /// The splits that are made: the document's, or those of them that the data set lacks.
    pub splits: &'a [(Spanned<String>, SplitBy)],
    /// Which splits are asked for.
    pub need: &'a Need,
    /// Classes in their order.
    pub classes: &'a [String],
    /// Channels of an image.
    pub channels: usize,
    /// Images; none stands for one that could not be read or is not wanted.
    pub images: &'a [Option<ScanImage>],
}

impl Dealt<'_> {
    /// The splits of images with boxes. `listed` are those of lists and folders, with indices into the images.
    ///
    /// Shares are of the images that no list of the document names. The images are ordered by blake3(seed, digest) and cut
    /// at the rounded cumulative shares, so the counts are exact and an image keeps its place when others come or go
    /// nearby. Images with the same bytes are one image: the form with the most boxes is kept (then the greatest in
    /// order), at its first path.
    ///
    /// # Errors
    /// Shares outside (0, 1] or of more than everything; a split without an image that is asked for.
    pub fn of_all(&self, listed: &[(String, Vec<usize>)], findings: &mut Findings) -> Result<Vec<ScanSplit>, DataError> {
        let data = self.data;
        let generated = data.source.is_generated();
        let shares: Vec<(&str, f64)> = if self.splits.is_empty() && generated {
            GENERATED.to_vec()
        } else {
            self.splits.iter().filter_map(|(name, by)| Some((name.value.as_str(), share(by)?))).collect()
        };
        let mut made: BTreeMap<&str, Vec<ScanImage>> = BTreeMap::new();
        for (name, indices) in listed {
            made.insert(name, self.members(indices, name != "trainval", findings));
        }
        if !shares.is_empty() {
            let taken: BTreeSet<Digest> = made.values().flatten().map(|i| i.digest).collect();
            let all: Vec<usize> = (0..self.images.len()).collect();
            let pool = self.members(&all, true, findings).into_iter().filter(|i| !taken.contains(&i.digest)).collect();
            by_share(&shares, pool, (data.split_seed, data.stratify), &mut made)?;
        }
        if generated && made.is_empty() {
            return Err(DataError::Invalid("a generated set has no lists to split by; give shares".into()));
        }
        let order: Vec<&str> = match (self.splits.is_empty(), generated) {
            (true, true) => GENERATED.iter().map(|(n, _)| *n).collect(),
            (true, false) => listed.iter().map(|(n, _)| n.as_str()).collect(),
            _ => self.splits.iter().map(|(n, _)| n.value.as_str()).collect(),
        };
        self.finish(order, made, findings)
    }

    /// Splits cut from a data set's own. `own` are the format's, with indices into the images. A share is cut from
    /// the format's own split of that name where it has one, else from its `train` (or `trainval`, without the images of
    /// other splits; or from everything, where it has no splits); what is left of `train` is `train` where the document does not cut that too. Splits that it does not name
    /// stay.
    ///
    /// # Errors
    /// As [`of_all`](Self::of_all).
    pub fn of_own(&self, own: &[(String, Vec<usize>)], findings: &mut Findings) -> Result<Vec<ScanSplit>, DataError> {
        let seed = (self.data.split_seed, self.data.stratify);
        let mut made: BTreeMap<&str, Vec<ScanImage>> = BTreeMap::new();
        let mut order: Vec<&str> = own.iter().map(|(name, _)| name.as_str()).collect();
        for (name, indices) in own {
            made.insert(name, self.members(indices, true, findings));
        }
        let mut of_train: Vec<(&str, f64)> = Vec::new();
        for (name, by) in self.splits {
            let name = name.value.as_str();
            let Some(share) = share(by) else {
                return Err(DataError::Invalid(format!("split {name}: this format has no lists; give a share")));
            };
            match made.get_mut(name).filter(|_| name != "train") {
                Some(images) => {
                    let pool = std::mem::take(images);
                    by_share(&[(name, share)], pool, seed, &mut made)?;
                }
                None => of_train.push((name, share)),
            }
        }
        // Where nobody asks for `train` or a share of it, it was not read, and nothing is cut.
        let asked = self.need.anchors || self.need.has("train") || of_train.iter().any(|(name, _)| self.need.has(name));
        if asked && !of_train.is_empty() {
            let from = POOLS.into_iter().find(|name| made.contains_key(name)).unwrap_or(POOLS[0]);
            let pool = made.remove(from);
            let mut pool = pool.ok_or_else(|| DataError::Invalid("there is no `train` that shares could be cut from".into()))?;
            if from == "trainval" {
                let others: BTreeSet<Digest> = made.values().flatten().map(|image| image.digest).collect();
                pool.retain(|image| !others.contains(&image.digest));
            }
            let rest = by_share(&of_train, pool, seed, &mut made)?;
            made.entry("train").or_insert(rest);
            order.retain(|name| *name != from);
            order.insert(0, "train");
            order.extend(of_train.iter().map(|(name, _)| *name).filter(|name| *name != "train"));
        }
        self.finish(order, made, findings)
    }

    /// In the order of their digests, each once.
    fn members(&self, indices: &[usize], report: bool, findings: &mut Findings) -> Vec<ScanImage> {
        unique(indices.iter().filter_map(|&i| self.images.get(i)?.as_ref()), report, findings)
    }

    fn finish(
        &self,
        order: Vec<&str>,
        mut made: BTreeMap<&str, Vec<ScanImage>>,
        findings: &mut Findings,
    ) -> Result<Vec<ScanSplit>, DataError> {
        report_shared(&made, findings);
        let mut splits = Vec::new();
        for name in order {
            let images = made.remove(name).unwrap_or_default();
            if !images.is_empty() {
                splits.push(ScanSplit::new(name, self.classes, self.channels, images));
            } else if self.need.has(name) {
                let text = format!("split {name} of data set {} has no images", self.data.name.value);
                return Err(DataError::Invalid(left_out(findings).fold(text, |text, why| format!("{text}; {why}"))));
            }
        }
        Ok(splits)
    }
}

/// What was left out on the way, which may be why a split is empty.
fn left_out(findings: &Findings) -> impl Iterator<Item = Finding> {
    const WHY: [FindingKind; 3] = [FindingKind::SkippedBroken, FindingKind::MissingPlace, FindingKind::NotAnnotated];
    findings.clone().list().into_iter().filter(|f| WHY.contains(&f.kind))
}

fn share(by: &SplitBy) -> Option<f64> {
    if let SplitBy::Share(share) = by { Some(*share) } else { None }
}

/// Cuts shares off in their order; returns what is left, in the order of digests.
fn by_share<'a>(
    shares: &[(&'a str, f64)],
    pool: Vec<ScanImage>,
    (seed, stratify): (u64, bool),
    made: &mut BTreeMap<&'a str, Vec<ScanImage>>,
) -> Result<Vec<ScanImage>, DataError> {
    let sum: f64 = shares.iter().map(|(_, s)| s).sum();
    if shares.iter().any(|(_, s)| !(*s > 0.0 && *s <= 1.0)) || sum > 1.0 + 1e-9 {
        return Err(DataError::Invalid("shares of a split must be above 0, and 1 at most together".into()));
    }
    let mut ranked: Vec<([u8; 32], ScanImage)> = pool.into_iter().map(|i| (rank(seed, i.digest), i)).collect();
    ranked.sort_by_key(|r| r.0);
    let n = ranked.len();
    let images: Vec<ScanImage> = ranked.into_iter().map(|(_, image)| image).collect();
    let mut images = if stratify { even(images) } else { images }.into_iter();
    let (mut cumulative, mut start) = (0.0, 0);
    for (name, share) in shares {
        cumulative += share;
        let end = (libm::floor(n as f64 * cumulative + 0.5 + 1e-9) as usize).min(n);
        let mut part: Vec<ScanImage> = images.by_ref().take(end - start).collect();
        part.sort_by_key(|i| i.digest);
        made.insert(name, part);
        start = end;
    }
    let mut rest: Vec<ScanImage> = images.collect();
    rest.sort_by_key(|i| i.digest);
    Ok(rest)
}

/// The images of every class spread evenly over the whole, each class in its order: of every stretch a class has its share, to an image.
fn even(images: Vec<ScanImage>) -> Vec<ScanImage> {
    let mut sizes: BTreeMap<Option<u16>, u64> = BTreeMap::new();
    images.iter().for_each(|i| *sizes.entry(i.label).or_default() += 1);
    let mut seen: BTreeMap<Option<u16>, u64> = BTreeMap::new();
    let mut placed: Vec<((u64, u64), usize, ScanImage)> = Vec::with_capacity(images.len());
    for (at, image) in images.into_iter().enumerate() {
        let before = seen.entry(image.label).or_default();
        // The middle of its stretch, as a fraction.
        placed.push(((2 * *before + 1, 2 * sizes[&image.label]), at, image));
        *before += 1;
    }
    placed.sort_by(|((a, b), i, _), ((c, d), j, _)| (a * d).cmp(&(c * b)).then(i.cmp(j)));
    placed.into_iter().map(|(_, _, image)| image).collect()
}

/// An image's place in the order that shares and folds are cut from.
pub(super) fn rank(seed: u64, digest: Digest) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(&digest.0);
    *hasher.finalize().as_bytes()
}

/// In the order of their digests, each once.
fn unique<'a>(pictures: impl Iterator<Item = &'a ScanImage>, report: bool, findings: &mut Findings) -> Vec<ScanImage> {
    let mut images: BTreeMap<Digest, ScanImage> = BTreeMap::new();
    for p in pictures {
        let image = p.clone();
        match images.entry(p.digest) {
            std::collections::btree_map::Entry::Vacant(slot) => drop(slot.insert(image)),
            std::collections::btree_map::Entry::Occupied(mut slot) => {
                if report {
                    findings.add(FindingKind::DuplicateImage, shown(&p.place));
                }
                let kept = slot.get_mut();
                if kept.label != image.label {
                    findings.add(FindingKind::TwoClasses, shown(&p.place));
                }
                if (image.objects.len(), &image.objects) > (kept.objects.len(), &kept.objects) {
                    kept.objects = image.objects;
                }
            }
        }
    }
    images.into_values().collect()
}

/// Images in two splits; `trainval` is meant to overlap.
fn report_shared(made: &BTreeMap<&str, Vec<ScanImage>>, findings: &mut Findings) {
    let mut owner: BTreeMap<Digest, &str> = BTreeMap::new();
    for (name, images) in made.iter().filter(|(n, _)| **n != "trainval") {
        for image in images {
            if let Some(other) = owner.insert(image.digest, name) {
                findings.add(FindingKind::SharedImage, format!("{} ({other} and {name})", shown(&image.place)));
            }
        }
    }
}

fn shown(place: &Place) -> String {
    match place {
        Place::File(path) => path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
        Place::Generated(index) => format!("picture {index}"),
        Place::Entry(file, index) => format!("image {index} of file {file}"),
    }
}
