//! `nasflow doctor`: what this machine has, what is missing, and what a run would use. Makes and changes nothing that stays.

mod findings;
mod libraries;
mod machine;
mod place;
mod text;
mod user;

use super::arguments::DoctorArguments;
use super::failure::Failure;
use super::{load, print};
use crate::nn::{self, CUDA};
use findings::{Cuda, Findings, Used};
use std::process::ExitCode;

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
    let (configuration, found, fault) = user::look();
    faults.extend(fault);
    let set = found.configuration.run;
    let used = match nn::choose(arguments.numerics.executor.as_deref(), &arguments.numerics.device) {
        Ok(chosen) => {
            let (jobs, threads) = load::shares(arguments.jobs.or(set.jobs), set.threads, chosen.device)?;
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
        features: features(),
        machine: machine::look(),
        store,
        configuration,
        cuda: cuda(),
        used,
        faults,
    })
}

/// What this build has beside what all have.
fn features() -> Vec<&'static str> {
    let all = [(CUDA, "cuda"), (cfg!(feature = "hub"), "hub"), (cfg!(feature = "s3"), "s3")];
    all.into_iter().filter_map(|(there, name)| there.then_some(name)).collect()
}

fn cuda() -> Cuda {
    let (devices, none_because) = match nn::gpus() {
        Ok(devices) => (devices, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    Cuda { built: CUDA, driver: libraries::driver(), devices, none_because, libraries: libraries::look() }
}
