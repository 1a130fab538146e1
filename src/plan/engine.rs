//! The replay: walks the stages over what is known, proposes as far as results allow, and lists what would run.

use super::action::Action;
use super::candidate::Candidate;
use super::command::Commands;
use super::earlier::Earlier;
use super::model::{Raced, Slot, State};
use super::replicas::Replicas;
use super::table::Table;
use super::tickets::Tickets;
use super::warm::{Warm, WeightsFile};
use super::work::{Request, Work};
use crate::base::Digest;
use crate::document::{Pipeline, StageId, StageKind, Task};
use crate::results::{Comparison, Outcome};
use crate::search::{Distribution, Record};
use crate::space::{AnchorSet, LatencyTable, Space};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A split of a data set, as far as keys and counts need it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SplitInfo {
    /// The digest of its canonical content.
    pub digest: Digest,
    /// Number of images.
    pub images: usize,
    /// Number of boxes.
    pub objects: usize,
    /// Anchors that k-means found over it: of a split that is cut into folds, and of what is left of it without one.
    #[serde(default)]
    pub anchors: Vec<AnchorSet>,
}

/// A data set, as far as keys and counts need it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DataInfo {
    /// The longer side at which networks see it, unless their space states a size.
    pub image_size: usize,
    /// Class names in declared order.
    pub classes: Vec<String>,
    /// Splits by name.
    pub splits: BTreeMap<String, SplitInfo>,
    /// The decoder's version.
    pub decoder: String,
    /// Channels of an image: 3 (RGB) or 1.
    pub channels: usize,
    /// What networks learn from it.
    pub task: Task,
}

/// A known point of a training chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Iterations done.
    pub iteration: u64,
    /// The record's key.
    pub key: Digest,
    /// The training state, where it is still there.
    pub state: Option<Digest>,
    /// Where the training diverged, the reason.
    pub diverged: Option<String>,
}

/// The snapshot that a replay reads.
pub trait Known {
    /// The result of this action.
    fn outcome(&mut self, key: Digest) -> Option<Outcome>;
    /// Known points of a training chain.
    fn chain(&mut self, chain: Digest) -> Vec<Point>;
    /// Why this action is out of attempts in this run.
    fn given_up(&mut self, key: Digest) -> Option<String>;
    /// What a search of this name left behind; nothing where that is not kept.
    fn search(&mut self, _key: Digest) -> Record {
        Record::default()
    }
}

/// One stage after a replay.
#[derive(Clone, Debug)]
pub struct StageReplay {
    /// Its models.
    pub slots: Vec<Slot>,
    /// Whether no further model can come.
    pub complete: bool,
    /// What the reader should know ("the space is exhausted after 12 of 16").
    pub notes: Vec<String>,
}

/// A replay's result.
#[derive(Clone, Debug)]
pub struct Replay {
    /// One for each stage of the pipeline, in its order.
    pub stages: Vec<StageReplay>,
    /// What can run now, first things first.
    pub works: Vec<Work>,
    /// How the answer compares, by name of `against`, as far as that is known.
    pub compared: BTreeMap<String, Compared>,
    /// What searches train once more.
    pub replicas: Vec<Replicas>,
}

/// A comparison that is known.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Its action.
    pub key: Digest,
    /// Its result.
    pub comparison: Comparison,
}

impl Replay {
    /// Whether nothing is left to do.
    pub fn finished(&self) -> bool {
        self.works.is_empty() && self.stages.iter().all(|s| s.complete)
    }

    /// What a stage made of trials that are trained once more.
    pub fn copies(&self, stage: StageId) -> impl Iterator<Item = &Slot> {
        let all = self.replicas.iter().flat_map(|r| &r.trials).flat_map(|replica| &replica.slots);
        all.filter(move |(at, _)| *at == stage).map(|(_, slot)| slot)
    }

    /// The models of a stage, and behind them such trials.
    pub fn all(&self, stage: StageId) -> impl Iterator<Item = &Slot> {
        self.stages[stage].slots.iter().chain(self.copies(stage))
    }
}

/// Replays one pipeline. Keeps what cannot change between replays (tickets, candidates), nothing else.
pub struct Engine<'a> {
    pub(super) pipeline: &'a Pipeline,
    pub(super) data: &'a BTreeMap<String, DataInfo>,
    pub(super) spaces: &'a BTreeMap<String, Space>,
    pub(super) numerics: String,
    pub(super) tickets: HashMap<usize, Tickets<'a>>,
    pub(super) candidates: HashMap<(Digest, Vec<(String, String)>), Arc<Candidate>>,
    /// Networks with anchors of what is left of a split without a fold, by the network and that split.
    pub(super) folded: HashMap<(Digest, Digest), Arc<Candidate>>,
    pub(super) tables: BTreeMap<String, Arc<Table>>,
    /// Tables of latencies that `evaluate` stages read, by stage, with what names them.
    pub(super) latencies: BTreeMap<String, (Arc<LatencyTable>, Digest)>,
    /// What networks take by them: (table, network).
    pub(super) summed: HashMap<(Digest, Digest), Result<f64, String>>,
    /// Entropies of networks, which are worked out once.
    pub(super) entropies: HashMap<Digest, Result<f64, String>>,
    /// The supernets of this replay, by stage.
    pub(super) supernets: HashMap<usize, Slot>,
    /// What supernets have learned, by space and key.
    pub(super) learned: HashMap<(String, Digest), Arc<Distribution>>,
    /// By stage: the choices that it reads, or a stage behind it.
    ahead: Vec<BTreeSet<String>>,
    /// What stands for a whole space, by name.
    pub(super) wholes: HashMap<String, Arc<Candidate>>,
    /// What trainings start from.
    pub(super) warm: Warm,
    /// Networks that pruning left, by its action.
    pub(super) smaller: HashMap<Digest, Arc<Candidate>>,
    /// Whether a network can learn from another, by both.
    pub(super) taught: HashMap<(Digest, Digest), Result<(), String>>,
    /// What commands of one's own use.
    pub(super) commands: Commands,
    /// What searches know before their first trial, by stage.
    pub(super) earlier: BTreeMap<String, Arc<Earlier>>,
}

impl<'a> Engine<'a> {
    /// `numerics` names the class in which this run trains and detects.
    pub fn new(
        pipeline: &'a Pipeline,
        data: &'a BTreeMap<String, DataInfo>,
        spaces: &'a BTreeMap<String, Space>,
        numerics: String,
    ) -> Self {
        Engine {
            pipeline,
            data,
            spaces,
            numerics,
            tickets: HashMap::new(),
            candidates: HashMap::new(),
            folded: HashMap::new(),
            tables: BTreeMap::new(),
            latencies: BTreeMap::new(),
            summed: HashMap::new(),
            entropies: HashMap::new(),
            supernets: HashMap::new(),
            learned: HashMap::new(),
            ahead: ahead(pipeline),
            wholes: HashMap::new(),
            warm: Warm::default(),
            smaller: HashMap::new(),
            taught: HashMap::new(),
            commands: Commands::default(),
            earlier: BTreeMap::new(),
        }
    }

    /// The same engine with the tables that `evaluate` stages read, by stage.
    #[must_use]
    pub fn with_tables(mut self, tables: &BTreeMap<String, Arc<Table>>) -> Self {
        self.tables.clone_from(tables);
        self
    }

    /// The same engine with the tables of latencies that `evaluate` stages read, by stage.
    #[must_use]
    pub fn with_latencies(mut self, tables: &BTreeMap<String, Arc<LatencyTable>>) -> Self {
        self.latencies = tables.iter().map(|(stage, table)| (stage.clone(), (table.clone(), table.digest()))).collect();
        self
    }

    /// The same engine with the files of weights that trainings start from, by stage.
    #[must_use]
    pub fn with_weights(mut self, files: &BTreeMap<String, Arc<WeightsFile>>) -> Self {
        self.warm.files.clone_from(files);
        self
    }

    /// The same engine with the files of teachers, by stage; those without a network of their own teach nothing.
    #[must_use]
    pub fn with_teachers(mut self, files: &BTreeMap<String, Arc<WeightsFile>>) -> Self {
        let network = |file: &Arc<WeightsFile>| Some((file.clone(), Arc::new(Candidate::of(file.architecture.as_ref()?.0.clone()))));
        self.warm.teachers = files.iter().filter_map(|(stage, file)| Some((stage.clone(), network(file)?))).collect();
        self
    }

    /// The same engine with what commands of one's own use.
    #[must_use]
    pub fn with_commands(mut self, commands: &Commands) -> Self {
        self.commands.clone_from(commands);
        self
    }

    /// The pipeline.
    pub fn pipeline(&self) -> &'a Pipeline {
        self.pipeline
    }

    /// Walks all stages over what is known.
    pub fn replay(&mut self, known: &mut dyn Known) -> Replay {
        let pipeline = self.pipeline;
        let mut pass = Pass { views: Vec::new(), works: Vec::new() };
        for (index, stage) in pipeline.stages.iter().enumerate() {
            let replay = match &stage.kind {
                StageKind::Sample(sample) => self.sample(index, sample, &pass.views, known, &mut pass.works),
                StageKind::Train(train) if pipeline.supernet(stage).is_some() => self.supernet(index, train, known, &mut pass.works),
                StageKind::Train(train) => {
                    let incoming = self.incoming(index, &pass);
                    let (incoming, mut notes) = self.within_budget(index, train, incoming);
                    let done = self.each(index, incoming, |engine, slot| vec![engine.train(index, train, slot, known, &mut pass.works)]);
                    notes.extend(self.taken_over(index, train));
                    StageReplay { notes, ..done }
                }
                StageKind::Evaluate(evaluate) => {
                    let incoming = self.incoming(index, &pass);
                    self.each(index, incoming, |engine, slot| engine.evaluate(index, evaluate, slot, known, &mut pass.works))
                }
                StageKind::Select(select) => {
                    let incoming = self.incoming(index, &pass);
                    self.select(index, select, incoming, known, &mut pass.works)
                }
            };
            if pipeline.links.starts.contains(&Some(index)) || pipeline.links.teachers.contains(&Some(index)) {
                self.warm.sources.insert(index, (replay.slots.clone(), replay.complete));
            }
            pass.views.push(replay);
        }
        let replicas = self.replicas(known, &mut pass.works);
        let compared = self.compare(&pass.views, known, &mut pass.works);
        Replay { stages: pass.views, works: dedupe(pass.works), compared, replicas }
    }

    /// What stage `index` asks for, for a model or for itself.
    pub(super) fn request(&self, index: usize, action: Action, key: Digest, model: Option<String>, detail: String) -> Request {
        Request { action, key, stage: index, name: self.pipeline.stages[index].name.value.clone(), model, detail, replica: false }
    }

    /// The union of what the named stages leave, one slot an identity.
    fn incoming(&self, index: usize, pass: &Pass) -> StageReplay {
        let mut union = StageReplay { slots: Vec::new(), complete: true, notes: Vec::new() };
        let mut seen: HashMap<(Digest, Option<Raced>), usize> = HashMap::new();
        let ahead = &self.ahead[index];
        for &read in &self.pipeline.links.reads[index] {
            let Some(replay) = pass.views.get(read) else { continue };
            union.complete &= replay.complete;
            for slot in &replay.slots {
                // What nothing reads from here on tells no models apart.
                let mut slot = slot.clone();
                slot.model.recipe.retain(|value| ahead.contains(&value.label));
                // Untrained, one that is trained to the end is another than one that may be stopped.
                let cut = slot.model.raced.clone().filter(|raced| raced.open || slot.model.trained.is_none());
                let identity = (slot.state == State::Ready).then(|| (slot.model.identity(), cut));
                match identity.as_ref().and_then(|id| seen.get(id)) {
                    Some(&at) => {
                        let same: &mut Slot = &mut union.slots[at];
                        same.model.via.extend(slot.model.via.iter().cloned());
                        for (metric, figure) in &slot.model.figures {
                            same.model.figures.entry(metric.clone()).or_insert_with(|| figure.clone());
                        }
                    }
                    None => {
                        if let Some(id) = identity {
                            seen.insert(id, union.slots.len());
                        }
                        union.slots.push(Slot { steps: Vec::new(), ..slot });
                    }
                }
            }
        }
        union
    }

    /// Applies a stage to every incoming model; those that are not ready stay as they are.
    fn each(&mut self, index: usize, incoming: StageReplay, mut f: impl FnMut(&mut Self, Slot) -> Vec<Slot>) -> StageReplay {
        let mut slots = Vec::with_capacity(incoming.slots.len());
        for slot in incoming.slots {
            if slot.state == State::Ready && self.undecided(index, &slot.model) {
                slots.push(Slot { state: State::Pending, ..slot });
            } else if slot.state == State::Ready {
                slots.extend(f(self, slot));
            } else {
                slots.push(slot);
            }
        }
        let complete = incoming.complete && slots.iter().all(|s| s.state != State::Pending);
        StageReplay { slots, complete, notes: Vec::new() }
    }
}

/// By stage: the labels of choices that it reads, or a stage behind it. A stage comes after those that it reads.
fn ahead(pipeline: &Pipeline) -> Vec<BTreeSet<String>> {
    let mut ahead: Vec<BTreeSet<String>> = vec![BTreeSet::new(); pipeline.stages.len()];
    for (index, stage) in pipeline.stages.iter().enumerate().rev() {
        ahead[index].extend(stage.train().into_iter().flat_map(|t| t.choices.iter().map(|c| c.label.value.clone())));
        for &read in &pipeline.links.reads[index] {
            let behind = ahead[index].clone();
            ahead[read].extend(behind);
        }
    }
    ahead
}

/// What one replay gathers.
pub(super) struct Pass {
    pub views: Vec<StageReplay>,
    pub works: Vec<Work>,
}

/// Two stages may ask for one action; it runs once, for the one that asked first. Of two trainings of one chain only
/// the first asked for goes now: the other will start from where it ends.
fn dedupe(works: Vec<Work>) -> Vec<Work> {
    let mut seen = std::collections::HashSet::new();
    works
        .into_iter()
        .filter(|w| {
            seen.insert(match w {
                Work::Train(t) => t.chain,
                other => other.key(),
            })
        })
        .collect()
}
