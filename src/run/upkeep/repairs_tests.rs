//! What must stay although it looks as if nobody needed it.

use super::{attempts, gc, roots, states};
use crate::base::Digest;
use crate::store::{Pin, Record, Store};
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(&dir.path().join("cache"), true).expect("a store");
    (dir, store)
}

fn trained(store: &Store, name: &str) -> (Digest, Digest) {
    let key = Digest::of(name.as_bytes());
    let state = store.blobs().put(name.repeat(50).as_bytes()).expect("a blob");
    let outputs = [("state".to_string(), state)].into();
    let (text, values) = ("kind = train\n".to_string(), json!({}));
    let record = Record { key, what: key, numerics: "cpu".into(), kind: "train".into(), chain: Some((key, 4)), text, outputs, values };
    store.publish(&record).expect("published");
    (key, state)
}

fn ran(store: &Store, outcome: &str, keys: &[Digest]) -> String {
    let mut run = store.run_begin("p", "p.kdl", json!({ "stages": { "s": keys } })).expect("a run");
    store.run_end(&mut run, outcome).expect("ended");
    run.id
}

const ALL: gc::Wish = gc::Wish { last: 1, older: Some(Duration::ZERO), dry: true };

#[test]
fn a_flip_in_any_byte_of_a_runs_record_is_seen_and_nothing_is_collected() {
    let (_dir, store) = store();
    let (key, _) = trained(&store, "t");
    ran(&store, "finished", &[key]);
    let path = std::fs::read_dir(store.path("runs")).expect("runs").next().expect("one").expect("a file").path();
    let good = std::fs::read(&path).expect("bytes");
    assert_eq!(gc::collect(&store, ALL, &mut |_, _| {}).expect("collected").records, 0);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 4;
        std::fs::write(&path, &bad).expect("written");
        assert_eq!(store.damaged_runs().expect("a look"), std::slice::from_ref(&path), "byte {at}");
        let gone = gc::collect(&store, ALL, &mut |_, _| {}).expect("collected");
        assert!(gone.records == 0 && gone.roots.all.is_some_and(|why| why.contains("damaged")), "byte {at}");
    }
    // A record of an older program has no digest.
    std::fs::write(&path, good.split(|b| *b == b'\n').next().expect("a line")).expect("written");
    assert_eq!((store.damaged_runs().expect("a look").len(), store.runs(None).expect("runs").len()), (0, 1));
}

#[test]
fn runs_that_were_cut_short_push_no_finished_one_out() {
    let (_dir, store) = store();
    let (old, _) = trained(&store, "old");
    let (new, _) = trained(&store, "new");
    ran(&store, "finished", &[old]);
    ran(&store, "finished", &[new]);
    (0..3).for_each(|_| drop(ran(&store, "interrupted", &[])));
    let gone = gc::collect(&store, ALL, &mut |_, _| {}).expect("collected");
    assert_eq!((gone.records, gone.roots.runs.len(), gone.roots.keys.contains(&new)), (1, 4, true));
}

#[test]
fn a_pin_keeps_states_and_belongs_to_one_pipeline() {
    let (_dir, store) = store();
    let (key, state) = trained(&store, "t");
    let id = ran(&store, "finished", &[key]);
    let pin = |pipeline: &str| Pin { name: "paper".into(), run: id.clone(), pipeline: pipeline.into(), time: 1 };
    store.pin(&pin("another")).expect("pinned");
    assert!(roots::runs(&store, 0).expect("runs").1.is_some_and(|why| why.contains("`paper`")));
    store.pin(&pin("p")).expect("pinned");
    states::trim(&store, 0, &HashMap::new(), false).expect("trimmed");
    assert!(store.blobs().has(&state).expect("a look"));
    store.unpin("paper").expect("unpinned");
    states::trim(&store, 0, &HashMap::new(), false).expect("trimmed");
    assert!(!store.blobs().has(&state).expect("a look"));
}

#[cfg(unix)]
#[test]
fn checkpoints_of_a_program_of_ones_own_stay_whatever_they_are_called_and_links_are_not_followed() {
    let (_dir, store) = store();
    let make = |name: &str, file: &str| {
        let path = store.path("attempts").join(Digest::of(name.as_bytes()).hex()).join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, "x").expect("written");
    };
    make("own", "checkpoints/progress-3.pt");
    make("worked", "job-1/data.json");
    make("linked", "log");
    let around = store.path("attempts").join(Digest::of(b"linked").hex());
    std::os::unix::fs::symlink(store.path("attempts"), around.join("job-link")).expect("a link");
    std::os::unix::fs::symlink(&around, around.join("around")).expect("a link");
    let folders = attempts::folders(&store, None).expect("folders");
    // The links themselves are nothing that this program knows: they keep their folder.
    assert_eq!((folders.useless, folders.useful), (vec![Digest::of(b"worked")], 2));
    // A paused run's checkpoints are young for two weeks, however young results may go.
    let gone = gc::collect(&store, ALL, &mut |_, _| {}).expect("collected");
    assert_eq!(gone.attempts, 2);
}
