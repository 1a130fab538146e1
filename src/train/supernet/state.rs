//! Everything the next iteration of a supernet's training reads, and its bytes.

use super::setup::Setup;
use crate::nn::{Parameters, check_parameters};
use crate::space::Program;
use crate::train::oneshot::codec::{Reader, Writer};
use crate::train::oneshot::enas::Controller;
use crate::train::oneshot::{Alphas, Family, alpha};
use crate::train::{TrainState, weights_from_bytes, weights_to_bytes};

/// What a method has learned of the choices.
#[derive(Clone, Debug, PartialEq)]
pub enum Choices {
    /// Paths are drawn without learning.
    None,
    /// Logits of every decision.
    Alphas {
        /// The logits.
        alphas: Alphas,
        /// Moving average of held-out losses, against which drawn values are judged.
        baseline: Option<f64>,
    },
    /// A controller.
    Controller(Controller),
}

/// The state of a supernet's training between two iterations. Read back from its bytes it continues with the same bits.
#[derive(Clone, Debug, PartialEq)]
pub struct SupernetState {
    /// Shared tensors, moments, gradients and counters, over [`Setup::holder`].
    pub train: TrainState,
    /// By tensor: whether a network has read it since the last optimiser step.
    pub touched: Vec<bool>,
    /// By tensor: its optimiser steps.
    pub steps: Vec<u64>,
    /// The method's part.
    pub choices: Choices,
    /// Parameters of the largest network as it stood when it became the teacher.
    pub teacher: Option<Parameters>,
}

const HEAD: &str = "nasflow supernet 1";

/// More steps than any training makes.
const MOST: u64 = 1 << 53;

impl SupernetState {
    /// The state before the first iteration. Values are addressed by (seed, name of the shared tensor) at its largest.
    pub fn fresh(setup: &Setup) -> Result<Self, String> {
        Self::of(Parameters::init(&setup.holder, setup.seed), setup)
    }

    /// The same from given values of the shared tensors.
    pub fn of(params: Parameters, setup: &Setup) -> Result<Self, String> {
        let count = setup.holder.params.len();
        Ok(SupernetState {
            train: TrainState::fresh(params, &setup.holder, &setup.recipe)?,
            touched: vec![false; count],
            steps: vec![0; count],
            choices: Choices::fresh(setup),
            teacher: None,
        })
    }

    /// `init from=… match=names`: fresh, but where a tensor of a blob of weights has the name and the shape of a shared one,
    /// its values. Returns the number of tensors that were taken over, too; fails where there are none.
    pub fn matching(bytes: &[u8], setup: &Setup) -> Result<(Self, usize), String> {
        let mut params = Parameters::init(&setup.holder, setup.seed);
        let mut taken = 0;
        for tensor in crate::nn::load_tensors(bytes)?.tensors {
            let found = setup.holder.params.iter().position(|p| p.name == tensor.name && p.shape == tensor.shape);
            if let Some(i) = found.filter(|_| tensor.data.iter().all(|v| v.is_finite())) {
                params.0[i] = tensor.data;
                taken += 1;
            }
        }
        if taken == 0 {
            return Err("no tensor of the weights to start from has a name and a shape that this supernet has".into());
        }
        Ok((Self::of(params, setup)?, taken))
    }

    /// What is evaluated: the moving average where the recipe has one.
    pub fn weights(&self) -> &Parameters {
        self.train.ema.as_ref().unwrap_or(&self.train.params)
    }

    /// Equal states give equal bytes.
    pub fn to_bytes(&self, setup: &Setup) -> Result<Vec<u8>, String> {
        let mut out = Writer::new(HEAD);
        out.blob(&self.train.to_bytes(&setup.holder)?);
        out.number(self.steps.len() as u64);
        self.steps.iter().for_each(|s| out.number(*s));
        out.blob(&self.touched.iter().map(|t| u8::from(*t)).collect::<Vec<_>>());
        match &self.choices {
            Choices::None => out.number(0),
            Choices::Alphas { alphas, baseline } => {
                out.number(1);
                out.blob(&alphas.to_bytes());
                out.floats(baseline.as_slice());
            }
            Choices::Controller(controller) => {
                out.number(2);
                out.blob(&controller.to_bytes());
            }
        }
        match &self.teacher {
            Some(teacher) => out.blob(&weights_to_bytes(&teacher_program(setup)?, teacher)?),
            None => out.blob(&[]),
        }
        Ok(out.bytes())
    }

    /// Reads [`Self::to_bytes`] for the same supernet, method and recipe. Anything else is an error that says what does not fit.
    pub fn from_bytes(bytes: &[u8], setup: &Setup) -> Result<Self, String> {
        let count = setup.holder.params.len();
        let mut from = Reader::new(bytes, HEAD, "a supernet")?;
        let train = TrainState::from_bytes(from.blob()?, &setup.holder, &setup.recipe)?;
        let steps = (0..from.length(8)?).map(|_| from.number()).collect::<Result<Vec<_>, _>>()?;
        let marks = from.blob()?;
        let sound = steps.len() == count && steps.iter().all(|s| *s <= MOST) && marks.len() == count && marks.iter().all(|m| *m <= 1);
        if !sound {
            return Err(format!("counters of {} tensors, or impossible ones, for {count}", steps.len()));
        }
        let choices = Choices::read(&mut from, setup)?;
        let teacher = from.blob()?;
        let teacher = if teacher.is_empty() { None } else { Some(weights_from_bytes(&teacher_program(setup)?, teacher)?) };
        from.end()?;
        Ok(SupernetState { train, touched: marks.iter().map(|m| *m == 1).collect(), steps, choices, teacher })
    }

    /// Whether the state is one of this supernet under this method and recipe.
    pub(super) fn fits(&self, setup: &Setup) -> Result<(), String> {
        self.train.fits(&setup.holder, &setup.recipe)?;
        let count = setup.holder.params.len();
        if self.touched.len() != count || self.steps.len() != count {
            return Err("the counters are of another supernet".into());
        }
        if let Some(teacher) = &self.teacher {
            check_parameters(&teacher_program(setup)?, teacher)?;
        }
        match (&self.choices, Choices::fresh(setup)) {
            (Choices::None, Choices::None) | (Choices::Alphas { .. }, Choices::Alphas { .. }) => Ok(()),
            (Choices::Controller(_), Choices::Controller(_)) => Ok(()),
            _ => Err("the state is of another method".into()),
        }
    }
}

fn teacher_program(setup: &Setup) -> Result<Program, String> {
    Ok(setup.net.path(&setup.largest).map_err(|e| e.reason)?.program)
}

impl Choices {
    fn fresh(setup: &Setup) -> Self {
        match &setup.family {
            Family::Draws(_) => Choices::None,
            Family::Controls { controller, .. } => Choices::Controller(Controller::fresh(setup.seed, controller.hidden, &setup.options)),
            Family::Mixes(_) => Choices::Alphas { alphas: Alphas::fresh(setup.seed, alpha::INITIAL, &setup.named()), baseline: None },
        }
    }

    fn read(from: &mut Reader, setup: &Setup) -> Result<Self, String> {
        let kind = from.number()?;
        Ok(match (kind, Choices::fresh(setup)) {
            (0, Choices::None) => Choices::None,
            (1, Choices::Alphas { .. }) => {
                let alphas = Alphas::from_bytes(from.blob()?, &setup.named())?;
                let baseline = from.floats()?;
                if baseline.len() > 1 {
                    return Err("a state of choices with several averages".into());
                }
                Choices::Alphas { alphas, baseline: baseline.first().copied() }
            }
            (2, Choices::Controller(fresh)) => Choices::Controller(Controller::from_bytes(from.blob()?, fresh.hidden(), &setup.options)?),
            _ => return Err("a state of another method".into()),
        })
    }
}
