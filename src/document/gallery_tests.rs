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
