//! The rules. Each lists its faults as `path:line: what`.

use super::arrows::{Arrow, arrows, circles as circles_of};
use super::source::{Source, is_word};

/// Every room, and the rooms that its code may use. (`language` is the file that puts the words of all rooms together.)
pub const MAY_USE: [(&str, &[&str]); 20] = [
    ("base", &[]),
    ("results", &["base"]),
    ("document", &["base"]),
    ("space", &["base", "document"]),
    ("search", &["base", "document", "space"]),
    ("plan", &["base", "document", "results", "search", "space"]),
    ("metrics", &["base", "document", "results"]),
    ("data", &["base", "document"]),
    ("nn", &["base", "space"]),
    ("train", &["base", "data", "document", "nn", "results", "space"]),
    ("evaluate", &["base", "data", "document", "metrics", "nn", "space"]),
    ("store", &["base"]),
    ("remote", &["base", "store"]),
    (
        "run",
        &[
            "base", "data", "document", "evaluate", "export", "metrics", "nn", "plan", "remote", "results", "search", "space", "store",
            "train",
        ],
    ),
    ("export", &["base", "data", "document", "evaluate", "metrics", "nn", "space"]),
    ("report", &["base", "document", "evaluate", "metrics", "plan", "results", "run", "space"]),
    ("serve", &["base"]),
    ("editor", &["base", "document", "space"]),
    ("language", &["data", "document", "evaluate", "metrics", "search", "space", "train"]),
    (
        "cli",
        &[
            "base", "data", "document", "editor", "evaluate", "export", "language", "metrics", "nn", "plan", "remote", "report", "results",
            "run", "search", "serve", "space", "store", "train",
        ],
    ),
];

/// What tests of a room may use beyond that and `language`.
const TESTS_MAY_USE: [(&str, &[&str]); 2] = [("evaluate", &["train"]), ("language", &["space"])];

/// Files that are still too long.
const LONG: [&str; 0] = [];

fn may(room: &str, list: &[(&str, &[&str])]) -> Vec<String> {
    list.iter().filter(|(r, _)| *r == room).flat_map(|(_, rooms)| rooms.iter().map(|r| r.to_string())).collect()
}

/// Uses of a room that the table does not allow.
pub fn between_rooms(sources: &[Source]) -> Vec<String> {
    let mut faults = vec![];
    for (tests, arrows) in [(false, arrows(sources, |s| &s.code)), (true, arrows(sources, |s| &s.all))] {
        for Arrow { from, to, line, path } in arrows {
            let (from, to) = (&sources[from], &sources[to]);
            let (room, other) = (from.room(), to.room());
            let allowed = may(room, &MAY_USE).iter().chain(may(room, &TESTS_MAY_USE).iter().filter(|_| tests)).any(|r| r == other);
            let words = tests && other == "language";
            if room != other && ![room, other].contains(&"") && !allowed && !words {
                faults.push(format!("src/{}:{line}: `{path}`: {room} may not use {other}", from.path));
            }
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

/// Files of one room that use each other in a circle.
pub fn circles(sources: &[Source]) -> Vec<String> {
    let arrows = arrows(sources, |s| &s.code);
    let mut faults = vec![];
    for (room, _) in &MAY_USE {
        let inside: Vec<Arrow> = arrows.iter().filter(|a| [a.from, a.to].iter().all(|i| sources[*i].room() == *room)).cloned().collect();
        for circle in circles_of(sources.len(), &inside) {
            faults.push(format!("{room}: a circle of {} files", circle.len()));
            for arrow in inside.iter().filter(|a| circle.contains(&a.from) && circle.contains(&a.to)) {
                let Arrow { from, to, line, path } = arrow;
                faults.push(format!("    src/{}:{line}: `{path}` is in src/{}", sources[*from].path, sources[*to].path));
            }
        }
    }
    faults
}

/// Macros that print, outside `cli`. Tests may say that they were skipped.
pub fn prints(sources: &[Source]) -> Vec<String> {
    let printing = ["print!", "println!", "eprint!", "eprintln!", "dbg!"];
    sources.iter().filter(|s| s.room() != "cli").flat_map(|s| printing.iter().flat_map(move |word| found(s, &s.code, word))).collect()
}

/// `unsafe`, in tests too.
pub fn unsafe_code(sources: &[Source]) -> Vec<String> {
    sources.iter().flat_map(|s| found(s, &s.all, "unsafe")).collect()
}

/// Files of more than 400 lines.
pub fn long(sources: &[Source]) -> Vec<String> {
    let long = sources.iter().filter(|s| s.lines > 400 && !LONG.contains(&&s.path[..]));
    long.map(|s| format!("src/{}: {} lines", s.path, s.lines)).collect()
}

/// Where a word stands in a code.
fn found(source: &Source, code: &str, word: &str) -> Vec<String> {
    let stands = |line: &str| {
        line.match_indices(word).any(|(i, _)| {
            let part = |at: Option<usize>| at.and_then(|at| line.as_bytes().get(at)).is_some_and(|b| is_word(*b));
            !part(i.checked_sub(1)) && !part(Some(i + word.len()))
        })
    };
    let lines = code.lines().enumerate().filter(|(_, line)| stands(line));
    lines.map(|(i, _)| format!("src/{}:{}: {word}", source.path, i + 1)).collect()
}
