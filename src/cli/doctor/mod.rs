//! `nasflow doctor`: what this machine has, what is missing, and what a run would use. Makes and changes nothing that stays.

mod libraries;
mod machine;
mod place;
mod text;

use super::arguments::DoctorArguments;
use super::{Failure, load, print};
use crate::nn::{self, CUDA, Gpu};
use serde::Serialize;
use std::process::ExitCode;

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

pub fn run(arguments: &DoctorArguments) -> Result<ExitCode, Failure> {
    let findings = look(arguments)?;
    print::out(&if arguments.json {
        serde_json::to_string_pretty(&findings).map_err(|e| e.to_string())? + "\n"
    } else {
        text::text(&findings)
    });
    Ok(if findings.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn look(arguments: &DoctorArguments) -> Result<Findings, Failure> {
    let here = std::env::current_dir().map_err(|e| format!("the working directory cannot be read: {e}"))?;
    let mut faults = Vec::new();
    let store = place::look(&here, arguments.cache.as_deref());
    faults.extend(store.fault.clone());
    let used = match nn::choose(arguments.numerics.executor.as_deref(), &arguments.numerics.device) {
        Ok(chosen) => {
            let (jobs, threads) = load::shares(arguments.jobs, None, chosen.device)?;
            let (executor, device, numerics) = (chosen.device.executor_name(), chosen.device.place(), chosen.device.numerics());
            Some(Used { executor, device, numerics, jobs, threads, note: chosen.note })
        }
        Err(why) => {
            faults.push(why);
            None
        }
    };
    Ok(Findings {
        version: env!("CARGO_PKG_VERSION"),
        features: if CUDA { vec!["cuda"] } else { vec![] },
        machine: machine::look(),
        store,
        cuda: cuda(),
        used,
        faults,
    })
}

fn cuda() -> Cuda {
    let (devices, none_because) = match nn::gpus() {
        Ok(devices) => (devices, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    Cuda { built: CUDA, driver: libraries::driver(), devices, none_because, libraries: libraries::look() }
}
