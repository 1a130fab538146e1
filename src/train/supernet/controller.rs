//! ENAS: weights are trained on paths of the controller; at the end of each epoch it learns from what its paths earn on
//! held-out batches with the weights as they are.

use super::batches::Asked;
use super::draw::{SUBSTITUTES, unbuildable};
use super::learn::{diverged, foreign};
use super::state::Choices;
use super::trainer::{Done, SupernetTrainer};
use crate::space::{Head, Sample};
use crate::train::TrainError;
use crate::train::oneshot::{Family, Path};

impl SupernetTrainer {
    /// The path of an iteration of the weights.
    pub(super) fn proposed(&mut self, iteration: u64) -> Result<Option<Sample>, TrainError> {
        Ok(self.propose("weights", iteration, 0)?.map(|(_, sample)| sample))
    }

    /// The controller's path at an address that can be built; none without a controller.
    fn propose(&mut self, purpose: &str, step: u64, index: u64) -> Result<Option<(Path, Sample)>, TrainError> {
        let Choices::Controller(controller) = &self.state.choices else { return Ok(None) };
        let mut last = None;
        for attempt in 0..SUBSTITUTES {
            let path = controller.sample(self.setup.seed, purpose, step, index + (attempt << 32));
            let sample = self.setup.places.sample(&self.setup.net, &path);
            match self.networks.path(&self.setup.net, &sample) {
                Ok(_) => return Ok(Some((path, sample))),
                Err(why) => last = Some(why),
            }
        }
        last.map_or(Ok(None), |why| Err(unbuildable(&why)))
    }

    /// The controller's steps after epoch `epoch`.
    pub(super) fn teach(&mut self, epoch: usize) -> Result<Done<()>, TrainError> {
        let Family::Controls { controller: settings, choices } = self.setup.family else { return Ok(Done::Well(())) };
        for k in 0..settings.steps {
            let step = (epoch * settings.steps + k) as u64;
            let Some(batch) = self.sources.held(step) else { return Ok(Done::Well(())) };
            let mut episodes = Vec::with_capacity(settings.samples);
            for index in 0..settings.samples as u64 {
                let Some((path, sample)) = self.propose("controller", step, index)? else { return Ok(Done::Well(())) };
                let reward = self.reward(&sample, batch)?;
                if !reward.is_finite() {
                    return Ok(Done::Diverged(-reward));
                }
                episodes.push((path, reward));
            }
            let Choices::Controller(controller) = &mut self.state.choices else { return Err(foreign()) };
            if let Err(fault) = controller.update(&(&choices).into(), &settings, &episodes) {
                return diverged(fault);
            }
        }
        Ok(Done::Well(()))
    }

    /// Of a classifier the share of images that it gets right, of a detector its loss, negative; less the penalty.
    fn reward(&mut self, sample: &Sample, batch: Asked) -> Result<f64, TrainError> {
        let network = self.networks.path(&self.setup.net, sample).map_err(|e| TrainError::Unfit(e.reason))?;
        self.runner.load(&network, &self.state.train.params.0)?;
        let batch = self.sources.get(batch, network.image_size())?;
        self.runner.forward(&batch)?;
        let outputs = self.runner.outputs();
        let quality = match network.program.head {
            Head::Classify { classes } => right(outputs[0], &batch.labels, classes),
            _ => {
                let loss = self.objective.evaluate(&network.program, &outputs, &batch, 1.0, None).map_err(TrainError::Batch)?;
                -loss.worst()
            }
        };
        match &self.setup.cost {
            Some(cost) if quality.is_finite() => cost.reward(quality, &network).map_err(TrainError::Unfit),
            _ => Ok(quality),
        }
    }
}

/// The share of rows whose largest logit is the label's; of equal ones the first counts.
fn right(logits: &[f32], labels: &[u32], classes: usize) -> f64 {
    let strongest = |row: &[f32]| (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best });
    let hits = logits.chunks_exact(classes.max(1)).zip(labels).filter(|(row, label)| strongest(row) == **label as usize).count();
    hits as f64 / labels.len().max(1) as f64
}
