//! Archives from outside, whole and hostile.

use super::list::{BLOBS, LIST, OBSERVATIONS};
use super::{Halt, Without, export, import};
use crate::base::Digest;
use crate::store::{Record, Store};
use serde_json::json;
use std::path::Path;
use tar::EntryType;

/// A store with a run of two results, one of which has a state.
fn filled(root: &Path) -> Store {
    let store = Store::open(root, true).expect("a store");
    let (weights, state) = (store.blobs().put(&[7; 3000]).expect("a blob"), store.blobs().put(b"state").expect("a blob"));
    let record = |name: &str, kind: &str, outputs: &[(&str, Digest)]| Record {
        key: Digest::of(name.as_bytes()),
        what: Digest::of(name.as_bytes()),
        numerics: "cpu".into(),
        kind: kind.into(),
        chain: None,
        text: format!("kind = {kind}\n"),
        outputs: outputs.iter().map(|(n, d)| (n.to_string(), *d)).collect(),
        values: json!({}),
    };
    store.publish(&record("a", "train", &[("weights", weights), ("state", state)])).expect("published");
    store.publish(&record("b", "metric", &[])).expect("published");
    store.observe("train-time", &Digest::of(b"a"), "here", json!({"seconds": 1.5}), 3).expect("observed");
    let values = json!({ "stages": { "s": [Digest::of(b"a"), Digest::of(b"b")] } });
    let mut run = store.run_begin("p", "p.kdl", values).expect("a run");
    store.run_end(&mut run, "finished").expect("ended");
    store
}

fn exported(without: Without) -> Vec<u8> {
    let dir = tempfile::tempdir().expect("a directory");
    let store = filled(dir.path());
    let run = store.runs(None).expect("runs").pop().expect("a run");
    let mut out = Vec::new();
    export(&store, &run, vec![("p.kdl".into(), "text".into())], without, &mut out, &mut |_, _| {}).expect("exported");
    out
}

/// What an import into a new store says, and how many results that store has after.
fn imported(bytes: &[u8]) -> (Result<usize, String>, usize) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(&dir.path().join("cache"), true).expect("a store");
    let done = import(&store, bytes, &mut |_, _| {}).map(|i| i.new).map_err(|halt| match halt {
        Halt::Archive(why) => why,
        Halt::Store(e) => e.to_string(),
    });
    let outside: Vec<_> = std::fs::read_dir(dir.path()).expect("a list").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(outside, ["cache"]);
    let verdict = store.verify().expect("a verdict");
    assert!(verdict.damaged.is_empty() && verdict.missing.is_empty(), "{verdict:?}");
    (done, store.keys().expect("keys").len())
}

#[test]
fn a_run_comes_whole_and_again_changes_nothing() {
    let bytes = exported(Without::default());
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path(), true).expect("a store");
    for (new, known) in [(2, 0), (0, 2)] {
        let done = import(&store, bytes.as_slice(), &mut |_, _| {}).expect("imported");
        assert_eq!((done.new, done.known), (new, known));
        assert_eq!(done.list.files, [("p.kdl".to_string(), "text".to_string())]);
        assert_eq!((store.runs(Some("p")).expect("runs").len(), store.all_observations("train-time").expect("observed").len()), (1, 1));
        assert_eq!(store.verify().expect("a verdict").dropped, 0);
    }
    let lean = exported(Without { states: true, packs: true });
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path(), true).expect("a store");
    assert_eq!(import(&store, lean.as_slice(), &mut |_, _| {}).expect("imported").new, 2);
    let verdict = store.verify().expect("a verdict");
    assert_eq!((verdict.missing.len(), verdict.dropped), (0, 1));
}

#[test]
fn cut_anywhere_it_is_an_error_and_no_result_comes() {
    let bytes = exported(Without::default());
    let cuts = (0..bytes.len()).filter(|n| n % 512 < 2 || n % 97 == 0 || n % 512 == 511);
    for cut in cuts {
        let (done, results) = imported(&bytes[..cut]);
        // The two empty records at the end of a tar say nothing.
        match done {
            Err(why) => assert!(results == 0 && !why.is_empty(), "{cut}: {results} results"),
            Ok(n) => assert!(n == 2 && results == 2 && cut + 1024 >= bytes.len(), "{cut}: {n}"),
        }
    }
}

/// The same archive, with its entries changed: name, kind, size that the header says (none: the true one), bytes.
fn changed(change: &dyn Fn(usize, &mut String, &mut EntryType, &mut Vec<u8>)) -> Vec<u8> {
    let bytes = exported(Without::default());
    let mut archive = tar::Archive::new(bytes.as_slice());
    let mut out = Vec::new();
    for (i, entry) in archive.entries().expect("entries").enumerate() {
        let mut entry = entry.expect("an entry");
        let mut name = entry.path().expect("a path").to_string_lossy().into_owned();
        let (mut kind, mut content) = (EntryType::Regular, Vec::new());
        std::io::Read::read_to_end(&mut entry, &mut content).expect("bytes");
        change(i, &mut name, &mut kind, &mut content);
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o777);
        header.set_cksum();
        out.extend(header.as_bytes());
        out.extend(&content);
        out.resize(out.len().div_ceil(512) * 512, 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

#[test]
fn nothing_hostile_is_taken() {
    assert_eq!(imported(&changed(&|_, _, _, _| {})), (Ok(2), 2));
    let refused = |what: &str, why: &str, bytes: Vec<u8>| match imported(&bytes) {
        (Err(said), 0) => assert!(said.contains(why), "{what}: {said}"),
        other => panic!("{what}: {other:?}"),
    };
    let blob = |name: &str| name.starts_with(BLOBS);
    refused(
        "a name that leads out",
        "not on its list",
        changed(&|i, name, _, _| {
            if i == 3 {
                *name = "../../outside".into()
            }
        }),
    );
    refused(
        "an absolute name",
        "not on its list",
        changed(&|i, name, _, _| {
            if i == 3 {
                *name = "/tmp/outside".into()
            }
        }),
    );
    refused(
        "a name in other letters",
        "not on its list",
        changed(&|_, name, _, _| {
            if blob(name) {
                *name = name.to_uppercase()
            }
        }),
    );
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::Fifo,
        EntryType::GNUSparse,
        EntryType::GNULongName,
        EntryType::XHeader,
    ] {
        refused(
            "no file",
            "no plain file",
            changed(&|i, _, to, _| {
                if i == 3 {
                    *to = kind
                }
            }),
        );
    }
    refused(
        "a flipped bit",
        "not what its name says",
        changed(&|_, name, _, content| {
            if blob(name) {
                content[0] ^= 1
            }
        }),
    );
    refused(
        "a longer blob",
        "not on its list",
        changed(&|_, name, _, content| {
            if blob(name) {
                content.push(0)
            }
        }),
    );
    let first = format!("{BLOBS}{}", Digest::of(&[7; 3000]).hex());
    refused(
        "a blob twice",
        "not on its list",
        changed(&|_, name, _, _| {
            if blob(name) {
                name.clone_from(&first)
            }
        }),
    );
    refused(
        "another list",
        "no archive of a run",
        changed(&|i, name, _, _| {
            if i == 0 {
                *name = "list".into()
            }
        }),
    );
    refused(
        "no observations",
        "not on its list",
        changed(&|_, name, _, _| {
            if name == OBSERVATIONS {
                *name = "x".into()
            }
        }),
    );
    let list = |edit: &dyn Fn(&mut serde_json::Value)| {
        changed(&|_, name, _, content| {
            if name == LIST {
                let mut value = serde_json::from_slice(content).expect("JSON");
                edit(&mut value);
                *content = serde_json::to_vec(&value).expect("JSON");
            }
        })
    };
    refused("a newer form", "its version is 2", list(&|v| v["format"] = json!(2)));
    refused("a field too many", "cannot be read", list(&|v| v["more"] = json!(2)));
    refused("a run that leads out", "names in its list", list(&|v| v["run"]["id"] = json!("../../x")));
    refused("an escape sequence", "names in its list", list(&|v| v["run"]["pipeline"] = json!("\u{1b}[2J")));
    refused("a huge blob", "takes", list(&|v| v["blobs"][0][1] = json!(u64::MAX)));
    refused("a result that does not come", "not in it", list(&|v| v["manifests"][0] = json!(Digest::of(b"no"))));
    refused("a blob as a result", "none that this nasflow reads", list(&|v| v["manifests"] = json!([v["blobs"][0][0]])));
    refused(
        "no JSON",
        "cannot be read",
        changed(&|i, _, _, content| {
            if i == 0 {
                content.truncate(20)
            }
        }),
    );
    for bytes in [&b""[..], b"x", &[0; 512], &[0; 4096], &[255; 4096]] {
        assert!(imported(bytes).0.is_err());
    }
}
