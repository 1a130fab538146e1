//! Training batches: a pure function of (pack, recipe, seed, epoch, index).

use super::augment::Plan;
use super::batch::{Batch, Target, UNIT};
use super::classify;
use super::error::DataError;
use super::label::Label;
use super::pack::Pack;
use crate::base::Random;
use crate::document::Augment;
use std::sync::{Arc, Mutex};

/// Pictures between the one that is made and the one whose images are asked of the disk: at 640 pixels some 80 MB.
const AHEAD: usize = 16;

/// Makes batches. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Loader {
    pack: Arc<Pack>,
    size: usize,
    batch: usize,
    augment: Augment,
    seed: u64,
    /// The order of the epoch that was asked for last, by its number.
    last_order: Arc<Mutex<Option<(usize, Arc<Vec<usize>>)>>>,
}

impl Loader {
    /// A loader of `size` × `size` pictures, `batch` at a time. Where the pack has another image size, its images are
    /// resized once, from the pack's pixels.
    ///
    /// # Errors
    /// An empty pack; a batch or size of 0; a disk that does not give the pixels of a pack that is resized.
    pub fn new(pack: Arc<Pack>, size: usize, batch: usize, augment: Augment, seed: u64) -> Result<Self, DataError> {
        if pack.images.is_empty() || batch == 0 || size == 0 {
            return Err(DataError::Invalid(format!("no batches of {batch} from {} images at {size} pixels", pack.images.len())));
        }
        let pack = if pack.image_size == size { pack } else { Arc::new(pack.resized(size)?) };
        Ok(Loader { pack, size, batch, augment, seed, last_order: Arc::default() })
    }

    /// Batches in an epoch; the last one may be short.
    pub fn iterations_per_epoch(&self) -> usize {
        self.pack.images.len().div_ceil(self.batch)
    }

    /// Images in an epoch.
    pub fn len(&self) -> usize {
        self.pack.images.len()
    }

    /// Never: [`Loader::new`] refuses an empty pack.
    pub fn is_empty(&self) -> bool {
        self.pack.images.is_empty()
    }

    /// The order of the images in an epoch.
    pub fn order(&self, epoch: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.pack.images.len()).collect();
        Random::at(self.seed, "order", &[epoch as u64]).shuffle(&mut order);
        order
    }

    /// The order of an epoch, worked out once for its batches.
    fn known_order(&self, epoch: usize) -> Arc<Vec<usize>> {
        let Ok(mut last) = self.last_order.lock() else { return Arc::new(self.order(epoch)) };
        match &*last {
            Some((number, order)) if *number == epoch => order.clone(),
            _ => last.insert((epoch, Arc::new(self.order(epoch)))).1.clone(),
        }
    }

    /// What chance decides of the picture at a position of an epoch of a detector.
    fn plan(&self, epoch: usize, position: usize, image: usize) -> Plan {
        let mut rng = Random::at(self.seed, "augment", &[epoch as u64, position as u64]);
        Plan::draw(self.pack.images.len(), &self.augment, self.size, image, &mut rng)
    }

    /// Has the system read what a picture some way ahead is made of, while this one is made.
    fn ahead(&self, epoch: usize, position: usize, order: &[usize]) {
        let Some(&image) = order.get(position.saturating_add(AHEAD)) else { return };
        let images = if self.pack.is_labelled() { vec![image] } else { self.plan(epoch, position + AHEAD, image).images() };
        images.into_iter().for_each(|i| self.pack.ahead(i));
    }

    /// Batch `index` of an epoch; empty past its end.
    ///
    /// # Errors
    /// A disk that does not give the pack's pixels.
    pub fn batch(&self, epoch: usize, index: usize) -> Result<Batch, DataError> {
        let order = self.known_order(epoch);
        let start = index.saturating_mul(self.batch).min(order.len());
        let end = start.saturating_add(self.batch).min(order.len());
        let (n, pixels) = (end - start, self.size * self.size * self.pack.channels);
        let mut batch = Batch { n, images: Vec::with_capacity(n * pixels), ..Batch::default() };
        for position in start..end {
            if self.pack.pixels.on_disk() {
                self.ahead(epoch, position, &order);
            }
            if self.pack.is_labelled() {
                let mut rng = Random::at(self.seed, "augment", &[epoch as u64, position as u64]);
                classify::training(&self.pack, &self.augment, self.size, order[position], &mut rng, &mut batch.images)?;
                batch.labels.push(classify::label(&self.pack.images[order[position]]));
                continue;
            }
            let (pixels, labels) = self.plan(epoch, position, order[position]).picture(&self.pack, self.size)?;
            batch.images.extend(pixels.iter().map(|&p| UNIT[p as usize]));
            batch.targets.extend(labels.iter().map(|l| target(l, position - start, self.size)));
        }
        Ok(batch)
    }
}

/// Centre form, normalised by the picture's side.
pub(crate) fn target(l: &Label, image: usize, size: usize) -> Target {
    let s = size as f64;
    Target {
        image,
        class: l.class,
        cx: ((l.x1 + l.x2) / 2.0 / s) as f32,
        cy: ((l.y1 + l.y2) / 2.0 / s) as f32,
        w: ((l.x2 - l.x1) / s) as f32,
        h: ((l.y2 - l.y1) / s) as f32,
    }
}
