//! Learning is right, on real data: long forms, because they train for many minutes.

use crate::support::{Place, long, real_data, root};

/// Upstream's figure (PyTorch, the same network, data, recipe and evaluation): mean val mAP50 over three seeds.
const UPSTREAM: f64 = 0.856;

/// YOLOv5n from scratch on BCCD by upstream's recipe, three seeds of 100 epochs: not below upstream by more than two points.
#[test]
fn yolov5n_from_scratch_learns_as_upstream_does() {
    let Some(data) = real_data("BCCD") else { return };
    if !long() {
        eprintln!("skipped: three trainings of 100 epochs run with NASFLOW_LONG=1");
        return;
    }
    let text = std::fs::read_to_string(root().join("pipelines/yolov5-scratch.kdl")).expect("the pipeline");
    let place = Place::new(&text);
    let parameter = format!("root={}", data.display());
    let ran = place.nasflow(&["run", "pipeline.kdl", "-p", &parameter]);
    assert!(ran.ok(), "{ran:?}");
    let shown = place.nasflow(&["show", "pipeline.kdl", "-p", &parameter, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&shown.out).expect("JSON");
    let row = json["rows"].as_array().and_then(|rows| rows.iter().find(|r| r["stage"] == "val")).expect("the row of val");
    let values: Vec<f64> = row["metrics"]["map50"]["values"].as_array().into_iter().flatten().filter_map(|v| v.as_f64()).collect();
    eprintln!("val mAP50 {values:?}, upstream's mean {UPSTREAM}");
    assert_eq!(values.len(), 3, "{row}");
    assert!(values.iter().sum::<f64>() / 3.0 >= UPSTREAM - 0.02, "{values:?}");
}
