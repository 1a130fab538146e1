//! `nasflow latency-table`: the milliseconds of spaces' operations on this machine, as a table for `latency-table`.

use super::arguments::LatencyTableArguments;
use super::failure::Failure;
use super::load::{self, Access};
use super::{configuration, print};
use crate::base::counted;
use crate::document::{Cost, Pipeline, StageKind};
use crate::evaluate::operations::{call, milliseconds};
use crate::nn::{self, DeviceChoice};
use crate::run::observe;
use crate::space::{LatencyTable, Operation, Space, operations};
use std::collections::BTreeMap;
use std::process::ExitCode;

pub fn run(arguments: &LatencyTableArguments) -> Result<ExitCode, Failure> {
    let mut pipeline = load::pipeline(&arguments.file)?;
    without_tables(&mut pipeline);
    let store = load::store(&arguments.file, Access::Read)?;
    let prepared = load::prepared(pipeline, store.as_ref(), &arguments.file, true)?;
    let spaces: Vec<&Space> = match &arguments.space {
        None => prepared.spaces.values().collect(),
        Some(name) => vec![prepared.spaces.get(name).ok_or_else(|| {
            let known: Vec<String> = prepared.spaces.keys().map(|name| format!("`{name}`")).collect();
            format!("there is no space `{name}` in this pipeline: it has {}", known.join(", "))
        })?],
    };
    let mut wanted: BTreeMap<String, Operation> = BTreeMap::new();
    for space in spaces {
        let looked = operations(space);
        let (found, of) = (counted(looked.operations.len(), "operation"), counted(looked.samples, "network"));
        print::note(&format!("space `{}`: {found} of {}{of}", space.name, if looked.all { "all " } else { "" }));
        wanted.extend(looked.operations);
    }
    // A run measures `latency` when nothing else runs, on the threads of all its trials together.
    let user = configuration::configuration()?.run;
    let threads = arguments.threads.or(user.threads);
    let (jobs, each) = load::shares(arguments.threads.map_or(user.jobs, |_| Some(1)), threads, DeviceChoice::Fast)?;
    print::out(&table(&wanted, jobs * each)?.to_json()?);
    print::out("\n");
    Ok(ExitCode::SUCCESS)
}

/// Measures operations on so many threads.
///
/// # Errors
/// An operation that cannot run.
pub fn table(wanted: &BTreeMap<String, Operation>, threads: usize) -> Result<LatencyTable, String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| e.to_string())?;
    let rows = pool.install(|| rows(wanted))?;
    let threads = counted(threads, "thread");
    let device = format!("{}, fast executor, {}, {threads}, one image", observe::machine(), nn::instruction_set());
    Ok(LatencyTable::new(device, rows))
}

/// The milliseconds of every operation.
fn rows(wanted: &BTreeMap<String, Operation>) -> Result<BTreeMap<String, f64>, String> {
    let call = call().map_err(|e| e.to_string())?;
    let row = |(key, operation): (&String, &Operation)| match milliseconds(operation, call) {
        Ok(ms) => Ok((key.clone(), ms)),
        Err(e) => Err(format!("{key}: {e}")),
    };
    wanted.iter().map(row).collect()
}

/// The files that are named are what is made here.
fn without_tables(pipeline: &mut Pipeline) {
    for mut space in &mut pipeline.spaces {
        loop {
            space.node.children.retain(|c| c.name.value != "require" || c.property("latency-table").is_none());
            let Some(outer) = &mut space.outer else { break };
            space = outer;
        }
    }
    for stage in &mut pipeline.stages {
        if let StageKind::Evaluate(evaluate) = &mut stage.kind {
            evaluate.latency_table = None;
        }
        let Some(oneshot) = stage.train_mut().and_then(|train| train.oneshot.as_mut()) else { continue };
        if oneshot.value.penalty.as_ref().is_some_and(|p| p.of == Cost::TableLatency) {
            oneshot.value.penalty = None;
        }
    }
}
