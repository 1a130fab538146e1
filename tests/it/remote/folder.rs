//! The place is a folder.

use super::{Ground, Member, RESULTS, files, refuse_lies, share_a_search, survive_damage};
use crate::support::{Place, SMALL};
use serde_json::Value;
use tempfile::TempDir;

fn ground() -> (TempDir, Ground) {
    let dir = tempfile::tempdir().expect("a directory");
    let files = dir.path().join("team");
    std::fs::create_dir(&files).expect("a folder");
    let address = format!("file://{}", files.display());
    (dir, Ground { address, files, variables: Vec::new() })
}

#[test]
fn two_stores_share_a_search() {
    let (_dir, ground) = ground();
    share_a_search(&ground);
}

#[test]
fn damage_is_found_computed_again_and_put_right() {
    let (_dir, ground) = ground();
    survive_damage(&ground);
}

#[test]
fn claims_count_only_with_the_signature_of_somebody_who_is_trusted() {
    let (_dir, ground) = ground();
    refuse_lies(&ground);
}

/// Each takes what the others have by then; whoever was quicker, all end the same.
#[test]
fn three_at_the_same_time_end_the_same() {
    let (_dir, ground) = ground();
    let members: Vec<Member> = (0..3).map(|_| Member::at(&ground, &[], "")).collect();
    let all: Vec<&Member> = members.iter().collect();
    all.iter().for_each(|member| member.goes_to(&ground.address, &all, ""));
    std::thread::scope(|scope| {
        for member in &all {
            scope.spawn(move || member.run());
        }
    });
    let digests = members[0].digests();
    for member in &members {
        assert_eq!((member.digests(), member.is_whole()), (digests.clone(), true));
        let again = member.run();
        assert!(again.nothing_executed() && !again.err.contains("another result"), "{again:?}");
    }
    assert!(std::fs::read_dir(ground.files.join("tmp")).expect("a folder").next().is_none(), "nothing is left half written");
    let dan = Member::at(&ground, &all, "");
    assert!(dan.run().nothing_executed());
    assert_eq!(dan.digests(), digests);
}

/// A disk that is not mounted: the run goes on alone, and what it made goes there later.
#[test]
fn what_could_not_be_pushed_is_pushed_by_the_next_run() {
    let (_dir, ground) = ground();
    let anna = Member::at(&ground, &[], "");
    let away = ground.files.with_file_name("away");
    std::fs::rename(&ground.files, &away).expect("moved");
    let said = anna.run();
    assert_eq!(said.err.matches("does not serve").count(), 1, "{said:?}");
    assert!(said.err.contains(&format!("{RESULTS} results are not in")), "{said:?}");
    assert!(said.executed("train") == 4 && said.err.contains("the run goes on alone") && !ground.files.exists(), "{said:?}");
    let pushed = anna.nasflow(&["cache", "push"]);
    assert!(!pushed.ok() && pushed.err.contains("remote::unreachable") && pushed.err.contains("make it, or mount"), "{pushed:?}");
    std::fs::rename(&away, &ground.files).expect("moved");
    let said = anna.run();
    assert!(said.nothing_executed() && said.err.contains(&format!("pushed {RESULTS} results")), "{said:?}");
    // From here on a run with nothing to do does not ask: it does not see that the place is gone.
    std::fs::rename(&ground.files, &away).expect("moved");
    let said = anna.run();
    assert!(said.nothing_executed() && !said.err.contains("does not serve"), "{said:?}");
    assert!(!anna.nasflow(&["plan", "pipeline.kdl"]).err.contains("does not serve"));
}

#[test]
fn offline_nothing_is_asked() {
    let (_dir, ground) = ground();
    let anna = Member::at(&ground, &[], "");
    for said in [
        anna.nasflow(&["run", "pipeline.kdl", "--offline"]),
        anna.nasflow(&["run", "pipeline.kdl", "--remote", ""]),
        crate::support::said(anna.command(&["run", "pipeline.kdl"]).env("NASFLOW_OFFLINE", "1").output().expect("nasflow starts")),
        crate::support::said(anna.command(&["plan", "pipeline.kdl"]).env("NASFLOW_REMOTE", "").output().expect("nasflow starts")),
    ] {
        assert!(said.ok() && !said.err.contains("pushed"), "{said:?}");
    }
    assert!(std::fs::read_dir(&ground.files).expect("a folder").next().is_none());
    for command in [&["cache", "push", "--offline"][..], &["cache", "pull", "pipeline.kdl", "--offline"]] {
        let said = anna.nasflow(command);
        assert!(!said.ok() && said.err.contains("remote::offline"), "{said:?}");
    }
    // `0` is no wish for it; the environment names another place than the configuration.
    let other = ground.files.with_file_name("other");
    std::fs::create_dir(&other).expect("a folder");
    let mut command = anna.command(&["run", "pipeline.kdl"]);
    let said = crate::support::said(command.env("NASFLOW_OFFLINE", "0").env("NASFLOW_REMOTE", &other).output().expect("nasflow starts"));
    assert!(said.ok() && said.err.contains("pushed 17 results") && other.join("format").exists(), "{said:?}");
    assert!(std::fs::read_dir(&ground.files).expect("a folder").next().is_none());
    // A download is forbidden, too, and named.
    let fetched = SMALL.replace("generate=shapes", "format=voc url=\"http://127.0.0.1:9/x.zip\" blake3=\"BLAKE\" root=\".\"");
    let fetched = fetched.replace("BLAKE", &"0".repeat(64));
    let place = Place::new(&fetched);
    let said = place.nasflow(&["run", "pipeline.kdl", "--offline"]);
    assert!(!said.ok(), "{said:?}");
}

#[test]
fn either_direction_alone() {
    let (_dir, ground) = ground();
    let anna = Member::at(&ground, &[], "read #false");
    anna.run();
    assert_eq!(files(&ground, "claims").len(), RESULTS);
    // Who does not write takes and leaves nothing behind, and cannot push.
    let ben = Member::at(&ground, &[&anna], "write #false");
    ben.place.write(&SMALL.replace("epochs 2", "epochs 1"));
    ben.run();
    let said = ben.nasflow(&["cache", "push"]);
    assert!(!said.ok() && said.err.contains("write #false"), "{said:?}");
    ben.place.write(SMALL);
    assert!(ben.run().nothing_executed());
    assert_eq!(files(&ground, "claims").len(), RESULTS);
    // Who does not read computes.
    let carl = Member::at(&ground, &[&anna], "read #false");
    assert_eq!(carl.run().executed("train"), 4);
}

#[test]
fn pushing_by_hand() {
    let (_dir, ground) = ground();
    let anna = Member::at(&ground, &[], "write #false");
    anna.run();
    anna.place.write(&SMALL.replace("epochs 2", "epochs 1"));
    anna.run();
    anna.goes_to(&ground.address, &[], "");
    let json = |arguments: &[&str]| -> Value {
        let said = anna.nasflow(&[&["cache", "push"][..], arguments, &["--json"]].concat());
        assert!(said.ok(), "{said:?}");
        serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"))
    };
    // The last run of the pipeline; both runs; everything.
    let (last, all) = (json(&["--dry-run"]), json(&["--all", "--dry-run"]));
    assert!(last["results"].as_u64() < all["results"].as_u64() && last["bytes"].as_u64() < all["bytes"].as_u64(), "{last} {all}");
    assert!(files(&ground, "blobs").is_empty());
    let pushed = json(&["latest"]);
    assert_eq!((&pushed["new"], &pushed["there"], &pushed["left"]), (&last["results"], &Value::from(0), &Value::from(0)), "{pushed}");
    let rest = json(&["--all"]);
    assert_eq!(rest["new"].as_u64().zip(rest["there"].as_u64()).map(|(n, t)| n + t), all["results"].as_u64(), "{rest}");
    let before = files(&ground, "blobs").len();
    assert!(json(&["--all", "--states"])["bytes"].as_u64() > Some(0));
    assert!(files(&ground, "blobs").len() > before, "states are larger than nothing");
    // With states a colleague goes on where the training ended; without, anew.
    let ben = Member::at(&ground, &[&anna], "write #false");
    let pulled = ben.nasflow(&["cache", "pull", "pipeline.kdl", "--states"]);
    assert!(pulled.ok(), "{pulled:?}");
    assert_eq!(anna.nasflow(&["cache", "push", "nothing"]).code, Some(1));
}

#[test]
fn keys_addresses_and_settings_that_are_wrong_are_said() {
    let (_dir, ground) = ground();
    let anna = Member::at(&ground, &[], "");
    let key = anna.place.path().join("key");
    assert_eq!(anna.nasflow(&["cache", "key"]).out, format!("{}\n", anna.key), "it is made once");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&key).expect("a key").permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("set");
        let said = anna.nasflow(&["run", "pipeline.kdl"]);
        assert!(!said.ok() && said.err.contains("remote::key") && said.err.contains("chmod 600"), "{said:?}");
    }
    std::fs::remove_file(&key).expect("removed");
    let said = anna.run();
    assert!(said.err.contains("nasflow cache key") && said.err.contains("you trust nobody"), "{said:?}");
    let said = anna.nasflow(&["cache", "push"]);
    assert!(!said.ok() && said.err.contains("remote::key"), "{said:?}");
    let said = anna.nasflow(&["cache", "pull", "pipeline.kdl"]);
    assert!(!said.ok() && said.err.contains("remote::trust"), "{said:?}");
    for (address, code) in [("gopher://x", "remote::address"), ("file://team", "remote::address"), ("s3:///x", "remote::address")] {
        let said = anna.nasflow(&["cache", "push", "--remote", address]);
        assert!(!said.ok() && said.err.contains(code), "{said:?}");
    }
    if !cfg!(feature = "s3") {
        let said = anna.nasflow(&["run", "pipeline.kdl", "--remote", "s3://bucket/team"]);
        assert!(!said.ok() && said.err.contains("--features s3"), "{said:?}");
    }
    anna.goes_to(&ground.address, &[], "trust \"nasflow:abc\"");
    let said = anna.nasflow(&["run", "pipeline.kdl"]);
    assert!(!said.ok() && said.err.contains("remote::trust") && said.err.contains("nasflow:abc"), "{said:?}");
    let none = Place::new(SMALL).nasflow(&["cache", "push"]);
    assert!(!none.ok() && none.err.contains("no remote is named"), "{none:?}");
}
