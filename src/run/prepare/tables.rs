//! Reads the files of `method table`, each once, and holds them against what the stages ask of them.

mod coverage;

use crate::document::{Diagnostic, KeyPart, Pipeline, Spanned, StageKind, TableSource, nearest};
use crate::plan::Table;
use crate::plan::lead::spaces_of;
use crate::plan::table::{Fault, MAX_BYTES};
use crate::space::Space;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

/// The tables by stage; whatever is wrong with one is an error at its line, or a warning.
pub fn read(pipeline: &Pipeline, spaces: &BTreeMap<String, Space>, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Arc<Table>> {
    let stages: Vec<(&str, &TableSource)> = pipeline
        .stages
        .iter()
        .filter_map(|s| match &s.kind {
            StageKind::Evaluate(e) => Some((s.name.value.as_str(), e.table.as_deref()?)),
            _ => None,
        })
        .collect();
    let file_of = |source: &TableSource| (source.file.value.clone(), names(&source.keys));
    let mut files: BTreeMap<(String, Vec<String>), Option<Arc<Table>>> = BTreeMap::new();
    let mut tables = BTreeMap::new();
    for (stage, source) in &stages {
        let file = file_of(source);
        let table = files.entry(file.clone()).or_insert_with(|| {
            let same = stages.iter().filter(|(_, s)| file_of(s) == file);
            let wanted: BTreeSet<&str> = same.flat_map(|(_, s)| &s.columns).flat_map(|c| &c.names).map(|n| n.value.as_str()).collect();
            match open(source, &wanted) {
                Ok(table) => Some(Arc::new(table)),
                Err(d) => {
                    found.push(*d);
                    None
                }
            }
        });
        let of: Vec<&Space> = spaces_of(pipeline, stage).iter().filter_map(|s| spaces.get(s)).collect();
        let before = found.len();
        key(source, &of, found);
        if let Some(table) = table {
            columns(source, table, found);
            tables.insert((*stage).to_string(), table.clone());
            // A key that is wrong in itself finds no row.
            if found.len() == before {
                found.extend(of.iter().filter_map(|space| coverage::check(source, table, space)));
            }
        }
    }
    tables
}

fn names(columns: &[Spanned<String>]) -> Vec<String> {
    columns.iter().map(|c| c.value.clone()).collect()
}

fn open(source: &TableSource, wanted: &BTreeSet<&str>) -> Result<Table, Box<Diagnostic>> {
    let broken = |why: String| {
        let d = Diagnostic::error("table-broken", "the table cannot be used", source.file.span, why);
        Box::new(d.help(
            "a table is JSON (an object of objects, one a network, or a list of them) or CSV (a line of names first, and a name in `.csv`), perhaps packed (`.gz`)",
        ))
    };
    let path = std::path::Path::new(&source.file.value);
    let told = |e: std::io::Error| broken(format!("{}: {e}", path.display()));
    let meta = std::fs::metadata(path).map_err(told)?;
    if !meta.is_file() {
        return Err(broken(format!("{} is no file", path.display())));
    }
    // A packed file is the file that is packed in it.
    let packed = source.file.value.rsplit_once('.').filter(|(_, ending)| ending.eq_ignore_ascii_case("gz"));
    let name = packed.map_or(source.file.value.as_str(), |(name, _)| name);
    let file = std::fs::File::open(path).map_err(told)?;
    let mut bytes = Vec::new();
    let read = if packed.is_some() {
        flate2::read::MultiGzDecoder::new(file).take(MAX_BYTES + 1).read_to_end(&mut bytes)
    } else {
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes)
    };
    read.map_err(told)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(broken(format!("it has more than {} MiB", MAX_BYTES >> 20)));
    }
    let wanted: Vec<&str> = wanted.iter().copied().collect();
    let keys: Vec<&str> = source.keys.iter().map(|k| k.value.as_str()).collect();
    Table::parse(name, &bytes, &keys, &wanted).map_err(|fault| match fault {
        Fault::Broken(why) => broken(why),
        Fault::NoKeys { missing, columns } => {
            let key = &source.keys[missing];
            let message = format!("the table has no column `{}`, which would name its rows", key.value);
            let d = Diagnostic::error("table-column", message, key.span, "no such column");
            let columns = listed(&key.value, "its columns: ", columns.iter().map(String::as_str));
            Box::new(d.help(format!("write `keys=` with the column of the keys: {columns}")))
        }
    })
}

/// Every column is there, and what should be a share is one.
fn columns(source: &TableSource, table: &Table, errors: &mut Vec<Diagnostic>) {
    for column in &source.columns {
        let lacking: Vec<&Spanned<String>> = column.names.iter().filter(|n| !table.columns.contains(&n.value)).collect();
        let metric = column.metric.value.name();
        for name in &lacking {
            let d = Diagnostic::error("table-column", format!("the table has no column `{}`", name.value), name.span, "no such column");
            let how = format!("say which column is which metric: `column {metric} \"NAME\"`; ");
            let how = if name.value == metric { how } else { String::new() };
            errors.push(d.help(how + &listed(&name.value, "its columns: ", table.columns.iter().map(String::as_str))));
        }
        if let (true, Some(odd)) = (lacking.is_empty() && column.metric.value.is_share(), table.outside(column)) {
            let message = format!("`{metric}` lies between 0 and 1, and the table says {odd}");
            let d = Diagnostic::error("table-unit", message, column.metric.span, "another unit, or another column");
            errors.push(if odd > 1.0 && odd <= 100.0 && !column.percent() {
                let names: Vec<String> = column.names.iter().map(|n| format!("{:?}", n.value)).collect();
                d.help(format!("if the file holds percent: `column {metric} {} unit=percent`", names.join(" ")))
            } else {
                d
            });
        }
    }
}

/// The key names decisions and options that the spaces have.
fn key(source: &TableSource, spaces: &[&Space], errors: &mut Vec<Diagnostic>) {
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    let place = source.key.first().map_or(source.file.span, |k| k.span);
    for part in source.key.iter().flat_map(|k| &k.value) {
        match part {
            KeyPart::Option(label) | KeyPart::Index(label) => {
                asked.insert(label);
            }
            KeyPart::Decisions => {
                let many = spaces.iter().flat_map(|s| s.decisions()).find(|d| d.options.len() > 10);
                if let Some(decision) = many {
                    let message = format!("`{}` has {} options: their places take two digits", decision.label, decision.options.len());
                    let d = Diagnostic::error("table-key", message, place, "one digit a decision");
                    errors.push(d.also(decision.span, "this decision").help("write a template, such as `key=\"{a:index}-{b:index}\"`"));
                }
            }
            KeyPart::Text(_) => {}
        }
    }
    for label in asked {
        let lacks = spaces.iter().find(|s| !s.decisions().iter().any(|d| d.label == label));
        let Some(space) = lacks else { continue };
        let d = Diagnostic::error("table-key", format!("`{}` has no decision `{label}`", space.name), place, "read by this key");
        errors.push(d.help(listed(label, "its decisions: ", space.decisions().iter().map(|d| d.label.as_str()))));
    }
    for word in &source.words {
        let of = |d: &&crate::space::Decision| word.label.as_ref().is_none_or(|l| l.value == d.label);
        let decisions = || spaces.iter().flat_map(|s| s.decisions()).filter(of);
        if spaces.is_empty() || decisions().any(|d| d.options.contains(&word.option.value)) {
            continue;
        }
        if let (Some(label), None) = (&word.label, decisions().next()) {
            let known: BTreeSet<&str> = spaces.iter().flat_map(|s| s.decisions()).map(|d| d.label.as_str()).collect();
            let d = Diagnostic::error("table-key", format!("there is no decision `{}`", label.value), label.span, "no such decision");
            errors.push(d.help(listed(&label.value, "its decisions: ", known)));
            continue;
        }
        let which = word.label.as_ref().map_or("no decision has".to_string(), |l| format!("`{}` does not have", l.value));
        let options: BTreeSet<&str> = decisions().flat_map(|d| &d.options).map(String::as_str).collect();
        let message = format!("{which} the option `{}`", word.option.value);
        let d = Diagnostic::error("table-key", message, word.option.span, "no such option");
        errors.push(d.help(listed(&word.option.value, "there are ", options)));
    }
}

/// `did you mean …? ` and the first twenty of what there is.
fn listed<'a>(written: &str, before: &str, all: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.into_iter().collect();
    let near = nearest(written, all.iter().copied()).map_or(String::new(), |n| format!("did you mean `{n}`? "));
    let shown: Vec<&str> = all.iter().take(20).copied().collect();
    format!("{near}{before}{}{}", shown.join(", "), if all.len() > 20 { ", …" } else { "" })
}
