//! What a worker is given, what it says, and what it leaves: all of it files or lines of JSON, wherever it works.

mod command;
pub mod files;
pub mod follow;
mod message;
mod result;
mod task;
mod untrained;

pub use command::{About, CommandJob, CommandSpec, Images, ProposeJob, RunnerJob};
pub use message::{WorkerMessage, exit};
pub use result::{Checkpoint, JobResult, Rung};
pub use task::{
    Assignment, FORMAT, Job, LatencyJob, PredictJob, RecalibrationJob, SpaceSpec, SubnetJob, SupernetTrainee, TeacherJob, TrainJob,
    Trainee, Warm,
};
pub use untrained::{UntrainedJob, UntrainedJobs, UntrainedResult};
