//! The corpus of hostile files (`tests/hostile`, `fuzz/README.md`): whatever is read ends in a value or a typed error of bounded size.

mod readers;

use crate::support::root;
use nasflow::base::Random;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

/// The files of a kind: name and bytes, in the order of their names.
fn corpus(kind: &str) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("tests/hostile").join(kind);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())).flatten();
    let mut files: Vec<(String, Vec<u8>)> =
        files.map(|f| (f.file_name().to_string_lossy().into_owned(), std::fs::read(f.path()).expect("a file"))).collect();
    files.sort();
    files
}

#[test]
fn every_hostile_file_ends_in_a_value_or_an_error() {
    let mut broken = Vec::new();
    for (kind, read) in readers::KINDS {
        let files = corpus(kind);
        for (name, bytes) in &files {
            match catch_unwind(|| read(bytes)) {
                // An image of a few kilobytes may be some megabytes of pixels, and no more.
                Ok(out) if out <= 64 << 20 => {}
                Ok(out) => broken.push(format!("{kind}/{name}: {out} bytes came out")),
                Err(_) => broken.push(format!("{kind}/{name}: it panicked")),
            }
        }
        assert!(files.len() >= 8, "{kind}: {} files", files.len());
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What is right is read, so that the readers do read: an error counts nothing.
#[test]
fn what_is_right_in_the_corpus_is_read() {
    for (kind, name, out) in [
        ("weights", "right.safetensors", 1),
        ("annotations", "right.xml", 1),
        ("annotations", "right.txt", 1),
        ("annotations", "right.json", 1),
        ("images", "right.png", 4 * 4 * 3),
        ("images", "right.bmp", 8 * 8 * 3),
        ("tables", "right.csv", 2),
        ("tables", "right.json", 1),
        ("archives", "right.zip", 5),
        ("archives", "right.tar", 5),
        ("archives", "right.tar.gz", 5),
        ("stores", "right.tar", 1),
        ("stores", "right-parts", 1),
    ] {
        let bytes = std::fs::read(root().join("tests/hostile").join(kind).join(name)).expect("a file");
        let (_, read) = readers::KINDS.iter().find(|(k, _)| *k == kind).expect("a kind");
        assert!(read(&bytes) >= out, "{kind}/{name}: {}", read(&bytes));
    }
}

/// What a mutation puts in.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\x80",
    b"{",
    b"}",
    b"[",
    b"\"",
    b"/-",
    b"/*",
    b"*/",
    b"#",
    b"=",
    b";",
    b"\n",
    b"(",
    b"\\",
    b"<",
    b">",
    b"&",
    b"-1",
    b"1e400",
    b"9223372036854775808",
    b"nan",
    b"..",
    b"/",
    b",",
    b":",
    b"\xc3",
    b"\xef\xbb\xbf",
];

/// A file of the corpus with some of its bytes changed, or with a part of another.
fn mutated(files: &[(String, Vec<u8>)], random: &mut Random) -> Vec<u8> {
    let mut bytes = files[random.below(files.len())].1.clone();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(64)).min(bytes.len());
        match random.below(7) {
            0 if at < bytes.len() => bytes[at] = random.bits() as u8,
            1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..end)),
            3 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
            4 => {
                let again = bytes[at..end].repeat(1 + random.below(20));
                drop(bytes.splice(at..at, again));
            }
            5 => bytes.truncate(at),
            _ => {
                let other = &files[random.below(files.len())].1;
                let from = random.below(other.len() + 1);
                let part = other[from..(from + random.below(256)).min(other.len())].to_vec();
                drop(bytes.splice(at..end, part));
            }
        }
    }
    bytes.truncate(64 << 10);
    bytes
}

/// A fuzzer that needs nothing but this test: some changed files of every kind; with `NASFLOW_HOSTILE_SECONDS=600` as many as so many
/// seconds a kind allow. What breaks is written to the temporary folder.
#[test]
fn changed_files_end_so_too() {
    let seconds: u64 = std::env::var("NASFLOW_HOSTILE_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    let only = std::env::var("NASFLOW_HOSTILE_KIND").ok();
    let mut broken = Vec::new();
    for (kind, read) in readers::KINDS.iter().filter(|(kind, _)| only.as_deref().is_none_or(|o| o == *kind)) {
        let (files, begun, mut round) = (corpus(kind), Instant::now(), 0u64);
        let mut slowest = (Duration::ZERO, 0);
        while round < 60 || begun.elapsed() < Duration::from_secs(seconds) {
            let bytes = mutated(&files, &mut Random::at(seconds, kind, &[round]));
            let start = Instant::now();
            if !catch_unwind(|| read(&bytes)).is_ok_and(|out| out <= 512 << 20) {
                let path = std::env::temp_dir().join(format!("nasflow-hostile-{kind}-{round}"));
                std::fs::write(&path, &bytes).expect("written");
                broken.push(path.display().to_string());
            }
            if start.elapsed() > slowest.0 {
                slowest = (start.elapsed(), round);
            }
            round += 1;
        }
        if seconds > 0 {
            eprintln!(
                "{kind}: {round} files in {:.0} s, the slowest {:.0} ms (file {})",
                begun.elapsed().as_secs_f64(),
                slowest.0.as_secs_f64() * 1e3,
                slowest.1
            );
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
