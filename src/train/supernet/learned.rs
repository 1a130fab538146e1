//! What a method has learned of the choices, as a result that people and other stages read.

use super::setup::Setup;
use super::state::Choices;
use super::trainer::SupernetTrainer;
use crate::document::Method;
use crate::space::Sample;
use crate::train::oneshot::collapse::{self, Idle};
use crate::train::oneshot::{Choice, softmax};
use serde::{Deserialize, Serialize};

/// Paths of which a controller's marginal probabilities are taken.
const PATHS: u64 = 256;

/// The distribution over one decision's options.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// The decision's label.
    pub name: String,
    /// (option, probability), in the space's order.
    pub options: Vec<(String, f64)>,
}

/// The result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// The method's word.
    pub method: String,
    /// By decision, in the order of the file.
    pub choices: Vec<Distribution>,
    /// The most probable option of every active decision.
    pub strongest: Sample,
    /// A collapse into skips, in words, where there is one.
    pub collapse: Option<String>,
}

impl SupernetTrainer {
    /// What has been learned so far; none where paths are drawn without learning.
    pub fn learned(&self) -> Option<Learned> {
        let setup = &self.setup;
        let choices = match &self.state.choices {
            Choices::None => return None,
            Choices::Alphas { alphas, .. } => alphas.distribution(),
            Choices::Controller(controller) => {
                let names: Vec<String> = setup.net.decisions().iter().map(|d| d.label.clone()).collect();
                controller.distribution(setup.seed, PATHS, &names)
            }
        };
        Some(result(setup, &choices))
    }
}

fn result(setup: &Setup, choices: &[Choice]) -> Learned {
    let decisions = setup.net.decisions();
    let relaxed = matches!(setup.oneshot.method, Method::Darts { .. } | Method::PcDarts { .. });
    let idle: Vec<Idle> =
        decisions.iter().map(|d| Idle { skips: d.skips.clone(), excluded: if relaxed { d.zeros.clone() } else { Vec::new() } }).collect();
    let strongest: Vec<usize> = choices
        .iter()
        .zip(&idle)
        .map(|(choice, idle)| {
            // Zero is no edge: it wins nowhere (DARTS; where one option is drawn at a time, it is one like the others).
            let p: Vec<f64> =
                choice.probabilities.iter().enumerate().map(|(i, p)| if idle.excluded.contains(&i) { -1.0 } else { *p }).collect();
            softmax::strongest(&p)
        })
        .collect();
    let distribution = |(choice, options): (&Choice, &Vec<String>)| Distribution {
        name: choice.name.clone(),
        options: options.iter().cloned().zip(choice.probabilities.iter().copied()).collect(),
    };
    Learned {
        method: setup.oneshot.method.word().into(),
        choices: choices.iter().zip(decisions.iter().map(|d| &d.options)).map(distribution).collect(),
        strongest: setup.net.sample_from(&strongest),
        collapse: collapse::find(choices, &idle).map(|c| c.to_string()),
    }
}
