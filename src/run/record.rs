//! Results as the store keeps them: the one place where they are JSON, and named blobs.

use crate::base::Digest;
use crate::plan::{Action, Kind};
use crate::results::{Classes, Comparison, Outcome, RunSummary, Smaller, Timing, Trained};
use crate::store::Record;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The record of an action's result. `chain` is the training that it belongs to, and how many iterations it has done.
pub fn write(action: &Action, chain: Option<(Digest, u64)>, outcome: &Outcome) -> Record {
    let (outputs, values) = parts(outcome);
    Record {
        key: action.key(),
        what: action.what(),
        numerics: action.numerics.clone().unwrap_or_default(),
        kind: action.kind.word().to_string(),
        chain,
        text: action.text(),
        outputs: outputs.into_iter().map(|(name, blob)| (name.to_string(), blob)).collect(),
        values,
    }
}

fn parts(outcome: &Outcome) -> (BTreeMap<&'static str, Digest>, Value) {
    match outcome {
        Outcome::Anchors { anchors, best_possible_recall } => {
            (BTreeMap::new(), json!({ "anchors": anchors, "best-possible-recall": best_possible_recall }))
        }
        Outcome::Pack { pack, images } => (BTreeMap::from([("pack", *pack)]), json!({ "images": images })),
        Outcome::Trained(trained) => {
            let mut outputs = BTreeMap::from([("weights", trained.weights)]);
            outputs.extend(trained.state.map(|state| ("state", state)));
            outputs.extend(trained.choices.map(|choices| ("choices", choices)));
            outputs.extend(trained.checkpoint.map(|checkpoint| ("checkpoint", checkpoint)));
            let mut values = json!({ "status": "trained", "epochs": trained.epochs, "curve": trained.curve });
            // What a method has learned of choices is read by plans and people: it stands in the record, too.
            if let (Some(learned), Some(values)) = (&trained.learned, values.as_object_mut()) {
                values.insert("choices".into(), json!(learned));
            }
            if let (false, Some(values)) = (trained.reported.is_empty(), values.as_object_mut()) {
                values.insert("reported".into(), json!(trained.reported));
            }
            (outputs, values)
        }
        Outcome::Diverged { iteration, reason, curve } => {
            (BTreeMap::new(), json!({ "status": "diverged", "iteration": iteration, "reason": reason, "curve": curve }))
        }
        Outcome::Predicted { predictions } => (BTreeMap::from([("predictions", *predictions)]), json!({})),
        Outcome::Measured { value, classes } => (BTreeMap::new(), json!({ "value": value, "classes": classes })),
        Outcome::Chosen { models } => (BTreeMap::new(), json!({ "chosen": models })),
        Outcome::Compared(comparison) => (BTreeMap::new(), json!(comparison)),
        Outcome::Proposed { choices } => (BTreeMap::new(), json!({ "choices": choices })),
        Outcome::Cut { weights } => (BTreeMap::from([("weights", *weights)]), json!({})),
        Outcome::Pruned(Ok(smaller)) => (BTreeMap::from([("weights", smaller.weights)]), json!({ "architecture": smaller.architecture })),
        Outcome::Pruned(Err(why)) => (BTreeMap::new(), json!({ "failed": why })),
    }
}

/// The result that a record holds; none where it is of no kind that this program knows, or lacks what its kind needs.
pub fn read(record: &Record) -> Option<Outcome> {
    let blob = |name: &str| record.outputs.get(name).copied();
    let values = &record.values;
    // Values were written by this program or an older one: what the older did not write is as good as empty.
    let curve = || serde_json::from_value(values["curve"].clone()).unwrap_or_default();
    Some(match Kind::named(&record.kind)? {
        Kind::Anchors => Outcome::Anchors {
            anchors: serde_json::from_value(values["anchors"].clone()).ok()?,
            best_possible_recall: values["best-possible-recall"].as_f64().unwrap_or(f64::NAN),
        },
        Kind::Pack => Outcome::Pack { pack: blob("pack")?, images: values["images"].as_u64().unwrap_or(0) as usize },
        Kind::Train if values["status"] == "diverged" => Outcome::Diverged {
            iteration: values["iteration"].as_u64().unwrap_or(0),
            reason: values["reason"].as_str().unwrap_or("diverged").to_string(),
            curve: curve(),
        },
        Kind::Train => Outcome::Trained(Trained {
            weights: blob("weights")?,
            state: blob("state"),
            choices: blob("choices"),
            epochs: values["epochs"].as_u64().unwrap_or(0) as usize,
            curve: curve(),
            learned: serde_json::from_value(values["choices"].clone()).ok(),
            reported: serde_json::from_value(values["reported"].clone()).unwrap_or_default(),
            checkpoint: blob("checkpoint"),
        }),
        Kind::Predict | Kind::PredictSubnet => Outcome::Predicted { predictions: blob("predictions")? },
        Kind::Metric | Kind::Loss | Kind::Command | Kind::Untrained => Outcome::Measured {
            value: values["value"].as_f64().unwrap_or(f64::NAN),
            classes: serde_json::from_value(values["classes"].clone()).unwrap_or(Classes::Detection(Vec::new())),
        },
        Kind::Select => Outcome::Chosen { models: serde_json::from_value(values["chosen"].clone()).ok()? },
        Kind::Propose => Outcome::Proposed { choices: serde_json::from_value(values.get("choices")?.clone()).ok()? },
        Kind::Cut => Outcome::Cut { weights: blob("weights")? },
        Kind::Prune => Outcome::Pruned(match values["failed"].as_str() {
            Some(why) => Err(why.to_string()),
            None => Ok(Smaller { architecture: values["architecture"].as_str()?.to_string(), weights: blob("weights")? }),
        }),
        Kind::Compare => Outcome::Compared(Comparison::deserialize(values).ok()?),
        // A look-up in a table is worked out by the replay itself.
        Kind::Table => return None,
    })
}

/// A timing as an observation holds it.
pub fn timing(timing: &Timing) -> Value {
    json!(timing)
}

/// The timing that an observation holds; none where it is not one.
pub fn read_timing(value: &Value) -> Option<Timing> {
    Timing::deserialize(value).ok()
}

/// What a run did, as its record holds it.
pub fn run(summary: &RunSummary) -> Value {
    json!(summary)
}

/// What a run's record says that it did; none where it says something else.
pub fn read_run(values: &Value) -> Option<RunSummary> {
    RunSummary::deserialize(values).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Canon;
    use crate::results::{Choice, ClassAccuracy, ClassReport, Collapsed, Epoch, GivenUp, Learned};

    /// Every kind as it has always been written: stores that exist must stay readable, and the same result the same bytes.
    #[test]
    fn records_are_written_as_ever_and_come_back() {
        let blob = |name: &str| Digest::of(name.as_bytes());
        let epoch = Epoch { epoch: 1, r#box: 0.1, obj: 0.25, cls: 3.0 };
        let learned = Learned {
            method: "darts".into(),
            choices: vec![Choice { name: "00000000000000ab".into(), probabilities: vec![0.75, 0.25] }],
            strongest: vec![0],
            collapse: Some(Collapsed { skipping: Vec::new(), of: 1, mass: 0.5, even: 0.5 }),
        };
        let trained = |learned: Option<Learned>| {
            let choices = learned.as_ref().map(|_| blob("c"));
            let (reported, checkpoint) = (BTreeMap::new(), None);
            Outcome::Trained(Trained {
                weights: blob("w"),
                state: Some(blob("s")),
                choices,
                epochs: 2,
                curve: vec![epoch],
                learned,
                reported,
                checkpoint,
            })
        };
        let class = ClassReport {
            name: "disc".into(),
            n_truth: 2,
            n_detections: 3,
            ap50: Some(0.5),
            ap50_95: None,
            precision: Some(1.0),
            recall: None,
            coco_ap50: None,
            coco_ap50_95: None,
        };
        let by_command = Outcome::Trained(Trained {
            weights: blob("w"),
            state: None,
            choices: None,
            epochs: 1,
            curve: Vec::new(),
            learned: None,
            reported: BTreeMap::from([("dice".to_string(), 0.5)]),
            checkpoint: Some(blob("c")),
        });
        let proposed = BTreeMap::from([("kernel".to_string(), "5".to_string())]);
        let cases: [(Kind, Outcome, &str, &[&str]); 18] = [
            (Kind::Propose, Outcome::Proposed { choices: Some(proposed) }, r#"{"choices":{"kernel":"5"}}"#, &[]),
            (Kind::Propose, Outcome::Proposed { choices: None }, r#"{"choices":null}"#, &[]),
            (Kind::Train, by_command, r#"{"curve":[],"epochs":1,"reported":{"dice":0.5},"status":"trained"}"#, &["checkpoint", "weights"]),
            (
                Kind::Command,
                Outcome::Measured { value: 2.5, classes: Classes::Detection(Vec::new()) },
                r#"{"classes":[],"value":2.5}"#,
                &[],
            ),
            (
                Kind::Anchors,
                Outcome::Anchors { anchors: vec![vec![(1.5, 0.1)]], best_possible_recall: 1.0 },
                r#"{"anchors":[[[1.5,0.10000000149011612]]],"best-possible-recall":1.0}"#,
                &[],
            ),
            (Kind::Pack, Outcome::Pack { pack: blob("p"), images: 7 }, r#"{"images":7}"#, &["pack"]),
            (
                Kind::Train,
                trained(None),
                r#"{"curve":[{"box":0.1,"cls":3.0,"epoch":1,"obj":0.25}],"epochs":2,"status":"trained"}"#,
                &["state", "weights"],
            ),
            (
                Kind::Train,
                trained(Some(learned)),
                r#"{"choices":{"choices":[{"name":"00000000000000ab","probabilities":[0.75,0.25]}],"collapse":{"even":0.5,"mass":0.5,"of":1,"skipping":[]},"method":"darts","strongest":[0]},"curve":[{"box":0.1,"cls":3.0,"epoch":1,"obj":0.25}],"epochs":2,"status":"trained"}"#,
                &["choices", "state", "weights"],
            ),
            (
                Kind::Train,
                Outcome::Diverged { iteration: 9, reason: "diverged at iteration 9: loss NaN".into(), curve: vec![epoch] },
                r#"{"curve":[{"box":0.1,"cls":3.0,"epoch":1,"obj":0.25}],"iteration":9,"reason":"diverged at iteration 9: loss NaN","status":"diverged"}"#,
                &[],
            ),
            (Kind::Predict, Outcome::Predicted { predictions: blob("d") }, "{}", &["predictions"]),
            (
                Kind::Metric,
                Outcome::Measured { value: 0.5, classes: Classes::Detection(vec![class]) },
                r#"{"classes":[{"ap50":0.5,"ap50_95":null,"coco_ap50":null,"coco_ap50_95":null,"n_detections":3,"n_truth":2,"name":"disc","precision":1.0,"recall":null}],"value":0.5}"#,
                &[],
            ),
            (
                Kind::Metric,
                Outcome::Measured {
                    value: 1.0,
                    classes: Classes::Classification(vec![ClassAccuracy { name: "0".into(), n_truth: 2, accuracy: Some(1.0) }]),
                },
                r#"{"classes":[{"accuracy":1.0,"n_truth":2,"name":"0"}],"value":1.0}"#,
                &[],
            ),
            (Kind::Select, Outcome::Chosen { models: Vec::new() }, r#"{"chosen":[]}"#, &[]),
            (
                Kind::Compare,
                Outcome::Compared(Comparison {
                    difference: 0.25,
                    interval: Some((0.125, 0.375)),
                    freedom: Some(3.5),
                    over_images: None,
                    above: Some(1.0),
                    resamples: 1000,
                }),
                r#"{"above":1.0,"difference":0.25,"freedom":3.5,"interval":[0.125,0.375],"over-images":null,"resamples":1000}"#,
                &[],
            ),
            (
                Kind::Prune,
                Outcome::Pruned(Ok(Smaller { architecture: "{}".into(), weights: blob("w") })),
                r#"{"architecture":"{}"}"#,
                &["weights"],
            ),
            (Kind::Prune, Outcome::Pruned(Err("too small".into())), r#"{"failed":"too small"}"#, &[]),
            (Kind::Cut, Outcome::Cut { weights: blob("w") }, "{}", &["weights"]),
            (Kind::PredictSubnet, Outcome::Predicted { predictions: blob("d") }, "{}", &["predictions"]),
        ];
        for (kind, outcome, values, outputs) in cases {
            let action = Action { kind, config: Canon::None, inputs: Vec::new(), seed: None, numerics: None };
            let record = write(&action, None, &outcome);
            assert_eq!(record.outputs.keys().map(String::as_str).collect::<Vec<_>>(), outputs, "{kind:?}");
            let manifest = String::from_utf8(record.manifest().expect("a manifest")).expect("text");
            assert!(manifest.contains(&format!("\"values\":{values},")), "{kind:?}: {manifest}");
            assert_eq!(read(&Record::parse(manifest.as_bytes()).expect("a record")), Some(outcome), "{kind:?}");
        }
        // A metric that does not exist is written as nothing.
        let action = Action { kind: Kind::Metric, config: Canon::None, inputs: Vec::new(), seed: None, numerics: None };
        let record = write(&action, None, &Outcome::Measured { value: f64::NAN, classes: Classes::Detection(Vec::new()) });
        assert_eq!(record.values["value"], Value::Null);
        assert!(matches!(read(&record), Some(Outcome::Measured { value, .. }) if value.is_nan()));
    }

    /// As they have always been written, too.
    #[test]
    fn what_is_kept_beside_results_is_written_as_ever_and_comes_back() {
        let key = Digest::of(b"k");
        let kept = Timing { action: Some(key), seconds: 1.5, images: 16, macs: 7, threads: 2, jobs: 1 };
        let text = format!(r#"{{"action":"{key}","images":16,"jobs":1,"macs":7,"seconds":1.5,"threads":2}}"#);
        assert_eq!(timing(&kept).to_string(), text);
        assert_eq!(read_timing(&timing(&kept)), Some(kept));
        let older = json!({ "seconds": 1.5, "images": 16, "macs": 7, "threads": 2, "jobs": 1 });
        assert_eq!(read_timing(&older), Some(Timing { action: None, ..kept }));
        let summary = RunSummary {
            reproducible: false,
            given_up: vec![GivenUp { key, label: "short: trials #0".into(), reason: "no".into() }],
            executed: BTreeMap::from([("train".to_string(), 2)]),
            stages: BTreeMap::from([("short".to_string(), vec![key])]),
            trust: json!([]),
            ..RunSummary::default()
        };
        let text = format!(
            r#"{{"executed":{{"train":2}},"given-up":[{{"key":"{key}","reason":"no","trial":"short: trials #0"}}],"reproducible":false,"stages":{{"short":["{key}"]}},"trust":[]}}"#
        );
        assert_eq!(run(&summary).to_string(), text);
        assert_eq!(read_run(&run(&summary)), Some(summary));
    }
}
