//! A supernet with the method and the recipe that train it: everything that does not change from iteration to iteration.

use super::cost::PenaltyRule;
use super::places::Places;
use crate::document::{Elastic, OneShot, Recipe};
use crate::space::supernet::DecisionKind;
use crate::space::{Infeasible, ParamKind, Program, Sample, Supernet};
use crate::train::oneshot::{self, Decision, Family, Method, paths};
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
    pub method: &'static Method,
    /// How it trains.
    pub(super) family: Family,
    /// By which recipe.
    pub recipe: Recipe,
    /// Addresses of everything random.
    pub seed: u64,
    /// The order in which decisions and options are counted here: never that of the file.
    pub(super) places: Places,
    /// By place: the number of options.
    pub(super) options: Vec<usize>,
    /// By place, with the costs of options.
    pub(super) decisions: Vec<Decision>,
    pub(super) largest: Sample,
    pub(super) smallest: Sample,
    /// By place: whether a method that learns choices mixes the decision; else it draws its option.
    pub(super) mixes: Vec<bool>,
    /// By place: whether its logits are those of single inputs (the β of PC-DARTS) and not of options.
    pub(super) edges: Vec<bool>,
    /// The decision between sizes of images.
    pub(super) size: Option<usize>,
    /// `penalty`.
    pub(super) cost: Option<PenaltyRule>,
}

/// Draws in which an inactive decision is looked for.
const DRAWS: u64 = 64;

impl Setup {
    /// Checks that the method can train this supernet. The error says why not.
    pub fn new(net: Supernet, oneshot: OneShot, recipe: Recipe, seed: u64) -> Result<Self, String> {
        let (method, family) = oneshot::build(&oneshot.method).map_err(|e| e.to_string())?;
        if let Some(why) = refusal(&net, &family) {
            return Err(why.reason);
        }
        let (holder, places) = (shared::holder(&net)?, Places::of(&net));
        let (mut most, least) = (places.extreme(&net, true), places.extreme(&net, false));
        let costs = family.draws().is_some_and(|d| d.sizes_by_cost());
        let decisions = sized(&net, &places, &most, &least, costs);
        if costs {
            // The network that its phases open from.
            most = paths::largest(&decisions);
        }
        let mixes = if family.mixes().is_some() { mixed(&net, &places, &most) } else { vec![false; places.len()] };
        let inputs = |c: usize| net.decisions()[places.order[c]].kind == DecisionKind::Inputs;
        let partial = family.mixes().is_some_and(|m| m.partial().is_some());
        let edges = (0..places.len()).map(|c| partial && mixes[c] && inputs(c)).collect();
        let cost = oneshot.penalty.as_ref().map(|rule| PenaltyRule::new(&net, &places, rule, &most)).transpose()?;
        let (largest, smallest, options) = (places.sample(&net, &most), places.sample(&net, &least), places.counts());
        let size = net.size_decision();
        Ok(Setup { size, net, holder, method, family, recipe, seed, places, options, decisions, largest, smallest, mixes, edges, cost })
    }

    /// Why a method that mixes a part of the channels cannot train this supernet: channels that are not divisible. Looks at the largest network.
    pub fn partial_refusal(net: &Supernet, oneshot: &OneShot) -> Option<Infeasible> {
        refusal(net, &oneshot::build(&oneshot.method).ok()?.1)
    }

    /// One of so many channels is mixed.
    pub(super) fn partial(&self) -> usize {
        self.family.mixes().and_then(|m| m.partial()).unwrap_or(1)
    }

    /// By place: the number of logits that method learns.
    fn logits(&self, c: usize) -> usize {
        if self.edges[c] { self.net.decisions()[self.places.order[c]].candidates } else { self.options[c] }
    }

    /// What an iteration trains with: where the method has phases the schedule of its phase, over the phase's own epochs.
    pub(super) fn rates(&self, per_epoch: usize, iteration: u64) -> Rates {
        let (epoch, index) = (iteration / per_epoch.max(1) as u64, iteration % per_epoch.max(1) as u64);
        let Some(at) = self.family.draws().and_then(|d| d.phase(epoch as usize)) else {
            return schedule::rates(&self.recipe, per_epoch, iteration);
        };
        let recipe = Recipe { lr: at.lr.unwrap_or(self.recipe.lr), over: at.epochs as f64, ..self.recipe.clone() };
        schedule::rates(&recipe, per_epoch, (at.epoch * per_epoch) as u64 + index)
    }

    /// Epochs in which only weights learn.
    pub(super) fn warmup(&self) -> usize {
        self.family.choices().map_or(0, |rule| rule.warmup)
    }

    /// The held-out batches, counted over all their epochs, that these iterations read: the loader's own order, for those who
    /// make batches ahead.
    pub fn choice_batches(&self, iterations: Range<u64>, per_epoch: usize) -> Range<u64> {
        match &self.family {
            Family::Controls { controller, .. } => {
                let a_round = controller.steps as u64;
                let steps = |iteration: u64| (iteration / per_epoch.max(1) as u64).max(self.warmup() as u64) * a_round;
                steps(iterations.start)..steps(iterations.end)
            }
            _ => iterations.start.max((self.warmup() * per_epoch) as u64)..iterations.end,
        }
    }

    /// What names every decision in states, with its number of logits.
    pub(super) fn named(&self) -> Vec<(String, usize)> {
        self.places.address.iter().enumerate().map(|(c, address)| (format!("{address:016x}"), self.logits(c))).collect()
    }

    /// The candidates that an option takes, by place and rank.
    pub(super) fn set(&self, c: usize, rank: usize) -> &[usize] {
        &self.net.decisions()[self.places.order[c]].sets[self.places.ranked[c][rank]]
    }

    /// By shared tensor.
    pub(super) fn kinds(&self) -> Vec<ParamKind> {
        self.holder.params.iter().map(|p| p.kind).collect()
    }
}

/// Why a method that mixes a part of the channels cannot train this supernet.
fn refusal(net: &Supernet, family: &Family) -> Option<Infeasible> {
    let partial = family.mixes()?.partial()?;
    let places = Places::of(net);
    let most = places.extreme(net, true);
    let mixes = mixed(net, &places, &most);
    let all = places.order.iter().enumerate().filter(|(c, _)| mixes[*c]);
    let over = all.map(|(_, &d)| (d, (0..net.decisions()[d].candidates).collect())).collect();
    net.mixed_partly(&places.options(&most), &over, partial).err()
}

/// The decisions that can be mixed all together, around the largest network: those that choose a value, hold the head or
/// have options of different shapes cannot.
fn mixed(net: &Supernet, places: &Places, largest: &[usize]) -> Vec<bool> {
    let options = places.options(largest);
    let mut over: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut mixes = vec![false; places.len()];
    // What lies inside is met only where what lies around it is mixed too: as often as one more is found.
    loop {
        let before = mixes.clone();
        for (c, &d) in places.order.iter().enumerate().filter(|(_, d)| net.decisions()[**d].mixes) {
            if mixes[c] {
                continue;
            }
            over.insert(d, (0..net.decisions()[d].candidates).collect());
            mixes[c] = net.mixed_where_met(&options, &over).is_ok_and(|m| m.mixtures.iter().any(|m| m.decision == d));
            if !mixes[c] {
                over.remove(&d);
            }
        }
        if mixes == before {
            return mixes;
        }
    }
}

/// Decisions as the methods see them. `costs`: whether the costs of options are wanted (multiply-adds, the others at their
/// largest); else only the options of the largest and of the smallest network stand out.
fn sized(net: &Supernet, places: &Places, largest: &[usize], smallest: &[usize], costs: bool) -> Vec<Decision> {
    let each = places.order.iter().enumerate().map(|(c, &d)| {
        let decision = &net.decisions()[d];
        let kind = match (decision.kind, decision.property) {
            (DecisionKind::Depth, _) => Elastic::Depth,
            (_, Some("kernel" | "kernel-h" | "kernel-w")) => Elastic::Kernel,
            (_, Some("expansion" | "expand")) => Elastic::Expand,
            (_, Some("channels" | "width")) => Elastic::Width,
            _ => Elastic::Branch,
        };
        let count = decision.options.len();
        let cost = |around: &[usize], rank: usize| {
            let mut ranks = around.to_vec();
            ranks[c] = rank;
            let cost = net.space().architecture(&places.sample(net, &ranks)).ok()?.cost().ok()?;
            Some(cost.macs as f64)
        };
        // The largest network where the decision is active, else a random one where it is.
        let around = || {
            let drawn = (0..DRAWS).map(|i| net.uniform(0, &[i])).find(|s| s.option(d).is_some());
            let ranks = |s: Sample| (0..places.len()).map(|c| places.rank(&s, c).unwrap_or(0)).collect::<Vec<usize>>();
            if places.sample(net, largest).option(d).is_some() { Some(largest.to_vec()) } else { drawn.map(ranks) }
        };
        let mark = |rank: usize| if rank == largest[c] { 2.0 } else { f64::from(u8::from(rank != smallest[c])) };
        let sizes = match costs.then(around).flatten() {
            Some(around) => (0..count).map(|rank| cost(&around, rank).unwrap_or(0.0)).collect(),
            None => (0..count).map(mark).collect(),
        };
        Decision { kind, sizes }
    });
    each.collect()
}
