//! Which networks an optimiser step trains, by the methods that draw them. The bounds of the space (`require`) do not count: one
//! supernet serves every bound.

use super::networks::Networks;
use super::setup::Setup;
use crate::base::Random;
use crate::space::{Infeasible, Sample};
use crate::train::TrainError;
use crate::train::oneshot::{Draw, Role, StepPlan, Teacher};
use std::collections::BTreeSet;

/// One network of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// What was decided.
    pub sample: Sample,
    /// Which of the step's batches it reads.
    pub batch: u64,
    /// Weight of the loss against the labels.
    pub labels: f64,
    /// Weight of the loss against a teacher.
    pub teacher: Option<(f64, Teacher)>,
}

/// Draws in the place of a path that cannot be built.
pub(super) const SUBSTITUTES: u64 = 100;

impl Setup {
    /// How many batches a step reads.
    pub(super) fn batches_a_step(&self) -> u64 {
        self.family.draws().map_or(1, |d| d.batches_a_step(&self.options))
    }

    /// The networks of step `step`, which begins in `epoch`.
    pub(super) fn draw(&self, step: u64, epoch: usize, networks: &mut Networks) -> Result<Vec<Drawn>, TrainError> {
        let Some(draws) = self.family.draws() else {
            return Err(TrainError::Internal(format!("`{}` draws no paths", self.method.word.name)));
        };
        let at = Draw { seed: self.seed, step, epoch, options: &self.options, decisions: &self.decisions };
        // Sizes by cost make a largest network of their own.
        self.drawn(draws.plan(&at), step, !draws.sizes_by_cost(), networks)
    }

    fn drawn(&self, plan: StepPlan, step: u64, extreme: bool, networks: &mut Networks) -> Result<Vec<Drawn>, TrainError> {
        let mut drawn = Vec::with_capacity(plan.paths.len());
        for (k, path) in plan.paths.into_iter().enumerate() {
            let sample = match path.role {
                Role::Largest if extreme => self.largest.clone(),
                Role::Smallest if extreme => self.smallest.clone(),
                _ => self.buildable(self.places.sample(&self.net, &path.path), &[step, k as u64], networks)?,
            };
            // The largest learns nothing from itself.
            let largest = self.sized_as(&sample, &self.largest) == self.largest;
            if k > 0 && matches!(path.teacher, Some((_, Teacher::InPlace))) && largest {
                continue;
            }
            drawn.push(Drawn { sample, batch: path.batch as u64, labels: path.labels, teacher: path.teacher });
        }
        self.at_one_size(drawn, step, networks)
    }

    /// All networks of a batch read it at one size, which is drawn for the batch (once-for-all): so a teacher's outputs are of
    /// the size of its pupils'. Sizes at which one of them cannot be built are passed over.
    fn at_one_size(&self, mut drawn: Vec<Drawn>, step: u64, networks: &mut Networks) -> Result<Vec<Drawn>, TrainError> {
        let Some(size) = self.size else { return Ok(drawn) };
        let batches: BTreeSet<u64> = drawn.iter().map(|d| d.batch).collect();
        for batch in batches {
            let mut options = self.places.ranked[self.places.place[size]].clone();
            Random::at(self.seed, "image-size", &[step, batch]).shuffle(&mut options);
            let (mut fits, mut why) = (None, None);
            for option in options {
                let with = |sample: &Sample| self.net.with_option(sample, size, option);
                let own = drawn.iter().filter(|d| d.batch == batch);
                let taught = own.clone().any(|d| matches!(d.teacher, Some((_, Teacher::Frozen))));
                let all = own.map(|d| &d.sample).chain(taught.then_some(&self.largest));
                match all.map(|s| networks.path(&self.net, &with(s))).find_map(Result::err) {
                    None => {
                        fits = Some(option);
                        break;
                    }
                    Some(e) => why = Some(e),
                }
            }
            match (fits, why) {
                (Some(option), _) => {
                    let own = drawn.iter_mut().filter(|d| d.batch == batch);
                    own.for_each(|d| d.sample = self.net.with_option(&d.sample, size, option));
                }
                (None, why) => {
                    let reason = why.map_or(String::new(), |e| e.reason);
                    return Err(TrainError::Unfit(format!("the networks of a batch have no size of images in common: {reason}")));
                }
            }
        }
        Ok(drawn)
    }

    /// A sample at the size of images that another has.
    pub(super) fn sized_as(&self, sample: &Sample, other: &Sample) -> Sample {
        match self.size.and_then(|size| Some((size, other.option(size)?))) {
            Some((size, option)) => self.net.with_option(sample, size, option),
            None => sample.clone(),
        }
    }

    /// The sample, or where it cannot be built the first of uniform ones that can.
    fn buildable(&self, sample: Sample, address: &[u64], networks: &mut Networks) -> Result<Sample, TrainError> {
        let mut why = match networks.path(&self.net, &sample) {
            Ok(_) => return Ok(sample),
            Err(why) => why,
        };
        for attempt in 0..SUBSTITUTES {
            let position: Vec<u64> = address.iter().copied().chain([u64::MAX, attempt]).collect();
            let other = self.net.uniform(self.seed, &position);
            match networks.path(&self.net, &other) {
                Ok(_) => return Ok(other),
                Err(e) => why = e,
            }
        }
        Err(unbuildable(&why))
    }
}

/// None of many samples can be built.
pub(super) fn unbuildable(why: &Infeasible) -> TrainError {
    TrainError::Unfit(format!("none of {SUBSTITUTES} random networks can be built: {}", why.reason))
}
