//! A model with its weights, as it leaves and comes back.

use super::{ExportError, ModelCard};
use crate::nn::Parameters;
use crate::space::Program;

/// A model in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Artefact {
    /// What it is.
    pub card: ModelCard,
    /// The architecture's operators.
    pub program: Program,
    /// Weights and running statistics.
    pub params: Parameters,
}

impl Artefact {
    /// Puts a model together. Fails where the parts do not belong to each other.
    pub fn new(card: ModelCard, params: Parameters) -> Result<Self, ExportError> {
        let program = card.architecture.program().map_err(ExportError::CannotWrite)?;
        card.check(&program).map_err(ExportError::CannotWrite)?;
        let fits = params.0.len() == program.params.len() && params.0.iter().zip(&program.params).all(|(v, p)| v.len() == p.len());
        if !fits {
            return Err(ExportError::CannotWrite("the parameters are not the architecture's".into()));
        }
        Ok(Artefact { card, program, params })
    }
}
