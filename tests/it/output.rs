//! What the commands print: for people on a terminal or in a pipe, and for programs.

use crate::support::{Place, SMALL, command, said};
use std::fs;

const ANSWERED: &str = r#"
sample   "reference" { from "tiny"; strategy reference }
train    "long" { from "best" "reference"; data "shapes" split=train; recipe yolov5-short; init scratch; epochs 3 }
evaluate "final" { from "long"; data "shapes" split=val; metrics map50 }
answer   "best" { in "final"; by map50; against "reference" }
"#;

/// What is left to do, as `plan --json` says it: iterations, images trained, images evaluated, seconds.
fn todo(place: &Place) -> (u64, u64, u64, Option<f64>) {
    let plan = place.plan();
    let count = |name: &str| plan["todo"][name].as_u64().unwrap_or_else(|| panic!("no {name} in {}", plan["todo"]));
    (count("iterations"), count("trained-images"), count("evaluated-images"), plan["time"]["seconds"].as_f64())
}

#[test]
fn plan_counts_what_cost_counts_and_says_how_long_it_takes() {
    let place = Place::new(&format!("{SMALL}{ANSWERED}"));
    let planned = todo(&place);
    // 4 trials of 2 epochs, then 2 networks of 3; an epoch is 12 images in batches of 8; 4 + 2 evaluations of 12 images.
    assert_eq!((planned.0, planned.2), (4 * 2 * 2 + 2 * 3 * 2, 6 * 12), "{planned:?}");
    assert!(planned.3.is_some_and(|s| s > 0.0 && s.is_finite()), "{planned:?}");
    let text = place.nasflow(&["plan", "pipeline.kdl"]).out;
    assert!(text.contains("28 iterations") && text.contains("\ntime: about ") && text.contains("matrix products"), "{text}");
    place.write(&format!("{SMALL}{ANSWERED}").replace("epochs 2", "epochs 4"));
    assert_eq!(todo(&place).0, 4 * 4 * 2 + 2 * 3 * 2);
    place.write(&format!("{SMALL}{ANSWERED}"));
    place.run();
    let left = todo(&place);
    assert_eq!((left.0, left.1, left.2, left.3), (0, 0, 0, None));
    let cost: serde_json::Value = serde_json::from_str(&place.nasflow(&["cost", "pipeline.kdl", "--json"]).out).expect("JSON");
    let sum = |name: &str| cost["costs"]["stages"].as_array().into_iter().flatten().filter_map(|l| l["spent"][name].as_u64()).sum::<u64>();
    // A trial that another equals trains nothing anew, so there may be less than was planned.
    assert!(sum("iterations") <= planned.0 && sum("iterations") >= planned.0 - 2 * 2 * 2, "{cost}");
    assert!(sum("trained-images") <= planned.1 && sum("evaluated-images") <= planned.2, "{cost}");
    // The reference has cost its own training and evaluation; the answer also the search.
    let way = |name: &str| cost["costs"]["ways"].as_array().into_iter().flatten().find(|l| l["name"] == name).map(|l| l["spent"].clone());
    let (best, reference) = (way("best").expect("a way"), way("reference").expect("a way"));
    assert_eq!((reference["iterations"].as_u64(), reference["evaluated-images"].as_u64()), (Some(3 * 2), Some(12)), "{cost}");
    assert!(best["iterations"].as_u64() > Some(3 * 2 + 2 * 2) && best["evaluated-images"].as_u64() > Some(2 * 12), "{cost}");
}

#[cfg(unix)]
#[test]
fn a_store_that_may_not_be_read_is_an_error_and_not_an_empty_one() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let place = Place::new(SMALL);
    place.run();
    let allow = |path: &std::path::Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
    allow(place.path(), 0o755);
    let root = fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    // Root may read everything, so another user asks.
    let ask = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        if root {
            command.uid(65534);
        }
        command.output()
    };
    let (cache, index) = (place.path().join("cache"), place.path().join("cache/index.sqlite"));
    if ask(&["--version"]).is_err() {
        eprintln!("skipped: the program cannot be started as another user here");
        return;
    }
    // A folder of blobs, too: what lies there is not gone.
    let digests = place.digests();
    let weights = digests.split("weights=").nth(1).expect("weights");
    let blobs = cache.join("blobs").join(&weights[..2]);
    for (path, mode, back) in [(&cache, 0o000, 0o755), (&index, 0o000, 0o644), (&blobs, 0o000, 0o755)] {
        allow(path, mode);
        for arguments in [
            &["show", "pipeline.kdl"][..],
            &["plan", "pipeline.kdl"],
            &["cost", "pipeline.kdl"],
            &["export", "pipeline.kdl", "-o", "x.safetensors"],
        ] {
            let said = said(ask(arguments).expect("nasflow starts"));
            let path = path.display().to_string();
            assert!(!said.ok() && said.err.contains(&path) && said.err.contains("mode 0000"), "{arguments:?}: {said:?}");
            assert!(said.err.to_lowercase().contains("permission denied") && said.err.contains("--cache"), "{arguments:?}: {said:?}");
        }
        allow(path, back);
    }
}

#[test]
fn a_store_beside_the_pipeline_is_found_from_anywhere() {
    let place = Place::new(SMALL);
    place.run();
    let elsewhere = tempfile::tempdir().expect("a directory");
    let file = place.path().join("pipeline.kdl").display().to_string();
    let shown = said(command(elsewhere.path(), &["show", &file, "--digests"]).output().expect("nasflow starts"));
    assert!(shown.ok(), "{shown:?}");
    assert_eq!(shown.out, place.digests());
    // A store here comes first.
    fs::create_dir(elsewhere.path().join("cache"))
        .and_then(|()| fs::write(elsewhere.path().join("cache/.gitignore"), "*"))
        .expect("a place");
    let shown = said(command(elsewhere.path(), &["show", &file, "--digests"]).output().expect("nasflow starts"));
    assert_eq!(shown.out, "", "{shown:?}");
}

#[test]
fn formats_that_cannot_be_written_are_refused_before_anything_else() {
    let place = Place::new(SMALL);
    let said = place.nasflow(&["export", "pipeline.kdl", "-o", "x.pt"]);
    assert!(!said.ok() && said.err.contains("`.pt` cannot be written yet") && said.err.contains("-o x.safetensors"), "{said:?}");
}

#[test]
fn one_of_a_thing_is_no_plural() {
    let place = Place::new(
        "pipeline \"one\"\ndata \"shapes\" generate=shapes images=3 image-size=64 { split train=0.4 val=0.3 test=0.3 }\n\
         space \"s\" { network width=0.125 { input \"shapes\"; conv 64 kernel=3 stride=2; conv 64 stride=2 { kernel 3 5 }; \
         conv 64 kernel=3 stride=2 as=\"a\"; detect \"a\" anchors=auto } }\nsample \"one\" { from \"s\"; strategy reference }\n",
    );
    let said = place.nasflow(&["check", "pipeline.kdl"]);
    for part in ["is valid: 1 stage\n", "train 1 image, ", "val 1 image, ", "2 samples over 1 decision;"] {
        assert!(said.out.contains(part), "no {part:?}: {said:?}");
    }
}

#[test]
fn a_run_speaks_to_programs_in_typed_fields() {
    let place = Place::new(&format!("{SMALL}{ANSWERED}"));
    let said = place.nasflow(&["run", "pipeline.kdl", "--json"]);
    assert!(said.ok(), "{said:?}");
    let events: Vec<serde_json::Value> = said.out.lines().map(|l| serde_json::from_str(l).expect("an event a line")).collect();
    let of = |kind: &str| events.iter().filter(move |e| e["event"] == kind).collect::<Vec<_>>();
    let estimates = of("estimate");
    assert_eq!((estimates.len(), estimates[0]["iterations"].as_u64()), (1, Some(28)), "{estimates:?}");
    assert!(estimates[0]["time"]["seconds"].as_f64() > Some(0.0), "{estimates:?}");
    let finished = of("finished");
    let measured = finished.iter().find(|e| e["metric"] == "map50" && e["stage"] == "score").expect("a measurement");
    assert!(measured["model"].as_str().is_some_and(|m| m.starts_with("trials #")), "{measured}");
    assert!(measured["value"].is_f64() && measured["seconds"].is_f64(), "{measured}");
    let answer = of("answer").pop().expect("an answer");
    assert!(answer["stage"] == "best" && answer["metric"] == "map50" && answer["value"].is_f64(), "{answer}");
    // One run each: nothing can be said of their luck.
    let against = &answer["baselines"][0];
    assert!(against["name"] == "reference" && against["difference"].is_f64() && against["low"].is_null(), "{answer}");
    assert!(["not-tested", "no-better"].iter().any(|v| against["verdict"] == *v), "{answer}");
}

/// Two seeds each: the difference has an interval, which is a result like any other.
#[test]
fn a_comparison_is_computed_once_and_kept() {
    let several = format!("{SMALL}{ANSWERED}").replace("init scratch; epochs 3", "init scratch; epochs 3; seeds 2");
    let place = Place::new(&several);
    let first = place.run();
    assert_eq!(first.executed("compare"), 1, "{first:?}");
    assert!(first.out.contains("better than reference ") && first.out.contains(" (95 % "), "{first:?}");
    let digests = place.digests();
    assert!(digests.lines().any(|l| l.starts_with("answer reference compare ")), "{digests}");
    let again = place.run();
    assert!(again.nothing_executed() && again.out.lines().take(2).eq(first.out.lines().take(2)), "{again:?}");
    let shown: serde_json::Value = serde_json::from_str(&place.nasflow(&["show", "pipeline.kdl", "--json"]).out).expect("JSON");
    let against = &shown["answer"]["baselines"][0];
    let number = |name: &str| against[name].as_f64().unwrap_or_else(|| panic!("no {name} in {against}"));
    assert!(number("low") <= number("difference") && number("difference") <= number("high"), "{against}");
    assert!(against["over-images"][0].is_f64() && against["verdict"] == "no-better", "{against}");
    // By another metric it is another comparison, of the same predictions; whoever looks before it is computed is told so.
    let other = several.replace("metrics map50 }\nanswer", "metrics map50 map50-95 }\nanswer");
    place.write(&other);
    place.run();
    place.write(&other.replace("by map50; against", "by map50-95; against"));
    assert!(place.nasflow(&["show", "pipeline.kdl"]).out.contains("how sure that is, the next `nasflow run` works out"));
    let edited = place.run();
    assert_eq!((edited.executed("compare"), edited.executed("train"), edited.executed("predict")), (1, 0, 0), "{edited:?}");
    place.write(&several);
    assert!(place.run().nothing_executed());
}

/// A search whose trials have two seeds each says how much of their spread is the networks'.
#[test]
fn what_a_score_is_worth_stands_under_its_table() {
    let place = Place::new(&SMALL.replace("recipe yolov5-short; epochs 2", "recipe yolov5-short; epochs 2; seeds 2"));
    let said = place.run();
    assert!(
        said.out.contains("  of the spread of map50 among 4 networks ") && said.out.contains(" is the networks', the rest the seeds'"),
        "{said:?}"
    );
    assert!(place.nasflow(&["show", "pipeline.kdl"]).out.contains("(all trained more than once)"));
    let shown: serde_json::Value = serde_json::from_str(&place.nasflow(&["show", "pipeline.kdl", "--json"]).out).expect("JSON");
    let score = &shown["reliability"][0];
    assert!(score["stage"] == "score" && score["metric"] == "map50" && score["share"].is_f64(), "{shown}");
}

/// The best of as many networks drawn at random, by the same rule: a baseline of ordinary stages, at the search's cost.
#[test]
fn random_search_at_equal_cost_is_a_baseline() {
    let random = r#"
sample   "random"       { from "tiny"; strategy random; trials 4; seed 1 }
train    "random-short" { from "random"; data "shapes" split=train; recipe yolov5-short; epochs 2 }
evaluate "random-score" { from "random-short"; data "shapes" split=val; metrics map50 }
select   "random-best"  { from "random-score"; top 1 by=map50 }
"#;
    let answered = ANSWERED.replace("\"best\" \"reference\";", "\"best\" \"random-best\" \"reference\";");
    let answered =
        answered.replace("against \"reference\"", "against \"reference\" \"random-best\"").replace("epochs 3", "epochs 3; seeds 2");
    let place = Place::new(&format!("{SMALL}{random}{answered}"));
    let said = place.run();
    let lines: Vec<&str> = said.out.lines().take(3).collect();
    assert!(
        lines[0].starts_with("answer: best  map50 ") && lines[1].contains(" reference ") && lines[2].contains("random-best"),
        "{said:?}"
    );
    let cost: serde_json::Value = serde_json::from_str(&place.nasflow(&["cost", "pipeline.kdl", "--json"]).out).expect("JSON");
    let way = |name: &str| cost["costs"]["ways"].as_array().into_iter().flatten().find(|l| l["name"] == name).map(|l| l["spent"].clone());
    let (best, random) = (way("best").expect("a way"), way("random-best").expect("a way"));
    // A search may meet a network twice, and pays for it once.
    let (searched, drawn) = (best["iterations"].as_u64(), random["iterations"].as_u64());
    assert!(searched <= drawn && drawn == Some(4 * 2 * 2 + 2 * 3 * 2), "{cost}");
}

#[test]
fn a_smoke_run_gives_no_figures_as_if_they_were_results() {
    let place = Place::new(SMALL);
    let said = place.nasflow(&["run", "pipeline.kdl", "--smoke"]);
    assert!(said.ok() && said.err.contains("score: trials #0: works"), "{said:?}");
    assert!(!said.err.contains("map50 ") && !said.out.contains("map50"), "{said:?}");
}

/// That a training diverges is a result; a smoke run in which all did has not seen that anything works.
#[test]
fn a_smoke_run_in_which_every_model_fails_is_an_error() {
    let place = Place::new(&SMALL.replace("epochs 2 }", "epochs 2; diverged loss-above=0.001 }"));
    let said = place.nasflow(&["run", "pipeline.kdl", "--smoke"]);
    assert!(!said.ok() && said.err.contains("the smoke run failed: short: trials #0: diverged at iteration 0"), "{said:?}");
    assert!(!said.out.contains("every stage worked"), "{said:?}");
}
