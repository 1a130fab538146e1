//! Files of earlier results that searches know before their first trial: read, checked, and held against what the searches ask of them.

use crate::document::{Diagnostic, Pipeline, Sample, Spanned};
use crate::plan::Earlier;
use crate::plan::earlier::MAX_BYTES;
use crate::plan::lead::spaces_of;
use crate::space::Space;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

/// The files by stage; whatever is wrong with one is an error at its line.
pub fn read(pipeline: &Pipeline, spaces: &BTreeMap<String, Space>, errors: &mut Vec<Diagnostic>) -> BTreeMap<String, Arc<Earlier>> {
    let mut found = BTreeMap::new();
    for stage in &pipeline.stages {
        let Some((sample, path)) = stage.sample().and_then(|s| Some((s, s.earlier.as_ref()?))) else { continue };
        match open(&path.value) {
            Ok(file) => {
                let name = &stage.name.value;
                errors.extend(lacks(&file, sample, path).or_else(|| nothing(&file, pipeline, name, sample, spaces, path)));
                found.insert(name.clone(), Arc::new(file));
            }
            Err(why) => {
                let d = Diagnostic::error("earlier-broken", "the earlier results cannot be used", path.span, why);
                errors.push(d.help("write them by `nasflow results PIPELINE -o earlier.json`"));
            }
        }
    }
    found
}

fn open(path: &str) -> Result<Earlier, String> {
    let told = |e: std::io::Error| format!("{path}: {e}");
    if !std::fs::metadata(path).map_err(told)?.is_file() {
        return Err(format!("{path} is no file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|f| f.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(told)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("{path} has more than {} MiB", MAX_BYTES >> 20));
    }
    Earlier::parse(path, &bytes).map_err(|why| format!("{path}: {why}"))
}

/// Results must say what the search goes by.
fn lacks(file: &Earlier, sample: &Sample, path: &Spanned<String>) -> Option<Diagnostic> {
    let goals: Vec<_> = sample.objective.iter().flat_map(|o| o.goals()).map(|(metric, _)| (metric.value.name(), metric.span)).collect();
    let names: Vec<String> = goals.iter().map(|(name, _)| name.clone()).collect();
    let lacking = file.lacks(&names)?;
    let place = goals.iter().find(|(name, _)| name == lacking).map(|(_, span)| *span)?;
    let d = Diagnostic::error("earlier-broken", format!("the earlier results have no `{lacking}`"), path.span, "not measured there");
    let measured: Vec<&String> =
        file.results.trials.iter().flat_map(|t| t.figures.keys()).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let all: Vec<String> = measured.iter().take(12).map(|name| format!("`{name}`")).collect();
    Some(d.also(place, "the search goes by it").help(match all.as_slice() {
        [] => "no trial of the file was measured".to_string(),
        all => format!("they have {}; measure it in that pipeline, and write the file anew", all.join(", ")),
    }))
}

/// A file of which no result is of this space is the wrong file. What is narrowed while it runs will say so then.
fn nothing(
    file: &Earlier,
    pipeline: &Pipeline,
    stage: &str,
    sample: &Sample,
    spaces: &BTreeMap<String, Space>,
    path: &Spanned<String>,
) -> Option<Diagnostic> {
    // Of a supernet, that from which it is sampled.
    let from = |name: &str| spaces_of(pipeline, name).first().and_then(|s| spaces.get(s));
    let space = from(stage)?.with_recipe(&sample.recipe);
    let fits = file.results.trials.iter().any(|trial| {
        let network = space.sample_named(&trial.choices).and_then(|s| space.architecture(&s).ok());
        network.is_some_and(|network| network.digest() == trial.network)
    });
    let waits = pipeline.spaces.iter().any(|s| s.name.value == space.name && !s.waits().is_empty());
    if fits || waits {
        return None;
    }
    let message = format!("no earlier result is of a network of `{}`", space.name);
    let why = format!(
        "{} of `{}`",
        crate::base::counted(file.results.trials.len(), "trial"),
        file.results.stage.chars().take(48).collect::<String>()
    );
    let d = Diagnostic::error("earlier-broken", message, path.span, why);
    Some(d.help("they must be of the same space over images of the same size and classes; delete `earlier`, or name another file"))
}
