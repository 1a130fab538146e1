//! What workers are given of supernets, and the weights that are cut out of one.

use super::error::RunError;
use super::inline::Computed;
use super::job::{Epoch, RecalibrationJob, SpaceSpec, SubnetJob, SupernetJob};
use super::packs::Packs;
use super::prepare::{Prepared, record};
use crate::base::{Canon, Digest};
use crate::document::{Diagnostic, Init, OneShot, Pipeline, StageKind};
use crate::nn::Parameters;
use crate::plan::{CutWork, SubnetWork, TrainWork};
use crate::space::architecture::to_canon;
use crate::space::{LatencyTable, Space, Supernet};
use crate::store::{Store, StoreError};
use crate::train::{Setup, shared, weights_from_bytes, weights_to_bytes};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;

impl SpaceSpec {
    /// The space of a prepared pipeline.
    pub fn of(name: &str, prepared: &Prepared) -> Result<SpaceSpec, RunError> {
        let missing = || RunError::Stuck(format!("no space `{name}`"));
        let node = prepared.pipeline.spaces.iter().find(|s| s.name.value == name).ok_or_else(missing)?;
        let input = prepared.spaces.get(name).ok_or_else(missing)?.input();
        Ok(SpaceSpec { node: node.clone(), input: input.clone() })
    }

    /// Compiles it and makes its supernet, with the findings in words where that cannot be.
    pub fn supernet(&self) -> Result<Supernet, String> {
        let (space, _) = Space::compile(&self.node, &self.input).map_err(|found| messages(&found))?;
        Supernet::of(&space).map_err(|found| messages(&found))
    }
}

/// Every space that is trained as a supernet can be one, by the method that trains it; what in it cannot share weights is an
/// error at its line. That it can is remembered in the store, because it takes a tenth of a second to find out.
pub fn check(
    pipeline: &Pipeline,
    spaces: &BTreeMap<String, Space>,
    store: Option<&Store>,
    errors: &mut Vec<Diagnostic>,
) -> Result<(), RunError> {
    let stored = |e: StoreError| RunError::Store(e.to_string());
    let mut nets: BTreeMap<&String, Option<Supernet>> = BTreeMap::new();
    for stage in &pipeline.stages {
        let space = pipeline.supernet(stage).and_then(|s| Some((&s.name.value, spaces.get(&s.name.value)?)));
        let (Some((name, space)), StageKind::Train(train)) = (space, &stage.kind) else { continue };
        let Some(oneshot) = &train.oneshot else { continue };
        let version = env!("CARGO_PKG_VERSION");
        let method = to_canon(&oneshot.value);
        // `init from=`: the space of the supernet that this one starts from.
        let from = match &train.init {
            Init::From(from) => {
                let other = pipeline.stage(&from.value).and_then(|i| pipeline.supernet(&pipeline.stages[i]));
                other.and_then(|s| Some((from, &s.name.value, spaces.get(&s.name.value)?)))
            }
            _ => None,
        };
        let mut found = vec!["supernet".into(), version.into(), space.network().into(), method];
        found.extend(from.map(|(_, _, other)| Canon::from(other.network())));
        let found = Canon::List(found).digest().hex();
        if let Some(store) = store
            && store.get_source(&found).map_err(stored)?.is_some()
        {
            continue;
        }
        for (name, space) in [(name, space)].into_iter().chain(from.map(|(_, name, space)| (name, space))) {
            nets.entry(name).or_insert_with(|| Supernet::of(space).map_err(|more| errors.extend(more)).ok());
        }
        let Some(Some(net)) = nets.get(name) else { continue };
        let shared =
            |other: &Supernet| net.tensors().iter().any(|t| other.tensors().iter().any(|o| (&o.name, &o.shape) == (&t.name, &t.shape)));
        if let Some((from, other, _)) = from
            && let Some(Some(parent)) = nets.get(other)
            && !shared(parent)
        {
            let message = format!("no tensor of `{}` has a name and a shape that `{name}` has", from.value);
            let d = Diagnostic::error("no-match", message, from.span, "nothing to start from");
            errors.push(d.help(format!("names are places in a space: make one space over the other (`space \"…\" {{ from \"{name}\"; until … }}`), or write `init scratch`")));
        } else if let Some(why) = Setup::partial_refusal(net, &oneshot.value) {
            let d = Diagnostic::error("method", why.reason, why.span, "mixed over a part of its channels");
            let d =
                d.also(oneshot.span, "by this method").help("write channels that can be divided, another `partial=`, or `method darts`");
            errors.push(d);
        } else if let Some(store) = store.filter(|s| !s.is_read_only()) {
            let blob = store.blobs().put(b"[]").map_err(stored)?;
            store.put_source(&found, blob).map_err(stored)?;
        }
    }
    Ok(())
}

/// Most bytes of a table of latencies.
const MAX_TABLE: u64 = 1 << 20;

/// Puts the texts of latency tables in the place of their files' names: what is in them decides, not where they lie. They must have
/// a row for every operation of the space's networks.
pub fn penalties(pipeline: &mut Pipeline, spaces: &BTreeMap<String, Space>, errors: &mut Vec<Diagnostic>) {
    let names: Vec<Option<String>> = pipeline.stages.iter().map(|s| pipeline.supernet(s).map(|s| s.name.value.clone())).collect();
    for (stage, name) in pipeline.stages.iter_mut().zip(names) {
        let StageKind::Train(train) = &mut stage.kind else { continue };
        let Some(oneshot) = &mut train.oneshot else { continue };
        let Some(table) = oneshot.value.penalty.as_mut().and_then(|p| p.table.as_mut()) else { continue };
        let mut text = String::new();
        let read = std::fs::File::open(&*table).and_then(|f| f.take(MAX_TABLE + 1).read_to_string(&mut text));
        let why = match read {
            Ok(_) if text.len() as u64 <= MAX_TABLE => {
                *table = text;
                let space = name.and_then(|name| spaces.get(&name));
                let broken = LatencyTable::parse(table).and_then(|t| space.map_or(Ok(()), |s| t.check(s).map_err(|m| m.to_string())));
                match broken {
                    Ok(()) => continue,
                    Err(why) => why,
                }
            }
            Ok(_) => format!("{table} has more than {MAX_TABLE} bytes"),
            Err(e) => format!("{table}: {e}"),
        };
        let d = Diagnostic::error("table-broken", "the latency table cannot be used", oneshot.span, why);
        errors.push(d.help("`nasflow latency-table PIPELINE SPACE` measures one for this machine"));
    }
}

/// Blobs of spaces by name, for jobs that share one.
#[derive(Default)]
pub struct Spaces(HashMap<String, Digest>);

impl Spaces {
    /// The blob of a space, written where it is not there.
    fn ensure(&mut self, name: &str, prepared: &Prepared, store: &Store) -> Result<Digest, RunError> {
        if let Some(&blob) = self.0.get(name).filter(|d| store.blobs().has(d)) {
            return Ok(blob);
        }
        let bytes =
            serde_json::to_vec(&SpaceSpec::of(name, prepared)?).map_err(|e| RunError::Worker(format!("the space `{name}`: {e}")))?;
        let blob = store.blobs().put(&bytes).map_err(|e| RunError::Store(e.to_string()))?;
        self.0.insert(name.to_string(), blob);
        Ok(blob)
    }
}

/// The job of a supernet's training.
pub fn job(work: &TrainWork, space: SpaceSpec, oneshot: &OneShot, pack: Digest, curve: Vec<Epoch>, checkpoint_seconds: f64) -> SupernetJob {
    SupernetJob {
        space,
        oneshot: oneshot.clone(),
        recipe: work.recipe.clone(),
        seed: work.seed,
        init: work.init,
        init_name: String::new(),
        pack,
        per_epoch: work.per_epoch,
        rungs: work.rungs.iter().map(|r| r.0).collect(),
        resume: work.resume.as_ref().map(|r| (r.iteration, r.state)),
        curve,
        checkpoint_seconds,
    }
}

/// The supernet that a `train` starts from by `init from=`.
pub fn starts_from(pipeline: &Pipeline, stage: usize) -> Option<String> {
    match &pipeline.stages.get(stage)?.kind {
        StageKind::Train(train) => {
            if let Init::From(name) = &train.init {
                Some(name.value.clone())
            } else {
                None
            }
        }
        _ => None,
    }
}

/// The job of a subnet's evaluation.
pub fn subnet(
    work: &SubnetWork,
    packs: &mut Packs,
    spaces: &mut Spaces,
    prepared: &Prepared,
    store: &Store,
) -> Result<SubnetJob, RunError> {
    let recalibration = match &work.recalibration {
        Some(r) => {
            let pack = packs.ensure(&r.data, prepared, store)?;
            Some(RecalibrationJob { pack, batches: r.batches, batch: r.batch, seed: r.seed })
        }
        None => None,
    };
    Ok(SubnetJob {
        space: spaces.ensure(&work.space, prepared, store)?,
        sample: work.sample.clone(),
        weights: work.weights,
        recalibration,
        bn_eps: work.bn_eps,
        pack: packs.ensure(&work.data, prepared, store)?,
    })
}

/// Cuts networks' weights out of their supernets'; keeps the last supernet.
#[derive(Default)]
pub struct Cutter(Option<(String, Digest, Supernet, Parameters)>);

impl Cutter {
    /// Cuts and publishes.
    pub fn cut(&mut self, work: &CutWork, prepared: &Prepared, store: &Store) -> Result<Computed, RunError> {
        let stored = |e: StoreError| RunError::Store(e.to_string());
        let wrong = |e: String| RunError::Worker(format!("{}: {e}", work.label));
        if self.0.as_ref().is_none_or(|known| (&known.0, known.1) != (&work.space, work.weights)) {
            let bytes = match store.blobs().get(&work.weights) {
                Ok(bytes) => bytes,
                Err(StoreError::Missing { .. } | StoreError::Damaged { .. }) => return Ok(Computed::InputGone),
                Err(e) => return Err(stored(e)),
            };
            let space = prepared.spaces.get(&work.space).ok_or_else(|| RunError::Stuck(format!("no space `{}`", work.space)))?;
            let net = Supernet::of(space).map_err(|found| wrong(messages(&found)))?;
            let holder = shared::holder(&net).map_err(wrong)?;
            let weights = weights_from_bytes(&holder, &bytes).map_err(wrong)?;
            self.0 = Some((work.space.clone(), work.weights, net, weights));
        }
        let Some((_, _, net, weights)) = &self.0 else { return Ok(Computed::InputGone) };
        let path = net.path(&work.sample).map_err(|e| wrong(e.reason))?;
        let own = shared::cut(&path, weights).map_err(wrong)?;
        let blob = store.blobs().put(&weights_to_bytes(&path.program, &own).map_err(wrong)?).map_err(stored)?;
        let outputs = BTreeMap::from([("weights".to_string(), blob)]);
        store.publish(&record(&work.action, None, outputs, json!({}))).map_err(stored)?;
        Ok(Computed::Done("cut out of its supernet".into()))
    }
}

fn messages(found: &[Diagnostic]) -> String {
    found.iter().map(|d| d.message.as_str()).collect::<Vec<_>>().join("; ")
}
