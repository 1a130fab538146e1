//! What is wrong with a file: what `nasflow check` says, but for what only data sets and the store could tell.

use crate::document::sketch::sketch;
use crate::document::{self, Data, DataSource, Diagnostic, Diagnostics, Files, Language, Options, Params, Pipeline, Severity};
use crate::space::{InputSpec, Space};

/// Classes of a data set that nobody has looked at.
const CLASSES: usize = 2;

/// The findings in a file and those that it includes; perhaps none.
pub fn examine(language: &Language, path: &str, files: &mut dyn Files, options: Options) -> Diagnostics {
    match document::load(language, path, files, &Params::default(), options) {
        Ok(pipeline) => {
            let mut items = pipeline.warnings.clone();
            items.extend(networks(&pipeline));
            Diagnostics { sources: pipeline.sources, items }
        }
        Err(mut found) => {
            let fragment = found.sources.files.first().is_some_and(|(_, text)| is_fragment(text));
            if fragment {
                found.items.retain(|d| !beyond(d));
            }
            for d in &mut found.items {
                // That `-p` must give a param is nothing that the file could repair.
                if d.code == "param-missing" {
                    d.severity = Severity::Warning;
                }
            }
            found
        }
    }
}

/// Whether a file is one that others include.
pub fn is_fragment(text: &str) -> bool {
    !sketch(text).lines.iter().any(|l| !l.hidden && &text[l.name.clone()] == "pipeline")
}

/// What cannot be said of a file without the one that includes it.
fn beyond(d: &Diagnostic) -> bool {
    let nowhere = d.labels.first().is_none_or(|(span, _)| span.offset == 0 && span.len <= 1);
    matches!(d.code, "unknown-name" | "unknown-param" | "no-space" | "unused") || (matches!(d.code, "missing" | "nothing-to-do") && nowhere)
}

/// What does not fit inside networks. Tables of latencies are not read, so bounds by them are left out.
fn networks(pipeline: &Pipeline) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for node in &pipeline.spaces {
        let mut node = node.clone();
        let mut outer = Some(&mut node);
        while let Some(space) = outer {
            space.node.children.retain(|c| c.name.value != "require" || c.property("latency-table").is_none());
            outer = space.outer.as_deref_mut();
        }
        let Some(data) = pipeline.data.iter().find(|d| d.name.value == node.input.value) else { continue };
        match Space::compile(&node, &input(data)) {
            Ok((_, warnings)) => found.extend(warnings),
            Err(errors) => found.extend(errors),
        }
    }
    found
}

/// What a data set fixes, as far as the file says.
fn input(data: &Data) -> InputSpec {
    let classes = match &data.source {
        DataSource::Shapes { classes, .. } | DataSource::Figures { classes, .. } => *classes,
        DataSource::Files { .. } if data.classes.is_empty() => CLASSES,
        DataSource::Files { .. } => data.classes.len(),
    };
    InputSpec { channels: 3, image_size: data.image_size, classes, anchors: None }
}
