//! Before a replay: data sets are scanned (or known from last time), anchors found, spaces compiled.

mod anchors;
mod commands;
mod earlier;
mod fit;
mod latencies;
mod lengths;
mod losses;
mod prepared;
mod priors;
mod scan;
mod supernets;
mod tables;
mod weights;

pub use commands::keep as keep_used;
pub use prepared::Prepared;
pub use scan::Look;
pub use weights::keep as keep_weights;

use super::error::RunError;
use crate::document::{Diagnostic, Diagnostics, Pipeline, Severity};
use crate::space::{InputSpec, Space};
use crate::store::Store;
use std::collections::{BTreeMap, BTreeSet};

/// Scans and compiles. With a store, scans and anchors are remembered there.
pub fn prepare(mut pipeline: Pipeline, store: Option<&Store>, look: Look) -> Result<Prepared, RunError> {
    let mut errors = Vec::new();
    let (mut infos, mut scans, mut notes) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for node in &pipeline.data {
        match scan::scan(&pipeline, node, store, look)? {
            Err(e) => errors.push(Diagnostic::error(
                "data-broken",
                format!("the data set `{}` cannot be used", node.name.value),
                node.name.span,
                if look.all { e.all() } else { e.to_string() },
            )),
            Ok(mut scan) => {
                scan::cut_folds(&pipeline, node, &mut scan, &mut errors);
                let name = node.name.value.clone();
                notes.extend(scan.findings.iter().map(|f| format!("{name}: {f}")));
                let info = scan::info(node, &scan);
                scan::check_splits(&pipeline, &name, &info, &scan, &mut errors);
                infos.insert(name.clone(), info);
                scans.insert(name, scan);
            }
        }
    }
    lengths::settle(&mut pipeline, &infos, &mut notes);
    let mut warnings = pipeline.warnings.clone();
    let mut spaces = BTreeMap::new();
    let mut wrong = BTreeSet::new();
    for node in &mut pipeline.spaces {
        let unread = latencies::bounds(node);
        if !unread.is_empty() {
            wrong.insert(node.name.value.clone());
            errors.extend(unread);
            continue;
        }
        // What is wrong with a space, those over it need not say again.
        if node.over().is_some_and(|from| wrong.contains(&from.value)) {
            wrong.insert(node.name.value.clone());
            continue;
        }
        let Some(info) = infos.get(&node.input.value) else { continue };
        let input = InputSpec { channels: info.channels, image_size: info.image_size, classes: info.classes.len(), anchors: None };
        match Space::compile(node, &input) {
            Ok((mut space, more)) => {
                warnings.extend(more);
                // Which anchors k-means is to find, only the compiled space says.
                if let Some(scan) = scans.get(&node.input.value) {
                    space = anchors::fill(space, scan, store)?;
                }
                let before = errors.len();
                latencies::bounded(&space, store, &mut errors)?;
                // What lacks rows meets nothing.
                let none = if errors.len() == before { space.nothing_meets() } else { None };
                match none {
                    Some(d) if d.severity == Severity::Warning => warnings.push(d),
                    none => errors.extend(none),
                }
                spaces.insert(node.name.value.clone(), space);
            }
            Err(more) => {
                wrong.insert(node.name.value.clone());
                errors.extend(more);
            }
        }
    }
    anchors::of_folds(&pipeline, &scans, &spaces, &mut infos, store)?;
    fit::class_fit(&pipeline, &infos, &spaces, &mut errors);
    fit::heads(&pipeline, &infos, &spaces, &mut errors);
    losses::comparable(&pipeline, &infos, &spaces, &mut errors);
    fit::metric_classes(&pipeline, &infos, &mut errors);
    let mut said = Vec::new();
    let tables = tables::read(&pipeline, &spaces, &mut said);
    let (more, faults): (Vec<_>, Vec<_>) = said.into_iter().partition(|d| d.severity == Severity::Warning);
    warnings.extend(more);
    errors.extend(faults);
    let latencies = latencies::measured(&pipeline, &spaces, store, &mut errors)?;
    latencies::penalties(&mut pipeline, &spaces, store, &mut errors)?;
    let (weights, teachers) = weights::read(&pipeline, &spaces, &mut errors);
    let earlier = earlier::read(&pipeline, &spaces, &mut errors);
    let commands = commands::read(&pipeline, &mut errors);
    priors::check(&pipeline, &spaces, &mut errors);
    supernets::check(&pipeline, &spaces, store, &mut errors)?;
    if errors.is_empty() {
        return Ok(Prepared {
            pipeline,
            data: infos,
            scans,
            spaces,
            tables,
            latencies,
            weights,
            teachers,
            earlier,
            commands,
            warnings,
            notes,
        });
    }
    errors.extend(warnings);
    errors.sort_by_key(|d| (d.severity == Severity::Warning, d.labels.first().map(|l| l.0)));
    Err(Diagnostics { sources: pipeline.sources, items: errors }.into())
}
