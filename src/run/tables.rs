//! Reads the files of `method table`, each once, and holds them against what the stages ask of them.

use super::prepare::spaces_of;
use crate::document::{Diagnostic, KeyPart, Pipeline, Spanned, StageKind, TableSource, nearest};
use crate::plan::Table;
use crate::plan::table::{Fault, MAX_BYTES};
use crate::space::Space;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

/// The tables by stage; whatever is wrong with one is an error at its line.
pub fn read(pipeline: &Pipeline, spaces: &BTreeMap<String, Space>, errors: &mut Vec<Diagnostic>) -> BTreeMap<String, Arc<Table>> {
    let stages: Vec<(&str, &TableSource)> = pipeline
        .stages
        .iter()
        .filter_map(|s| match &s.kind {
            StageKind::Evaluate(e) => Some((s.name.value.as_str(), e.table.as_deref()?)),
            _ => None,
        })
        .collect();
    let mut files: BTreeMap<(&str, &str), Option<Arc<Table>>> = BTreeMap::new();
    let mut tables = BTreeMap::new();
    for (stage, source) in &stages {
        let file = (source.file.value.as_str(), source.keys.value.as_str());
        let table = files.entry(file).or_insert_with(|| {
            let same = stages.iter().filter(|(_, s)| (s.file.value.as_str(), s.keys.value.as_str()) == file);
            let wanted: BTreeSet<&str> = same.flat_map(|(_, s)| &s.columns).flat_map(|c| &c.names).map(|n| n.value.as_str()).collect();
            match open(source, &wanted) {
                Ok(table) => Some(Arc::new(table)),
                Err(d) => {
                    errors.push(*d);
                    None
                }
            }
        });
        if let Some(table) = table {
            columns(source, table, errors);
            tables.insert((*stage).to_string(), table.clone());
        }
        let of: Vec<&Space> = spaces_of(pipeline, stage, 0).iter().filter_map(|s| spaces.get(s)).collect();
        key(source, &of, errors);
    }
    tables
}

fn open(source: &TableSource, wanted: &BTreeSet<&str>) -> Result<Table, Box<Diagnostic>> {
    let broken = |why: String| {
        let d = Diagnostic::error("table-broken", "the table cannot be used", source.file.span, why);
        Box::new(d.help("a table is JSON (an object of objects, one a network) or CSV (a line of names first, and a name in `.csv`)"))
    };
    let path = std::path::Path::new(&source.file.value);
    let told = |e: std::io::Error| broken(format!("{}: {e}", path.display()));
    let meta = std::fs::metadata(path).map_err(told)?;
    if !meta.is_file() {
        return Err(broken(format!("{} is no file", path.display())));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|f| f.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(told)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(broken(format!("it has more than {} MiB", MAX_BYTES >> 20)));
    }
    let wanted: Vec<&str> = wanted.iter().copied().collect();
    Table::parse(&source.file.value, &bytes, &source.keys.value, &wanted).map_err(|fault| match fault {
        Fault::Broken(why) => broken(why),
        Fault::NoKeys(columns) => {
            let message = format!("the table has no column `{}`, which would name its rows", source.keys.value);
            let d = Diagnostic::error("table-column", message, source.keys.span, "no such column");
            Box::new(d.help(format!("write `keys=` with the column of the keys: {}", among(&source.keys.value, &columns))))
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
            errors.push(d.help(how + &among(&name.value, &table.columns)));
        }
        if let (true, Some(odd)) = (lacking.is_empty() && column.metric.value.is_share(), table.outside(column)) {
            let message = format!("`{metric}` lies between 0 and 1, and the table says {odd}");
            let d = Diagnostic::error("table-unit", message, column.metric.span, "another unit, or another column");
            errors.push(if odd > 1.0 && odd <= 100.0 && !column.percent {
                let names: Vec<String> = column.names.iter().map(|n| format!("{:?}", n.value)).collect();
                d.help(format!("if the file holds percent: `column {metric} {} unit=percent`", names.join(" ")))
            } else {
                d
            });
        }
    }
}

/// `did you mean …? its columns: …`
fn among(written: &str, columns: &[String]) -> String {
    let near = nearest(written, columns.iter().map(String::as_str)).map_or(String::new(), |n| format!("did you mean `{n}`? "));
    let shown: Vec<&str> = columns.iter().take(20).map(String::as_str).collect();
    format!("{near}its columns: {}{}", shown.join(", "), if columns.len() > 20 { ", …" } else { "" })
}

/// The key names decisions and options that the spaces have.
fn key(source: &TableSource, spaces: &[&Space], errors: &mut Vec<Diagnostic>) {
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    for part in &source.key.value {
        match part {
            KeyPart::Option(label) | KeyPart::Index(label) => {
                asked.insert(label);
            }
            KeyPart::Decisions => {
                let many = spaces.iter().flat_map(|s| s.decisions()).find(|d| d.options.len() > 10);
                if let Some(decision) = many {
                    let message = format!("`{}` has {} options: their places take two digits", decision.label, decision.options.len());
                    let d = Diagnostic::error("table-key", message, source.key.span, "one digit a decision");
                    errors.push(d.also(decision.span, "this decision").help("write a template, such as `key=\"{a:index}-{b:index}\"`"));
                }
            }
            KeyPart::Text(_) => {}
        }
    }
    for label in asked {
        let lacks = spaces.iter().find(|s| !s.decisions().iter().any(|d| d.label == label));
        let Some(space) = lacks else { continue };
        let known: Vec<&str> = space.decisions().iter().map(|d| d.label.as_str()).collect();
        let d = Diagnostic::error("table-key", format!("`{}` has no decision `{label}`", space.name), source.key.span, "read by this key");
        let near = nearest(label, known.iter().copied()).map_or(String::new(), |n| format!("did you mean `{n}`? "));
        let shown: Vec<&str> = known.iter().take(20).copied().collect();
        errors.push(d.help(format!("{near}its decisions: {}{}", shown.join(", "), if known.len() > 20 { ", …" } else { "" })));
    }
    for (option, _) in &source.words {
        let mut options = spaces.iter().flat_map(|s| s.decisions()).flat_map(|d| &d.options).map(String::as_str);
        if spaces.is_empty() || options.any(|o| o == option.value) {
            continue;
        }
        let options: BTreeSet<&str> = spaces.iter().flat_map(|s| s.decisions()).flat_map(|d| &d.options).map(String::as_str).collect();
        let d = Diagnostic::error("table-key", format!("no decision has the option `{}`", option.value), option.span, "no such option");
        let near = nearest(&option.value, options.iter().copied()).map_or(String::new(), |n| format!("did you mean `{n}`? "));
        let shown: Vec<&str> = options.iter().take(20).copied().collect();
        errors.push(d.help(format!("{near}there are {}{}", shown.join(", "), if options.len() > 20 { ", …" } else { "" })));
    }
}
