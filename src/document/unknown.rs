//! What to say of names that the table does not know here, and of those that it misses.

use super::context::Context;
use super::form::Form;
use super::language::Language;
use super::shorten::shorten;
use super::table::configuration::FILE;
use super::table::{self, Field, Kind, Spec, Type};
use super::{Diagnostic, Node, Property, Span, nearest};

/// A field that must be written.
pub fn missing(language: &Language, spec: &Spec, field: &Field, node: &Node) -> Diagnostic {
    let example = if spec.positional.contains(&field.name) {
        spec.example.to_string()
    } else {
        format!("{} {}", field.name, sample(language, field))
    };
    Diagnostic::error("missing", format!("`{}` needs `{}`", spec.name, field.name), node.name.span, format!("`{}` is missing", field.name))
        .help(format!("{}: `{example}`", field.doc.trim_end_matches('.')))
}

fn sample(language: &Language, field: &Field) -> String {
    match field.types.first() {
        Some(Type::Name(_)) => "\"…\"".into(),
        Some(Type::Metric) => language.names(Kind::Metric).first().copied().unwrap_or("…").into(),
        Some(Type::Of(kind)) => language.names(*kind).first().copied().unwrap_or("…").into(),
        Some(Type::Word(words)) => words.first().copied().unwrap_or("…").into(),
        Some(Type::Int(..)) => "12".into(),
        _ => "…".into(),
    }
}

/// A node or field of a later version.
pub fn not_yet(name: &str, what: &str, span: Span) -> Diagnostic {
    Diagnostic::error("not-yet", format!("`{name}` is not supported yet"), span, "not yet")
        .help(format!("it is part of the language ({what}), and comes in a later version"))
}

/// A place in words.
pub fn within(place: &str) -> String {
    match place {
        "" => "in a file".into(),
        place if place == FILE.key => "in the configuration file".into(),
        place => format!("in `{place}`"),
    }
}

/// A property that the node does not have.
pub fn unknown_property(context: &mut Context, form: &Form, property: &Property) {
    let spec = form.spec;
    let name = &property.name.value;
    let d = Diagnostic::error(
        "unknown-property",
        format!("`{}` has no property `{}`", spec.name, shorten(name)),
        property.name.span,
        "unknown",
    );
    if context.tired() {
        return context.push(d);
    }
    let known: Vec<&'static str> =
        form.all_fields().map(|f| f.name).chain(context.language.children(spec.key).iter().map(|c| c.name)).collect();
    let near = nearest(name, known);
    context.push(d.help(near.map_or_else(|| fields_of(form), |near| format!("did you mean `{near}`?"))));
    context.suspect(property.name.span, near.unwrap_or(""));
}

/// What a node takes, for a reader who wrote something else.
pub fn fields_of(form: &Form) -> String {
    let spec = form.spec;
    let names: Vec<String> =
        form.all_fields().filter(|f| f.later.is_none() && !spec.positional.contains(&f.name)).map(|f| format!("`{}`", f.name)).collect();
    match names.as_slice() {
        [] => format!("such as `{}`", spec.example),
        names => format!("`{}` takes {}", spec.name, names.join(", ")),
    }
}

/// A node that does not stand here, or nowhere.
pub fn unknown_node(context: &mut Context, parent: Option<&Spec>, raw: &Node) {
    let name = raw.name.value.as_str();
    let shown = shorten(name);
    let place = parent.map_or("", |p| p.key);
    let configuration = place == FILE.key;
    let here = match parent {
        Some(_) if configuration => within(place),
        Some(p) => format!("in `{}`", p.name),
        None => "at the top of a file".into(),
    };
    if context.tired() {
        context.suspect(raw.name.span, "-");
        return context.push(Diagnostic::error("unknown-node", format!("there is no node `{shown}` {here}"), raw.name.span, "unknown"));
    }
    let elsewhere = context.language.places(name);
    if !elsewhere.is_empty() {
        let top = if configuration { "at the top of a pipeline" } else { "at the top of a file" };
        let holders: Vec<String> =
            elsewhere.iter().take(5).map(|p| if p.is_empty() { top.to_string() } else { format!("in `{p}`") }).collect();
        let d = Diagnostic::error("wrong-place", format!("`{shown}` does not stand {here}"), raw.name.span, "not here");
        let stands = format!("`{shown}` stands {}", holders.join(", "));
        return match nearest(name, parent.iter().flat_map(|p| p.all_fields()).map(|f| f.name)) {
            Some(near) => {
                context.push(d.help(format!("did you mean `{near}`? {stands}")));
                context.suspect(raw.name.span, near);
            }
            None => {
                context.push(d.help(stands));
                context.suspect(raw.name.span, "-");
            }
        };
    }
    let names: Vec<&'static str> =
        parent.iter().flat_map(|p| p.all_fields()).map(|f| f.name).chain(context.language.children(place).iter().map(|c| c.name)).collect();
    let d = Diagnostic::error("unknown-node", format!("there is no node `{shown}` {here}"), raw.name.span, "unknown");
    let anywhere = || table::all().map(|s| s.name).chain(context.language.each_line().map(|s| s.name));
    let near = nearest(name, names.iter().copied()).or_else(|| if configuration { None } else { nearest(name, anywhere()) });
    // A node without a near name hides nothing in particular: `-` is no name.
    context.suspect(raw.name.span, near.unwrap_or("-"));
    context.push(match near {
        Some(near) => d.help(format!("did you mean `{near}`?")),
        None => {
            let names: Vec<String> = children_names(&context.language, place)
                .chain(parent.iter().flat_map(|p| p.all_fields()).filter(|f| f.later.is_none() && f.name != "name").map(|f| f.name))
                .map(|n| format!("`{n}`"))
                .collect();
            if names.is_empty() { d.help(format!("nothing stands {here}")) } else { d.help(format!("{here} stand {}", names.join(", "))) }
        }
    });
}

fn children_names(language: &Language, place: &str) -> impl Iterator<Item = &'static str> {
    language.children(place).into_iter().filter(|c| c.later.is_none()).map(|c| c.name)
}
