//! `graph`: every kind of drawing by the real binary, of shipped pipelines and of names that look like markup.

use crate::support::{Place, SMALL, command, root, said};

/// The words of a drawing, which must be XML.
fn words(svg: &str) -> Vec<String> {
    let parsed = roxmltree::Document::parse(svg).unwrap_or_else(|e| panic!("{e}: {svg}"));
    assert!(parsed.root_element().has_tag_name("svg") && !svg.contains("NaN"));
    parsed.descendants().filter(|n| n.has_tag_name("text")).filter_map(|n| n.text().map(str::to_string)).collect()
}

#[test]
fn pipelines_spaces_supernets_and_networks_are_drawn() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = root().join("pipelines/yolov5-oneshot.kdl").display().to_string();
    let draw = |more: &[&str]| {
        let said = said(command(dir.path(), &[&["graph", file.as_str()], more].concat()).output().expect("nasflow starts"));
        assert!(said.ok(), "{said:?}");
        (words(&said.out), said.err)
    };
    let has = |words: &[String], wanted: &str| assert!(words.iter().any(|w| w == wanted), "{wanted}: {words:?}");
    let (pipeline, _) = draw(&[]);
    ["200 times", "train supernet", "answer tuned", "8 choices, 1,512 samples"].iter().for_each(|w| has(&pipeline, w));
    let (space, _) = draw(&["--of", "space"]);
    ["top: 5 · 4 · 3", "channels: 128 · 64 · 192", "where top is 5 · 4", "detect anchors=auto"].iter().for_each(|w| has(&space, w));
    let (supernet, _) = draw(&["--of", "supernet", "--space", "wide"]);
    has(&supernet, "elastic: slices of the largest");
    let (network, note) = draw(&["--of", "network"]);
    has(&network, "#24 detect classes=4");
    assert!(note.contains("no answer yet") && note.contains("wide"), "{note}");
}

#[test]
fn a_trial_and_the_winner_are_drawn_and_wrong_names_are_said() {
    let place = Place::new(SMALL);
    place.run();
    let said = place.nasflow(&["graph", "pipeline.kdl", "--trial", "0", "-o", "trial.svg"]);
    assert!(said.ok() && said.out.is_empty(), "{said:?}");
    let svg = std::fs::read_to_string(place.path().join("trial.svg")).expect("written");
    assert!(words(&svg).iter().any(|w| w.starts_with("#0 conv")));
    let winner = place.nasflow(&["graph", "pipeline.kdl", "--of", "network"]);
    assert!(winner.ok() && winner.err.is_empty() && !words(&winner.out).is_empty(), "{winner:?}");
    for (arguments, wanted) in [
        (&["--of", "space", "--space", "tinny"][..], "did you mean `tiny`"),
        (&["--trial", "99"], "no trial 99"),
        (&["--trial", "nowhere#0"], "no `sample` is called `nowhere`"),
        (&["--of", "house"], "possible values"),
        (&["--of", "space", "--trial", "0"], "names a network"),
    ] {
        let said = place.nasflow(&[&["graph", "pipeline.kdl"], arguments].concat());
        assert!(!said.ok() && said.err.contains(wanted), "{said:?}");
    }
}

#[test]
fn names_that_look_like_markup_are_names() {
    let hostile = "</title><script>alert(1)</script>&amp;'";
    let place = Place::new(&SMALL.replace("\"tiny\"", &format!("\"{hostile}\"")).replace("\"shapes\"", "\"<b>\""));
    for of in ["pipeline", "space"] {
        let said = place.nasflow(&["graph", "pipeline.kdl", "--of", of]);
        assert!(said.ok(), "{said:?}");
        assert!(words(&said.out).iter().any(|w| w.contains("<script>")) && !said.out.contains("<script>"), "{}", said.out);
    }
}
