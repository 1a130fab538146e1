//! What a training starts from: nothing, the model's own weights, those of its supernet, or those of another supernet.

use super::super::action::{Action, Kind};
use super::super::engine::{Engine, Known};
use super::super::model::{Slot, State};
use super::super::work::{CutWork, Work};
use super::evaluate::Found;
use crate::base::{Canon, Digest};
use crate::document::{Init, Train};
use crate::results::Outcome;

impl Engine<'_> {
    /// The weights to start from; an error is the state of a model that has to wait for them, or will never have them.
    pub(super) fn initial(
        &self,
        index: usize,
        train: &Train,
        slot: &mut Slot,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
    ) -> Result<Option<Digest>, State> {
        match &train.init {
            Init::Scratch => Ok(None),
            Init::Continue => Ok(slot.model.trained.as_ref().and_then(|t| t.runs.first()).map(|r| r.weights)),
            Init::Inherit => self.cut(index, slot, known, works).map(Some),
            Init::From(name) => {
                let other = self.pipeline.links.starts[index].and_then(|i| self.supernets.get(&i));
                match other.map(|slot| (&slot.state, &slot.model.trained)) {
                    Some((State::Ready, Some(trained))) => Ok(trained.runs.first().map(|r| r.weights)),
                    Some((State::Failed(why), _)) => Err(State::Failed(format!("`{}` failed: {why}", name.value))),
                    _ => Err(State::Pending),
                }
            }
        }
    }

    /// The model's weights, cut out of its supernet's: those of the first seed go on.
    fn cut(&self, index: usize, slot: &mut Slot, known: &mut dyn Known, works: &mut Vec<Work>) -> Result<Digest, State> {
        let missing = || State::Failed("it has no weights to inherit".to_string());
        let subnet = slot.model.subnet.clone().ok_or_else(missing)?;
        let weights = subnet.supernet.runs.first().ok_or_else(missing)?.weights;
        let network = self.network(&subnet.space).ok_or_else(missing)?;
        let action = Action {
            kind: Kind::Cut,
            config: Canon::None,
            inputs: vec![("space", network), ("weights", weights), ("path", subnet.path)],
            seed: None,
            numerics: None,
        };
        let (key, found) = Found::output(&action, Outcome::weights, known, &mut slot.steps);
        match found {
            Found::Known(cut) => return Ok(cut),
            Found::Failed(reason) => return Err(State::Failed(reason)),
            Found::Pending => {}
        }
        works.push(Work::Cut(Box::new(CutWork {
            request: self.request(index, action, key, Some(slot.model.label()), ", cut out".into()),
            space: subnet.space.clone(),
            sample: subnet.sample.clone(),
            weights,
        })));
        Err(State::Pending)
    }
}
