//! One iteration of the methods that learn choices by gradients: a step of the choices on a held-out batch, then the weights'.

use super::batches::Asked;
use super::draw::{SUBSTITUTES, unbuildable};
use super::networks::Network;
use super::relax::Relaxed;
use super::state::Choices;
use super::trainer::{Done, SupernetTrainer};
use crate::space::ParamKind;
use crate::train::oneshot::mixing::Purpose;
use crate::train::oneshot::{Alphas, StepError, adam, darts};
use crate::train::{LossParts, TrainError, schedule};
use std::sync::Arc;

/// Decay of the moving average of held-out losses.
const BASELINE: f64 = 0.9;

/// Gradients by the logits, by place and rank: values, and which of them are moved.
pub(super) struct LogitGrads {
    pub grads: Vec<Vec<f64>>,
    pub touched: Vec<Vec<bool>>,
}

impl SupernetTrainer {
    /// The choices learn from `batch`; `train` is the batch that the weights will learn from (second order looks ahead on it).
    pub(super) fn choose(&mut self, iteration: u64, epoch: usize, batch: Asked, train: Asked) -> Result<Done<()>, TrainError> {
        let setup = self.setup.clone();
        let Some(mixes) = setup.family.mixes() else { return Err(foreign()) };
        let values = self.alphas()?.values().to_vec();
        let (relaxed, network) = self.relaxed(Purpose::Choices, iteration, epoch, &values)?;
        let done = match mixes.second_order() {
            true => self.ahead(&network, &relaxed, iteration, batch, train)?,
            false => self.here(&network, &relaxed, batch)?,
        };
        let (loss, grads) = match done {
            Done::Well(well) => well,
            Done::Diverged(loss) => return Ok(Done::Diverged(loss)),
        };
        self.learn(&mixes.choices().into(), iteration, &network, &relaxed, loss, grads)
    }

    /// The weights learn from `batch`; the losses by the mixing weights are left in the runner.
    pub(super) fn relaxed_step(&mut self, iteration: u64, epoch: usize, batch: Asked) -> Result<Done<LossParts>, TrainError> {
        let values = self.alphas()?.values().to_vec();
        let (relaxed, network) = self.relaxed(Purpose::Weights, iteration, epoch, &values)?;
        let parts = match self.pass(&network, &relaxed, batch)? {
            Done::Well(parts) => parts,
            Done::Diverged(loss) => return Ok(Done::Diverged(loss)),
        };
        self.runner.add_grads(&mut self.state.train.grads, &mut self.state.touched);
        self.runner.keep_statistics(&mut self.state.train.params);
        // SNAS: one loss for both.
        let together = !self.sources.holds_out() && epoch >= self.setup.warmup();
        if let Some(rule) = self.setup.family.choices().copied().filter(|_| together) {
            let grads = self.logit_grads(&network, &relaxed, &values, scale(&parts));
            if let Done::Diverged(loss) = self.learn(&(&rule).into(), iteration, &network, &relaxed, parts.sum(), grads)? {
                return Ok(Done::Diverged(loss));
            }
        }
        Ok(Done::Well(parts))
    }

    fn alphas(&self) -> Result<&Alphas, TrainError> {
        match &self.state.choices {
            Choices::Alphas { alphas, .. } => Ok(alphas),
            _ => Err(foreign()),
        }
    }

    /// The network of a step; values that make one which cannot be built are drawn again.
    fn relaxed(
        &mut self,
        purpose: Purpose,
        iteration: u64,
        epoch: usize,
        alphas: &[Vec<f64>],
    ) -> Result<(Relaxed, Arc<Network>), TrainError> {
        let mut last = None;
        for attempt in 0..SUBSTITUTES {
            let relaxed = self.setup.relax(purpose, iteration, epoch, attempt, alphas);
            let (options, over) = (self.setup.places.options(&relaxed.values), self.setup.over(&relaxed));
            match self.networks.mixed(&self.setup.net, &options, &over, self.setup.partial()) {
                Ok(network) => return Ok((relaxed, network)),
                Err(why) => last = Some(why),
            }
        }
        Err(last.map_or(TrainError::Unfit(String::new()), |why| unbuildable(&why)))
    }

    /// Forward and backward with the step's mixing weights.
    pub(super) fn pass(&mut self, network: &Arc<Network>, relaxed: &Relaxed, batch: Asked) -> Result<Done<LossParts>, TrainError> {
        self.runner.load(network, &self.state.train.params.0)?;
        for (m, mixture) in network.mixtures.iter().enumerate() {
            self.runner.mix(m, self.setup.candidate_weights(mixture, relaxed));
        }
        let batch = self.sources.get(batch, network.image_size())?;
        self.runner.forward(&batch)?;
        let loss = self.objective.evaluate(&network.program, &self.runner.outputs(), &batch, 1.0, None).map_err(TrainError::Batch)?;
        if !loss.worst().is_finite() || loss.worst() > self.setup.recipe.diverged_above {
            return Ok(Done::Diverged(loss.worst()));
        }
        self.runner.backward(self.objective.grads())?;
        Ok(Done::Well(loss.labels.unwrap_or_default()))
    }

    /// Loss and gradient where the weights are.
    fn here(&mut self, network: &Arc<Network>, relaxed: &Relaxed, batch: Asked) -> Result<Done<(f64, LogitGrads)>, TrainError> {
        let values = self.alphas()?.values().to_vec();
        Ok(match self.pass(network, relaxed, batch)? {
            Done::Well(parts) => Done::Well((parts.sum(), self.logit_grads(network, relaxed, &values, scale(&parts)))),
            Done::Diverged(loss) => Done::Diverged(loss),
        })
    }

    /// Gradients by the logits of the last backward, times `scale`.
    pub(super) fn logit_grads(&self, network: &Network, relaxed: &Relaxed, values: &[Vec<f64>], scale: f64) -> LogitGrads {
        let mut all = LogitGrads {
            grads: values.iter().map(|v| vec![0.0; v.len()]).collect(),
            touched: values.iter().map(|v| vec![false; v.len()]).collect(),
        };
        for (m, mixture) in network.mixtures.iter().enumerate() {
            let c = self.setup.places.place[mixture.decision];
            let by_candidate: Vec<f64> = self.runner.mixture_grads(m).iter().map(|g| g * scale).collect();
            let (grads, touched) = self.setup.logit_grads(mixture, relaxed, &by_candidate);
            all.grads[c] = grads;
            touched.into_iter().for_each(|r| all.touched[c][r] = true);
        }
        all
    }

    /// Loss and gradient of second order: through one step of the weights.
    fn ahead(
        &mut self,
        network: &Arc<Network>,
        relaxed: &Relaxed,
        iteration: u64,
        batch: Asked,
        train: Asked,
    ) -> Result<Done<(f64, LogitGrads)>, TrainError> {
        let recipe = self.setup.recipe.clone();
        let rates = schedule::rates(&recipe, self.per_epoch(), iteration);
        let plain = recipe.optimizer == crate::document::Optimizer::Sgd;
        let decay = schedule::weight_decay(&recipe);
        let decays: Vec<f64> = self.kinds.iter().map(|k| if *k == ParamKind::Weight { decay } else { 0.0 }).collect();
        let (weights, buffer) = (self.state.train.params.clone(), self.state.train.first.clone());
        let values = self.alphas()?.values().to_vec();
        let mut problem = Problem { trainer: self, network, relaxed, batch, train, failed: None };
        let inner = darts::Inner {
            lr: rates.lr,
            // What other optimisers do with their moments has no such form: their look ahead is a plain step.
            momentum: if plain { rates.momentum } else { 0.0 },
            buffer: plain.then_some(&buffer.0),
            weight_decay: &decays,
        };
        let found = darts::second_order(&mut problem, &inner, &weights.0, &values);
        let failed = problem.failed.take();
        self.state.train.params = weights;
        match (found, failed) {
            (_, Some(Done::Diverged(loss))) => Ok(Done::Diverged(loss)),
            (_, Some(Done::Well(error))) => Err(error),
            (Err(fault), None) => diverged(fault),
            (Ok((loss, grads)), None) => {
                let mut touched: Vec<Vec<bool>> = values.iter().map(|v| vec![false; v.len()]).collect();
                network.mixtures.iter().for_each(|m| touched[self.setup.places.place[m.decision]].fill(true));
                Ok(Done::Well((loss, LogitGrads { grads, touched })))
            }
        }
    }

    /// Adds what drawn values and the penalty say to the gradients, and moves the logits.
    fn learn(
        &mut self,
        rule: &adam::Rule,
        iteration: u64,
        network: &Network,
        relaxed: &Relaxed,
        loss: f64,
        mut all: LogitGrads,
    ) -> Result<Done<()>, TrainError> {
        let Choices::Alphas { alphas, baseline } = &mut self.state.choices else { return Err(foreign()) };
        let probabilities = self.setup.probabilities(alphas.values());
        // The score function: (L − b) · d ln p.
        let advantage = loss - baseline.unwrap_or(loss);
        *baseline = Some(baseline.map_or(loss, |b| BASELINE * b + (1.0 - BASELINE) * loss));
        for c in network.taken.iter().map(|&d| self.setup.places.place[d]).filter(|&c| !self.setup.mixes[c]) {
            for (r, p) in probabilities[c].iter().enumerate() {
                all.grads[c][r] = advantage * (f64::from(u8::from(r == relaxed.values[c])) - p);
                all.touched[c][r] = true;
            }
        }
        if let Some(cost) = &self.setup.cost {
            let by_cost = cost.penalise(&self.setup, iteration, loss, alphas.values(), &mut self.networks, &mut all);
            if let Err(why) = by_cost {
                return Err(TrainError::Unfit(why));
            }
        }
        let before: Vec<Vec<f64>> = alphas.values().to_vec();
        if let Err(fault) = alphas.step_some(rule, &all.grads, &|d, o| all.touched[d][o]) {
            return diverged(fault);
        }
        for (&c, weighed) in &relaxed.weighed {
            if all.touched[c].iter().any(|t| *t) {
                weighed.back.settle(&before[c], &mut alphas.values_mut()[c]);
            }
        }
        Ok(Done::Well(()))
    }
}

/// Numbers that are not finite are the training's result; what does not fit together is this program's fault.
pub(super) fn diverged<T>(fault: StepError) -> Result<Done<T>, TrainError> {
    match fault {
        StepError::NotFinite(_) => Ok(Done::Diverged(f64::NAN)),
        StepError::Unfit(why) => Err(TrainError::Internal(why)),
    }
}

/// The state's choices are of another family than the method: `SupernetState::fits` lets no such state in.
pub(super) fn foreign() -> TrainError {
    TrainError::Internal("the state of the choices is of another method".into())
}

/// What makes the gradient of a loss's `total` one of its `sum`.
fn scale(parts: &LossParts) -> f64 {
    if parts.total != 0.0 { parts.sum() / parts.total } else { 1.0 }
}

/// The two losses of DARTS as functions of weights and logits, on one network and two batches.
struct Problem<'a> {
    trainer: &'a mut SupernetTrainer,
    network: &'a Arc<Network>,
    relaxed: &'a Relaxed,
    batch: Asked,
    train: Asked,
    /// Why there is no loss: it diverged, or an error.
    failed: Option<Done<TrainError>>,
}

impl Problem<'_> {
    /// `mean`: the gradient by the mean loss, else by what the optimiser descends.
    fn evaluate(&mut self, weights: &darts::Tensors, alphas: &[Vec<f64>], batch: Asked, mean: bool) -> Result<darts::Gradients, StepError> {
        let mut relaxed = self.relaxed.clone();
        for (&c, weighed) in &mut relaxed.weighed {
            weighed.weights = darts::mixing(&alphas[c..=c]).remove(0);
        }
        self.trainer.state.train.params.0.clone_from(weights);
        let parts = match self.trainer.pass(self.network, &relaxed, batch) {
            Ok(Done::Well(parts)) => parts,
            Ok(Done::Diverged(loss)) => {
                self.failed = Some(Done::Diverged(loss));
                return Err(StepError::NotFinite("the loss".into()));
            }
            Err(error) => {
                self.failed = Some(Done::Well(error));
                return Err(StepError::Unfit("the network cannot be run".into()));
            }
        };
        let scale = if mean { scale(&parts) } else { 1.0 };
        let loss = if mean { parts.sum() } else { parts.total };
        let grads = self.trainer.logit_grads(self.network, &relaxed, alphas, scale);
        let mut sum = crate::nn::Parameters::zeros(&self.trainer.setup.holder);
        let mut touched = vec![false; sum.0.len()];
        self.trainer.runner.add_grads(&mut sum, &mut touched);
        sum.0.iter_mut().flatten().for_each(|g| *g *= scale as f32);
        Ok(darts::Gradients { loss, weights: sum.0, alphas: grads.grads })
    }
}

impl darts::Bilevel for Problem<'_> {
    fn train(&mut self, weights: &darts::Tensors, alphas: &[Vec<f64>]) -> Result<darts::Gradients, StepError> {
        self.evaluate(weights, alphas, self.train, false)
    }
    fn validation(&mut self, weights: &darts::Tensors, alphas: &[Vec<f64>]) -> Result<darts::Gradients, StepError> {
        self.evaluate(weights, alphas, self.batch, true)
    }
}
