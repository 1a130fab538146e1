//! Eight processes with the same pipeline on one store, which is not there yet, while collections go over it: each key is computed
//! once, nobody is told that a database is locked, all say the same.

use crate::kill::journal;
use crate::support::{Place, SMALL, Said, said};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

const PROCESSES: usize = 8;

#[test]
fn eight_runs_and_a_collector_on_one_store_compute_every_key_once() {
    let text = SMALL.replace("epochs 2", "epochs 4");
    let alone = Place::new(&text);
    let undisturbed = alone.run();
    let place = Place::new(&text);
    let start = || {
        let mut command = place.command(&["run", "pipeline.kdl", "--jobs", "1", "--threads", "1"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("nasflow starts")
    };
    let over = AtomicBool::new(false);
    let (all, collections): (Vec<Said>, usize) = std::thread::scope(|scope| {
        let collector = scope.spawn(|| {
            let mut collections = 0;
            while !over.load(Ordering::Relaxed) {
                let done = place.nasflow(&["cache", "gc", "--older-than", "0s"]);
                assert!(!done.err.contains("panicked") && !done.err.contains("database is locked"), "{done:?}");
                collections += usize::from(done.ok());
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            collections
        });
        let children: Vec<_> = (0..PROCESSES).map(|_| start()).collect();
        let all = children.into_iter().map(|child| said(child.wait_with_output().expect("an end"))).collect();
        over.store(true, Ordering::Relaxed);
        (all, collector.join().expect("a collector"))
    });
    let answer = |said: &Said| said.out.split("\nexecuted ").next().and_then(|s| s.split("\nnothing executed").next()).map(str::to_string);
    for one in &all {
        assert!(one.ok() && !one.err.contains("database is locked") && !one.err.contains("other bits"), "{one:?}");
        assert_eq!(answer(one), answer(&undisturbed), "{one:?}");
    }
    for kind in ["train", "predict"] {
        let computed: usize = all.iter().map(|one| one.executed(kind)).sum();
        assert_eq!(computed, undisturbed.executed(kind), "{kind}: {all:?}");
    }
    let (executed, distinct) = journal(&place);
    // A collection takes the journals of what is published; those that are left say that no iteration ran twice.
    assert!(executed == distinct && distinct <= journal(&alone).1, "{executed} executed, {distinct} distinct");
    // Once nobody else is there, a collection is not turned away, and takes nothing that the runs need.
    let alone_in_it = place.nasflow(&["cache", "gc", "--older-than", "0s"]);
    assert!(alone_in_it.ok(), "{alone_in_it:?}");
    assert!(place.run().nothing_executed());
    assert_eq!(place.digests(), alone.digests());
    eprintln!("{PROCESSES} processes, {collections} collections, {executed} iterations, none twice");
}
