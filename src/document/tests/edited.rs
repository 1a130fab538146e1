//! Texts that somebody changed at random.

use super::{FLAGSHIP, Memory};
use crate::base::Random;
use crate::document::{Options, Params, load, render};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Random edits of the flagship: no panic, no long wait. Slow machines share two cores, hence the generous bound; what took longer is
/// tried again, since a busy machine may have stood still meanwhile.
#[test]
fn edited_texts_end_in_a_report() {
    const LONG: Duration = Duration::from_millis(400);
    let pieces: &[&str] =
        &["{", "}", "\"", "/-", "/*", "*/", "#", "=", ";", "\n", "(", ")", "é", "\u{0}", "\\", "#true", "1e400", "'", "/", "x", " "];
    let mut slowest = Duration::ZERO;
    for round in 0..2000u64 {
        let mut random = Random::at(1, "edits", &[round]);
        let mut bytes = FLAGSHIP.as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => drop(bytes.remove(at)),
                1 => bytes[at] = random.bits() as u8,
                2 => drop(bytes.drain(at..(at + random.below(40)).min(bytes.len()))),
                _ => drop(bytes.splice(at..at, pieces[random.below(pieces.len())].bytes())),
            }
        }
        let took = || {
            let mut files = Memory(HashMap::from([("p.kdl".to_string(), bytes.clone())]));
            let start = Instant::now();
            match load(&crate::language(), "p.kdl", &mut files, &Params::default(), Options::default()) {
                Ok(_) => {}
                Err(found) => {
                    assert!(!found.items.is_empty() && found.items.len() <= 61);
                    assert!(!render::diagnostics(&found, round % 2 == 0).is_empty());
                }
            }
            start.elapsed()
        };
        let mut shortest = took();
        for _ in 0..4 {
            if shortest >= LONG {
                shortest = shortest.min(took());
            }
        }
        slowest = slowest.max(shortest);
    }
    assert!(slowest < LONG, "{slowest:?}");
}
