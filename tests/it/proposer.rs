//! `strategy command`: a program of one's own proposes, is refused with reasons, and is needed no more once it has answered.

use crate::support::{Place, Said, python, root};
use crate::tables;

/// Nine networks of a table; the program below proposes.
fn text() -> String {
    let at = "strategy evolution population=3 tournament=2";
    tables::LINEAR.replace(at, "strategy command { command \"sh\" \"propose.sh\" \"word\"; uses \"propose.sh\" }")
}

/// By how many networks are known, and how often it was refused. It keeps a list of its questions, which is no part of what it uses.
const PROPOSE: &str = r#"
set -e
test "$1" = word
n=$(grep -o '"state"' job.json | wc -l)
r=$(grep -o '"why"' job.json | wc -l)
cp job.json "LOG/$n-$r.json"
echo x >> LOG/asked
echo "thinking about number $n"
case $((n))-$((r)) in
    0-0) echo '{"choices": {"a": 1, "b": 3}}' ;;
    1-0) echo '{"choices": {"a": "7", "b": "3"}}' ;;
    1-1) echo '{"choices": {"a": "1", "b": 3}}' ;;
    1-2) echo '{"choices": {"a": "1"}}' ;;
    1-3) echo '{"choices": {"a": "1", "b": 1, "c": 1}}' ;;
    1-4) echo '{"choices": {"a": 5.0, "b": 3}}' ;;
    2-0) echo '{"choices": {"a": 3, "b": 3}}' ;;
    *) echo '{"done": true}' ;;
esac
"#;

fn place() -> Place {
    let place = tables::place(&text(), tables::ROWS);
    std::fs::create_dir(place.path().join("log")).expect("a folder");
    put(&place, PROPOSE);
    place
}

fn put(place: &Place, script: &str) {
    let log = place.path().join("log");
    std::fs::write(place.path().join("propose.sh"), script.replace("LOG", log.to_str().expect("UTF-8"))).expect("written");
}

fn asked(place: &Place) -> usize {
    std::fs::read_to_string(place.path().join("log/asked")).map_or(0, |text| text.lines().count())
}

fn job(place: &Place, name: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(place.path().join("log").join(name)).expect("it was asked");
    serde_json::from_str(&text).expect("JSON")
}

fn choices(place: &Place) -> Vec<String> {
    let shown = tables::json(&place.nasflow(&["show", "pipeline.kdl", "--json"]));
    let rows = shown["rows"].as_array().expect("rows").iter().filter(|r| r["stage"] == "val");
    rows.map(|r| format!("{}{}", r["choices"][0][1], r["choices"][1][1]).replace('"', "")).collect()
}

#[test]
fn a_program_proposes_and_is_needed_no_more() {
    let place = place();
    let said = place.run();
    assert_eq!(said.executed("propose"), 8, "{said:?}");
    assert_eq!(choices(&place), ["13", "53", "33"]);
    assert!(place.nasflow(&["show", "pipeline.kdl"]).out.contains("the command has no candidate after these 3"), "{said:?}");
    // What it was told: the typed space, what is known, and why it was refused.
    let first = job(&place, "0-0.json");
    assert_eq!(first["choices"][0], serde_json::json!({ "label": "a", "values": ["1", "3", "5"], "ordered": false }));
    assert_eq!(first["objective"], serde_json::json!({ "metric": "accuracy", "better": "higher" }));
    let last = job(&place, "1-4.json");
    assert_eq!(last["tickets"][0]["result"], serde_json::json!(0.6));
    assert_eq!(last["tickets"][0]["choices"], serde_json::json!({ "a": "1", "b": "3" }));
    let why: Vec<&str> = last["refused"].as_array().expect("refusals").iter().filter_map(|r| r["why"].as_str()).collect();
    assert_eq!(
        why,
        [
            "`7` is no value of `a`: one of 1, 3, 5",
            "this network was proposed before",
            "it says nothing of `b`: one of 1, 3, 5",
            "no choice is called `c`"
        ]
    );
    // Idle, and in a run of which only the store knows.
    assert_eq!(asked(&place), 8);
    assert!(place.run().nothing_executed());
    let plan = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(plan.out.contains("nothing to run") && asked(&place) == 8, "{plan:?}");
    // Another window is another question from the first ticket on that knows less; the program's own change asks everything anew.
    place.write(&text().replace("window=1", "window=2"));
    let said = place.run();
    assert!((1..8).contains(&said.executed("propose")), "{said:?}");
    put(&place, &PROPOSE.replace("thinking", "wondering"));
    assert_eq!(place.run().executed("propose"), 8);
}

#[test]
fn a_program_that_fails_ends_the_search_and_is_asked_again_by_the_next_run() {
    let place = place();
    for (script, why) in [
        ("exit 3", "ended with code 3"),
        ("echo nothing", "proposed nothing"),
        ("echo '{\"choices\": {\"a\": []}}'", "neither a text nor a number"),
    ] {
        put(&place, script);
        let said = place.nasflow(&["run", "pipeline.kdl"]);
        assert!(!said.ok() && said.err.contains(why), "{script}: {said:?}");
    }
    // Twenty refusals in a row are enough.
    put(&place, "echo '{\"choices\": {\"a\": 1, \"b\": 2}}'");
    let said = place.nasflow(&["run", "pipeline.kdl"]);
    assert!(said.executed("propose") == 20, "{said:?}");
    put(&place, PROPOSE);
    let said: Said = place.run();
    assert_eq!((said.executed("propose"), choices(&place).len()), (8, 3), "{said:?}");
}

#[test]
fn the_example_in_python_searches() {
    if python("json").is_none() && std::process::Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: no Python");
        return;
    }
    let place = Place::new(&std::fs::read_to_string(root().join("examples/propose/search.kdl")).expect("the example"));
    std::fs::copy(root().join("examples/propose/propose.py"), place.path().join("propose.py")).expect("copied");
    let said = place.run();
    assert!(said.executed("propose") >= 8 && said.executed("train") == 8, "{said:?}");
    let digests = place.digests();
    // The same with one worker as with two, from nothing.
    let other = Place::new(&std::fs::read_to_string(root().join("examples/propose/search.kdl")).expect("the example"));
    std::fs::copy(root().join("examples/propose/propose.py"), other.path().join("propose.py")).expect("copied");
    let one = other.nasflow(&["run", "pipeline.kdl", "--jobs", "1"]);
    assert!(one.ok(), "{one:?}");
    assert_eq!(other.digests(), digests);
    assert!(place.run().nothing_executed());
}
