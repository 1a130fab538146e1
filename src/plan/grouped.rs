//! Equal reasons of many candidates are one, with counts.

use super::change::Change;
use super::reason::Reason;
use crate::base::Digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Actions of one kind that have one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The kind of action.
    pub kind: String,
    /// Why.
    pub reason: Reason,
    /// Their models; 0 where they are of the stage as a whole.
    pub candidates: usize,
    /// Their keys.
    pub keys: Vec<Digest>,
    /// The actions known before in their place, where the reason compares with one.
    #[serde(skip)]
    pub before: Vec<Digest>,
}

/// The same for people and programs: what `plan --json`, `explain --json` and a run's events have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// The kind of action.
    pub kind: String,
    /// In a sentence.
    pub sentence: String,
    /// Models; 0 where the actions are of the stage as a whole.
    pub candidates: usize,
    /// Actions.
    pub actions: usize,
    /// Why, typed.
    pub reason: Reason,
}

impl Group {
    /// For people and programs.
    pub fn told(&self) -> Told {
        let (candidates, actions) = (self.candidates, self.keys.len());
        Told { kind: self.kind.clone(), sentence: self.sentence(), candidates, actions, reason: self.reason.clone() }
    }

    /// In a sentence, with the counts.
    pub fn sentence(&self) -> String {
        self.reason.sentence(self.candidates, self.keys.len())
    }
}

/// Gathers actions by reason.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    groups: BTreeMap<(String, Reason), Gathered>,
}

#[derive(Clone, Debug)]
struct Gathered {
    reason: Reason,
    models: BTreeSet<String>,
    keys: BTreeSet<Digest>,
    before: Vec<Digest>,
}

impl Groups {
    /// Adds an action.
    pub fn add(&mut self, kind: &str, reason: Reason, model: Option<&str>, key: Digest, before: Option<Digest>) {
        let gathered = self.groups.entry((kind.to_string(), outline(&reason))).or_insert_with(|| Gathered {
            reason: reason.clone(),
            models: BTreeSet::new(),
            keys: BTreeSet::new(),
            before: Vec::new(),
        });
        gathered.reason = merged(&gathered.reason, &reason);
        gathered.models.extend(model.map(str::to_string));
        gathered.keys.insert(key);
        gathered.before.extend(before);
    }

    /// The groups, by kind and reason.
    pub fn finish(&self) -> Vec<Group> {
        let groups = self.groups.iter().map(|((kind, _), g)| Group {
            kind: kind.clone(),
            reason: g.reason.clone(),
            candidates: g.models.len(),
            keys: g.keys.iter().copied().collect(),
            before: g.before.clone(),
        });
        groups.collect()
    }
}

/// Leaves whose values belong to one candidate.
fn is_own(change: &Change) -> bool {
    let own = ["architecture", "space", "path", "weights", "init", "predictions", "ask", "teacher"];
    change.path.strip_prefix("inputs.").is_some_and(|input| own.contains(&input))
}

/// A reason without what differs from candidate to candidate.
fn outline(reason: &Reason) -> Reason {
    let blank = |changes: &[Change]| -> Vec<Change> {
        changes.iter().map(|c| if is_own(c) { Change { old: None, new: None, ..c.clone() } } else { c.clone() }).collect()
    };
    match reason {
        Reason::Changed { changes } => Reason::Changed { changes: blank(changes) },
        Reason::Otherwise { kind, old, new, changes } => {
            Reason::Otherwise { kind: kind.clone(), old: *old, new: *new, changes: blank(changes) }
        }
        Reason::Continues { changes, to, per_epoch, rung, .. } => {
            Reason::Continues { changes: changes.clone(), from: 0, most: 0, to: *to, per_epoch: *per_epoch, rung: *rung }
        }
        other => other.clone(),
    }
}

/// Two reasons of one outline: values that differ are left out, and places become a range.
fn merged(a: &Reason, b: &Reason) -> Reason {
    if a == b {
        return a.clone();
    }
    match (a, b) {
        (Reason::Continues { changes, from, most, to, per_epoch, rung }, Reason::Continues { from: first, most: last, .. }) => {
            Reason::Continues {
                changes: changes.clone(),
                from: (*from).min(*first),
                most: (*most).max(*last),
                to: *to,
                per_epoch: *per_epoch,
                rung: *rung,
            }
        }
        _ => outline(a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_reasons_are_counted_and_own_values_left_out() {
        let mut groups = Groups::default();
        let change = |path: &str, name: &str, old: &str, new: &str| Change {
            path: path.into(),
            name: name.into(),
            old: Some(old.into()),
            new: Some(new.into()),
        };
        let continues = |from: u64| Reason::Continues {
            changes: vec![change("config.iteration", "`train.epochs`", "12", "20")],
            from,
            most: from,
            to: 40,
            per_epoch: 2,
            rung: false,
        };
        for n in 0..31u8 {
            groups.add("train", continues(24), Some(&format!("trials #{n}")), Digest::of(&[n]), None);
            let weights = Reason::Changed { changes: vec![change("inputs.weights", "its weights", &format!("a{n}"), &format!("b{n}"))] };
            groups.add("predict", weights, Some(&format!("trials #{n}")), Digest::of(&[n, 1]), Some(Digest::of(&[n, 2])));
        }
        let said: Vec<String> = groups.finish().iter().map(Group::sentence).collect();
        assert_eq!(said, ["its weights changed (31 candidates)", "`train.epochs` 12 → 20: continues from epoch 12 of 31 candidates"]);
        groups.add("train", continues(20), Some("trials #99"), Digest::of(b"x"), None);
        assert!(groups.finish()[1].sentence().ends_with("continues from epochs 10 to 12 of 32 candidates"));
        let (kept, back) = (&groups.finish()[1], serde_json::to_string(&groups.finish()[1]).expect("JSON"));
        assert_eq!(serde_json::from_str::<Group>(&back).expect("a group"), *kept);
    }

    #[test]
    fn what_cut_a_training_short_is_told_by_its_place() {
        let cut = |rung: bool| Reason::Continues { changes: Vec::new(), from: 3, most: 3, to: 8, per_epoch: 2, rung };
        assert_eq!(cut(false).sentence(1, 1), "was interrupted: continues from iteration 3 (in epoch 2) of 1 candidate");
        assert_eq!(cut(true).sentence(2, 2), "next rung: continues from iteration 3 (in epoch 2) to epoch 4 of 2 candidates");
    }
}
