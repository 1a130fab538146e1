//! Commands of one's own with the content of what they use: what of them is in keys.

use crate::base::{Canon, Digest};
use crate::document::OwnCommand;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file that a command uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedFile {
    /// Its name from the folder of the pipeline on, with `/` between its parts.
    pub name: String,
    /// The path as the disk knows it.
    pub path: String,
    /// The digest of its bytes.
    pub digest: Digest,
}

/// The files that a command uses, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsedFiles(pub Vec<UsedFile>);

impl UsedFiles {
    /// The digest of names and content; where the files lie is not in it.
    pub fn digest(&self) -> Digest {
        Canon::List(self.0.iter().map(|f| Canon::List(vec![Canon::text(&f.name), f.digest.into()])).collect()).digest()
    }
}

/// What the commands of a pipeline use.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    /// Of trainers, by stage.
    pub runners: BTreeMap<String, Arc<UsedFiles>>,
    /// Of metrics, by name.
    pub metrics: BTreeMap<String, Arc<UsedFiles>>,
    /// Of what proposes, by stage.
    pub proposers: BTreeMap<String, Arc<UsedFiles>>,
}

/// A command that is to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// What it uses.
    pub used: Arc<UsedFiles>,
}

impl Command {
    /// A command with the files that were found for it.
    pub fn new(command: &OwnCommand, used: Option<&Arc<UsedFiles>>) -> Command {
        Command { words: command.words.clone(), used: used.cloned().unwrap_or_default() }
    }

    /// Its words, for a key; the digest of its files is an input.
    pub fn canon(&self) -> Canon {
        Canon::List(self.words.iter().map(Canon::text).collect())
    }
}

/// A trainer of one's own that is to run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunnerWork {
    /// What trains.
    pub command: Command,
    /// The figures that it must report.
    pub reports: Vec<String>,
    /// Whether it must leave weights of its network.
    pub weights: bool,
}
