//! Candidates: what a replay knows of a network. The network itself is built when something asks for it.

use crate::base::Digest;
use crate::document::RecipeValue;
use crate::space::{Architecture, Cost, Sample, Space};
use std::sync::{Arc, OnceLock};

/// An architecture with what follows from it alone.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub(super) network: Network,
    /// The digest of its architecture.
    pub digest: Digest,
    /// Trainable parameters.
    pub params: u64,
    /// Multiply-adds of one image.
    pub macs: u64,
    pub(super) image_size: usize,
    /// Label → value of the decisions that led to it, for people.
    pub choices: Vec<(String, String)>,
    /// Those of `choices` that are not the reference's.
    pub edits: Vec<(String, String)>,
    /// Those of `choices` that trainings read.
    pub recipe: Vec<RecipeValue>,
}

/// Whatever builds the network: the other fields follow from it.
impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        (self.digest, &self.choices, &self.edits, &self.recipe) == (other.digest, &other.choices, &other.edits, &other.recipe)
    }
}

/// A network: built already, or from its sample the first time that it is needed. A replay of thousands needs hardly any.
#[derive(Clone, Debug)]
pub(super) struct Network {
    built: OnceLock<Result<Architecture, String>>,
    from: Option<(Arc<Space>, Sample)>,
}

impl From<Architecture> for Network {
    fn from(architecture: Architecture) -> Self {
        Network { built: OnceLock::from(Ok(architecture)), from: None }
    }
}

impl Network {
    /// The network that a sample of a space stands for.
    pub fn of(space: Arc<Space>, sample: Sample) -> Self {
        Network { built: OnceLock::new(), from: Some((space, sample)) }
    }
}

impl Candidate {
    /// That of a network which no space proposed.
    pub fn of(architecture: Architecture) -> Self {
        let (digest, image_size) = (architecture.digest(), architecture.input.height);
        let (params, macs) = architecture.cost().map(|c| (c.params, c.macs)).unwrap_or_default();
        let network = Network::from(architecture);
        Candidate { network, digest, params, macs, image_size, choices: Vec::new(), edits: Vec::new(), recipe: Vec::new() }
    }

    /// What pruning made of this one.
    ///
    /// # Errors
    /// A network that cannot be built.
    pub fn pruned(&self, architecture: Architecture) -> Result<Self, String> {
        let (digest, image_size, cost) = (architecture.digest(), architecture.input.height, architecture.cost()?);
        let mut edits = self.edits.clone();
        edits.push(("pruned".into(), format!("{:.2}", cost.macs as f64 / self.macs.max(1) as f64)));
        Ok(Candidate { network: architecture.into(), digest, params: cost.params, macs: cost.macs, image_size, edits, ..self.clone() })
    }

    /// The canonical form.
    ///
    /// # Errors
    /// Where it is known from a record that does not fit the space: the search was recorded by a program that built other networks.
    pub fn architecture(&self) -> Result<&Architecture, String> {
        let build = || {
            let (space, sample) = self.network.from.as_ref().ok_or("a candidate without a network")?;
            let built = space.architecture(sample).map_err(|e| e.reason)?;
            match built.digest() == self.digest {
                true => Ok(built),
                false => Err("the recorded search names another network than its choices build".to_string()),
            }
        };
        self.network.built.get_or_init(build).as_ref().map_err(Clone::clone)
    }

    /// The size at which it reads images, in pixels.
    pub fn image_size(&self) -> usize {
        self.image_size
    }

    /// What it costs.
    pub fn cost(&self) -> Cost {
        Cost { params: self.params, macs: self.macs }
    }
}
