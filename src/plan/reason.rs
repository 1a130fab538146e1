//! Why an action runs: typed, with old and new values, so that `plan` can say it in a sentence.

use super::work::{TrainWork, Work};
use std::collections::BTreeMap;
use std::fmt;

/// One leaf of a canonical form that differs from last time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Its path, such as `config.recipe.lr`.
    pub path: String,
    /// What it was; none where it is new.
    pub old: Option<String>,
    /// What it is; none where it is gone.
    pub new: Option<String>,
}

/// Why an action has to run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// This stage was never run in this store.
    FirstRun,
    /// The stage has run before, but not for this model.
    NewModel,
    /// The same model was run, with other values.
    Changed(Vec<Change>),
    /// The training goes on from a known checkpoint.
    Continues {
        /// Iterations that are there already.
        from: u64,
        /// Iterations asked for.
        to: u64,
    },
    /// The training would go on from a recorded point, had the state of that not been dropped: it is trained again from further back.
    StateDropped {
        /// Iterations that were trained before.
        at: u64,
        /// Iterations that it starts from; 0: the beginning.
        from: u64,
        /// Iterations asked for.
        to: u64,
    },
    /// The result is known, but from other numerics.
    OtherNumerics(Vec<String>),
    /// The result was recorded, but what it wrote is gone or damaged.
    OutputGone,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::FirstRun => write!(f, "never run here"),
            Reason::NewModel => write!(f, "not met before"),
            Reason::Changed(changes) => {
                let shown: Vec<String> = changes.iter().take(4).map(change).collect();
                write!(f, "{}", shown.join(", "))?;
                if changes.len() > 4 {
                    write!(f, " and {} more", changes.len() - 4)?;
                }
                Ok(())
            }
            Reason::Continues { from, to } => write!(f, "goes on from iteration {from} to {to}"),
            Reason::StateDropped { at, from: 0, to } => {
                write!(f, "its state at iteration {at} was dropped: trained again from the beginning, to {to}")
            }
            Reason::StateDropped { at, from, to } => {
                write!(f, "its state at iteration {at} was dropped: trained again from iteration {from}, to {to}")
            }
            Reason::OtherNumerics(classes) => write!(f, "known, but from {}", classes.join(", ")),
            Reason::OutputGone => write!(f, "its output is gone or damaged"),
        }
    }
}

fn change(c: &Change) -> String {
    let name = c.path.strip_prefix("config.").or_else(|| c.path.strip_prefix("inputs.")).unwrap_or(&c.path);
    match (&c.old, &c.new) {
        (Some(old), Some(new)) => format!("{name} {old} → {new}"),
        (None, Some(new)) => format!("{name} is new: {new}"),
        (Some(old), None) => format!("{name} {old} is gone"),
        (None, None) => name.to_string(),
    }
}

/// What the last run of this pipeline did: stage name → texts of its actions.
pub type History = BTreeMap<String, Vec<String>>;

/// Why this work has to run. `others` are the numerics classes in which its result is known; `recorded` says that a
/// record of it is there (its outputs are not).
pub fn of_work(work: &Work, stage: &str, history: &History, others: Vec<String>, recorded: bool) -> Reason {
    if recorded {
        return Reason::OutputGone;
    }
    if let Work::Train(train) = work
        && let Some(reason) = continues(train)
    {
        return reason;
    }
    if !others.is_empty() {
        return Reason::OtherNumerics(others);
    }
    of_text(&work.action().text(), history.get(stage).map_or(&[][..], Vec::as_slice))
}

fn continues(train: &TrainWork) -> Option<Reason> {
    if let Some(at) = train.stateless {
        return Some(Reason::StateDropped { at, from: train.done(), to: train.end() });
    }
    (train.done() > 0).then(|| Reason::Continues { from: train.done(), to: train.end() })
}

fn of_text(text: &str, before: &[String]) -> Reason {
    if before.is_empty() {
        return Reason::FirstRun;
    }
    let new = leaves(text);
    // The same model and seed as before: what differs is the reason.
    let same = |old: &BTreeMap<&str, &str>| identity(&new).iter().all(|p| old.get(p) == new.get(p));
    let nearest =
        before.iter().map(|t| differences(&leaves(t), &new)).zip(before).filter(|(_, t)| same(&leaves(t))).min_by_key(|(c, _)| c.len());
    match nearest {
        Some((changes, _)) if !changes.is_empty() => Reason::Changed(changes),
        Some(_) => Reason::OutputGone,
        None => Reason::NewModel,
    }
}

/// The leaves that say of what an action is; a path stays the same network of a supernet that was trained otherwise.
fn identity(new: &BTreeMap<&str, &str>) -> &'static [&'static str] {
    match new.contains_key("inputs.path") {
        true => &["kind", "inputs.space", "inputs.path"],
        false => &["kind", "inputs.architecture", "inputs.space", "inputs.weights", "inputs.predictions", "seed"],
    }
}

fn leaves(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|l| l.split_once(" = ")).collect()
}

fn differences(old: &BTreeMap<&str, &str>, new: &BTreeMap<&str, &str>) -> Vec<Change> {
    let paths: std::collections::BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    paths
        .into_iter()
        .filter(|p| old.get(p) != new.get(p))
        .map(|p| Change { path: p.to_string(), old: old.get(p).map(|v| (*v).to_string()), new: new.get(p).map(|v| (*v).to_string()) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_earlier_action_explains() {
        let before = vec![
            "kind = train\nconfig.recipe.lr = 0.1\nconfig.iteration = 4\ninputs.architecture = a\nseed = 0\n".to_string(),
            "kind = train\nconfig.recipe.lr = 0.1\nconfig.iteration = 4\ninputs.architecture = b\nseed = 0\n".to_string(),
        ];
        let now = "kind = train\nconfig.recipe.lr = 0.2\nconfig.iteration = 4\ninputs.architecture = b\nseed = 0\n";
        assert_eq!(of_text(now, &before).to_string(), "recipe.lr 0.1 → 0.2");
        assert_eq!(of_text(&now.replace("= b", "= c"), &before), Reason::NewModel);
        assert_eq!(of_text(now, &[]), Reason::FirstRun);
    }

    #[test]
    fn a_path_of_another_supernet_is_the_same_network_with_other_weights() {
        let before =
            ["kind = predict-subnet\nconfig.recalibrate.batches = 20\ninputs.space = s\ninputs.weights = a\ninputs.path = p\n".to_string()];
        let now = before[0].replace("weights = a", "weights = b");
        assert_eq!(of_text(&now, &before).to_string(), "weights a → b");
        assert_eq!(of_text(&before[0].replace("20", "10"), &before).to_string(), "recalibrate.batches 20 → 10");
        assert_eq!(of_text(&before[0].replace("path = p", "path = q"), &before), Reason::NewModel);
    }
}
