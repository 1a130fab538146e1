//! What trainings start from that start where others ended.

use super::candidate::Candidate;
use super::lead::related;
use super::model::{Drawn, Model, Slot};
use crate::base::{Canon, Digest};
use crate::document::{Matching, Pipeline};
use crate::space::warm::{Given, Layout, Network, Shapes, Transfer, into_network, into_supernet};
use crate::space::{Architecture, Space, Supernet};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// A file of weights, as far as keys and matching need it.
#[derive(Clone, Debug)]
pub struct WeightsFile {
    /// Where it lies.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// (name, shape) of its tensors, counters and anchors left out.
    pub tensors: Vec<(String, Vec<usize>)>,
    /// The anchors that it holds beside them, by level, in units of the stride.
    pub anchors: Option<Vec<Vec<(f32, f32)>>>,
    /// The network that it says it is of, and what its space decided: [`Space::choices`].
    pub architecture: Option<(Architecture, Vec<(u64, usize)>)>,
    /// Batch norm's epsilon, where it says that.
    pub bn_eps: Option<f64>,
}

/// What a training starts from.
#[derive(Clone, Debug)]
pub enum Start {
    /// Fresh weights.
    Scratch,
    /// All of these weights.
    Whole(Digest),
    /// Of a supernet: the tensors of these weights that have a name and a shape of its own.
    Shared(Digest),
    /// A part of the weights of one network.
    Warm {
        /// By seed; a file has one for all.
        runs: Vec<(u64, Digest)>,
        /// What is taken over.
        transfer: Arc<Transfer>,
    },
}

impl Start {
    /// The weights for this seed: those of the same seed where there are such, else the first.
    pub fn weights(&self, seed: u64) -> Option<Digest> {
        match self {
            Start::Scratch => None,
            Start::Whole(weights) | Start::Shared(weights) => Some(*weights),
            Start::Warm { runs, .. } => runs.iter().find(|r| r.0 == seed).or(runs.first()).map(|r| r.1),
        }
    }

    /// What of them is taken over, where it is not simply all.
    pub fn transfer(&self) -> Option<&Arc<Transfer>> {
        match self {
            Start::Warm { transfer, .. } => Some(transfer),
            _ => None,
        }
    }

    /// What a training's key holds of it, beside the digest of the weights.
    pub fn canon(&self) -> Option<(String, Canon)> {
        match self {
            Start::Scratch | Start::Whole(_) => None,
            Start::Shared(_) => Some(("init-match".into(), "names".into())),
            Start::Warm { transfer, .. } => Some(("init".into(), transfer.canon())),
        }
    }
}

/// Whose weights they are.
#[derive(Clone)]
pub(super) enum Origin {
    /// Of a network that was trained here.
    Network(Arc<Drawn>, Arc<Candidate>),
    /// Of a file.
    File(Arc<WeightsFile>),
}

impl Origin {
    fn digest(&self) -> Digest {
        match self {
            Origin::Network(drawn, candidate) => named(drawn, candidate),
            Origin::File(file) => file.digest,
        }
    }
}

fn named(drawn: &Drawn, candidate: &Candidate) -> Digest {
    Canon::List(vec![drawn.space.as_str().into(), drawn.path().into(), candidate.digest.into()]).digest()
}

/// What an engine keeps of it.
#[derive(Default)]
pub(super) struct Warm {
    /// Files by the stage that starts from them.
    pub files: BTreeMap<String, Arc<WeightsFile>>,
    /// Files of teachers by the stage that learns from them, with their networks.
    pub teachers: BTreeMap<String, (Arc<WeightsFile>, Arc<Candidate>)>,
    /// Stages that others start from or learn from, as of this replay: their models, and whether no further one can come.
    pub sources: HashMap<usize, (Vec<Slot>, bool)>,
    references: HashMap<String, Rc<Layout>>,
    nets: HashMap<String, Arc<Supernet>>,
    /// By stage, target and origin; an error says why there is nothing.
    known: HashMap<(usize, Digest, Digest), Result<Arc<Transfer>, String>>,
}

impl Warm {
    /// What a model takes over at a stage; worked out once.
    pub fn transfer(
        &mut self,
        index: usize,
        pipeline: &Pipeline,
        spaces: &BTreeMap<String, Space>,
        origin: &Origin,
        model: &Model,
        matching: Matching,
    ) -> Result<Arc<Transfer>, String> {
        let target = model.drawn.as_ref().map_or(model.candidate.digest, |drawn| named(drawn, &model.candidate));
        let key = (index, target, origin.digest());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let found = self.work_out(pipeline, spaces, origin, model, matching).map(Arc::new);
        self.known.insert(key, found.clone());
        found
    }

    /// All that is known of a stage.
    pub fn of_stage(&self, index: usize) -> impl Iterator<Item = &Arc<Transfer>> {
        self.known.iter().filter(move |(key, _)| key.0 == index).filter_map(|(_, found)| found.as_ref().ok())
    }

    fn work_out(
        &mut self,
        pipeline: &Pipeline,
        spaces: &BTreeMap<String, Space>,
        origin: &Origin,
        model: &Model,
        matching: Matching,
    ) -> Result<Transfer, String> {
        let name = model.supernet.as_ref().or(model.drawn.as_ref().map(|d| &d.space)).ok_or("its space is not known")?;
        let space = spaces.get(name).ok_or_else(|| format!("no space `{name}`"))?;
        let reference = match self.references.get(name) {
            Some(known) => known.clone(),
            None => {
                let layout = Rc::new(Layout::of(space, &space.reference()).map_err(|e| e.reason)?);
                self.references.insert(name.clone(), layout.clone());
                layout
            }
        };
        let own = model.drawn.as_ref().map(|drawn| Layout::of(space, &drawn.sample)).transpose().map_err(|e| e.reason)?;
        let known: Vec<&Layout> = std::iter::once(&*reference).chain(&own).collect();
        let given = given(pipeline, spaces, origin, name, &known)?;
        let transfer = match &own {
            Some(own) => into_network(&given, own, matching),
            None => {
                let net = match self.nets.get(name) {
                    Some(net) => net.clone(),
                    None => {
                        let net =
                            Supernet::of(space).map_err(|found| found.into_iter().map(|d| d.message).collect::<Vec<_>>().join("; "))?;
                        let net = Arc::new(net);
                        self.nets.insert(name.clone(), net.clone());
                        net
                    }
                };
                into_supernet(&given, &net, &reference, matching)
            }
        };
        match (transfer.is_empty(), matching) {
            (false, _) => Ok(transfer),
            (true, Matching::Names) => Err("no tensor has its place and its shape (`match=overlap` takes the common part, too)".into()),
            (true, Matching::Overlap) => Err("no tensor has a part in common with it".into()),
        }
    }
}

/// The tensors of an origin in the places of a space.
fn given(pipeline: &Pipeline, spaces: &BTreeMap<String, Space>, origin: &Origin, target: &str, known: &[&Layout]) -> Result<Given, String> {
    match origin {
        Origin::Network(drawn, candidate) => {
            let space = spaces.get(&drawn.space).ok_or_else(|| format!("no space `{}`", drawn.space))?;
            let layout = Layout::of(space, &drawn.sample).map_err(|e| e.reason)?;
            let related = related(pipeline, &drawn.space, target);
            Given::of_network(&Network { layout: &layout, architecture: candidate.architecture()?, related }, known)
        }
        Origin::File(file) => {
            let space = spaces.get(target).ok_or_else(|| format!("no space `{target}`"))?;
            of_file(file, space, known)
        }
    }
}

fn of_file(file: &WeightsFile, space: &Space, known: &[&Layout]) -> Result<Given, String> {
    match &file.architecture {
        // Where it comes of this space, or of one like it, the sample with its choices has its layers.
        Some((architecture, choices)) => {
            let own = Layout::of(space, &space.sample_of(choices)).ok();
            let known: Vec<&Layout> = own.iter().chain(known.iter().copied()).collect();
            Given::of_architecture(architecture, &known)
        }
        None => Given::of_shapes(&Shapes { tensors: &file.tensors, anchors: file.anchors.as_deref() }, known),
    }
}

/// What a file has for the reference of a space, with all that overlaps: where that is nothing, the file is the wrong one.
///
/// # Errors
/// Why there is nothing.
pub fn file_into_reference(file: &WeightsFile, space: &Space) -> Result<Transfer, String> {
    let reference = Layout::of(space, &space.reference()).map_err(|e| e.reason)?;
    Ok(into_network(&of_file(file, space, &[&reference])?, &reference, Matching::Overlap))
}
