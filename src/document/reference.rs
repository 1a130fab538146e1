//! The reference page, written from the table.

use super::table::{self, Count, Field, Spec};
use super::values;
use std::fmt::Write as _;

/// Every node with its values, properties and defaults, as Markdown.
pub fn reference() -> String {
    let mut out = String::from(
        "# The nodes of the language\n\nGenerated from `src/document/table`. A property may be written `name=value` or as a line of its own inside `{ }`.\n",
    );
    let mut places: Vec<&str> = Vec::new();
    for spec in table::all().filter(|s| s.later.is_none()) {
        let place = spec.within.first().copied().unwrap_or("");
        if !places.contains(&place) {
            places.push(place);
        }
    }
    for place in places {
        let title = match place {
            "" => "At the top of a file".to_string(),
            "network" => "Layers, in `network`, `repeat`, `choose`, `at`, `after`, `cell`, `on-node` and `then-layers`".to_string(),
            place => format!("In `{place}`"),
        };
        let _ = write!(out, "\n## {title}\n");
        for spec in table::all().filter(|s| s.later.is_none() && s.within.first() == Some(&place)) {
            node(&mut out, spec);
        }
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

fn node(out: &mut String, spec: &Spec) {
    let _ = write!(out, "\n### `{}`\n\n{}\n\n```kdl\n{}\n```\n", spec.name, spec.doc, spec.example);
    let fields: Vec<&Field> = spec.all_fields().filter(|f| f.later.is_none()).collect();
    if fields.is_empty() {
        return;
    }
    out.push_str("\n| property | takes | default | |\n|---|---|---|---|\n");
    for field in fields {
        let position = spec.positional.iter().position(|p| *p == field.name).map_or(String::new(), |i| format!(" (value {})", i + 1));
        let several = match field.count {
            Count::One => "",
            Count::Choice => "; several are a choice",
            Count::List => "; a list",
        };
        let default = match (field.required, field.default) {
            (true, _) => "required",
            (false, "") => "none",
            (false, text) => text,
        };
        let _ = writeln!(
            out,
            "| `{}`{position} | {}{several} | {default} | {} |",
            field.name,
            values::expected(field).replace('|', "\\|"),
            field.doc
        );
    }
}
