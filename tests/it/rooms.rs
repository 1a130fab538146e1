//! Rooms import only from rooms below them (docs/architecture.md): this reads the imports.

use crate::support::root;
use std::path::Path;

/// From the bottom up.
const ROOMS: [&str; 15] = [
    "base", "document", "space", "search", "plan", "metrics", "data", "nn", "train", "evaluate", "store", "run", "export", "report", "cli",
];

#[test]
fn imports_run_downward() {
    let mut faults = Vec::new();
    for (level, room) in ROOMS.iter().enumerate() {
        walk(&root().join("src").join(room), &mut |path, text| {
            for (number, line) in text.lines().enumerate() {
                for used in line.split("crate::").skip(1) {
                    let name: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    let Some(of) = ROOMS.iter().position(|r| *r == name) else { continue };
                    if of > level && !line.trim_start().starts_with("//") {
                        faults.push(format!("{}:{}: {room} uses {name}", path.display(), number + 1));
                    }
                }
            }
        });
    }
    assert!(faults.is_empty(), "imports run upward:\n{}", faults.join("\n"));
}

#[test]
fn every_room_says_what_it_is_for() {
    for room in ROOMS {
        let text = std::fs::read_to_string(root().join("src").join(room).join("mod.rs")).expect("a mod.rs");
        assert!(text.starts_with("//! "), "src/{room}/mod.rs does not open with what it is for");
    }
}

#[test]
fn only_the_command_line_prints_and_only_kernels_are_unsafe() {
    let mut faults = Vec::new();
    for room in ROOMS.iter().filter(|r| **r != "cli") {
        walk(&root().join("src").join(room), &mut |path, text| {
            // Tests may say that they were skipped.
            let code = text.split("#[cfg(test)]").next().unwrap_or("");
            if path.to_string_lossy().contains("test") {
                return;
            }
            for word in ["println!", "eprintln!", "print!(", "unsafe "] {
                if code.lines().any(|l| l.contains(word) && !l.trim_start().starts_with("//")) {
                    faults.push(format!("{}: {word}", path.display()));
                }
            }
        });
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn walk(folder: &Path, look: &mut dyn FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).expect("a room's folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, look);
        } else if path.extension().is_some_and(|e| e == "rs") {
            look(&path, &std::fs::read_to_string(&path).expect("a source file"));
        }
    }
}
