//! The gallery of bad documents: for each `tests/gallery/NN-name.kdl` the report that its reader sees, kept beside it
//! as `NN-name.txt`. `UPDATE_GALLERY=1 cargo test gallery` writes them anew; read what changed before committing.
//! Numbers 60 to 69 are the room `space`'s: shapes that do not fit.

use super::{Files, Options, Params, load, render};
use std::path::{Path, PathBuf};

struct Folder(PathBuf);

impl Files for Folder {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(self.0.join(path)).map_err(|_| "no such file".to_string())
    }
}

fn folder() -> PathBuf {
    std::env::var_os("NASFLOW_GALLERY").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gallery"), PathBuf::from)
}

/// A first line `// -p name=value …` stands for the command line.
fn params(text: &str) -> Params {
    let words: Vec<&str> = text.lines().next().and_then(|l| l.strip_prefix("// ")).map_or(Vec::new(), |l| l.split(' ').collect());
    let pairs = words.windows(2).filter(|w| w[0] == "-p").filter_map(|w| w[1].split_once('='));
    Params { values: pairs.map(|(n, v)| (n.to_string(), v.to_string())).collect() }
}

#[test]
fn gallery() {
    let folder = folder();
    let update = std::env::var_os("UPDATE_GALLERY").is_some();
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".kdl") && !name.starts_with('6'))
        .collect();
    names.sort();
    assert!(names.len() > 40, "{} documents", names.len());
    let mut different = Vec::new();
    for name in &names {
        let text = String::from_utf8_lossy(&std::fs::read(folder.join(name)).unwrap_or_default()).into_owned();
        let report = match load(&crate::language(), name, &mut Folder(folder.clone()), &params(&text), Options::default()) {
            Ok(pipeline) if pipeline.warnings.is_empty() => "nothing to say\n".to_string(),
            Ok(pipeline) => render::report(&pipeline.sources, &pipeline.warnings, false),
            Err(found) => render::diagnostics(&found, false),
        };
        let path = folder.join(name.replace(".kdl", ".txt"));
        if update {
            std::fs::write(&path, &report).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(report.as_str()) {
            different.push(format!("{name} now reports:\n{report}"));
        }
    }
    assert!(different.is_empty(), "{}\n\nUPDATE_GALLERY=1 accepts these", different.join("\n"));
}

/// Every finding's reasons are printed, and no source line leaves a terminal of 80 columns.
#[test]
fn reasons_are_printed_and_fit_the_terminal() {
    let plain = |text: &str| -> String { text.chars().filter(|c| c.is_ascii_alphanumeric()).collect() };
    for entry in std::fs::read_dir(folder()).into_iter().flatten().flatten() {
        let Some(name) = entry.file_name().to_str().filter(|n| n.ends_with(".kdl") && !n.starts_with('6')).map(str::to_string) else {
            continue;
        };
        let text = String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap_or_default()).into_owned();
        let Err(found) = load(&crate::language(), &name, &mut Folder(folder()), &params(&text), Options::default()) else { continue };
        for report in [render::diagnostics(&found, false), render::on_terminal(&found, false, 80)] {
            let said: String = plain(&report);
            for item in &found.items {
                assert!(said.contains(&plain(&item.message)), "{name}: no {:?} in\n{report}", item.message);
                for (_, reason) in &item.labels {
                    assert!(said.contains(&plain(reason)), "{name}: no {reason:?} in\n{report}");
                }
            }
        }
        let report = render::on_terminal(&found, false, 80);
        for line in report.lines().filter(|l| l.trim_start().starts_with(|c: char| c.is_ascii_digit())) {
            assert!(line.chars().count() <= 80, "{name}: {line}\n{report}");
        }
    }
}
