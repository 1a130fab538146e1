//! Why each action of a pipeline will run, or ran, and which run made what is known.

use super::recording::group_of;
use super::runs::Run;
use super::why::Why;
use crate::base::Digest;
use crate::document::Pipeline;
use crate::plan::{Groups, Reason, Replay, Slot, State, Told};
use crate::store::{Store, StoreError};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A stage, as a whole.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stage {
    /// Its name.
    pub stage: String,
    /// `sample`, `train`, ….
    pub kind: &'static str,
    /// Models so far.
    pub models: usize,
    /// Whether no further model can come.
    pub complete: bool,
    /// Models that wait for other results.
    pub waits: usize,
    /// What would run now, and why.
    pub would_run: Vec<Told>,
    /// What is known: by the run that made it, and why it was made then.
    pub known: Vec<Known>,
    /// One line a model, where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
}

/// Results that one run made for one reason.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Known {
    /// The run; none where it left no record that names them.
    pub run: Option<MadeBy>,
    /// The kind of action, and how many.
    pub kind: String,
    /// How many.
    pub actions: usize,
    /// Why that run made them; none of records from before reasons were kept.
    pub why: Option<Told>,
}

/// The run that made something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MadeBy {
    /// When it began: the record's name, which sorts by time.
    pub record: String,
    /// Its short id.
    pub id: String,
    /// Its pipeline.
    pub pipeline: String,
}

/// A model at a stage.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Candidate {
    /// `trials #12`.
    pub model: String,
    /// `done`, `pending`, or why it failed.
    pub state: String,
    /// Its actions.
    pub actions: Vec<Act>,
}

/// An action of a model.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Act {
    /// The kind.
    pub kind: &'static str,
    /// The key.
    pub key: Digest,
    /// Whether the result is known.
    pub known: bool,
    /// The run that made it.
    pub run: Option<MadeBy>,
    /// Why it would run, or ran.
    pub why: Option<String>,
    /// The canonical text, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Which run made what, and why.
pub struct Makers {
    made: HashMap<Digest, (MadeBy, Option<Reason>)>,
}

impl Makers {
    /// From the records of runs, oldest first: the last to make a result counts. A record of an older program names all that its run
    /// knew, so that the first of these counts as its maker.
    pub fn of(runs: &[Run]) -> Makers {
        let mut made: HashMap<Digest, (MadeBy, Option<Reason>)> = HashMap::new();
        for run in runs {
            let by = MadeBy { record: run.record.id.clone(), id: run.id.clone(), pipeline: run.record.pipeline.clone() };
            for group in run.summary.ran.values().flatten().filter_map(group_of) {
                for key in group.keys {
                    made.insert(key, (by.clone(), Some(group.reason.clone())));
                }
            }
            if run.summary.ran.is_empty() && !run.summary.executed.is_empty() {
                for key in run.summary.stages.values().flatten() {
                    made.entry(*key).or_insert_with(|| (by.clone(), None));
                }
            }
        }
        Makers { made }
    }

    /// The run that made a result.
    pub fn by(&self, key: &Digest) -> Option<&MadeBy> {
        self.made.get(key).map(|(by, _)| by)
    }

    /// Why it made it.
    pub fn reason(&self, key: &Digest) -> Option<&Reason> {
        self.made.get(key).and_then(|(_, reason)| reason.as_ref())
    }
}

/// What one run made of a stage: with its reasons, and keys by kind where none was recorded.
type Made = (Groups, BTreeMap<&'static str, BTreeSet<Digest>>);

/// A stage of a replay explained; with its models where `each` of a slot says so.
///
/// # Errors
/// Those of the store.
pub fn stage(
    pipeline: &Pipeline,
    replay: &Replay,
    index: usize,
    why: &Why,
    makers: &Makers,
    each: &dyn Fn(&Slot) -> bool,
    texts: bool,
) -> Result<Stage, StoreError> {
    let (stage, seen) = (&pipeline.stages[index], &replay.stages[index]);
    let mut known: BTreeMap<Option<MadeBy>, Made> = BTreeMap::new();
    for slot in replay.all(index) {
        for step in slot.steps.iter().filter(|s| s.known) {
            let (groups, unsaid) = known.entry(makers.by(&step.key).cloned()).or_default();
            let kind = step.action.kind.word();
            match makers.reason(&step.key) {
                Some(reason) => groups.add(kind, reason.clone(), Some(&slot.model.label()), step.key, None),
                None => drop(unsaid.entry(kind).or_default().insert(step.key)),
            }
        }
    }
    let mut told = Vec::new();
    for (run, (groups, unsaid)) in known {
        for group in groups.finish() {
            let (kind, actions) = (group.kind.clone(), group.keys.len());
            told.push(Known { run: run.clone(), kind, actions, why: Some(group.told()) });
        }
        for (kind, keys) in unsaid {
            told.push(Known { run: run.clone(), kind: kind.to_string(), actions: keys.len(), why: None });
        }
    }
    let mut candidates = Vec::new();
    let mut reasons: HashMap<Digest, Reason> = HashMap::new();
    for work in replay.works.iter().filter(|w| w.stage() == index && replay.all(index).any(each)) {
        reasons.insert(work.key(), why.of(work)?.0);
    }
    for slot in replay.all(index).filter(|s| each(s)) {
        let state = match &slot.state {
            State::Ready => "done".to_string(),
            State::Pending => "pending".to_string(),
            State::Failed(why) => format!("failed: {why}"),
        };
        let act = |step: &crate::plan::Step| {
            let reason = if step.known { makers.reason(&step.key) } else { reasons.get(&step.key) };
            Act {
                kind: step.action.kind.word(),
                key: step.key,
                known: step.known,
                run: makers.by(&step.key).filter(|_| step.known).cloned(),
                why: reason.map(|r| r.sentence(1, 1)),
                text: texts.then(|| step.action.text()),
            }
        };
        candidates.push(Candidate { model: slot.model.label(), state, actions: slot.steps.iter().map(act).collect() });
    }
    Ok(Stage {
        stage: stage.name.value.clone(),
        kind: stage.kind.word(),
        models: seen.slots.len(),
        complete: seen.complete,
        waits: seen.slots.iter().filter(|s| s.state == State::Pending && s.steps.iter().all(|step| step.known)).count(),
        would_run: why.stage(replay, index)?.iter().map(crate::plan::Group::told).collect(),
        known: told,
        candidates,
    })
}

/// An action and what it reads and left.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Action {
    /// Its key: the digest of its canonical form.
    pub key: Digest,
    /// What asked for it in this pipeline: stage and model. Empty of one that only the store knows.
    pub asked_by: Vec<String>,
    /// The canonical text.
    pub text: String,
    /// What each input is: name, digest as the text has it, and where it comes from.
    pub inputs: Vec<(String, String, String)>,
    /// What it left: name, digest, bytes where they are there.
    pub outputs: Vec<(String, Digest, Option<u64>)>,
    /// The run that made it.
    pub run: Option<MadeBy>,
    /// Why it would run, or ran.
    pub why: Option<String>,
}

/// The actions whose keys begin so: of the pipeline, else of the store.
///
/// # Errors
/// Those of the store.
pub fn actions(
    prepared: &super::Prepared,
    replay: &Replay,
    store: Option<&Store>,
    why: &Why,
    makers: &Makers,
    prefix: &str,
) -> Result<Vec<Action>, StoreError> {
    let mut found: BTreeMap<Digest, Action> = BTreeMap::new();
    let blank = |key: Digest, text: String| Action {
        key,
        asked_by: Vec::new(),
        text,
        inputs: Vec::new(),
        outputs: Vec::new(),
        run: makers.by(&key).cloned(),
        why: makers.reason(&key).map(|r| r.sentence(1, 1)),
    };
    // What is known of digests: as texts have them → where they come from.
    let mut origins: HashMap<String, String> = HashMap::new();
    for (name, info) in &prepared.data {
        for (split, s) in &info.splits {
            origins.insert(s.digest.short(), format!("split `{split}` of `{name}`, {} images", s.images));
        }
    }
    for (index, stage) in prepared.pipeline.stages.iter().enumerate() {
        for slot in replay.all(index) {
            let label = format!("{}: {}", stage.name.value, slot.model.label());
            origins.entry(slot.model.candidate.digest.short()).or_insert_with(|| format!("the network of {}", slot.model.label()));
            for step in &slot.steps {
                let record = if step.known { store.map(|s| s.lookup(&step.key)).transpose()?.flatten() } else { None };
                for (output, blob) in record.iter().flat_map(|r| &r.outputs) {
                    let kind = step.action.kind.word();
                    origins.entry(blob.short()).or_insert_with(|| format!("`{output}` of {kind} {} ({label})", step.key.short()));
                }
                if step.key.hex().starts_with(prefix) {
                    let action = found.entry(step.key).or_insert_with(|| blank(step.key, step.action.text()));
                    if !action.asked_by.contains(&label) {
                        action.asked_by.push(label.clone());
                    }
                }
            }
        }
    }
    for work in replay.works.iter().filter(|w| w.key().hex().starts_with(prefix)) {
        let action = found.entry(work.key()).or_insert_with(|| blank(work.key(), work.action().text()));
        action.asked_by.push(work.label());
        action.why = Some(why.of(work)?.0.sentence(1, 1));
    }
    if found.is_empty()
        && let Some(store) = store
    {
        for key in store.keys()?.into_iter().filter(|k| k.hex().starts_with(prefix)).take(2) {
            if let Some(record) = store.lookup(&key)? {
                found.insert(key, blank(key, record.text));
            }
        }
    }
    for action in found.values_mut() {
        let unknown = || "made elsewhere".to_string();
        let inputs = crate::plan::past::leaves(&action.text);
        let inputs = inputs.into_iter().filter_map(|(path, digest)| Some((path.strip_prefix("inputs.")?, digest)));
        action.inputs =
            inputs.map(|(name, d)| (name.to_string(), d.to_string(), origins.get(d).cloned().unwrap_or_else(unknown))).collect();
        let record = store.map(|s| s.lookup(&action.key)).transpose()?.flatten();
        let size = |blob: &Digest| store.and_then(|s| s.blobs().size(blob));
        action.outputs = record.into_iter().flat_map(|r| r.outputs).map(|(name, blob)| (name, blob, size(&blob))).collect();
    }
    Ok(found.into_values().collect())
}
