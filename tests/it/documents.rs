//! Every pipeline that is shown anywhere is parsed: shipped ones and the KDL blocks of README and docs.

use crate::support::{Place, command, real_data, root, said};

#[test]
fn shipped_pipelines_are_valid() {
    for entry in std::fs::read_dir(root().join("pipelines")).expect("pipelines").flatten() {
        let path = entry.path();
        let Some(name) = path.file_name().and_then(|n| n.to_str()).filter(|n| n.ends_with(".kdl")) else { continue };
        let mut arguments = vec!["check".to_string(), path.display().to_string()];
        let sets = [
            ("bccd", "BCCD"),
            ("own", "BCCD"),
            ("scratch", "BCCD"),
            ("mnist", "mnist"),
            ("cifar10", "cifar10-jpeg"),
            ("macro-supernet", "cifar10-jpeg"),
            ("darts", "cifar10-jpeg"),
            ("-proxies", "cifar10-jpeg"),
        ];
        if let Some((_, set)) = sets.iter().find(|(part, _)| name.contains(part)) {
            let Some(data) = real_data(set) else { continue };
            arguments.extend(["-p".into(), format!("root={}", data.display())]);
        }
        if name.contains("own") {
            arguments.extend(["-p".into(), "format=voc".into()]);
        }
        let tables =
            [("macro", "nas-bench-macro/nas-bench-macro_cifar10.json"), ("nasbench201", "nas-bench-201-12ep/nasbench201_12ep.csv")];
        if let Some((_, table)) = tables.iter().find(|(part, _)| name.contains(part)) {
            let Some(table) = real_data(table) else { continue };
            let table = std::fs::canonicalize(table).expect("a path");
            arguments.extend(["-p".into(), format!("table={}", table.display())]);
        }
        let dir = tempfile::tempdir().expect("a directory");
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = said(command(dir.path(), &arguments).output().expect("nasflow starts"));
        assert!(said.ok(), "{name}: {said:?}");
    }
}

#[test]
fn every_shown_pipeline_is_valid() {
    let mut pages: Vec<_> = std::fs::read_dir(root().join("docs")).expect("docs").flatten().map(|e| e.path()).collect();
    pages.push(root().join("README.md"));
    // The blocks of the one are the table's examples of single nodes, which `document`'s own tests read; those of the other are wrong,
    // or their repair (`errors.rs`).
    // `configuration.md` and `scale.md` show no pipelines (`user.rs`).
    pages.retain(|p| !["reference.md", "errors.md", "configuration.md", "scale.md"].iter().any(|page| p.ends_with(page)));
    let mut shown = 0;
    for page in pages.iter().filter(|p| p.extension().is_some_and(|e| e == "md")) {
        let text = std::fs::read_to_string(page).expect("a page");
        for block in blocks(&text) {
            shown += 1;
            let place = Place::new(&complete(&block));
            if block.contains("\"here.json\"") {
                let table = place.nasflow(&["latency-table", "pipeline.kdl"]);
                std::fs::write(place.path().join("here.json"), &table.out).expect("a table");
            }
            for file in ["train.py", "lib/loss.py", "time.sh", "propose.py"] {
                let path = place.path().join(file);
                std::fs::create_dir_all(path.parent().expect("a folder")).and_then(|()| std::fs::write(path, "")).expect("a file");
            }
            let said = place.nasflow(&["check", "pipeline.kdl"]);
            // Data of one's own is not there; everything else of such a block is checked.
            let fine = said.ok() || block.contains("root=") && errors(&said.err).iter().all(|code| *code == "nasflow::data-broken");
            assert!(fine, "{}:\n{block}\n{}", page.display(), said.err);
        }
    }
    assert!(shown > 0, "no KDL block was found in the docs");
}

/// The codes of the errors in a report; warnings are left out.
fn errors(report: &str) -> Vec<&str> {
    let lines: Vec<&str> = report.lines().filter(|l| !l.trim().is_empty()).collect();
    let pairs = lines.windows(2).filter(|pair| pair[0].starts_with("nasflow::") && pair[1].trim_start().starts_with('×'));
    let codes: Vec<&str> = pairs.map(|pair| pair[0].trim()).collect();
    assert!(!codes.is_empty(), "a report without errors:\n{report}");
    codes
}

/// The KDL blocks of a page.
pub fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("```kdl\n") {
        rest = &rest[at + 7..];
        let end = rest.find("\n```").unwrap_or(rest.len());
        blocks.push(rest[..end + 1].to_string());
        rest = &rest[end..];
    }
    blocks
}

/// A fragment becomes a whole file: what it leaves out stands around it.
pub fn complete(block: &str) -> String {
    let has = |node: &str| block.lines().any(|l| l.trim_start().starts_with(node) || l.trim_start() == node);
    let mut text = String::new();
    if !has("pipeline ") {
        text += "pipeline \"shown\"\n";
    }
    if !block.starts_with("data ") && !block.contains("\ndata ") {
        text += "data \"shapes\" generate=shapes images=20 image-size=64 { split train=0.5 val=0.25 test=0.25 }\n";
    }
    // Lines of data alone need nothing around them.
    if block.lines().all(|l| l.is_empty() || l.starts_with("data ")) {
        return text + block;
    }
    if !has("space ") {
        text += "space \"backbone\" { network width=0.125 { input \"shapes\"; conv 64 kernel=3 stride=2; choose \"p2\" { c3 64; skip }; \
                 conv 64 kernel=3 stride=2; conv 64 kernel=3 stride=2 as=\"a\"; conv 64 kernel=3 stride=2 as=\"b\"; \
                 conv 64 kernel=3 stride=2 as=\"c\"; detect \"a\" \"b\" \"c\" anchors=auto } }\n";
    }
    if !has("sample ") {
        text += "sample \"trials\" { from \"backbone\"; strategy random; trials 2 }\n";
    }
    text + block
}

/// Comments cite invariants by the numbers that `docs/architecture.md` gives them, and no notes that are not in the project.
#[test]
fn citations_lead_somewhere() {
    let list = std::fs::read_to_string(root().join("docs/architecture.md")).expect("the map");
    let list = list.split("## Invariants").nth(1).and_then(|s| s.split("\n## ").next()).expect("a list of invariants");
    let last = list.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_digit())).count();
    assert!(last > 10, "the list of invariants is not where this test looks");
    let mut faults = vec![];
    for folder in ["src", "crates", "tests", "benches", "examples", "scripts", "docs", "pipelines"] {
        walk(&root().join(folder), &mut |path, text| {
            for (n, line) in text.lines().enumerate() {
                let lower = line.to_lowercase();
                let number = |word: &str| {
                    let after = lower.split(word).nth(1)?;
                    after.split(|c: char| !c.is_ascii_digit()).next()?.parse::<usize>().ok()
                };
                let notes = concat!("fac", "ts/");
                if number("rule ").is_some() || lower.contains(notes) || number("invariant ").is_some_and(|n| n == 0 || n > last) {
                    faults.push(format!("{}:{}: {}", path.display(), n + 1, line.trim()));
                }
            }
        });
    }
    assert!(faults.is_empty(), "citations of what is not in the project:\n{}", faults.join("\n"));
}

fn walk(folder: &std::path::Path, look: &mut dyn FnMut(&std::path::Path, &str)) {
    for path in std::fs::read_dir(folder).expect("a folder").flatten().map(|e| e.path()) {
        if path.is_dir() {
            walk(&path, look);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            look(&path, &text);
        }
    }
}

/// `docs/reference.md` is the table of `document`, printed; `UPDATE_REFERENCE=1` rewrites it.
#[test]
fn the_reference_page_is_the_table() {
    let page = root().join("docs/reference.md");
    let text = nasflow::document::reference(&nasflow::language());
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&page, &text).expect("written");
    }
    assert_eq!(std::fs::read_to_string(&page).unwrap_or_default(), text, "run the tests once with UPDATE_REFERENCE=1");
}
