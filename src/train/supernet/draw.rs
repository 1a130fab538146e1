//! Which networks an optimiser step trains, by the methods that draw them. The bounds of the space (`require`) do not count: one
//! supernet serves every bound.

use super::networks::Networks;
use super::setup::Setup;
use crate::space::{Infeasible, Sample};
use crate::train::TrainError;
use crate::train::oneshot::{Draw, Role, StepPlan, Teacher};

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
            if k > 0 && matches!(path.teacher, Some((_, Teacher::InPlace))) && sample == self.largest {
                continue;
            }
            drawn.push(Drawn { sample, batch: path.batch as u64, labels: path.labels, teacher: path.teacher });
        }
        Ok(drawn)
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
