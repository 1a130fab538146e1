//! Where a network comes from, for formats that hold no weights, and whether what is written names the same network.

use super::arguments::ExportArguments;
use super::failure::Failure;
use super::load;
use crate::document::{self, Data, Files, Metric, Options, Params, Pipeline, Stage};
use crate::export::kdl::{Measured, Origin, Trained};
use crate::export::{Format, Written};
use crate::plan::Model;
use crate::plan::lead::spaces_of;
use crate::run::Prepared;
use crate::store::Store;
use std::path::{Component, Path, PathBuf};

/// The files of a format that is written from where the network comes from. They are read again: the network must be the same.
pub fn files(
    format: &Format,
    arguments: &ExportArguments,
    prepared: &Prepared,
    store: &Store,
    model: &Model,
) -> Result<Option<Vec<Written>>, Failure> {
    let Some(write) = format.origin else { return Ok(None) };
    let pipeline = &prepared.pipeline;
    let here = std::env::current_dir().map_err(|e| format!("the working directory cannot be read: {e}"))?;
    let folder = absolute(&here, arguments.output.parent().unwrap_or(Path::new("")));
    let path = |path: &str| if path.starts_with("hub:") { path.to_string() } else { relative(&folder, &absolute(&here, Path::new(path))) };
    let space = model.drawn.as_ref().and_then(|d| pipeline.spaces.iter().find(|s| s.name.value == d.space));
    // A pruned network is of no space any more, but reads what the networks of its space read.
    let before = || {
        let stage = &pipeline.stages[model.trained.as_ref()?.stage];
        let names = spaces_of(pipeline, &stage.name.value);
        pipeline.spaces.iter().find(|s| names.contains(&s.name.value))
    };
    let space = space.or_else(before).ok_or_else(|| format!("{} comes from no space", model.label()))?;
    let trained = model.trained.as_ref().and_then(|t| Some((t, pipeline.stages[t.stage].train()?)));
    let measured = measured(pipeline);
    let reads = [Some(&space.input.value), trained.map(|(_, t)| &t.data.value), measured.as_ref().map(|m| m.0)];
    let data: Vec<&Data> = reads.into_iter().flatten().filter_map(|name| pipeline.data.iter().find(|d| d.name.value == *name)).collect();
    let shown = |x: f64| format!("{x:.4}").trim_end_matches('0').trim_end_matches('.').to_string();
    let figures = model.figures.iter().map(|(metric, f)| (metric.name(), shown(f.mean()))).collect();
    let origin = Origin {
        architecture: model.candidate.architecture()?,
        pipeline: &pipeline.name,
        label: model.label(),
        choices: &model.candidate.choices,
        figures,
        data,
        trained: trained.map(|(t, train)| Trained { train, recipe: train.recipe_of(&t.read) }),
        measured: measured.map(|(data, split, metrics, by)| Measured { reads: (data, split), metrics, by }),
        path: &path,
    };
    let files = write(&origin).map_err(|e| e.to_string())?;
    for file in files.iter().filter(|f| f.ending == "kdl") {
        same(arguments, &file.bytes, store, model)?;
    }
    Ok(Some(files))
}

/// The evaluation that counts: data, split, metrics, and the first of these that reads predictions.
fn measured(pipeline: &Pipeline) -> Option<(&String, &String, Vec<&Metric>, &Metric)> {
    let answered = pipeline.links.answer.as_ref().map(|a| &pipeline.stages[a.within]);
    let of = |stage: &'_ Stage| stage.evaluate().is_some_and(|e| e.data.is_some() && e.table.is_none() && e.folds.is_none());
    let stage = answered.filter(|s| of(s)).or_else(|| pipeline.stages.iter().rfind(|s| of(s)))?;
    let evaluate = stage.evaluate()?;
    let (data, split) = evaluate.data.as_ref()?;
    // What a table of latencies or a supernet says is not measured anew.
    let metrics: Vec<&Metric> = evaluate.metrics.iter().map(|m| &m.value).filter(|m| is_measured(m)).collect();
    let by = pipeline.answer.as_ref().map(|a| &a.by.value).filter(|by| metrics.contains(by));
    let by = by.or_else(|| metrics.iter().copied().find(|m| m.reads_predictions()))?;
    Some((&data.value, &split.value, metrics, by))
}

/// Whether nasflow measures it of a trained network alone; what a table of latencies, a supernet or a command says is not written.
fn is_measured(metric: &Metric) -> bool {
    !(metric.is_table_latency() || metric.is_learned() || metric.is_own())
}

/// Reads a pipeline that is about to be written, and compares its network with the one that it was written for.
fn same(arguments: &ExportArguments, bytes: &[u8], store: &Store, model: &Model) -> Result<(), Failure> {
    struct One<'b>(&'b [u8]);
    impl Files for One<'_> {
        fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
            Ok(self.0.to_vec())
        }
    }
    let path = arguments.output.to_str().ok_or_else(|| format!("{}: the path is not UTF-8", arguments.output.display()))?;
    let options = Options { allow_outside: true };
    let pipeline = document::load(&crate::language(), path, &mut One(bytes), &Params::default(), options);
    let prepared = load::prepared(pipeline.map_err(|d| Failure::Document(Box::new(d)))?, Some(store), &arguments.file, true)?;
    let space = prepared.spaces.values().next().ok_or_else(|| Failure::Message("the file has no space, which is a bug".into()))?;
    let again = space.architecture(&space.reference()).map_err(|e| e.reason)?;
    if again.digest() == model.candidate.digest {
        return Ok(());
    }
    let why = match again.with_anchors(model.candidate.architecture()?.anchors().unwrap_or_default()).digest() == model.candidate.digest {
        true => "its anchors would be found anew from other boxes than there",
        false => "the network that the file describes is another, which is a bug",
    };
    Err(format!("{} cannot be written: {why}", model.label()).into())
}

/// A path without `.` and `..`, from the root.
fn absolute(here: &Path, path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in here.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// A path as a file in `folder` names it, with `/` between its parts.
fn relative(folder: &Path, path: &Path) -> String {
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), path.components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    // Nothing in common but the root: the whole path is shorter to read.
    if common <= 1 {
        return path.to_string_lossy().into_owned();
    }
    let up = from[common..].iter().map(|_| "..".to_string());
    let down = to[common..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<String> = up.chain(down).collect();
    if parts.is_empty() { ".".into() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_count_from_the_new_file() {
        for (folder, path, expected) in [
            ("/w/out", "/w/data/mine", "../data/mine"),
            ("/w", "/w/data", "data"),
            ("/w/a", "/w/a", "."),
            ("/home/x", "/srv/data", "/srv/data"),
        ] {
            assert_eq!(relative(Path::new(folder), &absolute(Path::new("/"), Path::new(path))), expected);
        }
        assert_eq!(absolute(Path::new("/w/p"), Path::new("../data/./x")), Path::new("/w/data/x"));
    }
}
