//! The page of a search while it runs: the page of the report, with a panel that says how far the run is. Results change the facts, which
//! the page asks for and draws anew; how far trials are changes all the time, so it is a small document of its own.

use super::page::{Facts, Live as Asks};
use crate::document::Pipeline;
use crate::plan::{Replay, State};
use crate::run::live::{Said, Working};
use crate::run::todo::expected;
use serde::Serialize;

const STYLE: &str = include_str!("panel.css");
const SCRIPT: &str = include_str!("panel.js");

/// Milliseconds between two questions of a page whether there are newer facts.
const EVERY: u32 = 1500;

/// The page: it shows these facts at once, and then those that its server has.
pub fn page(facts: &Facts) -> String {
    let page = super::page::page(facts, Some(&Asks { url: "/facts.json".into(), every: EVERY }));
    let panel = format!("<style>\n{STYLE}</style>\n<script>\n{SCRIPT}</script>\n");
    // Names of the file stand before the page's own end, and none of them can look like it.
    match page.rfind("</body>") {
        Some(end) => format!("{}{panel}{}", &page[..end], &page[end..]),
        None => page + &panel,
    }
}

/// How far a stage is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// `sample`, `train`, …
    pub kind: &'static str,
    /// Models done or failed.
    pub done: usize,
    /// Models that it will have, at most.
    pub of: usize,
}

fn stages(pipeline: &Pipeline, replay: &Replay) -> Vec<Stage> {
    let each = pipeline.stages.iter().zip(&replay.stages).map(|(stage, seen)| {
        let known = seen.slots.len();
        let points = stage.evaluate().map_or(1, |e| e.at.len().max(1));
        let of = if seen.complete { known } else { (expected(pipeline, &stage.name.value) * points).max(known) };
        let done = seen.slots.iter().filter(|s| s.state != State::Pending).count();
        Stage { name: stage.name.value.clone(), kind: stage.kind.word(), done, of }
    });
    each.collect()
}

/// How a search stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// A run is at work.
    Running,
    /// A run is at work, and was asked to stop.
    Stopping,
    /// Nothing is left to do.
    Finished,
    /// Something is left to do, and no run is at work: it ended, was stopped or was killed.
    Stopped,
    /// Nothing was done yet, and no run is at work.
    #[default]
    NotBegun,
}

/// How far a search is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Live {
    /// How it stands.
    pub standing: Standing,
    /// The same in words.
    pub words: String,
    /// When the run began that is at work, in seconds since 1970.
    pub begun: Option<u64>,
    /// Seconds that it will still take, where that is known.
    pub seconds_left: Option<f64>,
    /// How far each stage is.
    pub stages: Vec<Stage>,
    /// What is in work.
    pub working: Vec<Working>,
    /// What names the facts that there are.
    pub facts: String,
    /// Why the facts are older than what is there.
    pub problem: Option<String>,
}

impl Standing {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Running => "running",
            Standing::Stopping => "stopping",
            Standing::Finished => "finished",
            Standing::Stopped => "stopped",
            Standing::NotBegun => "not begun",
        }
    }
}

impl Live {
    /// Of a replay, without a run.
    pub fn of(pipeline: &Pipeline, replay: &Replay) -> Live {
        let stages = stages(pipeline, replay);
        let begun = stages.iter().zip(&replay.stages).any(|(_, seen)| seen.slots.iter().any(|s| s.steps.iter().any(|step| step.known)));
        let (standing, words) = match (replay.finished(), begun) {
            (true, _) => (Standing::Finished, "finished"),
            (false, true) => (Standing::Stopped, "stopped: no run is at work; `nasflow run` goes on"),
            (false, false) => (Standing::NotBegun, "not begun: `nasflow run` begins"),
        };
        Live { standing, words: words.into(), stages, ..Live::default() }
    }

    /// With what a run says of itself, where one is at work.
    pub fn with(&self, said: Option<&Said>, facts: &str, problem: Option<&str>) -> Live {
        let mut live = Live { facts: facts.into(), problem: problem.map(str::to_string), ..self.clone() };
        let Some(said) = said else { return live };
        let (standing, words) = match said.stopping {
            true => (Standing::Stopping, "stopping: trials in work write checkpoints"),
            false => (Standing::Running, "running"),
        };
        (live.standing, live.words) = (standing, words.into());
        live.begun = Some(said.begun).filter(|b| *b > 0);
        live.seconds_left = said.seconds_left;
        live.working.clone_from(&said.working);
        // The run knows first: it counts what the facts do not show yet.
        for (name, done, of) in &said.stages {
            if let Some(stage) = live.stages.iter_mut().find(|s| s.name == *name && s.done <= *done) {
                (stage.done, stage.of) = (*done, *of);
            }
        }
        live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panel_stands_at_the_end_whatever_names_say() {
        let facts = Facts { pipeline: "</body><script>alert(1)</script>".into(), ..Facts::default() };
        let (page, plain) = (page(&facts), super::super::page::page(&facts, None));
        assert!(!page.contains("<script>alert"));
        assert!(page.trim_end().ends_with("</script>\n</body>\n</html>"), "{}", &page[page.len() - 200..]);
        // The page's own flag and the panel are all that there is more.
        assert_eq!(page.matches("<script").count(), plain.matches("<script").count() + 2);
        assert!(page.contains("window.nasflowLive"));
    }

    #[test]
    fn a_run_at_work_is_running_whatever_the_facts_say() {
        let stage = |done| Stage { name: "s".into(), kind: "train", done, of: 4 };
        let before = Live { standing: Standing::Stopped, stages: vec![stage(1)], ..Live::default() };
        let working = vec![Working { label: "s: t #1".into(), done: 3, of: 9, ..Working::default() }];
        let mut said = Said { begun: 7, stages: vec![("s".into(), 2, 5)], working, ..Said::default() };
        let live = before.with(Some(&said), "tag", None);
        assert_eq!((live.standing, live.begun, live.stages[0].done, live.stages[0].of), (Standing::Running, Some(7), 2, 5));
        assert_eq!((live.working.len(), live.facts.as_str()), (1, "tag"));
        said.stopping = true;
        assert_eq!(before.with(Some(&said), "", None).standing, Standing::Stopping);
        let dead = before.with(None, "", Some("why"));
        assert_eq!((dead.standing, dead.working.len(), dead.problem.as_deref()), (Standing::Stopped, 0, Some("why")));
        // Facts that are newer than what was said stay.
        said.stages = vec![("s".into(), 0, 5)];
        assert_eq!(before.with(Some(&said), "", None).stages[0].done, 1);
    }
}
