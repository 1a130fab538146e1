//! What a training starts from: nothing, the model's own weights, those of its supernet, those of another training or of a file.

use super::super::action::{Action, Kind};
use super::super::engine::{Engine, Known};
use super::super::model::{Model, Slot, State};
use super::super::warm::{Origin, Start};
use super::super::work::{CutWork, Work};
use super::evaluate::Found;
use crate::base::{Canon, Digest};
use crate::document::{Init, Matching, Train};
use crate::results::Outcome;

impl Engine<'_> {
    /// The weights to start from; an error is the state of a model that has to wait for them, or will never have them.
    pub(super) fn initial(
        &mut self,
        index: usize,
        train: &Train,
        slot: &mut Slot,
        known: &mut dyn Known,
        works: &mut Vec<Work>,
    ) -> Result<Start, State> {
        match &train.init {
            Init::Scratch => Ok(Start::Scratch),
            Init::Continue => {
                let own = slot.model.trained.as_ref().and_then(|t| t.runs.first());
                Ok(own.map_or(Start::Scratch, |run| Start::Whole(run.weights)))
            }
            Init::Inherit => self.cut(index, slot, known, works).map(Start::Whole),
            Init::From(name, matching) => {
                let source = self.pipeline.links.starts[index].ok_or(State::Pending)?;
                let failed = |why: &str| State::Failed(format!("`{}` failed: {why}", name.value));
                if let Some(net) = self.supernets.get(&source) {
                    return match (&net.state, &net.model.trained) {
                        (State::Ready, Some(trained)) => Ok(trained.runs.first().map_or(Start::Scratch, |run| Start::Shared(run.weights))),
                        (State::Failed(why), _) => Err(failed(why)),
                        _ => Err(State::Pending),
                    };
                }
                let (slots, complete) = self.warm.sources.get(&source).ok_or(State::Pending)?;
                let one = match &slots[..] {
                    [one] => one.clone(),
                    _ if !complete => return Err(State::Pending),
                    other => return Err(State::Failed(format!("`{}` left {} networks, and one is started from", name.value, other.len()))),
                };
                if let State::Failed(why) = &one.state {
                    return Err(failed(why));
                }
                // What is taken over is known before the weights are: that it is nothing, too.
                let pruned = || State::Failed(format!("`{}` left a pruned network, whose layers are no places of its space", name.value));
                let drawn = one.model.drawn.clone().ok_or_else(pruned)?;
                let origin = Origin::Network(drawn, one.model.candidate.clone());
                let trained = one.model.trained.filter(|_| one.state == State::Ready);
                let runs = trained.map(|trained| trained.runs.iter().map(|run| (run.seed, run.weights)).collect());
                self.warm_start(index, origin, runs, &slot.model, *matching, &name.value)
            }
            Init::File(path, matching) => {
                let file = self.warm.files.get(&self.pipeline.stages[index].name.value).cloned();
                let file = file.ok_or_else(|| State::Failed(format!("{} was not read", path.value)))?;
                let runs = Some(vec![(0, file.digest)]);
                self.warm_start(index, Origin::File(file), runs, &slot.model, *matching, &path.value)
            }
        }
    }

    /// A start from weights of one network; none while they are not known.
    fn warm_start(
        &mut self,
        index: usize,
        origin: Origin,
        runs: Option<Vec<(u64, Digest)>>,
        model: &Model,
        matching: Matching,
        name: &str,
    ) -> Result<Start, State> {
        let transfer = self.warm.transfer(index, self.pipeline, self.spaces, &origin, model, matching);
        let transfer = transfer.map_err(|why| State::Failed(format!("nothing of `{name}` to start from: {why}")))?;
        Ok(Start::Warm { runs: runs.ok_or(State::Pending)?, transfer })
    }

    /// What the models of a stage take over, in words.
    pub(in super::super) fn taken_over(&self, index: usize, train: &Train) -> Vec<String> {
        let name = match &train.init {
            Init::From(name, _) | Init::File(name, _) => &name.value,
            _ => return Vec::new(),
        };
        let all: Vec<_> = self.warm.of_stage(index).collect();
        let (Some(few), Some(many)) = (all.iter().min_by_key(|t| t.pieces.len()), all.iter().max_by_key(|t| t.pieces.len())) else {
            return Vec::new();
        };
        let told = few.to_string();
        vec![match all.iter().all(|t| t.to_string() == told) {
            true => format!("init: {told}, from \"{name}\""),
            false => format!("init: {} to {} tensors of each network, from \"{name}\"", few.pieces.len(), many.pieces.len()),
        }]
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
