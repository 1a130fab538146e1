//! The user's configuration file, by the same guard, parser and table as pipelines.

use super::context::Context;
use super::language::Language;
use super::launchers::{self, LauncherSettings};
use super::node_values::Read;
use super::raw::Convert;
use super::{Diagnostic, Diagnostics, Node, Span, Value, decode, include};
use std::time::Duration;

/// What a user sets for all runs. Nothing here changes a bit of any result; what is not written is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    /// `run`
    pub run: RunSettings,
    /// `store`
    pub store: StoreSettings,
    /// `launcher`
    pub launcher: LauncherSettings,
    /// All that is written, in order: (`run timeout`, `30m`).
    pub written: Vec<(String, String)>,
}

/// How runs run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunSettings {
    /// Trials at a time.
    pub jobs: Option<usize>,
    /// Threads of each.
    pub threads: Option<usize>,
    /// Who works on them: `local`, `slurm`, `ssh`.
    pub launcher: Option<String>,
    /// Longest time of an attempt.
    pub timeout: Option<Duration>,
    /// Attempts after the first.
    pub retries: Option<usize>,
    /// Most bytes of memory of a trial.
    pub memory: Option<u64>,
    /// A run pauses after so long.
    pub until: Option<Duration>,
    /// Longest time between checkpoints.
    pub checkpoint: Option<Duration>,
    /// Whether a run waits for room on a full disk.
    pub wait_for_space: Option<WaitForSpace>,
}

/// What a run does where the disk is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaitForSpace {
    /// It ends with an error.
    #[default]
    No,
    /// It waits for room, so long at most.
    For(Duration),
    /// It waits until there is room.
    Ever,
}

/// What stores keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreSettings {
    /// Most bytes of optimiser states of finished trials.
    pub states: Option<u64>,
    /// The last runs of every pipeline that are kept.
    pub keep_runs: Option<usize>,
    /// Where results are shared.
    pub remote: Option<RemoteSettings>,
}

/// Where results are shared, and with whom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteSettings {
    /// The place.
    pub address: String,
    /// Whether results come from there.
    pub read: Option<bool>,
    /// Whether results go there.
    pub write: Option<bool>,
    /// Longest time without an answer.
    pub timeout: Option<Duration>,
    /// Public keys of those whose results are taken for true, as they are written.
    pub trust: Vec<String>,
}

/// Reads a configuration; `path` is what findings call it. A file with nothing in it sets nothing.
///
/// # Errors
/// All errors of the file.
pub fn configuration(language: &Language, path: &str, bytes: &[u8]) -> Result<Configuration, Diagnostics> {
    let mut context = Context::new(language);
    context.sources.files.push((path.to_string(), String::new()));
    context.parsed.push(String::new());
    let Some(document) = include::parsed(&mut context, 0, bytes) else {
        let empty = |found: &[Diagnostic]| matches!(found, [one] if one.code == "empty-file");
        return if empty(&context.found) { Ok(Configuration::default()) } else { Err(context.finish()) };
    };
    let mut convert = Convert { context: &mut context, params: &[], file: 0 };
    let raw: Vec<Node> = document.nodes().iter().map(|node| convert.node(node)).collect();
    let nodes = decode::configuration(&mut context, raw);
    launchers::check(&mut context, &nodes);
    if context.failed() {
        return Err(context.finish());
    }
    Ok(typed(&nodes))
}

/// The values of nodes that the table has checked.
fn typed(nodes: &[Node]) -> Configuration {
    let mut out = Configuration::default();
    for node in nodes {
        let read = Read { node };
        written(&node.name.value, node, &mut out.written);
        match node.name.value.as_str() {
            "run" => {
                out.run = RunSettings {
                    jobs: read.count("jobs"),
                    threads: read.count("threads"),
                    launcher: read.text("launcher").map(str::to_string),
                    timeout: read.time("timeout"),
                    retries: read.count("retries"),
                    memory: read.size("memory"),
                    until: read.time("for"),
                    checkpoint: read.time("checkpoint"),
                    wait_for_space: match read.value("wait-for-space") {
                        Some(Value::Bool(true)) => Some(WaitForSpace::Ever),
                        Some(Value::Bool(false)) => Some(WaitForSpace::No),
                        _ => read.time("wait-for-space").map(WaitForSpace::For),
                    },
                }
            }
            "store" => {
                let remote = node.children.iter().find(|child| child.name.value == "remote").map(remote);
                out.store = StoreSettings { states: read.size("states"), keep_runs: read.count("keep-runs"), remote };
            }
            "launcher" => out.launcher = launchers::settings(node),
            _ => {}
        }
    }
    out
}

/// What a node and those in it set, with the names of the nodes before each.
fn written(place: &str, node: &Node, out: &mut Vec<(String, String)>) {
    for property in &node.properties {
        let values: Vec<String> = property.values.iter().map(|v| v.value.to_string()).collect();
        out.push((format!("{place} {}", property.name.value), values.join(" ")));
    }
    for child in &node.children {
        written(&format!("{place} {}", child.name.value), child, out);
    }
}

fn remote(node: &Node) -> RemoteSettings {
    let read = Read { node };
    let trusted = node.children.iter().filter(|child| child.name.value == "trust");
    RemoteSettings {
        address: read.text("address").unwrap_or_default().to_string(),
        read: read.flag("read"),
        write: read.flag("write"),
        timeout: read.time("timeout"),
        trust: trusted.filter_map(|child| Read { node: child }.text("key").map(str::to_string)).collect(),
    }
}

/// That a configuration cannot be read, as a report about it.
pub fn unreadable(path: &str, why: &str) -> Diagnostics {
    let mut context = Context::default();
    context.sources.files.push((path.to_string(), String::new()));
    let d = Diagnostic::error("no-file", format!("the configuration `{path}` cannot be read: {why}"), Span::default(), "this file");
    context.push(d.help("`NASFLOW_CONFIG` names it; empty, it names none"));
    context.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::render;

    fn read(text: &str) -> Result<Configuration, String> {
        configuration(&crate::language(), "config.kdl", text.as_bytes()).map_err(|found| render::diagnostics(&found, false))
    }

    #[test]
    fn every_value_is_read() {
        let all = "run { jobs 3; threads 2; launcher slurm; timeout \"90s\"; retries 0; memory \"8GiB\"; for \"8h\"; checkpoint \"1m\"; wait-for-space \"10m\" }\n\
                   store states=\"1GB\" keep-runs=5 // more";
        let found = read(all).expect("it is right");
        let seconds = |s| Some(Duration::from_secs(s));
        let run = RunSettings {
            jobs: Some(3),
            threads: Some(2),
            launcher: Some("slurm".into()),
            timeout: seconds(90),
            retries: Some(0),
            memory: Some(8 << 30),
            until: seconds(28_800),
            checkpoint: seconds(60),
            wait_for_space: Some(WaitForSpace::For(Duration::from_secs(600))),
        };
        assert_eq!(found.run, run);
        assert_eq!(found.store, StoreSettings { states: Some(1_000_000_000), keep_runs: Some(5), remote: None });
        assert_eq!(found.written.len(), 11);
        assert_eq!(found.written[3], ("run timeout".to_string(), "90s".to_string()));
        assert_eq!(read("run wait-for-space=#true").expect("right").run.wait_for_space, Some(WaitForSpace::Ever));
        assert_eq!(read("run wait-for-space=#false").expect("right").run.wait_for_space, Some(WaitForSpace::No));
        for nothing in ["", "  \n", "// only this\n", "/- run { jobs 3 }"] {
            assert_eq!(read(nothing), Ok(Configuration::default()), "{nothing:?}");
        }
    }

    #[test]
    fn a_remote_stands_in_the_store() {
        let found = read(
            "store { keep-runs 2; remote \"s3://b/team\" { write #false; timeout \"3s\"; trust \"nasflow:A=\" name=\"anna\"; trust \"nasflow:B=\" } }",
        )
        .expect("it is right");
        let trust = vec!["nasflow:A=".to_string(), "nasflow:B=".to_string()];
        let timeout = Some(Duration::from_secs(3));
        let wanted = RemoteSettings { address: "s3://b/team".into(), read: None, write: Some(false), timeout, trust };
        assert_eq!(found.store.remote, Some(wanted));
        let names: Vec<&str> = found.written.iter().map(|w| w.0.as_str()).collect();
        assert!(names.contains(&"store remote address") && names.contains(&"store remote trust key"), "{names:?}");
        assert_eq!(read("store { remote \"/mnt/team\" }").expect("right").store.remote.expect("one").address, "/mnt/team");
    }

    #[test]
    fn what_is_wrong_is_shown_in_its_place() {
        for (text, said) in [
            ("run { job 3 }", "did you mean `jobs`?"),
            ("rum { jobs 3 }", "did you mean `run`?"),
            ("run jobs=0", "at least 1"),
            ("run timeout=30", "a time such as `90s`, `30m` or `8h`"),
            ("run memory=\"8G\"", "a size such as `500MB`, `8GB` or `8GiB`"),
            ("run memory=8GB", "config.kdl"),
            ("run { jobs 1 2 }", "takes one value"),
            ("run jobs=1\nrun jobs=2", "only once in the configuration file"),
            ("data \"x\"", "`data` does not stand in the configuration file"),
            ("slurm { }", "there is no node `slurm` in the configuration file"),
            ("run launcher=slrum", "did you mean `slurm`?"),
            ("remote { }", "there is no node `remote` in the configuration file"),
            ("store { remote }", "address"),
            ("store { remote \"a\" { trsut \"b\" } }", "did you mean `trust`?"),
            ("store { remote \"a\" { timeout 3 } }", "a time such as"),
            ("store { remote \"a\"; remote \"b\" }", "only once"),
            ("pipeline \"x\"", "at the top of a pipeline"),
            ("frobnicate 1", "in the configuration file stand `run`, `store`, `launcher`"),
            ("run { jobs", "never closed"),
        ] {
            let report = read(text).expect_err(text);
            assert!(report.replace('\n', " ").contains(said), "{text}:\n{report}");
            assert!(report.contains("config.kdl"), "{report}");
        }
    }

    #[test]
    fn a_pipeline_has_no_words_of_the_configuration() {
        let report = crate::document::load::load(
            &crate::language(),
            "p.kdl",
            &mut One("pipeline \"x\"\nrun { jobs 3 }"),
            &crate::document::Params::default(),
            include::Options::default(),
        );
        let report = render::diagnostics(&report.expect_err("no pipeline"), false);
        assert!(report.contains("there is no node `run` at the top of a file"), "{report}");
    }

    struct One(&'static str);

    impl include::Files for One {
        fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
            Ok(self.0.into())
        }
    }
}
