//! What stays and what goes, on stores made for it.

use super::{attempts, gc, roots, states};
use crate::base::Digest;
use crate::store::{Record, Store};
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;

fn digest(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

fn blob(store: &Store, name: &str, bytes: usize) -> Digest {
    store.blobs().put(name.repeat(bytes).as_bytes()).expect("a blob")
}

fn publish(store: &Store, name: &str, kind: &str, chain: Option<(&str, u64)>, outputs: &[(&str, Digest)], text: &str) -> Digest {
    let key = digest(name);
    let outputs = outputs.iter().map(|(n, d)| (n.to_string(), *d)).collect();
    let chain = chain.map(|(chain, at)| (digest(chain), at));
    let text = format!("kind = {kind}\n{text}");
    let record = Record { key, what: key, numerics: "cpu".into(), kind: kind.into(), chain, text, outputs, values: json!({}) };
    store.publish(&record).expect("published");
    key
}

fn ran(store: &Store, pipeline: &str, outcome: &str, keys: &[Digest]) -> String {
    let mut run = store.run_begin(pipeline, "p.kdl", json!({ "stages": { "s": keys } })).expect("a run");
    store.run_end(&mut run, outcome).expect("ended");
    run.id
}

fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(&dir.path().join("cache"), true).expect("a store");
    (dir, store)
}

/// Names of those that are there.
fn there<'n>(store: &Store, blobs: &[(&'n str, Digest)]) -> Vec<&'n str> {
    blobs.iter().filter(|(_, d)| store.blobs().has(d).expect("a look")).map(|(n, _)| *n).collect()
}

#[test]
fn the_most_useful_states_stay_and_those_of_a_search_under_way_always() {
    let (_dir, store) = store();
    let state = |name: &str| blob(&store, name, 100);
    let [early, mid, last, fin, other] = ["a", "b", "c", "d", "e"].map(state);
    let rung = publish(&store, "1", "train", Some(("x", 10)), &[("state", early)], "");
    let short = publish(&store, "2", "train", Some(("x", 20)), &[("state", mid)], "");
    let long = publish(&store, "3", "train", Some(("y", 90)), &[("state", last)], "");
    let finals = publish(&store, "4", "train", Some(("z", 20)), &[("state", fin)], "");
    publish(&store, "6", "train", Some(("v", 5)), &[("state", state("killed"))], "");
    let waits = publish(&store, "5", "train", Some(("w", 5)), &[("state", other)], "");
    ran(&store, "done", "finished", &[rung, short, long, finals]);
    ran(&store, "under way", "stopped", &[waits]);
    let stages = HashMap::from([(rung, 1), (short, 1), (long, 1), (finals, 2)]);
    let all = [("early", early), ("mid", mid), ("last", last), ("finals", fin), ("other", other)];
    let dry = states::trim(&store, 0, &stages, true).expect("trimmed");
    assert_eq!((dry.dropped.files, dry.needed.files, there(&store, &all).len()), (4, 2, 5));
    let mut expected = vec!["early", "mid", "last", "finals", "other"];
    for (bound, goes) in [(400, None), (399, Some("early")), (250, Some("mid")), (100, Some("last")), (0, Some("finals"))] {
        let trimmed = states::trim(&store, bound, &stages, false).expect("trimmed");
        expected.retain(|name| Some(*name) != goes);
        assert_eq!(there(&store, &all), expected, "{bound}");
        assert!(trimmed.kept.bytes <= bound && trimmed.dropped.files == usize::from(goes.is_some()), "{trimmed:?}");
    }
    let verdict = store.verify().expect("a verdict");
    assert_eq!((verdict.missing.len(), verdict.dropped), (0, 4));
    // Once that search is over, too, its state is like any other.
    ran(&store, "under way", "finished", &[waits]);
    states::trim(&store, 0, &HashMap::new(), false).expect("trimmed");
    assert_eq!(there(&store, &all), Vec::<&str>::new());
}

#[test]
fn a_collection_keeps_what_kept_runs_rest_on() {
    let (_dir, store) = store();
    let names = ["w1", "w2", "w3", "pack1", "pack2", "cut", "foreign", "loose"];
    let blobs: Vec<(&str, Digest)> = names.iter().map(|n| (*n, blob(&store, n, 50))).collect();
    let of = |name: &str| blobs.iter().find(|b| b.0 == name).expect("a blob").1;
    let reads = |lines: &[(&str, Digest)]| lines.iter().map(|(n, d)| format!("inputs.{n} = {}\n", d.short())).collect::<String>();
    let (split1, split2) = (digest("split 1"), digest("split 2"));
    let first =
        publish(&store, "t1", "train", Some(("1", 1)), &[("weights", of("w1"))], &reads(&[("split", split1), ("init", of("foreign"))]));
    let second = publish(&store, "t2", "train", Some(("2", 1)), &[("weights", of("w2"))], &reads(&[("split", split2)]));
    let subnet = publish(&store, "p", "predict", None, &[], &reads(&[("weights", of("cut"))]));
    publish(&store, "k1", "pack", None, &[("pack", of("pack1"))], &reads(&[("split", split1)]));
    publish(&store, "k2", "pack", None, &[("pack", of("pack2"))], &reads(&[("split", split2)]));
    publish(&store, "c", "cut", None, &[("weights", of("cut"))], &reads(&[("weights", of("w1"))]));
    let killed = publish(&store, "t3", "train", Some(("3", 1)), &[("weights", of("w3"))], "");
    publish(&store, "select", "select", None, &[], "");
    let old = ran(&store, "a", "finished", &[second]);
    ran(&store, "a", "finished", &[first, subnet]);
    let wish = gc::Wish { last: 1, older: None, dry: false };
    let pin = crate::store::Pin { name: "old".into(), run: old, pipeline: "a".into(), time: 1 };
    store.pin(&pin).expect("pinned");
    gc::collect(&store, wish, &mut |_, _| {}).expect("collected");
    assert_eq!(there(&store, &blobs), ["w1", "w2", "w3", "pack1", "pack2", "cut", "foreign"]);
    store.unpin("old").expect("unpinned");
    let gone = gc::collect(&store, wish, &mut |_, _| {}).expect("collected");
    assert_eq!(there(&store, &blobs), ["w1", "w3", "pack1", "cut", "foreign"], "what no run names stays while it is young");
    assert_eq!((gone.records, gone.roots.young), (2, 1));
    assert!(store.lookup(&killed).expect("a look").is_some());
    gc::collect(&store, gc::Wish { older: Some(Duration::ZERO), ..wish }, &mut |_, _| {}).expect("collected");
    assert_eq!(there(&store, &blobs), ["w1", "pack1", "cut", "foreign"]);
    assert_eq!(store.verify().expect("a verdict").missing, []);
    // A run that does not say what it used: everything stays.
    let mut silent = store.run_begin("b", "b.kdl", json!({})).expect("a run");
    store.run_end(&mut silent, "finished").expect("ended");
    let orphan = publish(&store, "t4", "train", None, &[], "");
    let gone = gc::collect(&store, gc::Wish { older: Some(Duration::ZERO), ..wish }, &mut |_, _| {}).expect("collected");
    assert!(gone.records == 0 && gone.roots.all.is_some_and(|why| why.contains("`b`")));
    assert!(store.lookup(&orphan).expect("a look").is_some());
    // A pin whose run is not there: likewise.
    store.pin(&pin).expect("pinned");
    std::fs::read_dir(store.path("runs")).expect("runs").for_each(|f| std::fs::remove_file(f.expect("a file").path()).expect("removed"));
    let (kept, lost) = roots::runs(&store, 1).expect("runs");
    assert!(kept.is_empty() && lost.is_some_and(|why| why.contains("`old`")));
}

#[test]
fn checkpoints_and_results_that_are_not_published_keep_their_folder_and_what_they_name() {
    let (_dir, store) = store();
    let (state, weights) = (blob(&store, "s", 9), blob(&store, "w", 9));
    let published = publish(&store, "done", "train", None, &[], "");
    let folder = |name: &str, files: &[(&str, String)]| {
        let path = store.path("attempts").join(digest(name).hex());
        std::fs::create_dir_all(&path).expect("a folder");
        files.iter().for_each(|(file, text)| std::fs::write(path.join(file), text).expect("written"));
    };
    folder("interrupted", &[("checkpoint.json", format!("{{\"state\":\"{state}\"}}")), ("iterations", "0\n".into())]);
    folder("unpublished", &[(&format!("result-{}.json", digest("new").hex()), format!("{{\"weights\":\"{weights}\"}}"))]);
    folder(
        "done",
        &[
            (&format!("result-{}.json", published.hex()), "{}".into()),
            (&format!("assignment-{published}.json"), "{}".into()),
            ("log", "x".into()),
        ],
    );
    folder("download", &[("bytes", "half".into())]);
    folder("empty", &[]);
    let found = attempts::folders(&store, None).expect("folders");
    let mut useless = found.useless.clone();
    useless.sort();
    let mut expected = vec![digest("done"), digest("empty")];
    expected.sort();
    assert_eq!((useless, found.useful), (expected, 3));
    assert_eq!(found.named.into_iter().collect::<std::collections::BTreeSet<_>>(), [state, weights].into());
    assert_eq!(attempts::folders(&store, Some(Duration::ZERO)).expect("folders").useless.len(), 5);
    let wish = gc::Wish { last: 3, older: None, dry: false };
    gc::collect(&store, wish, &mut |_, _| {}).expect("collected");
    assert!(store.blobs().has_all([&state, &weights]).expect("a look"));
    assert!(
        store.path("attempts").join(digest("interrupted").hex()).is_dir() && !store.path("attempts").join(digest("done").hex()).exists()
    );
}
