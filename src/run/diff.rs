//! What differs between two runs, or two pipelines: configuration, inputs, results.

use crate::base::Digest;
use crate::plan::change::value;
use crate::results::{Described, ReadSplit, RunSummary, Winner};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One side of a comparison.
#[derive(Clone, Debug)]
pub struct Side {
    /// What it is, for people.
    pub label: String,
    /// What it asks, reads and came to.
    pub described: Described,
    /// The keys of the known actions of each stage.
    pub stages: BTreeMap<String, BTreeSet<Digest>>,
}

impl Side {
    /// Of a run; none of a record from before runs were described.
    pub fn of_run(label: String, summary: &RunSummary) -> Option<Side> {
        let stages = summary.stages.iter().map(|(name, keys)| (name.clone(), keys.iter().copied().collect())).collect();
        Some(Side { label, described: summary.described.clone()?, stages })
    }
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What: the place in the file, the leaf of the canonical text, the split, the figure.
    pub what: String,
    /// What it is on the one side; none where it is not there.
    pub a: Option<String>,
    /// On the other.
    pub b: Option<String>,
}

/// Actions of a stage: how many both sides have, and only one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Actions {
    /// The stage.
    pub stage: String,
    /// Known on both sides: the same results.
    pub both: usize,
    /// Only known on the one.
    pub only_a: usize,
    /// Only known on the other.
    pub only_b: usize,
}

/// Everything that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Difference {
    /// What is written in the files, parameters put in.
    pub written: Vec<Entry>,
    /// What enters keys: the leaves that all actions of a stage have.
    pub canonical: Vec<Entry>,
    /// Data and other files.
    pub inputs: Vec<Entry>,
    /// Winner, metrics, models of stages.
    pub results: Vec<Entry>,
    /// Stages of which either side has actions that the other lacks.
    pub actions: Vec<Actions>,
}

impl Difference {
    /// Whether nothing differs.
    pub fn is_none(&self) -> bool {
        *self == Difference::default()
    }
}

/// Compares.
pub fn difference(a: &Side, b: &Side) -> Difference {
    let (one, other) = (&a.described, &b.described);
    let mut canonical = Vec::new();
    if one.numerics != other.numerics {
        canonical.push(Entry { what: "numerics".into(), a: Some(one.numerics.clone()), b: Some(other.numerics.clone()) });
    }
    let none = BTreeMap::new();
    for stage in union(&one.canonical, &other.canonical) {
        // A stage of which one side has no action yet differs in nothing that is known.
        let (Some(x), Some(y)) = (one.canonical.get(stage), other.canonical.get(stage)) else { continue };
        canonical.extend(entries(x, y, &|path| format!("{stage}: {path}"), &|v: &String| value(v).to_string()));
    }
    let mut inputs = Vec::new();
    for name in union(&one.data, &other.data) {
        let (x, y) = (one.data.get(name).unwrap_or(&none), other.data.get(name).unwrap_or(&none));
        inputs.extend(entries(x, y, &|split| format!("split `{split}` of `{name}`"), &read));
    }
    inputs.extend(entries(&one.files, &other.files, &|what| what.to_string(), &Digest::short));
    let mut results = entries(&one.models, &other.models, &|stage| format!("models of `{stage}`"), &models);
    results.extend(winners(one.winner.as_ref(), other.winner.as_ref()));
    let mut actions = Vec::new();
    for stage in union(&a.stages, &b.stages) {
        let empty = BTreeSet::new();
        let (x, y) = (a.stages.get(stage).unwrap_or(&empty), b.stages.get(stage).unwrap_or(&empty));
        let counted = Actions {
            stage: stage.clone(),
            both: x.intersection(y).count(),
            only_a: x.difference(y).count(),
            only_b: y.difference(x).count(),
        };
        if counted.only_a + counted.only_b > 0 {
            actions.push(counted);
        }
    }
    Difference { written: written(&one.written, &other.written), canonical, inputs, results, actions }
}

/// What is written: a node that only one side has is one entry.
fn written(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<Entry> {
    let nodes = |of: &BTreeMap<String, String>| of.keys().map(|path| top(path).to_string()).collect::<BTreeSet<String>>();
    let (mine, theirs) = (nodes(one), nodes(other));
    let lone = |only: &BTreeSet<String>, node: &String| only.contains(node).then(|| "there".to_string());
    let mut out: Vec<Entry> =
        mine.symmetric_difference(&theirs).map(|node| Entry { what: node.clone(), a: lone(&mine, node), b: lone(&theirs, node) }).collect();
    let within = |of: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        let both = |path: &String| mine.contains(top(path)) && theirs.contains(top(path));
        of.iter().filter(|(path, _)| both(path)).map(|(p, v)| (p.clone(), v.clone())).collect()
    };
    out.extend(entries(&within(one), &within(other), &|path| path.to_string(), &|v: &String| v.clone()));
    out
}

/// The outermost node of a place: `train "short"` of `train "short".epochs`.
fn top(path: &str) -> &str {
    let mut quoted = false;
    for (at, c) in path.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => return &path[..at],
            _ => {}
        }
    }
    path
}

fn read(split: &ReadSplit) -> String {
    format!("{} images, {} boxes, content {}", split.images, split.objects, split.digest.short())
}

fn models([ready, failed, pending]: &[usize; 3]) -> String {
    format!("{ready} done, {failed} failed, {pending} pending")
}

fn winners(one: Option<&Winner>, other: Option<&Winner>) -> Vec<Entry> {
    let facts = |winner: &Winner| {
        let mut facts = BTreeMap::from([
            ("winner".to_string(), winner.model.clone()),
            ("architecture of the winner".to_string(), winner.architecture.short()),
            ("weights of the winner".to_string(), winner.weights.iter().map(Digest::short).collect::<Vec<_>>().join(" ")),
        ]);
        for (metric, values) in &winner.metrics {
            let values = values.iter().map(|v| v.map_or("none".to_string(), |v| v.to_string())).collect::<Vec<_>>();
            facts.insert(format!("{metric} of the winner"), values.join(" "));
        }
        facts
    };
    let (x, y) = (one.map(facts).unwrap_or_default(), other.map(facts).unwrap_or_default());
    entries(&x, &y, &|what| what.to_string(), &|v: &String| v.clone())
}

fn union<'m, V>(one: &'m BTreeMap<String, V>, other: &'m BTreeMap<String, V>) -> BTreeSet<&'m String> {
    one.keys().chain(other.keys()).collect()
}

fn entries<V: PartialEq>(
    one: &BTreeMap<String, V>,
    other: &BTreeMap<String, V>,
    what: &dyn Fn(&str) -> String,
    show: &dyn Fn(&V) -> String,
) -> Vec<Entry> {
    let differ = union(one, other).into_iter().filter(|key| one.get(*key) != other.get(*key));
    differ.map(|key| Entry { what: what(key), a: one.get(key).map(show), b: other.get(key).map(show) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(lr: &str, more: Option<&str>, images: usize, map50: f64) -> Side {
        let mut written = BTreeMap::from([("train \"s.x\".lr".to_string(), lr.to_string())]);
        written.extend(more.map(|node| (format!("{node}.epochs"), "4".to_string())));
        let split = ReadSplit { digest: Digest::of(&[images as u8]), images, objects: 1 };
        let described = Described {
            numerics: "fast-2".into(),
            written,
            canonical: BTreeMap::from([("s.x".to_string(), BTreeMap::from([("train config.recipe.lr".to_string(), lr.to_string())]))]),
            data: BTreeMap::from([("d".to_string(), BTreeMap::from([("train".to_string(), split)]))]),
            winner: Some(Winner {
                model: "trials #1".into(),
                architecture: Digest::of(b"a"),
                weights: Vec::new(),
                metrics: BTreeMap::from([("map50".to_string(), vec![Some(map50)])]),
            }),
            ..Described::default()
        };
        let stages = BTreeMap::from([("s.x".to_string(), BTreeSet::from([Digest::of(lr.as_bytes()), Digest::of(b"same")]))]);
        Side { label: "x".into(), described, stages }
    }

    #[test]
    fn equal_sides_differ_in_nothing() {
        assert!(difference(&side("0.1", None, 3, 0.5), &side("0.1", None, 3, 0.5)).is_none());
    }

    #[test]
    fn each_kind_of_difference_is_told() {
        let found = difference(&side("0.1", None, 3, 0.5), &side("0.2", Some("train \"long\""), 4, 0.25));
        let entry = |what: &str, a: Option<&str>, b: Option<&str>| Entry { what: what.into(), a: a.map(Into::into), b: b.map(Into::into) };
        assert_eq!(found.written, [entry("train \"long\"", None, Some("there")), entry("train \"s.x\".lr", Some("0.1"), Some("0.2"))]);
        assert_eq!(found.canonical, [entry("s.x: train config.recipe.lr", Some("0.1"), Some("0.2"))]);
        assert_eq!(found.inputs.len(), 1);
        assert_eq!(found.results, [entry("map50 of the winner", Some("0.5"), Some("0.25"))]);
        assert_eq!(found.actions, [Actions { stage: "s.x".into(), both: 1, only_a: 1, only_b: 1 }]);
    }
}
