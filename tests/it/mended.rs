//! A flipped bit in each kind of file of the store, met by each command that reads it: said in a line, and mended by the next run.

use crate::support::{Place, SMALL, Said};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn tiny() -> String {
    SMALL.replace("trials 4 window=2", "trials 2 window=1")
}

/// The manifests in the store: their files, and what they say.
fn manifests(place: &Place) -> Vec<(PathBuf, Value)> {
    let blobs = place.path().join("cache/blobs");
    let files = std::fs::read_dir(blobs).expect("blobs").flat_map(|f| std::fs::read_dir(f.expect("a folder").path()).expect("a folder"));
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).expect("bytes");
        let line = bytes.strip_prefix(b"nasflow result 1\n")?.split(|b| *b == b'\n').next()?.to_vec();
        Some((path, serde_json::from_slice(&line).expect("JSON")))
    };
    files.filter_map(|f| read(f.expect("a file").path())).collect()
}

/// The files of all outputs of this name, of results of this kind; of `manifest` those of the results.
fn files(place: &Place, kind: &str, output: &str) -> Vec<PathBuf> {
    let blobs = place.path().join("cache/blobs");
    let mut found: Vec<PathBuf> = Vec::new();
    for (path, value) in manifests(place).into_iter().filter(|(_, value)| value["kind"] == kind) {
        match value["outputs"][output].as_str() {
            Some(hex) => found.push(blobs.join(&hex[..2]).join(&hex[2..])),
            None if output == "manifest" => found.push(path),
            None => {}
        }
    }
    found.sort();
    found.dedup();
    assert!(!found.is_empty(), "no {output} of {kind}");
    found.into_iter().filter(|path| path.exists()).collect()
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).expect("a blob");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    let times = std::fs::metadata(path).and_then(|m| m.modified()).expect("a time");
    std::fs::write(path, &bytes).expect("written");
    // As a disk does it: nothing says when.
    std::fs::File::options().write(true).open(path).and_then(|f| f.set_modified(times)).expect("a time");
}

/// Iterations that all attempts have done.
fn iterations(place: &Place) -> usize {
    let folders = std::fs::read_dir(place.path().join("cache/attempts")).expect("attempts");
    let counts = folders.flat_map(|f| std::fs::read_to_string(f.expect("a folder").path().join("iterations")));
    counts.map(|text| text.lines().count()).sum()
}

fn cache(place: &Place, arguments: &[&str]) -> Said {
    place.nasflow(&[&["cache"][..], arguments].concat())
}

#[test]
fn whoever_meets_a_damaged_file_says_so_and_the_next_run_mends_it() {
    let place = Place::new(&tiny());
    place.run();
    let (digests, trained) = (place.digests(), iterations(&place));
    let readers: [(&str, &str, &[&[&str]]); 5] = [
        (
            "train",
            "weights",
            &[&["export", "pipeline.kdl", "-o", "x.safetensors"], &["cache", "export", "latest", "-o", "x.tar"], &["cache", "verify"]],
        ),
        (
            "predict",
            "predictions",
            &[&["report", "pipeline.kdl", "-o", "x.html"], &["cache", "export", "latest", "-o", "x.tar"], &["cache", "verify"]],
        ),
        ("pack", "pack", &[&["cache", "verify"]]),
        ("train", "state", &[&["cache", "verify"]]),
        ("metric", "manifest", &[&["cache", "verify"]]),
    ];
    for (kind, output, commands) in readers {
        for command in commands {
            let case = format!("{output}, {command:?}");
            files(&place, kind, output).iter().for_each(|path| flip(path));
            let said = place.nasflow(command);
            let text = format!("{}{}", said.out, said.err);
            assert!(text.contains("damaged"), "{case}: {said:?}");
            assert!(text.contains("run") || ["manifest", "state"].contains(&output), "{case}: {said:?}");
            if command[..] == ["cache", "verify"] {
                assert_eq!(said.code.map(|c| c & 1), Some(1), "{case}: {said:?}");
            }
            let run = place.run();
            assert_eq!(place.digests(), digests, "{case}");
            assert_eq!(iterations(&place), trained, "{case}: weights come of the state: {run:?}");
            // What was read of it is whole again; verify says the rest once, and then no more.
            let mut rounds = 0;
            while cache(&place, &["verify"]).code != Some(0) {
                place.run();
                rounds += 1;
                assert!(rounds < 4, "{case}: {:?}", cache(&place, &["verify"]));
            }
            assert_eq!((place.digests(), iterations(&place)), (digests.clone(), trained), "{case}");
        }
    }
}

#[test]
fn what_is_lost_is_told_from_what_is_damaged() {
    let place = Place::new(&tiny());
    place.run();
    let (digests, trained) = (place.digests(), iterations(&place));
    let weights = files(&place, "train", "weights");
    std::fs::remove_file(&weights[0]).expect("removed");
    flip(&weights[1]);
    let said = cache(&place, &["verify"]);
    assert!(said.code == Some(3) && said.out.contains("lost") && said.out.contains("`nasflow run pipeline.kdl`"), "{said:?}");
    place.run();
    assert_eq!((place.digests(), iterations(&place), cache(&place, &["verify"]).code), (digests, trained, Some(0)));
    // A manifest comes back from the index.
    std::fs::remove_file(&files(&place, "metric", "manifest")[0]).expect("removed");
    let said = cache(&place, &["verify"]);
    assert!(said.ok() && said.out.contains("1 manifest"), "{said:?}");
    // A store of the future cannot be read.
    std::fs::write(place.path().join("cache/format"), "nasflow store 99\n").expect("written");
    let said = cache(&place, &["verify"]);
    assert!(said.code == Some(4) && said.err.contains("newer nasflow"), "{said:?}");
}
