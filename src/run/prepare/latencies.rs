//! Tables of latencies: read where a `require`, an `evaluate` or a `penalty` names one, and held against the operations of the space.
//!
//! What is in a file stands from then on in the place of its name: it decides, and enters keys, wherever the file lies.

use crate::base::Canon;
use crate::document::{Diagnostic, Pipeline, SpaceNode, Span, Value};
use crate::plan::lead::spaces_of;
use crate::run::error::RunError;
use crate::space::bounds::MEASURE;
use crate::space::{LatencyTable, Space};
use crate::store::Store;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

/// Most bytes of a table of latencies.
const MAX_TABLE: u64 = 16 << 20;

/// Puts the texts of tables into the bounds of a space. The errors are those of files that cannot be read.
pub fn bounds(space: &mut SpaceNode) -> Vec<Diagnostic> {
    let mut errors = space.outer.as_mut().map_or(Vec::new(), |outer| bounds(outer));
    for require in space.node.children.iter_mut().filter(|c| c.name.value == "require") {
        let tables = require.properties.iter_mut().filter(|p| p.name.value == "latency-table");
        for value in tables.flat_map(|p| &mut p.values) {
            let Value::Text(path) = &value.value else { continue };
            match text(path) {
                Ok((text, _)) => value.value = Value::Text(text),
                Err(why) => errors.push(broken(why, value.span)),
            }
        }
    }
    errors
}

/// Every network of a space has its rows in the tables of its bounds.
pub fn bounded(space: &Space, store: Option<&Store>, errors: &mut Vec<Diagnostic>) -> Result<(), RunError> {
    for bound in space.bounds() {
        let Some((table, _)) = bound.table() else { continue };
        errors.extend(rows(table, space, bound.span, store)?);
    }
    Ok(())
}

/// The tables of `evaluate` stages, by stage.
pub fn measured(
    pipeline: &Pipeline,
    spaces: &BTreeMap<String, Space>,
    store: Option<&Store>,
    errors: &mut Vec<Diagnostic>,
) -> Result<BTreeMap<String, Arc<LatencyTable>>, RunError> {
    let mut tables = BTreeMap::new();
    for stage in &pipeline.stages {
        let Some(file) = stage.evaluate().and_then(|e| e.latency_table.as_ref()) else { continue };
        match text(&file.value) {
            Err(why) => errors.push(broken(why, file.span)),
            Ok((_, table)) => {
                for space in spaces_of(pipeline, &stage.name.value).iter().filter_map(|name| spaces.get(name)) {
                    errors.extend(rows(&table, space, file.span, store)?);
                }
                tables.insert(stage.name.value.clone(), Arc::new(table));
            }
        }
    }
    Ok(tables)
}

/// The tables of penalties.
pub fn penalties(
    pipeline: &mut Pipeline,
    spaces: &BTreeMap<String, Space>,
    store: Option<&Store>,
    errors: &mut Vec<Diagnostic>,
) -> Result<(), RunError> {
    let names: Vec<Option<String>> = pipeline.stages.iter().map(|s| pipeline.supernet(s).map(|s| s.name.value.clone())).collect();
    for (stage, name) in pipeline.stages.iter_mut().zip(names) {
        let Some(train) = stage.train_mut() else { continue };
        let Some(oneshot) = &mut train.oneshot else { continue };
        let Some(file) = oneshot.value.penalty.as_mut().and_then(|p| p.table.as_mut()) else { continue };
        match text(file) {
            Err(why) => errors.push(broken(why, oneshot.span)),
            Ok((text, table)) => {
                *file = text;
                if let Some(space) = name.and_then(|name| spaces.get(&name)) {
                    errors.extend(rows(&table, space, oneshot.span, store)?);
                }
            }
        }
    }
    Ok(())
}

/// A file and the table in it.
fn text(path: &str) -> Result<(String, LatencyTable), String> {
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|f| f.take(MAX_TABLE + 1).read_to_string(&mut text));
    read.map_err(|e| format!("{path}: {e}"))?;
    if text.len() as u64 > MAX_TABLE {
        return Err(format!("{path} has more than {} MiB", MAX_TABLE >> 20));
    }
    let table = LatencyTable::parse(&text).map_err(|why| format!("{path}: {why}"))?;
    Ok((text, table))
}

fn broken(why: String, place: Span) -> Diagnostic {
    Diagnostic::error("table-broken", "the latency table cannot be used", place, why).help(MEASURE)
}

/// What a table lacks for a space. That it lacks nothing is remembered in the store, because large spaces take seconds.
fn rows(table: &LatencyTable, space: &Space, place: Span, store: Option<&Store>) -> Result<Option<Diagnostic>, RunError> {
    let version = env!("CARGO_PKG_VERSION");
    let found: Vec<Canon> = vec!["latency-rows".into(), version.into(), space.network().into(), table.digest().into()];
    let found = Canon::List(found).digest().hex();
    if let Some(store) = store
        && store.get_source(&found)?.is_some()
    {
        return Ok(None);
    }
    if let Err(missing) = table.check(space) {
        let message = format!("the latency table lacks operations of the space `{}`", space.name);
        return Ok(Some(Diagnostic::error("latency-rows", message, place, missing.to_string()).help(MEASURE)));
    }
    if let Some(store) = store.filter(|s| !s.is_read_only()) {
        let blob = store.blobs().put(b"[]")?;
        store.put_source(&found, blob)?;
    }
    Ok(None)
}
