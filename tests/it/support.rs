//! A fresh directory with a small pipeline, and the real binary to run on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A search of seconds: 24 images of 64 px, a network of a few layers.
pub const SMALL: &str = include_str!("../../pipelines/reproducible.kdl");

/// A directory of its own with `pipeline.kdl` and a store.
pub struct Place {
    pub dir: TempDir,
}

impl Place {
    pub fn new(pipeline: &str) -> Place {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let place = Place { dir };
        place.write(pipeline);
        place
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, pipeline: &str) {
        std::fs::write(self.path().join("pipeline.kdl"), pipeline).expect("the pipeline is written");
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        command(self.path(), arguments)
    }

    pub fn nasflow(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().expect("nasflow starts"))
    }

    /// Runs and must succeed.
    pub fn run(&self) -> Said {
        let said = self.nasflow(&["run", "pipeline.kdl"]);
        assert!(said.ok(), "{said:?}");
        said
    }

    pub fn digests(&self) -> String {
        let said = self.nasflow(&["show", "pipeline.kdl", "--digests"]);
        assert!(said.ok(), "{said:?}");
        said.out
    }

    /// `plan` as JSON.
    pub fn plan(&self) -> serde_json::Value {
        let said = self.nasflow(&["plan", "pipeline.kdl", "--json"]);
        assert!(said.ok(), "{said:?}");
        serde_json::from_str(&said.out).expect("the plan is JSON")
    }
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn ok(&self) -> bool {
        self.code == Some(0)
    }

    /// How many actions of a kind the closing line says were executed.
    pub fn executed(&self, kind: &str) -> usize {
        let line = self.out.lines().rfind(|l| l.starts_with("executed ") || l.starts_with("nothing executed")).expect("a closing line");
        line.trim_start_matches("executed ")
            .split(", ")
            .find_map(|part| part.strip_suffix(kind).and_then(|n| n.trim().parse().ok()))
            .unwrap_or(0)
    }

    pub fn nothing_executed(&self) -> bool {
        self.out.contains("nothing executed")
    }
}

pub fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nasflow"));
    command.current_dir(dir).args(arguments).env_remove("NASFLOW_CACHE").env("NASFLOW_CONFIG", "").env("NO_COLOR", "1");
    command
}

pub fn said(output: Output) -> Said {
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The project's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Real data beside the project; says that the test is skipped where it is absent.
pub fn real_data(name: &str) -> Option<PathBuf> {
    let base = std::env::var_os("NASFLOW_TEST_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let path = base.join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is absent", path.display());
    None
}

/// Whether the long forms run.
pub fn long() -> bool {
    std::env::var_os("NASFLOW_LONG").is_some_and(|v| v != "0")
}

/// A Python that has these modules; says that the test is skipped where there is none.
pub fn python(modules: &str) -> Option<PathBuf> {
    let named = std::env::var_os("NASFLOW_PYTHON").map(PathBuf::from);
    let candidates = named.into_iter().chain([root().join("target/pytorch/bin/python"), "python3".into()]);
    let has = |p: &PathBuf| Command::new(p).args(["-c", &format!("import {modules}")]).output().is_ok_and(|o| o.status.success());
    let found = candidates.into_iter().find(has);
    if found.is_none() {
        eprintln!("skipped: no Python with {modules}; `NASFLOW_PYTHON` may name one");
    }
    found
}
