//! What was done before, and why a work differs from it: the nearest earlier action of the same model explains.

use super::action::Kind;
use super::change::{Change, name};
use super::engine::DataInfo;
use super::reason::Reason;
use super::work::{TrainWork, Work};
use crate::base::Digest;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An action that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Its key.
    pub key: Digest,
    /// Its canonical text.
    pub text: String,
}

/// A split as some run saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The `data` node.
    pub data: String,
    /// The split.
    pub split: String,
    /// Number of images.
    pub images: usize,
}

/// What is known of a work beside its action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Other numerics classes in which its result is known.
    pub others: Vec<String>,
    /// Whether a record of it is there, although what it wrote is not.
    pub recorded: bool,
}

/// What the last runs of a pipeline did, by stage, newest first; and the splits that they read.
#[derive(Clone, Debug, Default)]
pub struct Past {
    stages: HashMap<String, Stage>,
    /// By the digest as canonical texts have it.
    splits: HashMap<String, Seen>,
}

#[derive(Clone, Debug, Default)]
struct Stage {
    done: Vec<Done>,
    /// Places in `done` by what an action is of: exactly, and but for what its model was made of.
    exact: HashMap<String, Vec<usize>>,
    loose: HashMap<String, Vec<usize>>,
    /// By kind: the images that were read, newest first.
    read: HashMap<String, Vec<String>>,
    keys: BTreeSet<Digest>,
}

impl Past {
    /// Whether anything is known of a stage.
    pub fn has(&self, stage: &str) -> bool {
        self.stages.get(stage).is_some_and(|s| !s.done.is_empty())
    }

    /// Adds an action of a stage that was done; of one that is there already, the first counts.
    pub fn add(&mut self, stage: &str, done: Done) {
        let stage = self.stages.entry(stage.to_string()).or_default();
        if !stage.keys.insert(done.key) {
            return;
        }
        let leaves = leaves(&done.text);
        let place = stage.done.len();
        stage.exact.entry(identity(&leaves, true)).or_default().push(place);
        if let Some(loose) = loosely(&leaves) {
            stage.loose.entry(loose).or_default().push(place);
        }
        if let (Some(kind), Some(split)) = (leaves.get("kind"), leaves.get("inputs.split")) {
            let read = stage.read.entry(kind.to_string()).or_default();
            if !read.iter().any(|r| r == split) {
                read.push(split.to_string());
            }
        }
        stage.done.push(done);
    }

    /// Adds a split as it was seen; of one that is there already, the first counts.
    pub fn saw(&mut self, digest: Digest, seen: Seen) {
        self.splits.entry(digest.short()).or_insert(seen);
    }

    /// Adds the splits as they are.
    pub fn see(&mut self, data: &BTreeMap<String, DataInfo>) {
        for (name, info) in data {
            for (split, known) in &info.splits {
                self.splits.insert(known.digest.short(), Seen { data: name.clone(), split: split.clone(), images: known.images });
            }
        }
    }

    /// Why this work has to run, and the action that is known in its place, where the reason compares with one.
    pub fn reason(&self, work: &Work, found: Found) -> (Reason, Option<Digest>) {
        if found.recorded {
            return (Reason::OutputGone, None);
        }
        let request = work.request();
        let training = if let Work::Train(train) = work { Some(train.as_ref()).filter(|t| t.runner.is_none()) } else { None };
        let per_epoch = training.map_or(0, |t| t.per_epoch as u64);
        let (reason, before) = self.of_text(&request.name, &request.action.text(), per_epoch);
        if let Some((train, at)) = training.and_then(|t| Some((t, t.stateless?))) {
            return (Reason::StateDropped { at, from: train.done(), to: train.end(), per_epoch }, before);
        }
        if let Some(train) = training.filter(|t| t.done() > 0) {
            return (continues(train, &reason), before);
        }
        if !found.others.is_empty() {
            return (Reason::OtherNumerics { classes: found.others }, None);
        }
        (reason, before)
    }

    /// Why an action of this text has to run. `per_epoch` is 0 where it is no training.
    fn of_text(&self, stage: &str, text: &str, per_epoch: u64) -> (Reason, Option<Digest>) {
        let Some(stage) = self.stages.get(stage).filter(|s| !s.done.is_empty()) else { return (Reason::FirstRun, None) };
        let new = leaves(text);
        let loose = || stage.loose.get(&loosely(&new)?);
        let Some(places) = stage.exact.get(&identity(&new, true)).or_else(loose) else {
            if new.contains_key("inputs.predictions") {
                return (Reason::NewInput, None);
            }
            return (self.of_other_images(stage, &new).unwrap_or(Reason::NewModel), None);
        };
        let compared = places.iter().filter_map(|p| stage.done.get(*p)).map(|done| (differing(&leaves(&done.text), &new), done));
        let Some((paths, before)) = compared.min_by_key(|(paths, _)| paths.len()) else { return (Reason::NewModel, None) };
        if paths.is_empty() {
            return (Reason::OutputGone, None);
        }
        let old = leaves(&before.text);
        let version = |of: &BTreeMap<&str, &str>| of.get("version").and_then(|v| v.parse::<i64>().ok()).unwrap_or(0);
        let (was, is) = (version(&old), version(&new));
        let changes = self.changes(&paths, &old, &new, per_epoch);
        let kind = new.get("kind").copied().unwrap_or_default().to_string();
        let reason = if was != is { Reason::Otherwise { kind, old: was, new: is, changes } } else { Reason::Changed { changes } };
        (reason, Some(before.key))
    }

    /// Where no action of the kind ever read these images, that is why the network is new: anchors are found in images.
    fn of_other_images(&self, stage: &Stage, new: &BTreeMap<&str, &str>) -> Option<Reason> {
        let (kind, path) = (*new.get("kind")?, "inputs.split");
        let (is, read) = (*new.get(path)?, stage.read.get(kind)?);
        let was = read.first().filter(|_| !read.iter().any(|r| r == is))?;
        let network = "inputs.architecture";
        let own = Change { path: network.to_string(), name: name(kind, network), old: None, new: None };
        Some(Reason::Changed { changes: vec![self.split(kind, path, Some(was), Some(is)), own] })
    }

    fn changes(&self, paths: &[&str], old: &BTreeMap<&str, &str>, new: &BTreeMap<&str, &str>, per_epoch: u64) -> Vec<Change> {
        let kind = new.get("kind").copied().unwrap_or_default();
        let mut changes: Vec<Change> = Vec::new();
        for path in paths.iter().filter(|p| **p != "version") {
            let (was, is) = (old.get(path).copied(), new.get(path).copied());
            // Long lists of digests say nothing leaf by leaf.
            let list = ["config.models", "config.answer", "config.baseline"].into_iter().find(|list| path.starts_with(*list));
            let change = match (*path, list) {
                (_, Some(list)) => Change { path: list.to_string(), name: name(kind, list), old: None, new: None },
                ("inputs.split" | "inputs.recalibrate", _) => self.split(kind, path, was, is),
                ("config.iteration", _) if per_epoch > 0 => epochs(path, was, is, per_epoch),
                _ => Change { path: path.to_string(), name: name(kind, path), old: was.map(Into::into), new: is.map(Into::into) },
            };
            if !changes.contains(&change) {
                changes.push(change);
            }
        }
        // What a person wrote comes first.
        changes.sort_by_key(|c| (c.path.starts_with("inputs."), c.path.clone()));
        changes
    }

    /// A split is told by its name and its images, where these are known.
    fn split(&self, kind: &str, path: &str, was: Option<&str>, is: Option<&str>) -> Change {
        let seen = |digest: Option<&str>| self.splits.get(digest?);
        let (before, now) = (seen(was), seen(is));
        let called = now.map_or_else(|| name(kind, path), |s| format!("split `{}` of `{}`", s.split, s.data));
        let (old, new) = match (before, now) {
            (Some(b), Some(n)) if (&b.data, &b.split) != (&n.data, &n.split) => {
                (Some(format!("`{}` of `{}`", b.split, b.data)), Some(format!("`{}` of `{}`", n.split, n.data)))
            }
            (Some(b), Some(n)) if b.images != n.images => (Some(b.images.to_string()), Some(format!("{} images", n.images))),
            _ => (was.map(Into::into), is.map(Into::into)),
        };
        Change { path: path.to_string(), name: called, old, new }
    }
}

/// Iterations are epochs where they are whole ones.
fn epochs(path: &str, was: Option<&str>, is: Option<&str>, per_epoch: u64) -> Change {
    let number = |text: Option<&str>| text.and_then(|t| t.parse::<u64>().ok());
    let whole = |n: &u64| n.is_multiple_of(per_epoch);
    let told = match (number(was).filter(whole), number(is).filter(whole)) {
        (Some(was), Some(is)) => Some((was / per_epoch, is / per_epoch)),
        _ => None,
    };
    let (called, old, new) = match told {
        // Fewer than are known: the file may say so as `epochs`, or as `at` of an `evaluate`.
        Some((was, is)) if was > is => ("the epoch asked for".to_string(), Some(was.to_string()), Some(is.to_string())),
        Some((was, is)) => ("`train.epochs`".to_string(), Some(was.to_string()), Some(is.to_string())),
        None => (name("train", path), was.map(Into::into), is.map(Into::into)),
    };
    Change { path: path.to_string(), name: called, old, new }
}

/// A training that goes on: because of a change of its epochs alone, or because it was cut short.
fn continues(train: &TrainWork, reason: &Reason) -> Reason {
    let changes = match reason {
        Reason::Changed { changes } if changes.iter().all(|c| c.path == "config.iteration") => changes.clone(),
        _ => Vec::new(),
    };
    let (from, per_epoch) = (train.done(), train.per_epoch as u64);
    Reason::Continues { changes, from, most: from, to: train.end(), per_epoch, rung: train.rung }
}

/// What an action is of. A path stays the same network of a supernet that was trained otherwise.
fn identity(leaves: &BTreeMap<&str, &str>, seed: bool) -> String {
    let paths: &[&str] = match leaves.contains_key("inputs.path") {
        true => &["kind", "inputs.space", "inputs.path"],
        false => &["kind", "inputs.architecture", "inputs.space", "inputs.weights", "inputs.predictions"],
    };
    let of = paths.iter().chain(seed.then_some(&"seed")).map(|p| leaves.get(p).copied().unwrap_or_default());
    of.collect::<Vec<&str>>().join("\n")
}

/// The same but for weights and seed; none of what is told by its weights' predictions alone.
fn loosely(leaves: &BTreeMap<&str, &str>) -> Option<String> {
    if leaves.contains_key("inputs.predictions") {
        return None;
    }
    let without = leaves.iter().filter(|(path, _)| **path != "inputs.weights").map(|(p, v)| (*p, *v)).collect();
    Some(identity(&without, false))
}

/// The leaves of a canonical text.
pub fn leaves(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|l| l.split_once(" = ")).collect()
}

/// The paths at which two texts differ. The class of numerics is no change that somebody made: results of others are told apart.
fn differing<'a>(old: &BTreeMap<&'a str, &'a str>, new: &BTreeMap<&'a str, &'a str>) -> Vec<&'a str> {
    let paths: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    paths.into_iter().filter(|p| old.get(p) != new.get(p)).collect()
}

/// Whether the result of a kind is a fact about a machine or a program of one's own, which need not come out the same again.
pub fn is_exempt(kind: Kind, text: &str) -> bool {
    matches!(kind, Kind::Command | Kind::Propose) || (kind == Kind::Train && leaves(text).contains_key("inputs.uses"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(texts: &[&str]) -> Past {
        let mut past = Past::default();
        texts.iter().for_each(|text| past.add("s", Done { key: Digest::of(text.as_bytes()), text: text.to_string() }));
        past
    }

    const TRAIN: &str = "kind = train\nversion = 1\nconfig.iteration = 24\nconfig.recipe.lr = 0.1\ninputs.architecture = b\nseed = 0\n";

    #[test]
    fn the_nearest_earlier_action_explains() {
        let before = past(&[&TRAIN.replace("= b", "= a"), TRAIN]);
        let why = |text: &str| before.of_text("s", text, 2);
        let now = TRAIN.replace("0.1", "0.2");
        assert_eq!(why(&now).0.to_string(), "`train.lr` 0.1 → 0.2");
        assert_eq!(why(&now).1, Some(Digest::of(TRAIN.as_bytes())));
        assert_eq!(why(&now.replace("= b", "= c")).0, Reason::NewModel);
        assert_eq!(before.of_text("other", &now, 2).0, Reason::FirstRun);
        assert_eq!(why(&TRAIN.replace("= 24", "= 40")).0.to_string(), "`train.epochs` 12 → 20");
        assert_eq!(why(&TRAIN.replace("= 24", "= 41")).0.to_string(), "`train.iteration` 24 → 41");
        assert_eq!(why(&TRAIN.replace("seed = 0", "seed = 5")).0.to_string(), "its seed: 0 → 5");
    }

    #[test]
    fn another_version_of_the_program_is_a_reason_of_its_own() {
        let before = past(&[TRAIN]);
        let (why, old) = before.of_text("s", &TRAIN.replace("version = 1", "version = 2"), 2);
        assert_eq!(why.to_string(), "this version of nasflow computes `train` otherwise (1 → 2)");
        assert_eq!(old, Some(Digest::of(TRAIN.as_bytes())));
    }

    #[test]
    fn a_path_of_another_supernet_is_the_same_network_with_other_weights() {
        let text = "kind = predict-subnet\nconfig.recalibrate.batches = 20\ninputs.space = s\ninputs.weights = a\ninputs.path = p\n";
        let before = past(&[text]);
        let why = |now: &str| before.of_text("s", now, 0).0;
        assert_eq!(why(&text.replace("weights = a", "weights = b")).to_string(), "its weights: a → b");
        assert_eq!(why(&text.replace("20", "10")).to_string(), "`evaluate.recalibrate.batches` 20 → 10");
        assert_eq!(why(&text.replace("path = p", "path = q")), Reason::NewModel);
    }

    #[test]
    fn a_split_is_told_by_its_images() {
        let (a, b, c) = (Digest::of(b"a"), Digest::of(b"b"), Digest::of(b"c"));
        let text = |split: Digest| format!("{TRAIN}inputs.split = {}\n", split.short());
        let mut before = past(&[&text(a)]);
        let seen = |images: usize| Seen { data: "shapes".into(), split: "train".into(), images };
        before.saw(a, seen(300));
        before.saw(b, seen(310));
        let why = |split: Digest| before.of_text("s", &text(split), 2).0.to_string();
        assert_eq!(why(b), "split `train` of `shapes`: 300 → 310 images");
        let other = text(b).replace("architecture = b", "architecture = c");
        let why_other = before.of_text("s", &other, 2).0.to_string();
        assert_eq!(why_other, "split `train` of `shapes`: 300 → 310 images, its network changed");
        assert_eq!(before.of_text("s", &text(a).replace("architecture = b", "architecture = c"), 2).0, Reason::NewModel);
        assert_eq!(why(c), format!("its images: {} → {}", a.short(), c.short()));
    }

    #[test]
    fn what_it_chooses_among_is_one_change() {
        let text = "kind = select\nversion = 1\nconfig.rule.by.top = 1\nconfig.models.0.0 = a\nconfig.models.0.1 = b\n";
        let before = past(&[text]);
        let now = text.replace("= a", "= c").replace("= b", "= d").replace("top = 1", "top = 2");
        let why = before.of_text("s", &now, 0).0.to_string();
        assert_eq!(why, "the models that it chooses among changed, `select.top` 1 → 2");
    }
}
