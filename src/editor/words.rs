//! The values that a field takes, as far as they can be listed.

use super::declared::Scope;
use super::describe;
use crate::document::table::Spec;
use crate::document::{Field, Kind, Language, Type, quoted};
use crate::space::zoo::ZOO;

/// A value that a field takes.
pub struct Value {
    /// As it is called.
    pub name: String,
    /// As it is written.
    pub written: String,
    /// A few words.
    pub detail: String,
    /// Markdown.
    pub doc: String,
    /// Whether the file invented it.
    pub invented: bool,
}

fn known(name: &str, detail: &str, doc: String) -> Value {
    Value { name: name.into(), written: name.into(), detail: detail.into(), doc, invented: false }
}

/// All of them. `at`: where in the file, because layers count only in their space.
pub fn values(language: &Language, scope: &Scope, spec: Option<&Spec>, field: &Field, at: usize) -> Vec<Value> {
    let mut out = Vec::new();
    for t in field.types {
        match t {
            Type::Word(words) => out.extend(words.iter().map(|w| known(w, field.name, String::new()))),
            Type::Of(kind) => out.extend(language.words(*kind).into_iter().map(|w| known(w.name, w.doc, describe::word(spec, field, w)))),
            Type::Metric => {
                let metrics = &language.metrics.known;
                out.extend(metrics.iter().map(|m| {
                    let detail = format!("{}, {} is better", m.unit.word(), m.better.word());
                    known(m.word.name, &detail, describe::word(None, field, &m.word))
                }));
                out.extend(names(scope, "metric", at));
            }
            Type::Bool => out.extend(["#true", "#false"].map(|w| known(w, field.name, String::new()))),
            Type::Name("network" | "shipped space") => out.extend(ZOO.iter().map(|z| known(z.name, "shipped", z.doc.into()))),
            Type::Name("split") => {
                let mut splits: Vec<Value> = names(scope, "split", at).collect();
                splits.dedup_by(|a, b| a.name == b.name);
                for usual in ["train", "val", "test"] {
                    if !splits.iter().any(|s| s.name == usual) {
                        splits.push(known(usual, "split", String::new()));
                    }
                }
                splits.iter_mut().for_each(|s| s.written.clone_from(&s.name));
                out.extend(splits);
            }
            Type::Name(what) => {
                if *what == "layer" {
                    out.push(known("above", "the layer above", String::new()));
                }
                // A name that the node itself declares is the writer's to find.
                if !declares(spec, field) {
                    out.extend(names(scope, what, at));
                    // Trainings come from spaces, too.
                    if *what == "stage" {
                        out.extend(names(scope, "space", at));
                    }
                }
            }
            Type::Label => out.extend(names(scope, "choice", at)),
            _ => {}
        }
    }
    let mut seen = std::collections::HashSet::new();
    out.retain(|v| seen.insert(v.written.clone()));
    out
}

/// Whether what stands there is a declaration: a name that the writer invents.
pub fn declares(spec: Option<&Spec>, field: &Field) -> bool {
    match field.name {
        "as" => true,
        "name" => spec.is_some_and(|s| s.within.contains(&"") || matches!(s.name, "cell" | "folds")),
        "label" => spec.is_some_and(|s| matches!(s.name, "choice" | "range" | "choose" | "repeat")),
        _ => false,
    }
}

/// Names in scope, quoted.
pub fn names<'s>(scope: &'s Scope, what: &'s str, at: usize) -> impl Iterator<Item = Value> + 's {
    scope.of_kind(what, at).map(|d| Value {
        name: d.name.clone(),
        written: quoted(&d.name),
        detail: d.what.into(),
        doc: format!("```kdl\n{}\n```", d.line),
        invented: true,
    })
}

/// What is known of a word that stands as a value of a field.
pub fn about(language: &Language, scope: &Scope, spec: Option<&Spec>, field: &Field, text: &str, at: usize) -> Option<String> {
    let word = |kind: Kind| language.word(kind, text).map(|w| describe::word(spec, field, w));
    let found = field.types.iter().find_map(|t| match t {
        Type::Of(kind) => word(*kind),
        Type::Metric => word(Kind::Metric).or_else(|| of_name(scope, "metric", text, at)),
        Type::Name("network" | "shipped space") => {
            ZOO.iter().find(|z| z.name == text).map(|z| format!("**{text}**: {}\n\n`nasflow show zoo/{text}` prints it.", z.doc))
        }
        Type::Name(what) => of_name(scope, what, text, at).or_else(|| of_name(scope, "space", text, at).filter(|_| *what == "stage")),
        Type::Label => of_name(scope, "choice", text, at),
        _ => None,
    });
    found.or_else(|| Some(describe::field(language, field)))
}

/// What is known of a name.
pub fn of_name(scope: &Scope, what: &str, name: &str, at: usize) -> Option<String> {
    let d = scope.find(what, name, at)?;
    let file = if d.file == 0 { String::new() } else { format!(", in `{}`", scope.files.get(d.file).map_or("", |f| f.0.as_str())) };
    Some(format!("{} `{name}`{file}\n\n```kdl\n{}\n```", d.what, d.line))
}
