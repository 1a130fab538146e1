//! `nasflow cache`: what the store holds, what goes, what is kept, what is taken elsewhere.

use crate::support::{Place, SMALL, Said};
use nasflow::store::Store;
use serde_json::Value;

/// The smallest search: two networks, two epochs.
fn tiny() -> String {
    SMALL.replace("trials 4 window=2", "trials 2 window=1")
}

fn cache(place: &Place, arguments: &[&str]) -> Said {
    place.nasflow(&[&["cache"][..], arguments].concat())
}

fn json(place: &Place, arguments: &[&str]) -> Value {
    let said = cache(place, &[arguments, &["--json"][..]].concat());
    assert!(said.ok(), "{arguments:?}: {said:?}");
    serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {}", said.out))
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}"))
}

fn trainings(place: &Place) -> u64 {
    count(&json(place, &["ls", "--kind", "train"])["results"])
}

#[test]
fn without_a_store_every_command_says_so_in_a_line() {
    let place = Place::new(&tiny());
    for command in [
        &["stats"][..],
        &["ls"],
        &["verify"],
        &["gc"],
        &["pin"],
        &["pin", "latest"],
        &["unpin", "x"],
        &["rebuild-index"],
        &["export", "latest", "-o", "x.tar"],
    ] {
        let said = cache(&place, command);
        assert!(!said.ok() && said.err.contains("there is no store") && said.err.trim().lines().count() == 1, "{command:?}: {said:?}");
    }
    assert!(!place.path().join("cache").exists());
}

/// One search, looked at and collected in every way: it costs two trainings, so it is one test.
#[test]
fn what_is_kept_stays_and_what_nobody_needs_goes() {
    let place = Place::new(&tiny());
    place.run();
    let digests = place.digests();
    // stats and ls agree.
    let stats = json(&place, &["stats"]);
    for part in ["weights", "states", "packs", "predictions", "manifests"] {
        assert!(count(&stats["blobs"][part]["bytes"]) > 0, "{part}: {stats}");
    }
    let trained = count(&stats["results"]["train"]);
    assert_eq!(trained, trainings(&place));
    assert!(cache(&place, &["stats"]).out.contains("weights"));
    let listed = json(&place, &["ls", "--largest", "-n", "1", "--run", "latest"]);
    let key = listed["listed"][0]["key"].as_str().expect("a key").to_string();
    assert_eq!(json(&place, &["ls", &key[..12]])["listed"][0]["key"], Value::from(key.clone()));
    assert_eq!(count(&json(&place, &["ls", "--pipeline", "another"])["results"]), 0);
    // A dry run removes nothing, and nothing goes that the last run needs.
    let dry = json(&place, &["gc", "--dry-run", "--older-than", "0s"]);
    assert_eq!(count(&dry["results"]), 0, "{dry}");
    let said = cache(&place, &["gc", "--keep", "1", "--older-than", "0s"]);
    assert!(said.ok(), "{said:?}");
    assert!(place.run().nothing_executed());
    assert_eq!((place.digests(), cache(&place, &["verify"]).code), (digests.clone(), Some(0)));
    // While somebody uses the store nothing goes, and that is no failure like others.
    let user = Store::open(&place.path().join("cache"), false).expect("a store");
    for command in [&["gc"][..], &["gc", "--states"], &["rebuild-index"]] {
        let busy = cache(&place, command);
        assert_eq!((busy.code, busy.err.trim().lines().count()), (Some(75), 1), "{busy:?}");
    }
    let mut waiting = place.command(&["cache", "gc", "--wait"]).spawn().expect("nasflow starts");
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(waiting.try_wait().expect("a look").is_none());
    drop(user);
    assert!(waiting.wait().expect("it ends").success());
    // The index comes back from the files alone.
    let rebuilt = json(&place, &["rebuild-index"]);
    assert!(count(&rebuilt["results"]) >= trained, "{rebuilt}");
    assert_eq!(place.digests(), digests);
    // Pinned, then another search takes the pipeline's place.
    assert!(cache(&place, &["pin", "latest", "first"]).ok());
    assert_eq!(json(&place, &["pin"])[0]["pin"], "first");
    place.write(&tiny().replace("epochs 2", "epochs 1"));
    place.run();
    let both = trainings(&place);
    assert!(both > trained);
    assert!(cache(&place, &["gc", "--keep", "1", "--older-than", "0s"]).ok());
    assert_eq!(trainings(&place), both, "the pinned run's results stay");
    let again = cache(&place, &["unpin", "last"]);
    assert!(again.err.contains("there are: first"), "{again:?}");
    assert!(cache(&place, &["unpin", "first"]).ok());
    // What is young stays of itself only where no run names it; these have a run that is not kept any more.
    let dry = json(&place, &["gc", "--keep", "1", "--dry-run"]);
    let done = json(&place, &["gc", "--keep", "1"]);
    assert_eq!((&dry["bytes"], &dry["results"], &dry["blobs"]), (&done["bytes"], &done["results"], &done["blobs"]));
    assert!(count(&done["blobs"]["weights"]["bytes"]) > 0, "{done}");
    assert!(trainings(&place) < both);
    assert!(place.run().nothing_executed());
    // Back to the first: what went is made again, with the same bits.
    place.write(&tiny());
    assert!(place.run().executed("train") > 0);
    assert_eq!((place.digests(), cache(&place, &["verify"]).code), (digests, Some(0)));
}

#[test]
fn a_run_is_taken_elsewhere_and_nothing_is_made_again() {
    let place = Place::new(&tiny());
    place.run();
    let digests = place.digests();
    for (name, options) in [("all.tar", &[][..]), ("lean.tar", &["--without-states", "--without-packs"])] {
        let said = cache(&place, &[&["export", "pipeline.kdl", "-o", name][..], options].concat());
        assert!(said.ok(), "{said:?}");
        let there = Place::new(&tiny());
        std::fs::copy(place.path().join(name), there.path().join("run.tar")).expect("copied");
        let said = cache(&there, &["import", "run.tar", "--files", "files"]);
        assert!(said.ok(), "{said:?}");
        assert_eq!(std::fs::read_to_string(there.path().join("files/pipeline.kdl")).expect("a file"), tiny());
        assert!(there.run().nothing_executed(), "{name}");
        assert_eq!((there.digests(), cache(&there, &["verify"]).code), (digests.clone(), Some(0)), "{name}");
        let known = json(&there, &["import", "run.tar"]);
        assert_eq!(known["new"], 0, "{known}");
    }
    let size = |name: &str| std::fs::metadata(place.path().join(name)).expect("a file").len();
    assert!(size("lean.tar") < size("all.tar"));
    // Half of it is an error that names the file, and no store has a result of it.
    let bytes = std::fs::read(place.path().join("lean.tar")).expect("an archive");
    let there = Place::new(&tiny());
    std::fs::write(there.path().join("half.tar"), &bytes[..bytes.len() / 2]).expect("written");
    let said = cache(&there, &["import", "half.tar"]);
    assert!(!said.ok() && said.err.contains("half.tar") && said.err.contains("cut short"), "{said:?}");
    assert_eq!(count(&json(&there, &["ls"])["results"]), 0);
    for wrong in ["nothing", "2031"] {
        let said = cache(&place, &["export", wrong, "-o", "x.tar"]);
        assert!(!said.ok() && said.err.contains("no run is called"), "{said:?}");
    }
    assert!(!place.path().join("x.tar").exists() && !place.path().join("x.tar.part").exists());
}

#[test]
fn states_are_dropped_within_a_bound_and_the_plan_says_what_that_costs() {
    // The rate falls over as many epochs, however many are trained: only so is more of them the same training, continued.
    let fixed = tiny().replace("epochs 2", "epochs 2; schedule linear over=4");
    let place = Place::new(&fixed);
    let said = place.nasflow(&["run", "pipeline.kdl", "--states", "0"]);
    assert!(said.ok() && said.out.contains("optimiser states dropped"), "{said:?}");
    let digests = place.digests();
    // Nobody calls that lost, and nothing of a finished search is made again.
    let verified = json(&place, &["verify"]);
    assert!(count(&verified["dropped"]) > 0, "{verified}");
    assert_eq!(verified["lost"], serde_json::json!([]));
    assert!(place.run().nothing_executed());
    // More epochs: the plan says that the state is gone, and the run begins anew.
    let longer = fixed.replace("epochs 2", "epochs 3");
    place.write(&longer);
    let plan = place.nasflow(&["plan", "pipeline.kdl"]);
    assert!(plan.ok() && plan.out.contains("was dropped"), "{plan:?}");
    place.run();
    let anew = place.digests();
    // With room they stay, and the same weights come of going on.
    let there = Place::new(&fixed);
    let said = there.run();
    assert!(!said.out.contains("dropped"), "{said:?}");
    assert_eq!(there.digests(), digests);
    there.write(&longer);
    let plan = there.nasflow(&["plan", "pipeline.kdl"]);
    assert!(plan.ok() && !plan.out.contains("was dropped"), "{plan:?}");
    there.run();
    assert_eq!(there.digests(), anew);
    let gone = json(&there, &["gc", "--states"]);
    assert!(count(&gone["dropped"]["bytes"]) > 0, "{gone}");
    assert!(there.run().nothing_executed());
    let wrong = there.nasflow(&["run", "pipeline.kdl", "--states", "much"]);
    assert!(!wrong.ok() && wrong.err.contains("is no size"), "{wrong:?}");
}
