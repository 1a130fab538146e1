//! `nasflow check`: valid or not; how large the spaces are and what their references cost.

use super::arguments::CheckArguments;
use super::failure::Failure;
use super::load::{self, Access};
use super::print;
use crate::document::{Pipeline, Task};
use crate::report::number::{self, counted};
use crate::report::wrap;
use crate::run::{Look, Prepared};
use crate::space::{Shares, Space};
use std::borrow::Cow;
use std::process::ExitCode;

/// Samples of a large space that are looked at to say how many are within its bounds.
const LOOKED: usize = 2000;

pub fn run(arguments: &CheckArguments) -> Result<ExitCode, Failure> {
    let CheckArguments { file, all } = arguments;
    let pipeline = load::pipeline(file)?;
    let store = load::store(file, Access::Read)?;
    let look = Look { rehash: file.rehash, all: *all, offline: false, watch: None };
    let prepared = load::prepared_with(pipeline, store.as_ref(), look, false)?;
    print::out(&wrap::wrapped(&text(&prepared), print::columns()));
    Ok(ExitCode::SUCCESS)
}

fn text(prepared: &Prepared) -> String {
    let pipeline = &prepared.pipeline;
    let mut out = format!("{} is valid: {}\n", pipeline.name, counted(pipeline.stages.len(), "stage"));
    for (name, info) in &prepared.data {
        let splits: Vec<String> = info
            .splits
            .iter()
            .filter(|(split, _)| !of_folds(pipeline, name, split))
            .map(|(s, i)| match info.task {
                Task::Detect => format!("{s} {}, {}", counted(i.images, "image"), counted(i.objects, "box")),
                Task::Classify => format!("{s} {}", counted(i.images, "image")),
            })
            .collect();
        let declared = pipeline.data.iter().filter(|d| d.name.value == *name).flat_map(|d| &d.folds);
        let folds = declared.map(|f| format!("; {} {} folds of {}", f.name.value, f.count.value, f.of.value));
        let folds: String = folds.collect();
        out += &format!(
            "data {name:?}: {} ({}) at {} px; {}{folds}\n",
            counted(info.classes.len(), "class"),
            info.classes.join(", "),
            info.image_size,
            splits.join("; ")
        );
    }
    for (name, space) in &prepared.spaces {
        let cost = space.reference_cost();
        let flops = 2.0 * cost.macs as f64;
        out += &format!(
            "space {name:?}: {} over {}; its reference has {} parameters and {}FLOPs{}\n",
            samples(&searched(prepared, name, space)),
            counted(space.decisions().len(), "decision"),
            number::grouped(cost.params),
            number::si(flops),
            if space.states_size() { format!(" at {} px", space.image_size()) } else { String::new() }
        );
        for bound in space.bounds() {
            out += &format!("  requires {}\n", bound.text());
        }
        if !space.bounds().is_empty() {
            out += &within(&searched(prepared, name, space), &space.shares(LOOKED));
        }
    }
    out
}

/// How much of a space is within all its bounds: `  about 3.1 % of its samples are within the bounds, some 380`.
pub fn within(space: &Space, shares: &Shares) -> String {
    let percent = 100.0 * shares.admitted;
    if percent == 0.0 {
        return format!("  fewer than {:.0e} % of its samples are within the bounds\n", 100.0 * shares.least);
    }
    let about = if shares.exact { "" } else { "about " };
    let share = match percent {
        10.0.. => format!("{percent:.0}"),
        0.1.. => format!("{percent:.1}"),
        _ => format!("{percent:.0e}"),
    };
    let samples = shares.admitted * space.size();
    let some = match (shares.exact, samples) {
        (true, _) => number::grouped(samples.round() as u64),
        (_, ..1e15) => format!("some {}", number::grouped(samples.max(1.0) as u64)),
        _ => format!("some {samples:.0e}"),
    };
    format!("  {about}{share} % of its samples are within the bounds: {some}\n")
}

/// A space with the choices that trainings read.
pub fn searched<'s>(prepared: &Prepared, name: &str, space: &'s Space) -> Cow<'s, Space> {
    let read = prepared.pipeline.spaces.iter().find(|s| s.name.value == name).map(|s| &s.recipe).filter(|read| !read.is_empty());
    read.map_or(Cow::Borrowed(space), |read| Cow::Owned(space.with_recipe(read)))
}

/// Whether a split is a fold, or what is left without it: there are many, and each is told by the line of its folds.
fn of_folds(pipeline: &Pipeline, data: &str, split: &str) -> bool {
    let declared = pipeline.data.iter().filter(|d| d.name.value == data).flat_map(|d| &d.folds);
    declared.into_iter().any(|f| (0..f.count.value).any(|fold| split == f.held_out(fold) || split == f.without(fold)))
}

/// The number of samples as people read it: exact while it can be, else a power of ten.
pub fn samples(space: &Space) -> String {
    let size = space.size();
    if size < 9e15 { counted(size as usize, "sample") } else { format!("{size:.2e} samples") }
}
