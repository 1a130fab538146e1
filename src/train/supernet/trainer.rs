//! The training loop of a supernet: one iteration at a time.

use super::batches::{Asked, Sources};
use super::draw::Drawn;
use super::networks::Networks;
use super::objective::{Loss, Objective};
use super::optimise;
use super::runner::Runner;
use super::setup::Setup;
use super::state::{Choices, SupernetState};
use crate::nn::{Executor, NormOptions, Parameters};
use crate::space::{ParamKind, Sample};
use crate::train::oneshot::Teacher;
use crate::train::{Batches, LossParts, LossSums, Outcome, Step, TrainError, shared};
use std::sync::Arc;

/// Networks that are kept planned.
const KEPT: usize = 256;

/// One training of one supernet.
pub struct SupernetTrainer {
    pub(super) setup: Arc<Setup>,
    pub(super) kinds: Vec<ParamKind>,
    pub(super) sources: Sources,
    pub(super) runner: Runner,
    pub(super) networks: Networks,
    pub(super) objective: Objective,
    pub(super) state: SupernetState,
    /// Outputs of the first network of the current batch, and of the frozen teacher.
    soft: [Vec<Vec<f32>>; 2],
    diverged: Option<(u64, f64)>,
}

/// What one iteration came to.
pub(super) enum Done<T> {
    /// As it should.
    Well(T),
    /// The loss is not finite, or above the recipe's bound.
    Diverged(f64),
}

impl SupernetTrainer {
    /// Goes on from `state`, fresh or read back. `loader` gives the weights' batches, `held` those that choices learn from (none
    /// where nothing is held out); `executor` may hold any program, for batches as large as the loaders'.
    pub fn new(
        setup: Arc<Setup>,
        loader: Box<dyn Batches>,
        held: Option<Box<dyn Batches>>,
        executor: Box<dyn Executor>,
        state: SupernetState,
    ) -> Result<Self, TrainError> {
        state.fits(&setup).map_err(TrainError::Unfit)?;
        if loader.per_epoch() == 0 || held.as_ref().is_some_and(|h| h.per_epoch() == 0) {
            return Err(TrainError::Unfit("an epoch has no batches".into()));
        }
        let method = setup.method;
        if held.is_none() && method.traits.learns && !method.traits.shares_images {
            return Err(TrainError::Unfit(format!("`{}` needs images that its weights do not learn from", method.word.name)));
        }
        let norm = NormOptions { eps: setup.recipe.bn_eps, momentum: setup.recipe.bn_momentum };
        Ok(SupernetTrainer {
            kinds: setup.kinds(),
            objective: Objective::new(&setup.recipe),
            runner: Runner::new(executor, norm),
            networks: Networks::new(KEPT),
            setup,
            sources: Sources::new(loader, held),
            state,
            soft: Default::default(),
            diverged: None,
        })
    }

    /// Trains on the next batch. After a divergence it says so again.
    pub fn step(&mut self) -> Result<Outcome, TrainError> {
        if let Some((iteration, loss)) = self.diverged {
            return Ok(Outcome::Diverged { iteration, loss });
        }
        let iteration = self.state.train.iteration;
        let per_epoch = self.sources.per_epoch() as u64;
        let (epoch, index) = (iteration / per_epoch, iteration % per_epoch);
        let batch = Asked { held: false, epoch: epoch as usize, index: index as usize };
        let a_step = self.setup.batches_a_step();
        let part = iteration % a_step;
        let parts = match self.learn_from(iteration, epoch as usize, batch)? {
            Done::Well(parts) => parts,
            Done::Diverged(loss) => return Ok(self.diverge(iteration, loss)),
        };
        self.state.train.accumulated = true;

        let rates = self.setup.rates(per_epoch as usize, iteration);
        let waited = iteration as i64 - self.state.train.last_step >= rates.accumulate as i64;
        let stepped = waited && part + 1 == a_step;
        if stepped && !optimise::step(&self.setup.recipe, &self.kinds, &rates, iteration, &mut self.state) {
            return Ok(self.diverge(iteration, parts.sum()));
        }
        if index + 1 == per_epoch
            && epoch as usize >= self.setup.warmup()
            && let Done::Diverged(loss) = self.teach(epoch as usize)?
        {
            return Ok(self.diverge(iteration, loss));
        }
        let train = &mut self.state.train;
        if index == 0 {
            train.sums = LossSums::default();
        }
        train.sums.add(&parts);
        train.iteration += 1;
        Ok(Outcome::Step(Step { iteration, loss: parts, stepped, epoch_ended: index + 1 == per_epoch }))
    }

    /// What the method does with a batch of the weights' images.
    fn learn_from(&mut self, iteration: u64, epoch: usize, batch: Asked) -> Result<Done<LossParts>, TrainError> {
        let labelled = |sample| Drawn { sample, batch: 0, labels: 1.0, teacher: None };
        match &self.state.choices {
            Choices::None => {
                let a_step = self.setup.batches_a_step();
                let mut drawn = self.setup.draw(iteration / a_step, epoch, &mut self.networks)?;
                drawn.retain(|d| d.batch == iteration % a_step);
                self.train(&drawn, batch)
            }
            Choices::Controller(_) => {
                let drawn: Vec<Drawn> = self.proposed(iteration)?.into_iter().map(labelled).collect();
                self.train(&drawn, batch)
            }
            Choices::Alphas { .. } => {
                if epoch >= self.setup.warmup()
                    && let Some(held) = self.sources.held(iteration)
                    && let Done::Diverged(loss) = self.choose(iteration, epoch, held, batch)?
                {
                    return Ok(Done::Diverged(loss));
                }
                self.relaxed_step(iteration, epoch, batch)
            }
        }
    }

    /// The networks of one batch, in order; the mean loss of those that learn from labels.
    fn train(&mut self, drawn: &[Drawn], batch: Asked) -> Result<Done<LossParts>, TrainError> {
        let (mut sums, soft) = (LossSums::default(), &mut self.soft);
        soft.iter_mut().for_each(Vec::clear);
        for (k, one) in drawn.iter().enumerate() {
            if matches!(one.teacher, Some((_, Teacher::Frozen))) && self.soft[1].is_empty() {
                self.soft[1] = self.frozen(&one.sample, batch)?;
            }
            let loss = self.network(one, batch)?;
            if !loss.worst().is_finite() || loss.worst() > self.setup.recipe.diverged_above {
                return Ok(Done::Diverged(loss.worst()));
            }
            loss.labels.iter().for_each(|parts| sums.add(parts));
            if k == 0 && drawn.iter().any(|d| matches!(d.teacher, Some((_, Teacher::InPlace)))) {
                self.soft[0] = self.runner.outputs().iter().map(|o| o.to_vec()).collect();
            }
            self.runner.backward(self.objective.grads())?;
            self.runner.add_grads(&mut self.state.train.grads, &mut self.state.touched);
            self.runner.keep_statistics(&mut self.state.train.params);
        }
        Ok(Done::Well(sums.mean().unwrap_or_default()))
    }

    /// Forward of one network, and its loss.
    fn network(&mut self, one: &Drawn, batch: Asked) -> Result<Loss, TrainError> {
        let network = self.networks.path(&self.setup.net, &one.sample).map_err(|e| TrainError::Unfit(e.reason))?;
        self.runner.load(&network, &self.state.train.params.0)?;
        let batch = self.sources.get(batch, network.image_size())?;
        self.runner.forward(&batch)?;
        let teacher = one.teacher.map(|(weight, of)| match of {
            Teacher::InPlace => (weight, &self.soft[0][..]),
            Teacher::Frozen => (weight, &self.soft[1][..]),
        });
        let outputs = self.runner.outputs();
        self.objective.evaluate(&network.program, &outputs, &batch, one.labels, teacher).map_err(TrainError::Batch)
    }

    /// Outputs of the frozen teacher in training mode (as once-for-all runs it), at the size of its pupil's images; the largest
    /// network becomes it when it is first asked.
    fn frozen(&mut self, pupil: &Sample, batch: Asked) -> Result<Vec<Vec<f32>>, TrainError> {
        let unfit = |e: String| TrainError::Unfit(e);
        if self.state.teacher.is_none() {
            let path = self.setup.net.path(&self.setup.largest).map_err(|e| unfit(e.reason))?;
            self.state.teacher = Some(shared::cut(&path, self.state.weights()).map_err(unfit)?);
        }
        let largest = self.setup.sized_as(&self.setup.largest, pupil);
        let network = self.networks.path(&self.setup.net, &largest).map_err(|e| unfit(e.reason))?;
        self.runner.load(&network, &self.state.train.params.0)?;
        self.runner.set(self.state.teacher.as_ref());
        let batch = self.sources.get(batch, network.image_size())?;
        self.runner.forward(&batch)?;
        Ok(self.runner.outputs().iter().map(|o| o.to_vec()).collect())
    }

    fn diverge(&mut self, iteration: u64, loss: f64) -> Outcome {
        self.diverged = Some((iteration, loss));
        Outcome::Diverged { iteration, loss }
    }

    /// Batches of an epoch.
    pub fn per_epoch(&self) -> usize {
        self.sources.per_epoch()
    }

    /// Mean loss parts of the current epoch so far, or of the one that has just ended; none before the first iteration.
    pub fn epoch_summary(&self) -> Option<LossParts> {
        self.state.train.sums.mean()
    }

    /// What is evaluated: the shared tensors, or their moving average where the recipe has one.
    pub fn weights(&self) -> &Parameters {
        self.state.weights()
    }

    /// The state between iterations.
    pub fn state(&self) -> &SupernetState {
        &self.state
    }

    /// What is trained, and how.
    pub fn setup(&self) -> &Arc<Setup> {
        &self.setup
    }

    /// The executor's part of the numerics class.
    pub fn class(&self) -> String {
        self.runner.class()
    }
}
