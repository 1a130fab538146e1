//! `nasflow graph`: drawings of a pipeline, a space, a supernet or one network, as SVG.

use super::arguments::{Drawing, GraphArguments};
use super::export::write;
use super::failure::Failure;
use super::load::{self, Access};
use super::{print, show};
use crate::document::{Pipeline, nearest};
use crate::report::graph;
use crate::report::show::winner;
use crate::run::Prepared;
use crate::space::{Space, Supernet};
use std::collections::BTreeMap;
use std::process::ExitCode;

pub fn run(arguments: &GraphArguments) -> Result<ExitCode, Failure> {
    if let (Some(trial), Some(Drawing::Pipeline | Drawing::Space | Drawing::Supernet)) = (&arguments.trial, arguments.of) {
        return Err(format!("`--trial {trial}` names a network: leave `--of` out, or write `--of network`").into());
    }
    let pipeline = load::pipeline(&arguments.file)?;
    let svg = match arguments.of.unwrap_or(if arguments.trial.is_some() { Drawing::Network } else { Drawing::Pipeline }) {
        Drawing::Pipeline => whole(pipeline, arguments)?,
        Drawing::Space => graph::space(named(&prepared(pipeline, arguments)?, arguments)?),
        Drawing::Supernet => {
            let prepared = prepared(pipeline, arguments)?;
            let space = named(&prepared, arguments)?;
            let net = Supernet::of(space).map_err(|items| {
                let sources = prepared.pipeline.sources.clone();
                Failure::Document(Box::new(crate::document::Diagnostics { sources, items }))
            })?;
            graph::supernet(&net)
        }
        Drawing::Network => network(pipeline, arguments)?,
    };
    let svg = graph::alone(&svg);
    match &arguments.output {
        Some(path) => {
            write(path, svg.as_bytes())?;
            print::note(&format!("wrote {}", path.display()));
        }
        None => print::out(&svg),
    }
    Ok(ExitCode::SUCCESS)
}

/// The pipeline, with the sizes of its spaces where its data is at hand.
fn whole(pipeline: Pipeline, arguments: &GraphArguments) -> Result<String, Failure> {
    // To look at a file fetches nothing.
    if pipeline.data.iter().any(|d| d.fetch.is_some()) {
        return Ok(graph::pipeline(&pipeline, &BTreeMap::new(), &[]));
    }
    match prepared(pipeline.clone(), arguments) {
        Ok(prepared) => Ok(graph::pipeline(&prepared.pipeline, &prepared.spaces, &[])),
        Err(_) => {
            print::note("note: the sizes of spaces are left out: `nasflow check` says what of the data cannot be read");
            Ok(graph::pipeline(&pipeline, &BTreeMap::new(), &[]))
        }
    }
}

fn prepared(pipeline: Pipeline, arguments: &GraphArguments) -> Result<Prepared, Failure> {
    let store = load::store(&arguments.file, Access::Read)?;
    load::prepared(pipeline, store.as_ref(), &arguments.file, true)
}

/// The space that `--space` names, or the first.
fn named<'p>(prepared: &'p Prepared, arguments: &GraphArguments) -> Result<&'p Space, Failure> {
    let names = || prepared.pipeline.spaces.iter().map(|s| s.name.value.as_str());
    let name = match &arguments.space {
        Some(name) => name.as_str(),
        None => names().next().ok_or_else(|| "the pipeline has no space".to_string())?,
    };
    prepared.spaces.get(name).ok_or_else(|| {
        let near = nearest(name, names()).map_or(".".to_string(), |n| format!("; did you mean `{n}`?"));
        format!("`--space {name}`: there is no such space{near} There are: {}", names().collect::<Vec<_>>().join(", ")).into()
    })
}

/// One network: that of a trial, or the winner; before there is one, the reference of the space.
fn network(pipeline: Pipeline, arguments: &GraphArguments) -> Result<String, Failure> {
    let store = load::store(&arguments.file, Access::Read)?;
    let prepared = load::prepared(pipeline, store.as_ref(), &arguments.file, true)?;
    if let (None, Some(_)) = (&arguments.trial, &arguments.space) {
        return reference(named(&prepared, arguments)?);
    }
    let replay = show::replay(&prepared, store.as_ref(), load::device(&arguments.numerics)?)?;
    if let Some(trial) = &arguments.trial {
        let (stage, ticket) = show::which(&prepared.pipeline, trial)?;
        let slots = show::slots_of(&prepared.pipeline, &replay, &stage, ticket)?;
        let (_, slot) = slots.first().ok_or_else(|| format!("`{stage}` has no trial {ticket} yet"))?;
        return Ok(graph::network(slot.model.candidate.architecture()?));
    }
    match winner(&prepared.pipeline, &replay) {
        Some(model) => Ok(graph::network(model.candidate.architecture()?)),
        None => {
            let space = named(&prepared, arguments)?;
            print::note(&format!("note: there is no answer yet: this is the reference of the space {}", space.name));
            reference(space)
        }
    }
}

fn reference(space: &Space) -> Result<String, Failure> {
    let architecture = space.architecture(&space.reference()).map_err(|e| Failure::Message(e.reason))?;
    Ok(graph::network(&architecture))
}
