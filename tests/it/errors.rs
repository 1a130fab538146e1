//! `docs/errors.md` and `nasflow help CODE`: every code is explained, every example has its error, and every repair is one.

use crate::documents::complete;
use crate::support::{Place, root};
use nasflow::document::{self, Files, Options, Params, codes};
use std::collections::BTreeSet;
use std::path::Path;

/// The codes that the sources and the gallery give: `Diagnostic::error("CODE"`, and what wraps it.
fn given() -> BTreeSet<String> {
    fn walk(folder: &Path, texts: &mut Vec<String>) {
        for path in std::fs::read_dir(folder).expect("a folder").flatten().map(|e| e.path()) {
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("").to_string();
            if path.is_dir() && name != "tests" {
                walk(&path, texts);
            } else if name.ends_with(".rs") && !name.contains("test") {
                let text = std::fs::read_to_string(&path).expect("a source");
                texts.push(text.split("#[cfg(test)]\nmod ").next().unwrap_or("").to_string());
            }
        }
    }
    let mut texts = Vec::new();
    walk(&root().join("src"), &mut texts);
    let mut codes = BTreeSet::new();
    for text in &texts {
        for call in ["error(", "error_help(", "warning(", ".say("] {
            for rest in text.split(call).skip(1) {
                let code = rest.trim_start().strip_prefix('"').and_then(|r| r.split_once("\",")).map(|(code, _)| code);
                let is_code = |c: &&str| !c.is_empty() && c.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
                codes.extend(code.filter(is_code).map(String::from));
            }
        }
        codes.extend(text.split("=> \"store::").skip(1).filter_map(|r| r.split_once('"')).map(|(code, _)| format!("store::{code}")));
        codes.extend(text.split("=> \"remote::").skip(1).filter_map(|r| r.split_once('"')).map(|(code, _)| format!("remote::{code}")));
        codes.extend(text.split("=> \"run::").skip(1).filter_map(|r| r.split_once('"')).map(|(code, _)| format!("run::{code}")));
    }
    for file in std::fs::read_dir(root().join("tests/gallery"))
        .expect("the gallery")
        .flatten()
        .filter(|e| e.path().extension().is_some_and(|e| e == "txt"))
    {
        let text = std::fs::read_to_string(file.path()).expect("a report");
        codes.extend(text.lines().filter_map(|l| l.strip_prefix("nasflow::")).map(|l| l.trim().to_string()));
    }
    codes
}

#[test]
fn every_code_is_explained() {
    let given = given();
    assert!(given.len() > 180, "{} codes", given.len());
    let mut explained = BTreeSet::new();
    for (code, _) in codes::all() {
        assert!(codes::section(code).is_some_and(|s| s.contains("\nRead on: ")), "`{code}` does not say where to read on");
        assert!(explained.insert(code.to_string()), "`{code}` is explained twice");
    }
    let missing: Vec<&String> = given.difference(&explained).collect();
    assert!(missing.is_empty(), "docs/errors.md does not explain {missing:?}");
    let sources = std::process::Command::new("grep").args(["-rhoE", "\"[a-z:-]+\"", "src"]).current_dir(root()).output();
    if let Ok(sources) = sources {
        let words = String::from_utf8_lossy(&sources.stdout).into_owned();
        let words: BTreeSet<&str> = words.lines().map(|l| l.trim_matches('"')).collect();
        let idle: Vec<&String> = explained.iter().filter(|c| !words.contains(c.as_str())).collect();
        assert!(idle.is_empty(), "docs/errors.md explains {idle:?}, which nothing says");
    }
}

struct One<'t>(&'t str);

impl Files for One<'_> {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        if path == "pipeline.kdl" { Ok(self.0.into()) } else { Err("no such file".into()) }
    }
}

/// The codes and whether they are errors, of a whole file; where decoding has nothing to say, those of `nasflow check`.
fn said(text: &str) -> Vec<(String, bool)> {
    let all = nasflow::editor::examine(&nasflow::language(), "pipeline.kdl", &mut One(text), Options::default());
    let found = |items: &[document::Diagnostic]| {
        items.iter().map(|d| (d.code.to_string(), d.severity == document::Severity::Error)).collect::<Vec<_>>()
    };
    let early = found(&all.items);
    let failed = document::load(&nasflow::language(), "pipeline.kdl", &mut One(text), &Params::default(), Options::default()).is_err();
    if failed || early.iter().any(|(_, error)| *error) {
        return early;
    }
    let checked = Place::new(text).nasflow(&["check", "pipeline.kdl"]);
    let lines: Vec<&str> = checked.err.lines().filter(|l| !l.trim().is_empty()).collect();
    let pairs =
        lines.windows(2).filter_map(|p| Some((p[0].strip_prefix("nasflow::")?.trim().to_string(), p[1].trim_start().starts_with('×'))));
    early.into_iter().chain(pairs).collect()
}

#[test]
fn every_example_fails_and_every_repair_is_one() {
    let mut tried = 0;
    let mut faults = Vec::new();
    for (code, text) in codes::all() {
        match codes::examples(text).as_slice() {
            [wrong, right] => {
                tried += 1;
                let got = said(&complete(wrong));
                if !got.iter().any(|(c, _)| c == code) {
                    faults.push(format!("{code}: the example gives {got:?}\n{}", complete(wrong)));
                }
                let got = said(&complete(right));
                if got.iter().any(|(c, error)| c == code || *error) {
                    faults.push(format!("{code}: the repair gives {got:?}\n{}", complete(right)));
                }
            }
            [] => assert!(text.contains("No example: "), "{code} has no example and does not say why"),
            several => faults.push(format!("{code} has {} examples", several.len())),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(tried > 110, "{tried} examples");
}

#[test]
fn help_explains_codes_and_commands() {
    let place = Place::new("pipeline \"p\"\ntrian \"t\" { }\n");
    let failed = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(failed.err.contains("nasflow::unknown-node") && failed.err.contains("`nasflow help unknown-node`"), "{failed:?}");
    for code in ["unknown-node", "nasflow::unknown-node"] {
        let said = place.nasflow(&["help", code]);
        assert!(said.ok() && said.out.starts_with("nasflow::unknown-node\n") && said.out.contains("Repaired:"), "{said:?}");
        assert!(said.out.ends_with("`nasflow docs language` explains them.\n"), "{said:?}");
    }
    // A command that is a code, too.
    assert!(place.nasflow(&["help", "compare"]).out.contains("--seeds"));
    assert!(place.nasflow(&["help", "nasflow::compare"]).out.starts_with("nasflow::compare\n"));
    let said = place.nasflow(&["help", "store::full"]);
    assert!(said.ok() && said.out.contains("The disk is full"), "{said:?}");
    let list = place.nasflow(&["help", "codes"]);
    assert!(list.ok() && list.out.lines().count() > 150, "{list:?}");
    for (words, part) in [
        (vec!["help"], "Usage: nasflow <COMMAND>"),
        (vec!["help", "run"], "nasflow run pipelines/yolov5.kdl"),
        (vec!["help", "data", "show"], "--sheet"),
    ] {
        let said = place.nasflow(&words);
        assert!(said.ok() && said.out.contains(part), "{words:?}: {said:?}");
    }
    let wrong = place.nasflow(&["help", "unknown-nod"]);
    assert!(!wrong.ok() && wrong.err.contains("did you mean `nasflow help unknown-node`?"), "{wrong:?}");
    assert!(!place.nasflow(&["help", "data", "xyzzy"]).ok());
}

#[test]
fn pages_shells_and_manuals_are_in_the_program() {
    let place = Place::new("");
    let page = place.nasflow(&["docs", "language"]);
    assert_eq!(page.out, std::fs::read_to_string(root().join("docs/language.md")).expect("it is there"));
    let list = place.nasflow(&["docs"]);
    assert!(list.ok() && list.out.contains("glossary") && list.out == place.nasflow(&["docs", "--list"]).out, "{list:?}");
    let found = place.nasflow(&["docs", "--search", "supernet"]);
    assert!(found.ok() && found.out.contains("glossary:"), "{found:?}");
    let none = place.nasflow(&["docs", "langage"]);
    assert!(!none.ok() && none.err.contains("did you mean `language`?"), "{none:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = place.nasflow(&["completions", shell]);
        assert!(said.ok() && said.out.contains("latency-table") && !said.out.contains("worker"), "{shell}: {}", said.out);
    }
    let man = place.nasflow(&["man", "pages"]);
    assert!(man.ok(), "{man:?}");
    let run = std::fs::read_to_string(place.path().join("pages/nasflow-run.1")).expect("a page");
    assert!(run.contains(".TH nasflow-run 1") && run.contains("checkpoint"), "{run}");
    assert!(place.path().join("pages/nasflow-data-show.1").exists() && !place.path().join("pages/nasflow-worker.1").exists());
}

/// What the shells say of their own scripts.
#[test]
fn shells_can_read_their_completions() {
    let place = Place::new("");
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "-n")] {
        let script = place.path().join(format!("c.{shell}"));
        std::fs::write(&script, place.nasflow(&["completions", shell]).out).expect("written");
        match std::process::Command::new(shell).arg(check).arg(&script).output() {
            Ok(said) => assert!(said.status.success(), "{shell}: {}", String::from_utf8_lossy(&said.stderr)),
            Err(_) => eprintln!("skipped: {shell} is absent"),
        }
    }
}
