//! A supernet with the method and the recipe that train it: everything that does not change from iteration to iteration.

use crate::document::{Elastic, Method, OneShot, Recipe};
use crate::space::supernet::DecisionKind;
use crate::space::{ParamKind, Program, Sample, Supernet};
use crate::train::oneshot::Decision;
use crate::train::shared;

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
}

/// Draws in which an inactive decision is looked for.
const DRAWS: u64 = 64;

impl Setup {
    /// Checks that the method can train this supernet. The error says why not.
    pub fn new(net: Supernet, oneshot: OneShot, recipe: Recipe, seed: u64) -> Result<Self, String> {
        let holder = shared::holder(&net)?;
        let (largest, smallest) = (net.largest(), net.smallest());
        let options = net.decisions().iter().map(|d| d.options.len()).collect();
        let decisions = sized(&net, &largest, matches!(oneshot.method, Method::ProgressiveShrinking(_)));
        Ok(Setup { net, holder, oneshot, recipe, seed, options, decisions, largest, smallest })
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

/// Decisions as the methods see them. `sizes`: whether the costs of options are wanted (multiply-adds, the others at their
/// largest); else all are equal.
fn sized(net: &Supernet, largest: &Sample, sizes: bool) -> Vec<Decision> {
    let each = net.decisions().iter().enumerate().map(|(d, decision)| {
        let kind = match decision.kind {
            DecisionKind::Branch => Elastic::Branch,
            DecisionKind::Depth => Elastic::Depth,
            DecisionKind::Value => value_kind(&decision.label),
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
        let sizes = match around.filter(|_| sizes) {
            Some(around) => (0..count).map(|o| cost(&around, o).unwrap_or(0.0)).collect(),
            None => vec![0.0; count],
        };
        Decision { kind, sizes }
    });
    each.collect()
}

/// What a value varies, by the property's name at the end of its label.
fn value_kind(label: &str) -> Elastic {
    let has = |word: &str| label.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == word);
    if has("kernel") {
        Elastic::Kernel
    } else if has("expansion") || has("expand") {
        Elastic::Expand
    } else if has("channels") || has("width") {
        Elastic::Width
    } else {
        Elastic::Branch
    }
}
