//! An edit redoes what depends on it and nothing else; `plan` says so before, the run's closing line after.

use crate::support::{Place, SMALL};

/// What `plan` says runs now, by kind, over all stages.
fn planned(place: &Place, kind: &str) -> u64 {
    let plan = place.plan();
    plan["stages"].as_array().into_iter().flatten().filter_map(|s| s["runs"][kind].as_u64()).sum()
}

fn reasons(place: &Place) -> String {
    place.plan()["stages"].to_string()
}

#[test]
fn what_changes_no_result_runs_nothing() {
    let place = Place::new(SMALL);
    place.run();
    let edits = [
        SMALL.replace("// A search", "// Another comment; a search"),
        SMALL.replace("choose \"block\"", "choose \"brick\""),
        SMALL.replace("\"tiny\"", "\"small\"").replace("\"score\"", "\"val\""),
        SMALL.replace("population=3 tournament=2", "tournament=2 population=3"),
        SMALL.replace("stride=2 { kernel 3 5 }", "{ kernel 3 5; stride 2 }"),
    ];
    for edited in edits {
        assert_ne!(edited, SMALL);
        place.write(&edited);
        assert_eq!(place.plan()["finished"], true, "{edited}");
        assert!(place.run().nothing_executed(), "{edited}");
    }
}

#[test]
fn another_choice_or_metric_trains_nothing() {
    let place = Place::new(SMALL);
    place.run();
    let top = SMALL.replace("top 1", "top 2");
    place.write(&top);
    assert_eq!((planned(&place, "select"), planned(&place, "train")), (1, 0));
    assert!(reasons(&place).contains("`select.top` 1 → 2"), "{}", reasons(&place));
    let said = place.run();
    assert_eq!(
        (said.executed("select"), said.executed("train"), said.executed("predict"), said.executed("metric")),
        (1, 0, 0, 0),
        "{said:?}"
    );

    place.write(&top.replace("metrics map50 map50-95", "metrics map50 map50-95 precision"));
    assert_eq!((planned(&place, "metric"), planned(&place, "train"), planned(&place, "predict")), (4, 0, 0));
    let said = place.run();
    assert_eq!((said.executed("metric"), said.executed("train"), said.executed("predict")), (4, 0, 0), "{said:?}");
}

#[test]
fn more_epochs_go_on_from_the_last() {
    let fixed = SMALL.replace("epochs 2", "schedule linear over=4; epochs 2");
    let place = Place::new(&fixed);
    place.run();
    place.write(&fixed.replace("epochs 2", "epochs 4"));
    assert!(reasons(&place).contains("`train.epochs` 2 → 4: continues from epoch 2 of 3 candidates"), "{}", reasons(&place));
    let said = place.run();
    assert!(said.executed("train") >= 4, "{said:?}");
    let trial = place.nasflow(&["show", "pipeline.kdl", "--trial", "0"]).out;
    assert!(trial.contains('█') && trial.contains("\n      4  "), "the curve has four epochs: {trial}");
    // Iterations executed for each of the first candidates: 4 and 4 more, none twice.
    for entry in std::fs::read_dir(place.path().join("cache/attempts")).expect("attempts").flatten() {
        let Ok(journal) = std::fs::read_to_string(entry.path().join("iterations")) else { continue };
        let mut seen: Vec<&str> = journal.lines().collect();
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(all, seen.len(), "an iteration ran twice in {}", entry.path().display());
    }
    // From nothing, the same bits.
    let straight = Place::new(&fixed.replace("epochs 2", "epochs 4"));
    straight.run();
    let weights = |digests: &str| digests.lines().filter(|l| l.contains(" train ")).map(str::to_string).collect::<Vec<_>>();
    let through = weights(&place.digests());
    for line in weights(&straight.digests()) {
        let key = line.split(' ').nth(3).expect("a key").to_string();
        if let Some(same) = through.iter().find(|l| l.contains(&key)) {
            let outputs = |l: &str| l.split(' ').filter(|p| p.starts_with("weights=")).collect::<String>();
            assert_eq!(outputs(&line), outputs(same));
        }
    }
}

#[test]
fn another_search_trains_only_what_it_has_not_met() {
    let place = Place::new(SMALL);
    place.run();
    let trained = |place: &Place| {
        let csv = place.nasflow(&["show", "pipeline.kdl", "--csv"]).out;
        csv.lines().skip(1).map(|l| l.split(',').nth(4).unwrap_or("").to_string()).collect::<std::collections::BTreeSet<_>>()
    };
    let mut known = trained(&place);
    for edited in [
        SMALL.replace("trials 4", "trials 6"),
        SMALL.replace("pipeline \"reproducible\"", "pipeline \"reproducible\" seed=5"),
        SMALL.replace("strategy evolution population=3 tournament=2", "strategy random"),
    ] {
        place.write(&edited);
        let said = place.run();
        let now = trained(&place);
        let new = now.difference(&known).count();
        assert_eq!(said.executed("train"), new, "{said:?}");
        known.extend(now);
    }
}

#[test]
fn an_earlier_epoch_is_trained_anew_only_as_far_as_it_goes() {
    let place = Place::new(&SMALL.replace("epochs 2", "epochs 4"));
    place.run();
    let before = place.digests();
    // Checkpoints between the ends asked for are dropped, so epoch 3 is trained once more from the start, and epoch 4 is not.
    let early = "evaluate \"early\" { from \"short\"; data \"shapes\" split=val; metrics map50; at 3 4 }\n";
    place.write(&(SMALL.replace("epochs 2", "epochs 4") + early));
    let said = place.run();
    assert!(said.ok() && said.executed("train") == 4, "{said:?}");
    let after = place.digests();
    for line in before.lines().filter(|l| l.contains(" train ")) {
        assert!(after.contains(line), "{line} changed");
    }
    assert!(place.run().nothing_executed());
}
