//! The project's own rules (docs/architecture.md, "Modules"): which room may use which, that no files of a room go in circles, who
//! prints, who is `unsafe`, how long a file may be. `guard` tries the rules on a made-up tree.

mod arrows;
mod guard;
mod rules;
mod source;

use crate::support::root;
use source::Source;

fn sources() -> Vec<Source> {
    source::read(&root().join("src"))
}

fn none(what: &str, faults: Vec<String>) {
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

#[test]
fn rooms_use_only_the_rooms_that_they_may() {
    none("arrows between rooms that docs/architecture.md does not have", rules::between_rooms(&sources()));
}

#[test]
fn files_of_a_room_do_not_go_in_circles() {
    none("files that use each other in a circle", rules::circles(&sources()));
}

#[test]
fn only_the_command_line_prints() {
    none("prints outside `cli`", rules::prints(&sources()));
}

#[test]
fn only_kernels_are_unsafe() {
    none("`unsafe` outside crates/kernels", rules::unsafe_code(&sources()));
}

#[test]
fn files_are_short() {
    none("files longer than 400 lines", rules::long(&sources()));
}

#[test]
fn every_room_says_what_it_is_for() {
    for (room, _) in rules::MAY_USE.iter().filter(|(room, _)| *room != "language") {
        let text = std::fs::read_to_string(root().join("src").join(room).join("mod.rs")).expect("a mod.rs");
        assert!(text.starts_with("//! "), "src/{room}/mod.rs does not open with what it is for");
    }
}
