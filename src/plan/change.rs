//! A leaf of a canonical form that differs from last time: what people call it, and how it is told.

use crate::base::counted;
use serde::{Deserialize, Serialize};

/// One leaf of a canonical form that differs from last time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// Its path, such as `config.recipe.lr`.
    pub path: String,
    /// What people call it: `train.lr` in code quotes, or words.
    pub name: String,
    /// What it was; none where it is new, or where the candidates of a group had different ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What it is; none where it is gone, or likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// Changes that are told one by one, at most.
const TOLD: usize = 4;

/// The word of the language that a kind of action comes from.
fn word(kind: &str) -> &str {
    match kind {
        "predict" | "predict-subnet" | "metric" | "loss" | "table" | "command" | "untrained" => "evaluate",
        "compare" => "answer",
        "propose" => "sample",
        "cut" => "train",
        other => other,
    }
}

/// What people call the leaf at `path` of an action of this kind: `train.lr` in code quotes where a file can say it, words else.
pub fn name(kind: &str, path: &str) -> String {
    if let Some(input) = path.strip_prefix("inputs.") {
        let words = match input {
            "split" => "its images",
            "recalibrate" => "the images that batch norm is recalibrated on",
            "architecture" => "its network",
            "space" => "its space",
            "path" => "its place in the space",
            "weights" => "its weights",
            "init" => "its initial weights",
            "predictions" => "its predictions",
            "uses" => "the files that its command uses",
            "table" => "its table",
            "ask" => "what its program is told",
            other => return format!("its {}", other.replace('-', " ")),
        };
        return words.to_string();
    }
    match path {
        "seed" => return "its seed".to_string(),
        "numerics" => return "the numerics class".to_string(),
        "config.decoder" => return "the decoder of images".to_string(),
        "config.models" => return "the models that it chooses among".to_string(),
        "config.answer" | "config.baseline" => return format!("the values of the {}", &path["config.".len()..]),
        _ => {}
    }
    let mut rest = path.strip_prefix("config.").unwrap_or(path);
    for outer in ["recipe.", "rule.by.", "rule."] {
        rest = rest.strip_prefix(outer).unwrap_or(rest);
    }
    format!("`{}.{rest}`", word(kind))
}

/// A value as it is written in a file: whole numbers without a fraction.
pub fn value(text: &str) -> &str {
    let whole = text.strip_suffix(".0").filter(|t| t.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
    whole.unwrap_or(text)
}

fn change(c: &Change) -> String {
    // A name that ends in no quote has words around its values: a colon parts them.
    let colon = if c.name.ends_with('`') && c.name.starts_with('`') && !c.name.contains(' ') { "" } else { ":" };
    match (&c.old, &c.new) {
        (Some(old), Some(new)) => format!("{}{colon} {} → {}", c.name, value(old), value(new)),
        (None, Some(new)) => format!("{} is new: {}", c.name, value(new)),
        (Some(old), None) => format!("{} is gone (was {})", c.name, value(old)),
        (None, None) => format!("{} changed", c.name),
    }
}

/// Changes in one line.
pub fn changes(changes: &[Change]) -> String {
    let shown: Vec<String> = changes.iter().take(TOLD).map(change).collect();
    let more = if changes.len() > TOLD { format!(" and {} more", changes.len() - TOLD) } else { String::new() };
    shown.join(", ") + &more
}

/// `epoch 12`, `epochs 3 to 7`, `iteration 31 (in epoch 2)`.
pub fn reached(from: u64, most: u64, per_epoch: u64) -> String {
    let per_epoch = per_epoch.max(1);
    let whole = |n: u64| n.is_multiple_of(per_epoch);
    match (from == most, whole(from) && whole(most)) {
        (true, true) => format!("epoch {}", from / per_epoch),
        (true, false) => format!("iteration {from} (in epoch {})", from / per_epoch + 1),
        (false, true) => format!("epochs {} to {}", from / per_epoch, most / per_epoch),
        (false, false) => format!("iterations {from} to {most}"),
    }
}

/// `31 candidates`, or `31 candidates, 62 times`; nothing of a stage as a whole.
pub fn candidates(models: usize, actions: usize) -> Option<String> {
    let times = if actions > models { format!(", {actions} times") } else { String::new() };
    (models > 0).then(|| format!("{}{times}", counted(models, "candidate")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_have_the_names_of_the_language() {
        for (kind, path, called) in [
            ("train", "config.recipe.lr", "`train.lr`"),
            ("train", "config.recipe.augment.mosaic", "`train.augment.mosaic`"),
            ("select", "config.rule.by.top", "`select.top`"),
            ("select", "config.rule.where.0.max", "`select.where.0.max`"),
            ("predict-subnet", "config.recalibrate.batches", "`evaluate.recalibrate.batches`"),
            ("predict", "inputs.weights", "its weights"),
        ] {
            assert_eq!(name(kind, path), called);
        }
    }

    #[test]
    fn values_read_as_they_are_written() {
        let one = |name: &str, old: Option<&str>, new: Option<&str>| {
            changes(&[Change { path: String::new(), name: name.into(), old: old.map(Into::into), new: new.map(Into::into) }])
        };
        assert_eq!(one("`train.lr`", Some("1.0"), Some("0.25")), "`train.lr` 1 → 0.25");
        assert_eq!(one("split `train` of `shapes`", Some("300"), Some("310 images")), "split `train` of `shapes`: 300 → 310 images");
        assert_eq!(one("`train.ema.ramp`", None, Some("500.0")), "`train.ema.ramp` is new: 500");
        assert_eq!(one("its weights", None, None), "its weights changed");
    }

    #[test]
    fn places_are_epochs_where_they_are_whole() {
        assert_eq!(reached(24, 24, 2), "epoch 12");
        assert_eq!(reached(3, 3, 2), "iteration 3 (in epoch 2)");
        assert_eq!(reached(2, 6, 2), "epochs 1 to 3");
        assert_eq!(candidates(31, 62).as_deref(), Some("31 candidates, 62 times"));
        assert_eq!(candidates(0, 1), None);
    }
}
