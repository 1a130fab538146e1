//! A store of a million results: how long it takes to open it and to look things up. `scripts/large_store.sh` makes one, runs a
//! pipeline in it, and times the program as well.
//!
//!   cargo bench --bench store -- make|rows|look [--dir target/large-store] [--results 1000000]
//!
//! `make` publishes results as runs do, through the store, but on a disk that is told to make nothing durable: else it would wait
//! days for it. Manifests are true files; weights are one blob that all trainings share. `rows` is quicker: it writes true manifests
//! into the index, and no files of them.

use nasflow::base::Digest;
use nasflow::store::{Disk, Observation, Options, Record, Store};
use rusqlite::{Connection, params};
use serde_json::json;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Results of a run: a thousand trainings with what is measured of them.
const RUN: usize = 4_000;

/// A disk that waits for nothing.
struct Fast;

impl Disk for Fast {
    fn sync_file(&self, _: &File, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

fn text(name: &str, default: &str) -> String {
    let args: Vec<String> = std::env::args().collect();
    args.iter().position(|a| a == name).and_then(|i| args.get(i + 1).cloned()).unwrap_or_else(|| default.to_string())
}

fn main() {
    let dir = PathBuf::from(text("--dir", "target/large-store"));
    let results = text("--results", "1000000").parse().unwrap_or(1_000_000);
    match std::env::args().nth(1).as_deref() {
        Some("make") => make(&dir, results, true),
        Some("rows") => make(&dir, results, false),
        Some("look") => look(&dir),
        _ => eprintln!("make, rows or look was expected"),
    }
}

fn digest(what: &str, n: usize) -> Digest {
    Digest::of(format!("{what} {n}").as_bytes())
}

/// The result `n`: of each training its two rungs, a prediction and a metric.
fn record(n: usize, weights: Digest) -> Record {
    let (training, part) = (n / 4, n % 4);
    let (kind, chain) = match part {
        0 | 1 => ("train", Some((digest("chain", training), 200 * (part as u64 + 1)))),
        2 => ("predict", None),
        _ => ("metric", None),
    };
    let curve: Vec<_> = (1..=12).map(|e| json!({"box": 0.1 / e as f64, "cls": 0.2, "epoch": e, "obj": 0.3})).collect();
    let values = match part {
        0 | 1 => json!({"status": "trained", "epochs": 12, "curve": curve}),
        2 => json!({}),
        _ => json!({"value": 0.5, "classes": []}),
    };
    let outputs = if part < 2 { [("weights".to_string(), weights)].into() } else { Default::default() };
    let text: String = (0..30).map(|i| format!("config.recipe.number-{i} = {}\n", n * i)).collect();
    let text = format!("kind = {kind}\nversion = 1\n{text}inputs.split = {}\nseed = 0\n", digest("split", 1).short());
    Record { key: digest("key", n), what: digest("what", n), numerics: "fast-2".into(), kind: kind.into(), chain, text, outputs, values }
}

/// Rows as the store writes them, from manifests as it writes them.
fn rows(index: &mut Connection, records: &[Record]) {
    let first = records.first().map(|r| r.manifest().expect("a manifest"));
    let transaction = index.transaction().expect("a transaction");
    for record in records {
        let (chain, at) = (record.chain.map(|c| c.0.0), record.chain.map(|c| c.1 as i64));
        let line = json!({
            "chain": record.chain, "key": record.key, "kind": record.kind, "numerics": record.numerics,
            "outputs": record.outputs, "values": record.values, "what": record.what,
        });
        let bytes = format!("nasflow result 1\n{line}\n{}", record.text).into_bytes();
        assert!(record.key != records[0].key || Some(&bytes) == first.as_ref(), "manifests have another form");
        transaction
            .prepare_cached("INSERT INTO results(key, what, chain, iteration, manifest, bytes) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
            .and_then(|mut s| s.execute(params![record.key.0, record.what.0, chain, at, Digest::of(&bytes).0, bytes]))
            .expect("a row");
    }
    transaction.commit().expect("committed");
}

fn make(dir: &Path, results: usize, files: bool) {
    let store = Store::open_with(dir, Options { disk: Arc::new(Fast), ..Options::default() }).expect("a store");
    let weights = store.blobs().put(&[0; 1000]).expect("a blob");
    let mut index = Connection::open(dir.join("index.sqlite")).expect("the index");
    index.execute_batch("PRAGMA synchronous=OFF; PRAGMA cache_size=-500000;").expect("set");
    let begun = Instant::now();
    for run in 0..results.div_ceil(RUN) {
        let (from, to) = (run * RUN, results.min((run + 1) * RUN));
        let records: Vec<Record> = (from..to).map(|n| record(n, weights)).collect();
        if files {
            store.publish_many(&records).expect("published");
        } else {
            rows(&mut index, &records);
        }
        let times: Vec<Observation> = records
            .iter()
            .filter(|r| r.kind != "metric")
            .map(|r| Observation {
                kind: "train-time".into(),
                key: Digest::of(b"here"),
                machine: "here".into(),
                time: run as u64,
                value: json!({"action": r.key, "images": 100, "jobs": 1, "macs": 1, "seconds": 1.5, "threads": 1}),
            })
            .collect();
        store.observe_many(&times).expect("observed");
        let keys: Vec<String> = records.iter().map(|r| r.key.hex()).collect();
        let values = json!({"executed": {"train": RUN / 2}, "given-up": [], "reproducible": true, "stages": {"short": keys}, "trust": []});
        let mut record = store.run_begin(&format!("pipeline {}", run % 10), "p.kdl", values).expect("a run");
        store.run_end(&mut record, "finished").expect("ended");
        if run % 25 == 0 {
            eprintln!("{to} results, {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
}

/// The least of several times, in milliseconds.
fn least<T>(what: &str, mut work: impl FnMut() -> T) {
    let times = (0..7).map(|_| {
        let begun = Instant::now();
        std::hint::black_box(work());
        begun.elapsed().as_secs_f64() * 1e3
    });
    println!("{what:45} {:8.2} ms", times.fold(f64::INFINITY, f64::min));
}

fn look(dir: &Path) {
    least("open for writing", || Store::open(dir, false).expect("a store"));
    least("open for reading", || Store::open_read_only(dir).expect("a store"));
    let store = Store::open_read_only(dir).expect("a store");
    let keys: Vec<Digest> = (0..1_000).map(|i| digest("key", i * 997)).collect();
    let found = store.lookup_many(&keys).expect("found").into_iter().flatten().count();
    least(&format!("1,000 look-ups ({found} found)"), || store.lookup_many(&keys).expect("found"));
    least("a chain", || store.chain(&digest("chain", 77)).expect("a chain"));
    least("the last run of a pipeline", || store.runs_back(Some("pipeline 3"), |_| true).expect("a run"));
    least("the last 200 observations of a machine", || {
        store.latest_observations("train-time", &Digest::of(b"here"), 200).expect("observed")
    });
    // After a kill: a marker of a writer that is dead is what the next open finds.
    least("open for writing after a kill", || {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        std::fs::write(dir.join("open/1-dead"), format!("boot {}\n", boot.trim())).expect("a marker");
        Store::open(dir, false).expect("a store")
    });
}
