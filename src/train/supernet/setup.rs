//! A supernet with the method and the recipe that train it: everything that does not change from iteration to iteration.

use super::cost::PenaltyRule;
use crate::document::{Elastic, Method, OneShot, Recipe};
use crate::space::supernet::DecisionKind;
use crate::space::{ParamKind, Program, Sample, Supernet};
use crate::train::oneshot::{Decision, progressive};
use crate::train::schedule::{self, Rates};
use crate::train::shared;
use std::collections::BTreeMap;
use std::ops::Range;

/// What is trained, and how.
pub struct Setup {
    /// The supernet.
    pub net: Supernet,
    /// Its tensors as the parameters of a program ([`shared::holder`]).
    pub holder: Program,
    /// By which method.
    pub oneshot: OneShot,
    /// By which recipe.
    pub recipe: Recipe,
    /// Addresses of everything random.
    pub seed: u64,
    /// The number of options of every decision.
    pub(super) options: Vec<usize>,
    /// Every decision with the costs of its options.
    pub(super) decisions: Vec<Decision>,
    pub(super) largest: Sample,
    pub(super) smallest: Sample,
    /// By decision: whether a method that learns choices mixes it; else it draws its option.
    pub(super) mixes: Vec<bool>,
    /// `penalty`.
    pub(super) cost: Option<PenaltyRule>,
}

/// Draws in which an inactive decision is looked for.
const DRAWS: u64 = 64;

impl Setup {
    /// Checks that the method can train this supernet. The error says why not.
    pub fn new(net: Supernet, oneshot: OneShot, recipe: Recipe, seed: u64) -> Result<Self, String> {
        let holder = shared::holder(&net)?;
        let (largest, smallest) = (net.largest(), net.smallest());
        let options = net.decisions().iter().map(|d| d.options.len()).collect();
        let costs = matches!(oneshot.method, Method::ProgressiveShrinking(_));
        let decisions = sized(&net, &largest, &smallest, costs);
        if let Method::ProgressiveShrinking(rule) = &oneshot.method
            && let Some(&d) = progressive::unopened(rule, &decisions).first()
        {
            let (label, kind) = (&net.decisions()[d].label, decisions[d].kind.word());
            return Err(format!("no phase opens `{label}`: write `phase {kind}`, or choose it in the space"));
        }
        if let Method::PcDarts { .. } = &oneshot.method {
            return Err("`pc-darts` is not supported yet: networks of a part of their channels are not built".into());
        }
        let alphas = !matches!(oneshot.method, Method::Enas { .. }) && oneshot.method.choices().is_some();
        let mixes = if alphas { mixed(&net, &largest) } else { vec![false; net.decisions().len()] };
        let cost = oneshot.penalty.as_ref().map(|rule| PenaltyRule::new(&net, rule, &largest)).transpose()?;
        Ok(Setup { net, holder, oneshot, recipe, seed, options, decisions, largest, smallest, mixes, cost })
    }

    /// What an iteration trains with: of progressive shrinking the schedule of its phase, over the phase's own epochs.
    pub(super) fn rates(&self, per_epoch: usize, iteration: u64) -> Rates {
        let Method::ProgressiveShrinking(rule) = &self.oneshot.method else {
            return schedule::rates(&self.recipe, per_epoch, iteration);
        };
        let (epoch, index) = (iteration / per_epoch.max(1) as u64, iteration % per_epoch.max(1) as u64);
        let at = progressive::position(rule, epoch as usize);
        let recipe = Recipe { lr: at.lr.unwrap_or(self.recipe.lr), over: at.epochs as f64, ..self.recipe.clone() };
        schedule::rates(&recipe, per_epoch, (at.epoch * per_epoch) as u64 + index)
    }

    /// Epochs in which only weights learn.
    pub(super) fn warmup(&self) -> usize {
        self.oneshot.method.choices().map_or(0, |rule| rule.warmup)
    }

    /// The held-out batches, counted over all their epochs, that these iterations read: the loader's own order, for those who
    /// make batches ahead.
    pub fn choice_batches(&self, iterations: Range<u64>, per_epoch: usize) -> Range<u64> {
        match &self.oneshot.method {
            Method::Enas { controller, .. } => {
                let steps = |iteration: u64| (iteration / per_epoch.max(1) as u64).max(self.warmup() as u64) * controller.steps as u64;
                steps(iterations.start)..steps(iterations.end)
            }
            _ => iterations.start.max((self.warmup() * per_epoch) as u64)..iterations.end,
        }
    }

    /// Label and number of options of every decision.
    pub(super) fn named(&self) -> Vec<(String, usize)> {
        self.net.decisions().iter().map(|d| (d.label.clone(), d.options.len())).collect()
    }

    /// By shared tensor.
    pub(super) fn kinds(&self) -> Vec<ParamKind> {
        self.holder.params.iter().map(|p| p.kind).collect()
    }
}

/// The decisions that can be mixed all together, around the largest network: those that choose a value, hold the head or
/// have options of different shapes cannot.
fn mixed(net: &Supernet, largest: &Sample) -> Vec<bool> {
    let decisions = net.decisions();
    let options: Vec<usize> = (0..decisions.len()).map(|d| largest.option(d).unwrap_or(0)).collect();
    let mut over = BTreeMap::new();
    for (d, decision) in decisions.iter().enumerate().filter(|(_, d)| d.mixes) {
        over.insert(d, (0..decision.candidates).collect());
        if net.mixed_where_met(&options, &over).is_err() {
            over.remove(&d);
        }
    }
    (0..decisions.len()).map(|d| over.contains_key(&d)).collect()
}

/// Decisions as the methods see them. `costs`: whether the costs of options are wanted (multiply-adds, the others at their
/// largest); else only the options of the largest and of the smallest network stand out.
fn sized(net: &Supernet, largest: &Sample, smallest: &Sample, costs: bool) -> Vec<Decision> {
    let each = net.decisions().iter().enumerate().map(|(d, decision)| {
        let kind = match (decision.kind, decision.property) {
            (DecisionKind::Depth, _) => Elastic::Depth,
            (_, Some("kernel" | "kernel-h" | "kernel-w")) => Elastic::Kernel,
            (_, Some("expansion" | "expand")) => Elastic::Expand,
            (_, Some("channels" | "width")) => Elastic::Width,
            _ => Elastic::Branch,
        };
        let count = decision.options.len();
        let cost = |around: &Sample, option: usize| {
            let options: Vec<usize> =
                (0..net.decisions().len()).map(|i| if i == d { option } else { around.option(i).unwrap_or(0) }).collect();
            let cost = net.space().architecture(&net.sample_from(&options)).ok()?.cost().ok()?;
            Some(cost.macs as f64)
        };
        let active = |s: &Sample| s.option(d).is_some();
        let around = if active(largest) { Some(largest.clone()) } else { (0..DRAWS).map(|i| net.uniform(0, &[i])).find(active) };
        let mark = |o: usize| if Some(o) == largest.option(d) { 2.0 } else { f64::from(u8::from(Some(o) != smallest.option(d))) };
        let sizes = match around.filter(|_| costs) {
            Some(around) => (0..count).map(|o| cost(&around, o).unwrap_or(0.0)).collect(),
            None => (0..count).map(mark).collect(),
        };
        Decision { kind, sizes }
    });
    each.collect()
}
