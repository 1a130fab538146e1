//! A compiled space: its samples, their networks, and which of them are admitted.

use super::architecture::{self, Architecture};
use super::bounds::Bound;
use super::costs::Cost;
use super::envelope::Envelope;
use super::input::{AnchorSet, Infeasible, InputSpec};
use super::resolve;
use super::sample::Sample;
use super::structure::{Decision, Structure};
use crate::base::{Canon, Digest};
use crate::document::Span;
use std::sync::{Arc, OnceLock};

/// A compiled search space.
#[derive(Clone, Debug)]
pub struct Space {
    /// Its name in the file.
    pub name: String,
    pub(super) structure: Structure,
    pub(super) input: InputSpec,
    pub(super) bounds: Vec<Bound>,
    pub(super) reference_cost: Cost,
    /// (image size, levels of the head) for which `anchors=auto` is worked out.
    pub(super) heads: Vec<(usize, usize)>,
    pub(super) size: f64,
    pub(super) envelope: OnceLock<Arc<Envelope>>,
}

impl Space {
    /// Number of samples; exact below 2⁵³.
    pub fn size(&self) -> f64 {
        self.size
    }

    /// Every decision, in the order of the file.
    pub fn decisions(&self) -> &[Decision] {
        &self.structure.decisions
    }

    /// Its items and decisions, for who describes it.
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    /// What the data fixes.
    pub fn input(&self) -> &InputSpec {
        &self.input
    }

    /// (image size, levels of the head) for which `anchors=auto` is still to be worked out, ascending.
    pub fn awaits_anchors(&self) -> Vec<(usize, usize)> {
        match self.input.anchors {
            None => self.heads.clone(),
            Some(_) => vec![],
        }
    }

    /// (image size, levels of the head) of `anchors=auto`, known or not; none where anchors are written.
    pub fn auto_anchors(&self) -> &[(usize, usize)] {
        &self.heads
    }

    /// The same space with the anchors that k-means found, for what [`awaits_anchors`](Self::awaits_anchors) says.
    #[must_use]
    pub fn with_anchors(mut self, anchors: Vec<AnchorSet>) -> Space {
        self.input.anchors = Some(anchors);
        self.envelope = OnceLock::new();
        self
    }

    fn anchors_canon(&self) -> Canon {
        let of = |set: &AnchorSet| architecture::to_canon(&set.levels);
        match self.input.anchors.as_deref() {
            None => Canon::None,
            Some([one]) => of(one),
            Some(sets) => Canon::List(sets.iter().map(|s| Canon::List(vec![s.image_size.into(), of(s)])).collect()),
        }
    }

    /// What a proposal depends on, beside strategy, seed and results: the space without its names.
    pub fn canon(&self) -> Canon {
        let bounds = self.bounds.iter().map(Bound::canon);
        let mut canon = vec![
            ("space", 1usize.into()),
            ("channels", self.input.channels.into()),
            ("image-size", self.image_size().into()),
            ("classes", self.input.classes.into()),
            ("anchors", self.anchors_canon()),
            ("bounds", Canon::List(bounds.collect())),
            ("network", self.structure.canon()),
        ];
        if !self.structure.constraints.is_empty() {
            let all = self.structure.constraints.iter().map(|c| self.structure.condition_canon(&c.condition));
            canon.push(("constraints", Canon::List(all.collect())));
        }
        let decisions = &self.structure.decisions;
        if !self.structure.trained.is_empty() {
            let read = self.structure.trained.iter().map(|t| &decisions[t.decision]);
            let ranked = read.map(|d| Canon::List(d.ranked.iter().map(|&o| d.options[o].clone().into()).collect()));
            canon.push(("trained", Canon::List(ranked.collect())));
        }
        canon.extend(self.priors_canon().map(|priors| ("priors", priors)));
        let ranges: Vec<Canon> = decisions.iter().filter(|d| d.ordered).map(|d| Canon::Int(d.address as i64)).collect();
        if !ranges.is_empty() {
            canon.push(("ranges", Canon::List(ranges)));
        }
        Canon::Map(canon.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
    }

    /// The digest of [`canon`](Self::canon).
    pub fn digest(&self) -> Digest {
        self.canon().digest()
    }

    /// The first value of every choice.
    pub fn reference(&self) -> Sample {
        Sample::reference(&self.structure)
    }

    /// What the reference costs.
    pub fn reference_cost(&self) -> Cost {
        self.reference_cost
    }

    /// Uniform over each decision's options: a pure function of seed and position.
    pub fn random(&self, seed: u64, position: &[u64]) -> Sample {
        Sample::random(&self.structure, seed, position)
    }

    /// Exactly one edit; none where nothing can be edited.
    pub fn mutate(&self, parent: &Sample, seed: u64, position: &[u64]) -> Option<Sample> {
        parent.mutate(&self.structure, seed, position)
    }

    /// All samples, where there are at most `limit`.
    pub fn enumerate(&self, limit: usize) -> Option<Vec<Sample>> {
        if self.size > limit as f64 {
            return None;
        }
        Sample::enumerate(&self.structure, limit)
    }

    /// The network that a sample stands for, whether it meets the bounds of the space or not. (The bounds of a cell, and
    /// what `require (expr)` says, are part of what a candidate is, except for the reference.)
    pub fn architecture(&self, sample: &Sample) -> Result<Architecture, Infeasible> {
        let mut choose = |d| sample.option(d).unwrap_or(0);
        let network = resolve::resolve(&self.structure, &self.input, &mut choose)?;
        match network.broken {
            Some(broken) if sample.pairs().any(|(_, option)| option != 0) => return Err(broken),
            _ => {}
        }
        match self.structure.unmet(sample) {
            Some(unmet) if sample.pairs().any(|(_, option)| option != 0) => {
                Err(Infeasible { reason: format!("it does not meet {}", unmet.text), span: unmet.span })
            }
            _ => Ok(network.architecture),
        }
    }

    /// The `require` nodes.
    pub fn bounds(&self) -> &[Bound] {
        &self.bounds
    }

    /// Whether a network meets every bound; the first that it does not meet is the reason.
    pub fn admits(&self, architecture: &Architecture) -> Result<(), Infeasible> {
        if self.bounds.is_empty() {
            return Ok(());
        }
        let cost = architecture.cost().map_err(|reason| Infeasible { reason, span: Span::default() })?;
        for bound in &self.bounds {
            let x = bound.of(architecture, Some(&cost)).map_err(|reason| Infeasible { reason, span: bound.span })?;
            if !bound.admits(x) {
                return Err(Infeasible { reason: format!("{} where {} is required", bound.say(x), bound.text()), span: bound.span });
            }
        }
        Ok(())
    }

    /// The active decisions of a sample: (label, value).
    pub fn describe(&self, sample: &Sample) -> Vec<(String, String)> {
        let known = sample.pairs().filter_map(|(d, o)| {
            let decision = self.structure.decisions.get(d)?;
            Some((decision.label.clone(), decision.options.get(o)?.clone()))
        });
        known.collect()
    }
}
