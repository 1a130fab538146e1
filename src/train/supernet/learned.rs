//! What a method has learned of the choices, as a result that people and other stages read. Free of names, as the supernet's
//! key is: decisions by address, options by rank.

use super::setup::Setup;
use super::state::Choices;
use super::trainer::SupernetTrainer;
use crate::results::{Choice, Collapsed, Learned};
use crate::train::oneshot::collapse::{self, Idle};
use crate::train::oneshot::softmax;

/// Paths of which a controller's marginal probabilities are taken.
const PATHS: u64 = 256;

impl SupernetTrainer {
    /// What has been learned so far; none where paths are drawn without learning.
    pub fn learned(&self) -> Option<Learned> {
        let setup = &self.setup;
        let choices = match &self.state.choices {
            Choices::None => return None,
            Choices::Alphas { alphas, .. } => {
                let never = (0..setup.places.len()).map(|c| idle(setup, c).excluded).collect::<Vec<_>>();
                let named = setup.named().into_iter().zip(setup.exported(alphas.values(), &never));
                named.map(|((name, _), probabilities)| Choice { name, probabilities }).collect()
            }
            Choices::Controller(controller) => {
                let names: Vec<String> = setup.named().into_iter().map(|(name, _)| name).collect();
                controller.distribution(setup.seed, PATHS, &names)
            }
        };
        Some(result(setup, choices))
    }
}

/// The idle options of a decision.
fn idle(setup: &Setup, c: usize) -> Idle {
    // Zero is no edge: it wins nowhere (DARTS; where one option is drawn at a time, it is one like the others).
    let relaxed = setup.method.traits.mixes_edges;
    let decision = &setup.net.decisions()[setup.places.order[c]];
    let ranks = |options: &[usize]| (0..setup.options[c]).filter(|&r| options.contains(&setup.places.ranked[c][r])).collect();
    Idle { skips: ranks(&decision.skips), excluded: if relaxed { ranks(&decision.zeros) } else { Vec::new() } }
}

fn result(setup: &Setup, choices: Vec<Choice>) -> Learned {
    let idle: Vec<Idle> = (0..setup.places.len()).map(|c| idle(setup, c)).collect();
    let strongest = |(choice, idle): (&Choice, &Idle)| {
        let p = choice.probabilities.iter().enumerate().map(|(r, p)| if idle.excluded.contains(&r) { -1.0 } else { *p });
        softmax::strongest(&p.collect::<Vec<f64>>())
    };
    let collapse = collapse::find(&choices, &idle);
    Learned {
        method: setup.method.word.name.into(),
        strongest: choices.iter().zip(&idle).map(strongest).collect(),
        collapse: collapse.map(|c| Collapsed { skipping: c.skipping, of: c.of, mass: c.mass, even: c.even }),
        choices,
    }
}
