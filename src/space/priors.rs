//! Priors on the options of decisions: what a search draws more often, because somebody has an inkling that it is good.
//!
//! A prior changes draws (random candidates, and the new values of edits), and nothing else: no candidate is left out by it, and no
//! result counts for more. (NePS, Mallik et al. 2023, weighs draws likewise; there it also fades from acquisition functions.)

use super::names::plain;
use super::sample::Sample;
use super::space::Space;
use super::structure::DecisionId;
use crate::base::{Canon, Random};
use crate::document::{Diagnostic, Prior, nearest};

impl Space {
    /// The same space with priors for its draws.
    ///
    /// # Errors
    /// A label or an option that it does not have.
    pub fn with_priors(&self, priors: &[Prior]) -> Result<Space, Vec<Diagnostic>> {
        let mut space = self.clone();
        let decisions = &self.structure.decisions;
        let mut weights: Vec<Vec<f64>> = vec![Vec::new(); decisions.len()];
        let mut errors = Vec::new();
        for prior in priors {
            let label = &prior.label.value;
            let Some(d) = decisions.iter().position(|d| d.label == *label) else {
                let d = Diagnostic::error(
                    "no-decision",
                    format!("no decision is called `{label}`"),
                    prior.label.span,
                    "no decision of the space",
                );
                let labels = decisions.iter().map(|d| d.label.as_str());
                errors.push(match nearest(label, labels) {
                    Some(near) => d.help(format!("did you mean `{near}`?")),
                    None => d.help("`nasflow plan` lists a space's decisions"),
                });
                continue;
            };
            let (decision, value) = (&decisions[d], plain(&prior.option.value));
            let is = |option: &String| match (option.parse::<f64>(), value.parse::<f64>()) {
                (Ok(a), Ok(b)) => a == b,
                _ => *option == value,
            };
            let Some(option) = decision.options.iter().position(is) else {
                let d = Diagnostic::error("no-value", format!("`{label}` has no value {value}"), prior.option.span, "no value of it");
                errors.push(d.help(format!("its values are {}", decision.options.join(", "))));
                continue;
            };
            weights[d].resize(decision.options.len(), 1.0);
            weights[d][decision.rank(option)] = prior.weight;
        }
        space.structure.priors = weights;
        if errors.is_empty() { Ok(space) } else { Err(errors) }
    }

    /// The weights of a decision's options by canonical rank; none where all are alike.
    pub fn prior(&self, decision: DecisionId) -> Option<&[f64]> {
        self.structure.prior(decision)
    }

    /// Of draws that are uniform over samples, keeps as many as the priors would have drawn.
    pub(super) fn keeps(&self, sample: &Sample, seed: u64, position: &[u64]) -> bool {
        let share = |(d, option): (DecisionId, usize)| {
            let weights = self.structure.prior(d)?;
            let most = weights.iter().fold(0.0, |most: f64, w| most.max(*w));
            Some(weights[self.structure.decisions[d].rank(option)] / most)
        };
        let kept: f64 = sample.pairs().filter_map(share).product();
        kept >= 1.0 || Random::at(seed, "prior", position).unit() < kept
    }

    /// What of the priors decides draws.
    pub(super) fn priors_canon(&self) -> Option<Canon> {
        let all = self.structure.priors.iter().zip(&self.structure.decisions).filter(|(weights, _)| !weights.is_empty());
        let all: Vec<Canon> = all.map(|(w, d)| Canon::List(vec![(d.address as i64).into(), w.clone().into()])).collect();
        (!all.is_empty()).then_some(Canon::List(all))
    }
}

#[cfg(test)]
mod tests {
    use crate::document::{Prior, Span, Spanned, Value};
    use crate::space::Space;
    use crate::space::tests::{node, spec, whole};

    fn prior(label: &str, option: Value, weight: f64) -> Prior {
        let span = Span::default();
        Prior { label: Spanned { value: label.into(), span }, option: Spanned { value: option, span }, weight }
    }

    const TEXT: &str = "space { choice \"act\" relu silu hardswish; network activation=(choice)\"act\" { input data; conv 8 stride=4 as=\"a\" { kernel 1 3 5 } } }";

    #[test]
    fn draws_follow_the_weights_and_no_others_change() {
        let plain = whole(TEXT);
        let space = plain.with_priors(&[prior("act", Value::Text("silu".into()), 8.0)]).expect("priors");
        let at = |space: &Space, i: u64, d: usize| space.random(3, &[i]).option(d).expect("active");
        let draws = 20_000;
        let silu = (0..draws).filter(|&i| at(&space, i, 0) == 1).count() as f64 / draws as f64;
        assert!((silu - 0.8).abs() < 0.015, "{silu}");
        let kernels = (0..draws).all(|i| at(&space, i, 1) == at(&plain, i, 1));
        assert!(kernels, "a decision without a prior is drawn as ever");
        // Edits: of the two other values the one with the weight, eight times in nine.
        let parent = space.sample(|_| 0);
        let edited: Vec<usize> = (0..draws).filter_map(|i| space.mutate(&parent, 1, &[i])?.option(0)).filter(|&o| o != 0).collect();
        let share = edited.iter().filter(|&&o| o == 1).count() as f64 / edited.len() as f64;
        assert!((share - 8.0 / 9.0).abs() < 0.015, "{share}");
        assert_ne!(space.digest(), plain.digest());
        assert_eq!(space.network(), plain.network());
        assert_eq!(plain.with_priors(&[]).expect("none").digest(), plain.digest());
    }

    #[test]
    fn draws_within_bounds_follow_them_too() {
        let text = "space { network { input data; conv 8 stride=4 { kernel 1 3 5 }; conv 8 { kernel 1 3 5 }; conv 8 { kernel 1 3 5 } }; require params max=1.9e3 }";
        let plain = Space::compile(&node(text), &spec(32, 4)).unwrap_or_else(|e| panic!("{e:#?}")).0;
        let label = plain.decisions()[1].label.clone();
        let space = plain.with_priors(&[prior(&label, Value::Int(3), 4.0)]).expect("priors");
        // Against draws that are refused until they meet the bounds.
        let share = |of: &mut dyn Iterator<Item = usize>| {
            let all: Vec<usize> = of.collect();
            all.iter().filter(|&&o| o == 1).count() as f64 / all.len() as f64
        };
        let admitted = |s: &crate::space::Sample| space.architecture(s).is_ok_and(|a| space.admits(&a).is_ok());
        let naive = share(&mut (0..20_000).map(|i| space.random(5, &[i])).filter(admitted).filter_map(|s| s.option(1)));
        let within = share(&mut space.random_within(5, 0, 0..40_000).filter(admitted).filter_map(|s| s.option(1)));
        assert!((naive - within).abs() < 0.02, "{naive} and {within}");
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let space = whole(TEXT);
        let wrong = space.with_priors(&[prior("akt", Value::Text("silu".into()), 2.0), prior("act", Value::Text("tanh".into()), 2.0)]);
        let messages: Vec<String> = wrong.expect_err("two faults").into_iter().map(|d| d.message).collect();
        assert_eq!(messages, ["no decision is called `akt`", "`act` has no value tanh"]);
    }
}
