//! Metrics of networks that are not trained: those of fresh weights, and those that are worked out of shapes.
//!
//! What a model was trained to has no part in them: they are of its architecture, whatever stage it comes from.

use super::super::Figure;
use super::super::action::{Action, Kind};
use super::super::engine::{Engine, Known};
use super::super::evaluation::UNTRAINED_NORM;
use super::super::model::{Slot, State, Step};
use super::super::recipe::loss_canon;
use super::super::work::{UntrainedWork, Work};
use super::evaluate::{Found, pending};
use crate::base::Canon;
use crate::document::{Evaluate, Fed, LossGains, Metric, Task, measure, recipes};
use crate::results::Outcome;
use crate::space::{ENTROPIES, NetworkEntropy, entropy};

impl Engine<'_> {
    /// Adds the figures of such metrics; the state that the model is in then.
    pub(super) fn untrained_figures(
        &mut self,
        index: usize,
        evaluate: &Evaluate,
        slot: &mut Slot,
        mut state: State,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
    ) -> State {
        for metric in evaluate.metrics.iter().map(|m| &m.value).filter(|m| m.is_of_shapes()) {
            let candidate = slot.model.candidate.clone();
            let worked_out = self.entropies.entry(candidate.digest).or_insert_with(|| entropy(candidate.architecture()?).map(|e| e.0));
            match worked_out.clone().map(|e| measure(ENTROPIES, metric, &NetworkEntropy(e)).unwrap_or(f64::NAN)) {
                Ok(value) => drop(slot.model.figures.insert(metric.clone(), Figure::exact(value))),
                Err(why) => state = State::Failed(why),
            }
        }
        for (metric, fed) in evaluate.metrics.iter().filter_map(|m| Some((&m.value, m.value.fed()?))) {
            let (mut values, mut steps) = (Vec::new(), std::mem::take(&mut slot.steps));
            for k in 0..evaluate.untrained.seeds.max(1) as u64 {
                let seed = evaluate.untrained.seed.wrapping_add(k);
                match self.untrained(index, evaluate, (metric, fed, seed), slot, known, works, &mut steps) {
                    Found::Known(value) => values.push(value),
                    Found::Pending => state = pending(state),
                    Found::Failed(why) => state = State::Failed(why),
                }
            }
            slot.steps = steps;
            if values.len() == evaluate.untrained.seeds.max(1) {
                slot.model.figures.insert(metric.clone(), Figure::of(values));
            }
        }
        state
    }

    /// One metric of one network with the weights of one seed. Its key holds what that metric reads, and nothing else: synflow no batch
    /// and no split, jacov no loss.
    fn untrained(
        &self,
        index: usize,
        evaluate: &Evaluate,
        (metric, fed, seed): (&Metric, Fed, u64),
        slot: &Slot,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
        steps: &mut Vec<Step>,
    ) -> Found<f64> {
        let (candidate, bn_eps) = (&slot.model.candidate, UNTRAINED_NORM.0);
        let mut config = vec![("metric".to_string(), metric.name().into())];
        let mut inputs = vec![("architecture", candidate.digest)];
        let (mut batch, mut loss, mut read) = (evaluate.untrained.batch, None, None);
        if fed != Fed::Ones {
            config.push(("batch-norm-eps".to_string(), bn_eps.into()));
        }
        if fed.reads_images() {
            let Some(data) = evaluate.data.as_ref().map(|(data, split)| (data.value.clone(), split.value.clone())) else {
                return Found::Failed(format!("`{metric}` is measured on images"));
            };
            let (info, split) = match self.images_of(&data) {
                Ok(found) => found,
                Err(why) => return Found::Failed(why),
            };
            inputs.push(("split", split.digest));
            // More than all images would be none.
            batch = batch.min(split.images);
            config.push(("image-size".to_string(), candidate.image_size().into()));
            config.push(("decoder".to_string(), info.decoder.clone().into()));
            if fed == Fed::Truth {
                let gains = gains(info.task);
                config.push(("loss".to_string(), loss_canon(info.task, &gains)));
                loss = Some(gains);
            }
            read = Some(data);
        }
        if fed != Fed::Ones {
            config.push(("batch".to_string(), batch.into()));
        }
        let (config, numerics) = (Canon::Map(config), Some(self.numerics.clone()));
        let action = Action { kind: Kind::Untrained, config, inputs, seed: Some(seed), numerics };
        let (key, found) = Found::output(&action, Outcome::value, known, steps);
        if !matches!(found, Found::Pending) {
            return found;
        }
        let detail = if evaluate.untrained.seeds > 1 { format!(", {metric}, seed {seed}") } else { format!(", {metric}") };
        works.push(Work::Untrained(Box::new(UntrainedWork {
            request: self.request(index, action, key, Some(slot.model.label()), detail),
            metric: metric.clone(),
            candidate: candidate.clone(),
            seed,
            batch,
            bn_eps,
            loss,
            data: read,
            more: Vec::new(),
        })));
        Found::Pending
    }
}

/// The loss of a network that no recipe trains: YOLOv5's, or cross-entropy without smoothing.
fn gains(task: Task) -> LossGains {
    match task {
        Task::Detect => recipes::yolov5().loss,
        Task::Classify => recipes::classify().loss,
    }
}
