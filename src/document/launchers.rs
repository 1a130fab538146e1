//! `launcher { … }` of the user's configuration: what launchers beside that of this machine need to know.

use super::context::Context;
use super::node_values::Read;
use super::shorten::shorten;
use super::{Diagnostic, Node, Value};
use std::time::Duration;

/// What launchers need to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LauncherSettings {
    /// `slurm`
    pub slurm: SlurmSettings,
    /// `ssh`: the machines, in order.
    pub hosts: Vec<Host>,
}

/// How jobs of a Slurm cluster are asked for. No text has a control character.
#[derive(Clone, Debug, PartialEq)]
pub struct SlurmSettings {
    /// Where jobs are queued.
    pub partition: Option<String>,
    /// What each needs beside processors.
    pub gres: Option<String>,
    /// The time limit of a job.
    pub time: Option<Duration>,
    /// How long before it is over a job is told so.
    pub lead: Duration,
    /// The memory of a job, in bytes.
    pub memory: Option<u64>,
    /// Modules that are loaded.
    pub modules: Vec<String>,
    /// Lines of the job's script.
    pub lines: Vec<String>,
    /// A job that has worked for less takes another trial.
    pub bundle: Duration,
    /// How long files of a job that is gone may take to arrive.
    pub grace: Duration,
}

/// A machine that is reached by `ssh`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// What `ssh` calls it.
    pub name: String,
    /// Trials at a time.
    pub jobs: usize,
}

impl Default for SlurmSettings {
    fn default() -> Self {
        SlurmSettings {
            partition: None,
            gres: None,
            time: None,
            lead: Duration::from_secs(90),
            memory: None,
            modules: Vec::new(),
            lines: Vec::new(),
            bundle: Duration::from_secs(600),
            grace: Duration::from_secs(10),
        }
    }
}

/// Refuses what would be something else than one value in a job's script or among the words of a command.
pub(super) fn check(context: &mut Context, nodes: &[Node]) {
    let inside = |node: &'_ Node| node.children.iter().flat_map(|n| std::iter::once(n).chain(&n.children)).cloned().collect::<Vec<_>>();
    for node in nodes.iter().filter(|n| n.name.value == "launcher").flat_map(inside) {
        for property in &node.properties {
            for value in &property.values {
                let Value::Text(text) = &value.value else { continue };
                let shown = shorten(text);
                let name = &property.name.value;
                if text.chars().any(char::is_control) {
                    let message = format!("`{name}` of `{}` holds a line break or another control character", node.name.value);
                    let d = Diagnostic::error("launcher-value", message, value.span, "one line of text was expected");
                    context.push(d.help("write several lines as several texts: `line \"…\" \"…\"`"));
                } else if name != "line" && (text.is_empty() || text.starts_with('-') || text.contains(char::is_whitespace)) {
                    let message = format!("`{name}` of `{}` cannot be `{shown}`", node.name.value);
                    let d = Diagnostic::error("launcher-value", message, value.span, "a word that is no option was expected");
                    context.push(d.help("options of the cluster's own stand in `line \"#SBATCH …\"`"));
                }
            }
        }
    }
}

/// The values of a `launcher` that the table has checked.
pub(super) fn settings(node: &Node) -> LauncherSettings {
    let child = |name: &str| node.children.iter().find(|n| n.name.value == name);
    let slurm = child("slurm").map(slurm).unwrap_or_default();
    let hosts = child("ssh").map(|ssh| ssh.children.iter().filter_map(host).collect()).unwrap_or_default();
    LauncherSettings { slurm, hosts }
}

fn slurm(node: &Node) -> SlurmSettings {
    let read = Read { node };
    let usual = SlurmSettings::default();
    let text = |name: &str| read.text(name).map(str::to_string);
    let list = |name: &str| {
        let values = node.property(name).map(|p| p.values.as_slice()).unwrap_or_default();
        values.iter().filter_map(|v| if let Value::Text(text) = &v.value { Some(text.clone()) } else { None }).collect()
    };
    SlurmSettings {
        partition: text("partition"),
        gres: text("gres"),
        time: read.time("time"),
        lead: read.time("lead").unwrap_or(usual.lead),
        memory: read.size("memory"),
        modules: list("module"),
        lines: list("line"),
        bundle: read.time("bundle").unwrap_or(usual.bundle),
        grace: read.time("grace").unwrap_or(usual.grace),
    }
}

fn host(node: &Node) -> Option<Host> {
    let read = Read { node };
    Some(Host { name: read.text("name")?.to_string(), jobs: read.count("jobs").unwrap_or(1) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::configuration::configuration;
    use crate::document::render;

    fn read(text: &str) -> Result<LauncherSettings, String> {
        let read = configuration(&crate::language(), "config.kdl", text.as_bytes());
        read.map(|c| c.launcher).map_err(|found| render::diagnostics(&found, false).replace('\n', " "))
    }

    #[test]
    fn every_value_is_read() {
        let found = read(
            r##"launcher {
                slurm {
                    partition "gpu"; gres "gpu:1"; time "2h"; lead "30s"; memory "8GB"; bundle "1m"; grace "2s"
                    module "gcc" "cuda/12"; line "#SBATCH --account=a b" "export A='1'" "export A='1'"
                }
                ssh { host "me@node1" jobs=2; host "node2" }
            }"##,
        )
        .expect("it is right");
        let seconds = Duration::from_secs;
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let slurm = SlurmSettings {
            partition: Some("gpu".into()),
            gres: Some("gpu:1".into()),
            time: Some(seconds(7200)),
            lead: seconds(30),
            memory: Some(8_000_000_000),
            modules: words(&["gcc", "cuda/12"]),
            lines: words(&["#SBATCH --account=a b", "export A='1'", "export A='1'"]),
            bundle: seconds(60),
            grace: seconds(2),
        };
        assert_eq!(found.slurm, slurm);
        let host = |name: &str, jobs| Host { name: name.into(), jobs };
        assert_eq!(found.hosts, [host("me@node1", 2), host("node2", 1)]);
        assert_eq!(read("run jobs=1").expect("right"), LauncherSettings::default());
    }

    #[test]
    fn nothing_becomes_a_second_line_or_an_option() {
        for (text, said) in [
            (r#"launcher { slurm { partition "a\nrm -rf /" } }"#, "holds a line break"),
            (r#"launcher { slurm { line "a\u{7}" } }"#, "control character"),
            (r#"launcher { slurm { gres "--wrap=x" } }"#, "a word that is no option"),
            (r#"launcher { slurm { module "a b" } }"#, "`module` of `slurm` cannot be `a b`"),
            (r#"launcher { ssh { host "-oProxyCommand=x" } }"#, "a word that is no option"),
            (r#"launcher { ssh { host jobs=2 } }"#, "`host` needs `name`"),
            (r#"launcher { slurm { queue "a" } }"#, "there is no node `queue` in `slurm`"),
        ] {
            let report = read(text).expect_err(text);
            assert!(report.contains(said), "{text}:\n{report}");
        }
    }
}
