//! Trains a network by a command of one's own.

use super::describe::{self, Network};
use super::folder::Folder;
use super::left::Left;
use super::process::{self, End, Heard};
use super::progress::{Progress, read};
use crate::base::Digest;
use crate::results::Epoch;
use crate::run::job::{JobResult, Rung, RunnerJob, TrainJob, WorkerMessage};
use crate::run::worker::context::Context;
use crate::run::worker::failure::Failure;
use crate::run::worker::training;
use crate::space::Architecture;
use serde_json::json;
use std::collections::BTreeMap;

/// Trains; returns the result and the iterations that the command stands for.
pub fn train(job: &TrainJob, architecture: &Architecture, context: &mut Context) -> Result<(JobResult, u64), Failure> {
    let Some(runner) = &job.runner else { return Err(Failure::Broken("no command".into())) };
    let epochs = job.rungs.last().copied().unwrap_or(0);
    let program = architecture.program().map_err(Failure::Attempt)?;
    let params = training::initial(job, &program, context)?;
    let folder = Folder::new(context)?;
    folder.lay(&runner.command.files, context)?;
    let network =
        Network { architecture, about: &runner.command.about, norm: (job.recipe.bn_eps, job.recipe.bn_momentum), params, onnx: false };
    let network = network.write(&folder)?;
    let images = describe::images(&runner.command.about, Some(job.pack), job.images, &folder, context)?;
    let told = json!({
        "format": describe::FORMAT,
        "do": "train",
        "model": runner.command.about.model,
        "epochs": epochs,
        "seed": job.seed,
        "iterations-per-epoch": job.per_epoch,
        "threads": rayon::current_num_threads(),
        "recipe": job.recipe,
        "decisions": describe::decisions(&runner.command.about),
        "network": network,
        "data": images,
        "reports": runner.reports,
        "out": folder.out(),
        "checkpoints": folder.checkpoints(),
    });
    folder.write("job.json", &describe::bytes(&told)?)?;
    let mut course =
        Course { per_epoch: job.per_epoch as u64, epochs, above: job.recipe.diverged_above, curve: Vec::new(), diverged: None };
    let end = process::run(&runner.command.words, &folder, context, &mut |line, context| course.hear(line, context))?;
    let count = (epochs * job.per_epoch) as u64;
    let Course { curve, diverged, .. } = course;
    let result = match (end, diverged) {
        (_, Some((iteration, reason))) => JobResult::Diverged { iteration, reason, curve, rungs: Vec::new() },
        (End::Enough, None) => return Err(Failure::Broken("a command was ended for nothing".into())),
        (End::Done, None) => {
            let rung = left(runner, &Left::of(&folder.out())?, epochs, &program, context)?;
            JobResult::Trained { rungs: vec![rung], curve }
        }
    };
    folder.remove();
    Ok((result, count))
}

/// What it left, in the store.
fn left(runner: &RunnerJob, left: &Left, epoch: usize, program: &crate::space::Program, context: &Context) -> Result<Rung, Failure> {
    let reported = left.reported(&runner.reports)?;
    let checkpoint = left.checkpoint(&context.blobs)?;
    let weights = match runner.weights {
        true => left.weights(program, &context.blobs)?,
        // What stands for them is what is known of the training: equal trainings are equal.
        false => context.blobs.put(&standing_for(&reported, checkpoint)?)?,
    };
    Ok(Rung { epoch, weights, state: None, choices: None, reported, checkpoint })
}

fn standing_for(reported: &BTreeMap<String, f64>, checkpoint: Option<Digest>) -> Result<Vec<u8>, Failure> {
    describe::bytes(&json!({ "nasflow": "trained elsewhere", "reported": reported, "checkpoint": checkpoint }))
}

/// How a training goes, as it says itself.
struct Course {
    per_epoch: u64,
    epochs: usize,
    /// The loss at which it counts as diverged.
    above: f64,
    curve: Vec<Epoch>,
    diverged: Option<(u64, String)>,
}

impl Course {
    fn hear(&mut self, line: &str, context: &mut Context) -> Heard {
        let done = self.curve.last().map_or(0, |e| e.epoch as u64) * self.per_epoch;
        match read(line) {
            Progress::Other => Heard::Log,
            Progress::Diverged(why) => {
                self.diverged = Some((done, format!("diverged, as its trainer says: {why}")));
                Heard::Enough
            }
            // Epochs go forward, and there are no more than were asked for.
            Progress::Epoch(epoch) if epoch.epoch == 0 || epoch.epoch > self.epochs => Heard::Log,
            Progress::Epoch(epoch) if self.curve.last().is_some_and(|last| last.epoch >= epoch.epoch) => Heard::Taken,
            Progress::Epoch(epoch) => {
                let (loss, done) = (epoch.total(), epoch.epoch as u64 * self.per_epoch);
                if !loss.is_finite() || loss > self.above {
                    self.diverged = Some((done, format!("diverged at epoch {}: loss {loss}", epoch.epoch)));
                    return Heard::Enough;
                }
                self.curve.push(epoch);
                (context.say)(&WorkerMessage::Iteration { done, of: self.epochs as u64 * self.per_epoch, loss });
                Heard::Taken
            }
        }
    }
}
