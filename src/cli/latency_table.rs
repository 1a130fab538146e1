//! `nasflow latency-table`: the milliseconds of a space's operations on this machine, as a table for `latency-table=`.

use super::arguments::LatencyTableArguments;
use super::failure::Failure;
use super::load::{self, Access};
use super::print;
use crate::base::counted;
use crate::document::Cost;
use crate::evaluate::operations::{call, milliseconds};
use crate::nn;
use crate::run::observe;
use crate::space::LatencyTable;
use crate::space::latency::operations;
use std::collections::BTreeMap;
use std::process::ExitCode;

pub fn run(arguments: &LatencyTableArguments) -> Result<ExitCode, Failure> {
    let mut pipeline = load::pipeline(&arguments.file)?;
    // The file that a penalty names is what is made here.
    for stage in &mut pipeline.stages {
        let Some(train) = stage.train_mut() else { continue };
        let Some(oneshot) = &mut train.oneshot else { continue };
        if oneshot.value.penalty.as_ref().is_some_and(|p| p.of == Cost::TableLatency) {
            oneshot.value.penalty = None;
        }
    }
    let store = load::store(&arguments.file, Access::Read)?;
    let prepared = load::prepared(pipeline, store.as_ref(), &arguments.file, true)?;
    let space = prepared.spaces.get(&arguments.space).ok_or_else(|| {
        let known: Vec<String> = prepared.spaces.keys().map(|name| format!("`{name}`")).collect();
        format!("there is no space `{}` in this pipeline: it has {}", arguments.space, known.join(", "))
    })?;
    let (operations, looked, all) = operations(space);
    print::note(&format!("{} of {}{}", counted(operations.len(), "operation"), if all { "all " } else { "" }, counted(looked, "network")));
    let (call, mut rows) = (call().map_err(|e| e.to_string())?, BTreeMap::new());
    for (key, operation) in &operations {
        rows.insert(key.clone(), milliseconds(operation, call).map_err(|e| format!("{key}: {e}"))?);
    }
    let device = format!("{}, fast executor, {}, one image", observe::machine(), nn::instruction_set());
    print::out(&LatencyTable::new(device, rows).to_json()?);
    print::out("\n");
    Ok(ExitCode::SUCCESS)
}
