//! `nasflow check`: valid or not; how large the spaces are and what their references cost.

use super::arguments::FileArguments;
use super::load::{self, Access};
use super::{Failure, print};
use crate::document::Task;
use crate::report::number;
use crate::run::Prepared;
use crate::space::Space;
use std::process::ExitCode;

pub fn run(arguments: &FileArguments) -> Result<ExitCode, Failure> {
    let pipeline = load::pipeline(arguments)?;
    let store = load::store(arguments, Access::Read)?;
    let prepared = load::prepared(pipeline, store.as_ref(), arguments, false)?;
    print::out(&text(&prepared));
    Ok(ExitCode::SUCCESS)
}

fn text(prepared: &Prepared) -> String {
    let pipeline = &prepared.pipeline;
    let mut out = format!("{} is valid: {} stages\n", pipeline.name, pipeline.stages.len());
    for (name, info) in &prepared.data {
        let splits: Vec<String> = info
            .splits
            .iter()
            .map(|(s, i)| match info.task {
                Task::Detect => format!("{s} {} images, {} boxes", i.images, number::grouped(i.objects as u64)),
                Task::Classify => format!("{s} {} images", number::grouped(i.images as u64)),
            })
            .collect();
        out += &format!(
            "data {name:?}: {} classes ({}) at {} px; {}\n",
            info.classes.len(),
            info.classes.join(", "),
            info.image_size,
            splits.join("; ")
        );
    }
    for (name, space) in &prepared.spaces {
        let cost = space.reference_cost();
        let flops = 2.0 * cost.macs as f64;
        out += &format!(
            "space {name:?}: {} samples over {} decisions; its reference has {} parameters and {}FLOPs\n",
            samples(space),
            space.decisions().len(),
            number::grouped(cost.params),
            number::si(flops)
        );
        for bound in space.bounds() {
            out += &format!("  requires {}\n", bound.text());
        }
    }
    out
}

/// The number of samples as people read it: exact while it can be, else a power of ten.
pub fn samples(space: &Space) -> String {
    let size = space.size();
    if size < 9e15 { number::grouped(size as u64) } else { format!("{size:.2e}") }
}
