//! The rules find what they are there for: on a made-up tree, in a folder whose path contains "test".

use super::rules;
use super::source::{Source, blank, read};

/// A `src` folder of these files.
fn tree(files: &[(&str, &str)]) -> Vec<Source> {
    let place = tempfile::Builder::new().prefix("a-test-of-tests").tempdir().expect("a temporary directory");
    let src = place.path().join("src");
    for (path, text) in files {
        let path = src.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
        std::fs::write(path, text).expect("a file is written");
    }
    read(&src)
}

const DATA: (&str, &str) = ("data/mod.rs", "mod decode;\npub use decode::Image;\npub(crate) fn load() {}\n");
const DECODE: (&str, &str) = ("data/decode.rs", "pub struct Image;\n");

#[test]
fn an_arrow_down_that_is_not_in_the_table_is_found() {
    let nn = "//! Says crate::run, which is no use of it.\n\nuse crate::data::{self, Image as Picture};\n";
    let faults = rules::between_rooms(&tree(&[("lib.rs", "mod data;\nmod nn;\n"), DATA, DECODE, ("nn/mod.rs", nn)]));
    assert_eq!(faults, ["src/nn/mod.rs:3: `crate::data::Image`: nn may not use data"]);
    let faults = rules::between_rooms(&tree(&[("lib.rs", ""), DATA, DECODE, ("train/mod.rs", nn)]));
    assert!(faults.is_empty(), "train may use data: {faults:?}");
}

#[test]
fn an_arrow_up_is_found_in_paths_and_behind_the_first_test() {
    let text = "fn a() { let x = \"crate::run::go()\"; }\n#[cfg(test)]\nmod tests { fn b() {} }\nfn c() { super::run::go(); }\n";
    let files = [("lib.rs", ""), ("run/mod.rs", "pub fn go() {}\n"), ("data/mod.rs", text)];
    assert_eq!(rules::between_rooms(&tree(&files)), ["src/data/mod.rs:4: `super::run::go`: data may not use run"]);
}

#[test]
fn a_circle_is_found_through_re_exports_and_not_where_only_tests_close_it() {
    let a = ("metrics/a.rs", "use super::B;\npub struct A(B);\n");
    let module = ("metrics/mod.rs", "mod a;\nmod b;\npub use b::B;\n");
    let faults = rules::circles(&tree(&[("lib.rs", ""), module, a, ("metrics/b.rs", "pub struct B(Option<super::a::A>);\n")]));
    assert_eq!(faults[0], "metrics: a circle of 2 files");
    assert!(faults[1].contains("src/metrics/a.rs:1: `super::B` is in src/metrics/b.rs"), "{faults:?}");
    let tested = "pub struct B;\n#[cfg(test)]\nmod tests { use super::super::a::A; }\n";
    assert!(rules::circles(&tree(&[("lib.rs", ""), module, a, ("metrics/b.rs", tested)])).is_empty());
}

#[test]
fn a_module_that_uses_its_own_parts_and_is_used_by_them_is_a_circle() {
    let module = ("metrics/mod.rs", "mod part;\npub use part::Part;\npub struct Whole(Part);\n");
    let faults = rules::circles(&tree(&[("lib.rs", ""), module, ("metrics/part.rs", "pub struct Part;\nfn f(w: super::Whole) {}\n")]));
    assert_eq!(faults.first().map(String::as_str), Some("metrics: a circle of 2 files"));
}

#[test]
fn prints_unsafe_blocks_and_long_files_are_found() {
    let text = "// println!\nfn f() { eprintln!(\"unsafe\"); }\n#[cfg(test)]\nmod tests;\nfn g() { println!(); unsafe { h() } }\n";
    let tests = "fn f() { println!(); }\n";
    let long = "\n".repeat(401);
    let files = [("lib.rs", ""), ("data/mod.rs", text), ("data/tests.rs", tests), ("cli/mod.rs", "fn f() { println!(); }\n")];
    let tree_ = tree(&[&files[..], &[("data/long.rs", long.as_str())]].concat());
    assert_eq!(rules::prints(&tree_), ["src/data/mod.rs:5: println!", "src/data/mod.rs:2: eprintln!"]);
    assert_eq!(rules::unsafe_code(&tree_), ["src/data/mod.rs:5: unsafe"]);
    assert_eq!(rules::long(&tree_), ["src/data/long.rs: 401 lines"]);
}

#[test]
fn texts_and_comments_are_blank() {
    let code = r##"a("x\"y", 'c', '\'', r#"z"z"#, b"q"); // e
fn f<'a>(x: &'a str) /* g /* h */ i */ {}"##;
    let left: String = blank(code).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(left, "a( , , , , b ); fn f<'a>(x: &'a str) {}");
}
