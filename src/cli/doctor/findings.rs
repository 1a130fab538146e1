//! What `nasflow doctor` finds.

use super::{libraries, machine, place, user};
use crate::nn::Gpu;
use serde::Serialize;

/// Everything that is found. The JSON is this, field by field.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Findings {
    /// The version of nasflow.
    pub version: &'static str,
    /// The cargo features that it was built with.
    pub features: Vec<&'static str>,
    /// Processor and memory.
    pub machine: machine::Machine,
    /// The store.
    pub store: place::Place,
    /// The user's configuration file.
    pub configuration: user::User,
    /// CUDA.
    pub cuda: Cuda,
    /// What a run would use; none where the options cannot be met.
    pub used: Option<Used>,
    /// What has to be mended before a run can work; each in words.
    pub faults: Vec<String>,
}

/// What there is of CUDA.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cuda {
    /// Whether this build can use it.
    pub built: bool,
    /// The version of the kernel's driver.
    pub driver: Option<String>,
    /// The devices.
    pub devices: Vec<Gpu>,
    /// Why there is none.
    pub none_because: Option<String>,
    /// The shared libraries, found or not.
    pub libraries: Vec<libraries::Library>,
}

/// What a run with the same options would use.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Used {
    /// `fast` or `reference`.
    pub executor: &'static str,
    /// `cpu` or `cuda:N`.
    pub device: String,
    /// The numerics class.
    pub numerics: &'static str,
    /// Worker processes at a time.
    pub jobs: usize,
    /// Threads of each.
    pub threads: usize,
    /// What `auto` looked for in vain.
    pub note: Option<String>,
}
