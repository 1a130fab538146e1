//! What a one-shot method is: what a file may write of it, what keys hold, and how it trains. One value, in the method's file.

use super::controls::Settings;
use super::mixing::{Logits, Weighed};
use super::paths::{Decision, StepPlan};
use crate::document::{ChoiceRule, Described, Diagnostic, Form, MethodLines, MethodRule, MethodWord, Traits, Unset, Word};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A one-shot method of the language.
pub struct Method {
    /// The word with its fields and lines.
    pub word: Word,
    /// Its name in keys.
    pub tag: &'static str,
    /// What rules of the whole file ask of it.
    pub traits: Traits,
    /// What its lines amount to, and what stands against them.
    pub read: fn(&MethodLines, &mut Vec<Diagnostic>) -> Result<Option<MethodRule>, Unset>,
    /// Its behaviour, from the numbers that keys hold and from nothing else.
    pub build: fn(&Value) -> Result<Family, Unbuilt>,
}

impl Described for Method {
    fn word(&self) -> &Word {
        &self.word
    }
}

impl MethodWord for Method {
    fn traits(&self) -> Traits {
        self.traits
    }

    fn read(&self, lines: &MethodLines, found: &mut Vec<Diagnostic>) -> Result<Option<MethodRule>, Unset> {
        (self.read)(lines, found)
    }
}

/// How a method trains.
pub enum Family {
    /// Draws paths, and learns no choices.
    Draws(Box<dyn Draws>),
    /// Mixes options by logits that learn.
    Mixes(Box<dyn Mixes>),
    /// A controller proposes paths and learns from their rewards.
    Controls {
        /// The controller.
        controller: Settings,
        /// How it learns.
        choices: ChoiceRule,
    },
}

impl Family {
    /// How its choices learn.
    pub fn choices(&self) -> Option<&ChoiceRule> {
        match self {
            Family::Draws(_) => None,
            Family::Mixes(mixes) => Some(mixes.choices()),
            Family::Controls { choices, .. } => Some(choices),
        }
    }

    /// The behaviour of a method that draws paths.
    pub fn draws(&self) -> Option<&dyn Draws> {
        if let Family::Draws(draws) = self { Some(&**draws) } else { None }
    }

    /// The behaviour of a method that mixes options.
    pub fn mixes(&self) -> Option<&dyn Mixes> {
        if let Family::Mixes(mixes) = self { Some(&**mixes) } else { None }
    }
}

/// What the plan of a step may look at.
pub struct Draw<'a> {
    /// Addresses everything random.
    pub seed: u64,
    /// Which optimiser step.
    pub step: u64,
    /// The epoch in which it begins.
    pub epoch: usize,
    /// By decision: how many options.
    pub options: &'a [usize],
    /// By decision: its options' sizes.
    pub decisions: &'a [Decision],
}

/// Where an epoch lies, in a method with phases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// None: the teacher's.
    pub phase: Option<usize>,
    /// Epoch within the phase, from 0.
    pub epoch: usize,
    /// Epochs of the phase.
    pub epochs: usize,
    /// Learning rate of the phase; none: the recipe's.
    pub lr: Option<f64>,
}

/// A method that draws the paths of a step.
pub trait Draws: Send + Sync {
    /// The paths of a step.
    fn plan(&self, at: &Draw) -> StepPlan;
    /// How many batches a step reads.
    fn batches_a_step(&self, _options: &[usize]) -> u64 {
        1
    }
    /// Where an epoch lies, in a method whose phases have schedules of their own.
    fn phase(&self, _epoch: usize) -> Option<Position> {
        None
    }
    /// Whether an option's size is what it costs, and the largest network that of the largest sizes.
    fn sizes_by_cost(&self) -> bool {
        false
    }
}

/// A method that mixes the options of decisions by weights from logits.
pub trait Mixes: Send + Sync {
    /// How its logits learn.
    fn choices(&self) -> &ChoiceRule;
    /// The options of a decision that a step computes, with their weights: all, by the softmax of the logits.
    fn weigh(&self, at: &Logits) -> Weighed {
        Weighed::softmax(at.alpha)
    }
    /// Whether logits learn through one step of the weights.
    fn second_order(&self) -> bool {
        false
    }
    /// One of so many channels is mixed, and the inputs of a node have logits of their own; none: all channels, and no such logits.
    fn partial(&self) -> Option<usize> {
        None
    }
}

/// Why a method cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unbuilt {
    /// No method has this name in keys.
    Unknown(String),
    /// It trains no supernet.
    NoSupernet,
    /// The numbers are not this method's.
    Numbers(String),
}

impl std::fmt::Display for Unbuilt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unbuilt::Unknown(tag) => write!(f, "this version knows no one-shot method `{tag}`"),
            Unbuilt::NoSupernet => write!(f, "`method single` trains no supernet"),
            Unbuilt::Numbers(why) => write!(f, "the method's numbers are not those that it writes: {why}"),
        }
    }
}

impl std::error::Error for Unbuilt {}

/// The numbers of a method, from what keys hold.
pub(super) fn numbers<N: DeserializeOwned>(value: &Value) -> Result<N, Unbuilt> {
    N::deserialize(value).map_err(|e| Unbuilt::Numbers(e.to_string()))
}

/// What keys hold of a method's numbers.
pub(super) fn form(tag: &str, numbers: &impl Serialize) -> Form {
    // Structs of numbers, words and lists cannot fail to serialise.
    Form { tag: tag.into(), numbers: serde_json::to_value(numbers).unwrap_or(Value::Null) }
}
