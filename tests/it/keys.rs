//! The golden file of keys: what is asked of a small pipeline has these keys on every machine. A key changes only with
//! a version bump in `plan/action.rs` and a line in the changelog; then `UPDATE_KEYS=1` rewrites the file.

use crate::support::{Place, SMALL, root};

/// Keys that depend neither on the numerics class nor on a result: data, architectures, chains.
#[test]
fn keys_are_golden() {
    let place = Place::new(SMALL);
    let plan = place.nasflow(&["plan", "pipeline.kdl", "--json"]);
    assert!(plan.ok(), "{plan:?}");
    let plan: serde_json::Value = serde_json::from_str(&plan.out).expect("JSON");
    let mut lines: Vec<String> = plan["stages"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|stage| {
            let name = stage["stage"].as_str().unwrap_or("").to_string();
            stage["what"].as_array().into_iter().flatten().filter_map(|k| k.as_str()).map(|k| format!("{name} {k}\n")).collect::<Vec<_>>()
        })
        .collect();
    lines.sort();
    let text = lines.concat();
    assert!(!text.is_empty());
    let golden = root().join("tests/golden/keys.txt");
    if std::env::var_os("UPDATE_KEYS").is_some() {
        std::fs::create_dir_all(golden.parent().expect("a folder")).expect("made");
        std::fs::write(&golden, &text).expect("written");
    }
    let kept = std::fs::read_to_string(&golden).expect("tests/golden/keys.txt");
    assert_eq!(text, kept, "keys changed: bump the version in plan/action.rs and say so in CHANGELOG.md");
}

/// Trained bits are the same on every machine (one numerics class for AVX-512, AVX2 and plain code), so digests of a whole
/// search are golden values too: weights, states, predictions, metrics. `UPDATE_KEYS=1` rewrites them.
#[test]
fn digests_of_a_whole_search_are_golden() {
    let place = Place::new(SMALL);
    place.run();
    let text = place.digests();
    let golden = root().join("tests/golden/digests.txt");
    if std::env::var_os("UPDATE_KEYS").is_some() {
        std::fs::write(&golden, &text).expect("written");
    }
    let kept = std::fs::read_to_string(&golden).expect("tests/golden/digests.txt");
    assert_eq!(text, kept, "bits changed: raise the numerics class or a version, and say so in CHANGELOG.md");
}
