//! A pipeline and a snapshot of what is known → action keys, what would run, and why.
//!
//! Promises: pure; the same code path serves `plan`, `run` and `show`. A search replays here as a fold over its tickets.
//! Knows nothing of files, processes or tensors: who executes a [`Work`] is the business of `run`.

pub mod action;
pub mod answer;
mod best;
pub mod budget;
pub mod candidate;
pub mod change;
pub mod choose;
pub mod command;
mod compare;
pub mod earlier;
pub mod engine;
pub mod equal;
pub mod evaluation;
pub mod figures;
pub mod grouped;
pub mod lead;
mod learned;
pub mod lesson;
pub mod model;
pub mod past;
pub mod reason;
pub mod recipe;
pub mod repeats;
pub mod replicas;
pub mod request;
mod searches;
mod stages;
mod standing;
pub mod stopping;
pub mod table;
#[cfg(test)]
mod tests;
mod tickets;
pub mod trust;
pub mod unguided;
pub mod warm;
pub mod way;
pub mod work;

pub use action::{Action, Kind};
pub use answer::winner;
pub use best::best;
pub use candidate::Candidate;
pub use command::{Command, Commands, RunnerWork, UsedFile, UsedFiles};
pub use earlier::Earlier;
pub use engine::{Compared, DataInfo, Engine, Known, Point, Replay, SplitInfo, StageReplay};
pub use figures::Figure;
pub use grouped::{Group, Groups, Told};
pub use lesson::Lesson;
pub use model::{Fold, Model, Raced, SeedRun, Slot, State, Step, Subnet, Trained};
pub use past::Past;
pub use reason::Reason;
pub use table::Table;
pub use warm::WeightsFile;
pub use work::{
    CommandWork, CompareWork, CutWork, MetricWork, PredictWork, ProposeWork, PruneWork, Recalibration, Request, SelectWork, Sides,
    SubnetWork, TrainWork, Trainee, UntrainedWork, Work,
};
