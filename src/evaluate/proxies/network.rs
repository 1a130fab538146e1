//! An untrained network as predictors see it, and what a predictor is.

use crate::data::Batch;
use crate::document::{Better, Described, Fed, MetricWord, Reads, Unit, Word};
use crate::nn::{Executor, Parameters};
use crate::space::Program;

/// Makes an executor for a program and batches of so many images.
pub type MakeExecutor<'a> = dyn FnMut(&Program, usize) -> Result<Box<dyn Executor>, String> + 'a;
/// The gradient of the loss by each output.
pub type LossGradient<'a> = dyn FnMut(&[&[f32]], &Batch) -> Result<Vec<Vec<f32>>, String> + 'a;

/// An untrained network, with what predictors may ask for.
pub struct Untrained<'a> {
    /// The network.
    pub program: &'a Program,
    /// The seed of its weights, and of noise.
    pub seed: u64,
    /// Images a batch, where the batch is noise.
    pub noise: usize,
    /// A batch of images with its truth; empty where none was asked for.
    pub batch: &'a Batch,
    /// Batch norm's epsilon.
    pub eps: f64,
    /// What runs it.
    pub executor: &'a mut MakeExecutor<'a>,
    /// What it would be trained by.
    pub loss: &'a mut LossGradient<'a>,
}

impl Untrained<'_> {
    /// The weights that a training with this seed starts from.
    pub(super) fn weights(&self) -> Parameters {
        Parameters::init(self.program, self.seed)
    }

    /// The batch, where there is one that fits.
    pub(super) fn images(&self) -> Result<&Batch, String> {
        let s = self.program.values.first().ok_or("the program has no image")?;
        match self.batch.n > 0 && self.batch.images.len() == self.batch.n * s.h * s.w * s.c {
            true => Ok(self.batch),
            false => Err(format!("{} values for {} images of {} × {} × {}", self.batch.images.len(), self.batch.n, s.h, s.w, s.c)),
        }
    }
}

/// A predictor: its word, and how it is computed.
pub struct Proxy {
    /// The word.
    pub word: MetricWord,
    fed: Fed,
    value: fn(&mut Untrained) -> Result<f64, String>,
}

impl Proxy {
    /// More is better with every one of them: so their authors mean them.
    pub(super) const fn new(name: &'static str, fed: Fed, value: fn(&mut Untrained) -> Result<f64, String>, doc: &'static str) -> Self {
        let word = MetricWord { word: Word::new(name, doc), unit: Unit::Number, better: Better::Higher, reads: Reads::Untrained(fed) };
        Proxy { word, fed, value }
    }

    /// What it shows the network.
    pub fn fed(&self) -> Fed {
        self.fed
    }

    /// Its value for a network; NaN or infinite where it has none.
    ///
    /// # Errors
    /// A network for which it is not defined; those of the executor.
    pub fn value(&self, network: &mut Untrained) -> Result<f64, String> {
        (self.value)(network)
    }
}

impl Described for Proxy {
    fn word(&self) -> &Word {
        &self.word.word
    }
}
