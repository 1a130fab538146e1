//! Which executor: the words of the command line, and the numerics class that a run works in.

use super::{DeviceChoice, Executor, executor, fast};
use crate::space::Program;

impl DeviceChoice {
    /// `fast` or `reference`.
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "fast" => Ok(DeviceChoice::Fast),
            "reference" => Ok(DeviceChoice::ReferenceCpu),
            other => Err(format!("`{other}` is no executor: there are `fast` and `reference`")),
        }
    }

    /// The numerics class of its results; the same word as [`Executor::class`].
    pub fn numerics(self) -> &'static str {
        match self {
            DeviceChoice::Fast => fast::CLASS,
            DeviceChoice::ReferenceCpu => "reference-cpu",
            DeviceChoice::ReferenceCuda(_) => "reference-cuda",
        }
    }
}

/// The numerics class of an executor's name.
pub fn numerics(name: &str) -> Result<String, String> {
    Ok(DeviceChoice::named(name)?.numerics().to_string())
}

/// The executor of a name, for batches of up to `max_batch` images.
pub fn executor_named(program: &Program, name: &str, max_batch: usize) -> Result<Box<dyn Executor>, String> {
    executor(program, DeviceChoice::named(name)?, max_batch)
}
