//! The pipeline that is written: what varies in it, and what both kinds share.

use super::budget::{Length, Plan};
use crate::cli::folder::Words;
use crate::document::{plain, quoted};
use crate::report::number;

/// The column at which comments behind a line begin.
const COMMENT: usize = 52;

/// Fewer trials than this are drawn at random.
const FEW: usize = 16;

/// What no network may exceed.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// The FLOPs of the reference.
    Reference,
    /// So many FLOPs.
    Flops(f64),
    /// So many milliseconds by a table beside the pipeline.
    Latency {
        /// Milliseconds.
        ms: f64,
        /// The name of the table's file.
        table: String,
    },
}

/// What varies.
pub struct Draft {
    /// The name of the pipeline.
    pub name: String,
    /// The file that it stands in, as it is typed.
    pub file: String,
    /// How the images are read; the root as it is written.
    pub words: Words,
    /// What was found, in a line.
    pub found: String,
    /// What else is to be said of the data: a comment a line.
    pub notes: Vec<String>,
    /// Sizes of images, the reference first.
    pub sizes: Vec<usize>,
    /// What no network may exceed.
    pub bound: Bound,
    /// Trials, lengths, finals.
    pub plan: Plan,
    /// Images a batch.
    pub batch: usize,
    /// Workers of a run here.
    pub workers: usize,
}

impl Draft {
    /// The first lines: what the file is for and how it is used.
    pub(super) fn head(&self, what: &str) -> String {
        let about = number::duration(self.plan.total());
        let file = shell(&self.file);
        let run = format!("//   nasflow run {file}");
        let mut text =
            format!("// {what}\n{run}    about {about} on the machine that wrote this; Ctrl-C stops, the same command goes on\n");
        text += &format!("//   nasflow export {file} -o best.safetensors\n");
        text += &format!("// Written by `nasflow init`, which found {}.\n", plain(&self.found));
        self.notes.iter().for_each(|note| text += &format!("// {}\n", plain(note)));
        text += &format!("pipeline {} seed=1\n", quoted(&self.name));
        text += &beside(&format!("param \"trials\" {}", self.plan.trials), "networks that are tried");
        text + &beside(
            &format!("param \"epochs\" {}", self.plan.short.epochs),
            &format!("of a trial; the last trainings take {}", self.plan.long.epochs),
        )
    }

    /// `choice "px" …` and what reads it: the declaration, and what stands behind `input "mine"`.
    pub(super) fn sized(&self, what: &str) -> (String, &'static str) {
        let [reference, others @ ..] = &self.sizes[..] else { return (String::new(), "") };
        if others.is_empty() {
            return (String::new(), "");
        }
        let sizes: Vec<String> = self.sizes.iter().map(ToString::to_string).collect();
        let line = format!("    choice \"px\" {}", sizes.join(" "));
        (beside(&line, &format!("the first is the reference: {what} at {reference} pixels")), " image-size=(choice)\"px\"")
    }

    /// The line `require`.
    pub(super) fn require(&self, reference: &str) -> String {
        match &self.bound {
            Bound::Reference => beside("    require flops max=1.0 of=reference", &format!("never costlier than {reference}")),
            Bound::Flops(flops) => format!("    require flops max={flops:e}\n"),
            Bound::Latency { ms, table } => beside(
                &format!("    require table-latency max={ms} latency-table={}", quoted(table)),
                "milliseconds of an image on the machine that wrote this",
            ),
        }
    }

    /// Metrics of the bound beside those of the score, and the line that they need.
    pub(super) fn costs(&self) -> (&'static str, String) {
        match &self.bound {
            Bound::Latency { table, .. } => ("params flops table-latency", format!("; latency-table {}", quoted(table))),
            _ => ("params flops", String::new()),
        }
    }

    /// Few trials are best drawn at random: evolution would go on from the luck of the first ones.
    pub(super) fn strategy(&self) -> String {
        if self.plan.trials < FEW {
            return "strategy random".into();
        }
        let population = (self.plan.trials / 4).clamp(4, 16);
        format!("strategy evolution population={population} tournament=3")
    }

    /// What the search is told: random trials are told nothing.
    pub(super) fn objective(&self, metric: &str) -> String {
        if self.plan.trials < FEW { String::new() } else { format!("    objective \"score\" maximize={metric}\n") }
    }

    /// As many trials at once as there are workers, at least 2; random ones need not be told.
    pub(super) fn window(&self) -> String {
        if self.plan.trials < FEW { String::new() } else { format!(" window={}", self.workers.clamp(2, 4)) }
    }
}

/// `; images 0.25`, where fewer than all are trained on.
pub(super) fn share(length: &Length) -> String {
    if length.share < 1.0 { format!("; images {}", length.share) } else { String::new() }
}

/// A line with a comment behind it.
pub(super) fn beside(line: &str, comment: &str) -> String {
    let gap = COMMENT.saturating_sub(line.chars().count()).max(2);
    format!("{line}{}// {comment}\n", " ".repeat(gap))
}

/// A word as a shell takes it.
pub fn shell(word: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || "._-/+=:@%".contains(c);
    if !word.is_empty() && word.chars().all(simple) { word.to_string() } else { format!("'{}'", plain(word).replace('\'', r"'\''")) }
}
