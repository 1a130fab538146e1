//! The reference page, written from the table.

use super::form;
use super::language::Language;
use super::table::{self, Count, Field, Spec};
use super::values;
use super::word::Word;
use std::fmt::Write as _;

/// Every node with its values, properties and defaults, as Markdown.
pub fn reference(language: &Language) -> String {
    let mut out = String::from(
        "# The nodes of the language\n\nEvery word that a pipeline may hold, with its values, properties and defaults. [language.md](language.md) explains the language.\n\n\
         A *node* is a line: its name, values, properties `name=value`, and perhaps a block `{ … }` with further lines. A property may be written \
         `name=value` or as a line of its own inside the block. \"value 1\" is the first value behind the name; it may be written with its name, \
         too.\n\nThis page is printed from the program's own table (`src/document/table`); a test compares the two.\n",
    );
    let mut places: Vec<&str> = Vec::new();
    let all: Vec<&Spec> = table::all().chain(language.lines()).collect();
    for spec in all.iter().filter(|s| s.later.is_none()) {
        let place = spec.within.first().copied().unwrap_or("");
        if !places.contains(&place) {
            places.push(place);
        }
    }
    for place in places {
        let title = match place {
            "" => "At the top of a file".to_string(),
            "network" => "Layers, in `network`, `repeat`, `choose`, `at`, `after`, `cell`, `on-node`, `then-layers` and `when`".to_string(),
            place => format!("In `{place}`"),
        };
        let _ = write!(out, "\n## {title}\n");
        for spec in all.iter().filter(|s| s.later.is_none() && s.within.first() == Some(&place)) {
            node(&mut out, language, spec);
        }
    }
    out.push_str(
        "\n## In the configuration file\n\nThe user's own file ([configuration.md](configuration.md)); a pipeline holds none of these.\n",
    );
    for spec in table::configuration::NODES.iter().filter(|s| s.later.is_none()) {
        node(&mut out, language, spec);
    }
    out.push_str("\n## Later\n\nThese belong to the language and are refused as \"not supported yet\":\n\n");
    for spec in table::all() {
        if let Some(what) = spec.later {
            let _ =
                writeln!(out, "- `{}` in {} ({what})", spec.name, spec.within.iter().take(1).map(|w| format!("`{w}`")).collect::<String>());
        }
    }
    out
}

fn node(out: &mut String, language: &Language, spec: &Spec) {
    let _ = write!(out, "\n### `{}`\n\n{}\n\n```kdl\n{}\n```\n", spec.name, spec.doc, spec.example);
    let fields: Vec<&Field> = spec.all_fields().filter(|f| f.later.is_none()).collect();
    table_of(out, language, &fields, spec.positional);
    if spec.name == "metrics" {
        metrics(out, language);
    }
    let Some((field, kind)) = form::naming(spec) else { return };
    for word in language.words(kind) {
        described(out, language, spec, field, word);
    }
}

/// Every metric, with what a file and a reader must know of it.
fn metrics(out: &mut String, language: &Language) {
    out.push_str("\n| metric | better | unit | computed from | |\n|---|---|---|---|---|\n");
    for metric in &language.metrics.known {
        let class = if metric.of_class() { " class=\"NAME\"" } else { "" };
        let (better, unit, reads) = (metric.better.word(), metric.unit.word(), metric.reads.words());
        let _ = writeln!(out, "| `{}{class}` | {better} | {unit} | {reads} | {} |", metric.word.name, metric.word.doc);
    }
}

/// A word, and what may stand beside it.
fn described(out: &mut String, language: &Language, spec: &Spec, field: &Field, word: &Word) {
    let _ = write!(out, "\n#### `{}`\n\n{}\n", form::written_as(spec, field, word), word.doc);
    if !word.example.is_empty() {
        let _ = write!(out, "\n```kdl\n{}\n```\n", word.example);
    }
    table_of(out, language, &word.fields.iter().collect::<Vec<_>>(), &[]);
}

fn table_of(out: &mut String, language: &Language, fields: &[&Field], positional: &[&str]) {
    if fields.is_empty() {
        return;
    }
    out.push_str("\n| property | takes | default | |\n|---|---|---|---|\n");
    for field in fields {
        let position = positional.iter().position(|p| *p == field.name).map_or(String::new(), |i| format!(" (value {})", i + 1));
        let several = match field.count {
            Count::One if field.searched => ", or a `(choice)`",
            Count::One => "",
            Count::Choice => "; several are a choice",
            Count::List => "; a list",
        };
        let default = match (field.required, field.default, field.preset.value()) {
            (true, ..) => "required".to_string(),
            (false, "", Some(value)) => value.to_string(),
            (false, "", None) => "none".to_string(),
            (false, text, _) => text.to_string(),
        };
        let _ = writeln!(
            out,
            "| `{}`{position} | {}{several} | {default} | {} |",
            field.name,
            values::expected(language, field).replace('|', "\\|"),
            field.doc
        );
    }
}
