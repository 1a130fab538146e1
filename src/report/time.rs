//! What is left to do, and how long that takes, as sentences.

use super::number::{self, counted};
use crate::run::todo::{Basis, Speed, Todo};

/// `to do: at most 28 iterations (192 images trained), 72 images evaluated`
pub fn todo(todo: &Todo) -> String {
    let count = |n: u64, noun: &str| counted(n as usize, noun);
    format!(
        "to do: at most {} ({} trained), {} evaluated",
        count(todo.iterations, "iteration"),
        count(todo.trained_images, "image"),
        count(todo.evaluated_images, "image")
    )
}

/// `time: about 12 min 5 s, by …`
pub fn time(todo: &Todo, speed: Option<&Speed>) -> String {
    match speed {
        _ if todo.is_nothing() => "time: a moment; nothing is left to train or to evaluate on images".into(),
        Some(speed) => match speed.seconds(todo) {
            Some(seconds) => format!("time: about {}, {}", number::duration(seconds), basis(&speed.basis)),
            None => "time: not known: a command of your own trains, and was never timed here".into(),
        },
        None if todo.commanded > 0.0 => "time: not known: a command of your own trains".into(),
        None => "time: not known for this executor: `nasflow run --smoke` measures it".into(),
    }
}

fn basis(basis: &Basis) -> String {
    match basis {
        Basis::History => "by what this machine took before".into(),
        Basis::Products { rate } => {
            format!("by this machine's matrix products ({:.0} GFLOP/s); its own trainings will say better", rate / 1e9)
        }
    }
}
