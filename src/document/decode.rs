//! The table at work: properties and children become one, names and values are checked. Never stops at a finding.

use super::context::Context;
use super::form::Form;
use super::shorten::shorten;
use super::table::configuration::FILE;
use super::table::{self, Count, Field, Spec, Type};
use super::unknown::{fields_of, missing, not_yet, unknown_node, unknown_property, within};
use super::{Diagnostic, Node, Property, Span, Spanned, Value, values};

/// The nodes of a place (`""` is the top of a file), merged and checked; what could not be understood is left out.
pub fn nodes(context: &mut Context, raw: Vec<Node>) -> Vec<Node> {
    let mut out = Vec::new();
    for node in raw {
        child(context, None, node, &mut out);
    }
    out
}

/// The nodes inside a node of the top that is called `place`.
pub fn inside(context: &mut Context, place: &str, raw: Vec<Node>) -> Vec<Node> {
    let mut out = Vec::new();
    for node in raw {
        child(context, table::node("", place), node, &mut out);
    }
    out
}

/// The nodes of the user's configuration file.
pub fn configuration(context: &mut Context, raw: Vec<Node>) -> Vec<Node> {
    let mut out = Vec::new();
    for node in raw {
        child(context, Some(&FILE), node, &mut out);
    }
    out
}

/// A child that is a node of its own.
fn child(context: &mut Context, parent: Option<&Spec>, raw: Node, out: &mut Vec<Node>) {
    let place = parent.map_or("", |p| p.key);
    let Some(spec) = context.language.node(place, &raw.name.value) else {
        return unknown_node(context, parent, &raw);
    };
    if let Some(what) = spec.later {
        return context.push(not_yet(spec.name, what, raw.name.span));
    }
    if let (false, Some(first)) = (spec.repeats, out.iter().find(|n| n.name.value == raw.name.value)) {
        let message = format!("`{}` may stand only once {}", spec.name, within(place));
        return context.push(Diagnostic::error("given-twice", message, raw.name.span, "again here").also(first.name.span, "first here"));
    }
    out.push(merge(context, spec, raw));
}

fn merge(context: &mut Context, spec: &'static Spec, raw: Node) -> Node {
    let form = &Form::of(&context.language, spec, &raw);
    let Node { name, span, arguments, properties, children } = raw;
    let mut node = Node { name, span, arguments: arguments.clone(), properties: Vec::new(), children: Vec::new() };
    positional(context, form, arguments, &mut node);
    for property in properties {
        named(context, form, property, &mut node);
    }
    let outer = context.in_cell;
    context.in_cell |= spec.name == "cell";
    for raw in children {
        match form.field(&raw.name.value) {
            Some(field) => field_child(context, form, field, raw, &mut node),
            None if foreign(context, form, &raw.name) => {}
            None => child(context, Some(spec), raw, &mut node.children),
        }
    }
    context.in_cell = outer;
    node.properties.sort_by_key(|p| p.name.span);
    for property in &mut node.properties {
        if let Some(field) = form.field(&property.name.value) {
            property.values.retain(|value| check(context, spec, field, value));
            distinct(context, spec, field, property);
        }
    }
    // The layers of a cell have its channels.
    let given = |f: &Field| context.in_cell && spec.key == "layer" && f.name == "channels";
    for field in form.required().into_iter().filter(|f| node.property(f.name).is_none() && !given(f)).collect::<Vec<_>>() {
        let d = missing(&context.language, spec, field, &node);
        context.missing(&node, d);
    }
    node
}

/// Positional arguments fill the fields that the table names, in order.
fn positional(context: &mut Context, form: &Form, arguments: Vec<Spanned<Value>>, node: &mut Node) {
    let spec = form.spec;
    let mut slots = spec.positional.iter().filter_map(|name| spec.field(name)).peekable();
    let mut arguments = arguments.into_iter().peekable();
    while let (Some(first), Some(field)) = (arguments.peek(), slots.next()) {
        // `repeat 6 { … }`: a label that is left out.
        let text = matches!(first.value, Value::Text(_) | Value::Choice(_));
        if !field.required && !text && slots.peek().is_some() && matches!(field.types, [Type::Name(_) | Type::Label]) {
            continue;
        }
        let all = slots.peek().is_none() && (field.count == Count::List || (field.count == Count::Choice && spec.key != "layer"));
        let values: Vec<_> = if all { arguments.by_ref().collect() } else { arguments.next().into_iter().collect() };
        let span = values.first().map_or(node.name.span, |v| v.span);
        add(context, node, Property { name: Spanned { value: field.name.into(), span }, values });
    }
    let Some(extra) = arguments.next() else { return };
    let message = match spec.positional {
        [] => format!("`{}` takes no value without a name", spec.name),
        [one] => format!("`{}` takes one value without a name: `{one}`", spec.name),
        several => format!("`{}` takes {} values without a name: `{}`", spec.name, several.len(), several.join("`, `")),
    };
    let help = match spec.positional.last().and_then(|name| spec.field(name)) {
        Some(field) if field.count == Count::Choice => format!(
            "several values to choose from are written inside: `{} {{ {} {} … }}`",
            spec.name,
            field.name,
            node.arguments.iter().map(|a| a.value.to_string()).collect::<Vec<_>>().join(" ")
        ),
        _ => {
            let written = extra.value.to_string();
            match form.field(&written) {
                Some(field) => format!("write `{}=…`", field.name),
                None => fields_of(form),
            }
        }
    };
    context.push(Diagnostic::error("extra-value", message, extra.span, "one value too many").help(help));
}

/// `name=value`.
fn named(context: &mut Context, form: &Form, property: Property, node: &mut Node) {
    let (name, spec) = (property.name.value.clone(), form.spec);
    if spec.labels {
        return add(context, node, property);
    }
    if form.field(&name).is_some() {
        return add(context, node, property);
    }
    if foreign(context, form, &property.name) {
        return;
    }
    match context.language.node(spec.key, &name) {
        // `trials=16` is `{ trials 16 }`.
        Some(inner) if inner.later.is_some() || !inner.positional.is_empty() => {
            let end = property.values.last().map_or(property.name.span, |v| v.span);
            let span = Span { len: (end.offset + end.len).saturating_sub(property.name.span.offset), ..property.name.span };
            let raw = Node { name: property.name, span, arguments: property.values, properties: Vec::new(), children: Vec::new() };
            child(context, Some(spec), raw, &mut node.children);
        }
        Some(inner) => {
            let message = format!("`{name}` is a node inside `{}`, not a property", spec.name);
            context.push(
                Diagnostic::error("wrong-place", message, property.name.span, "not as `name=value`")
                    .help(format!("write `{} {{ {} }}`", spec.name, inner.example)),
            );
        }
        None => unknown_property(context, form, &property),
    }
}

/// Says that a field belongs to another word than the node names; whether it does.
fn foreign(context: &mut Context, form: &Form, name: &Spanned<String>) -> bool {
    let Some((owners, written)) = form.foreign(&name.value) else { return false };
    let d = Diagnostic::error("contradiction", format!("`{}` belongs to {owners}", name.value), name.span, format!("not to {written}"));
    context.push(d.help("delete it"));
    true
}

/// A child that is a property: `kernel 3 5`.
fn field_child(context: &mut Context, form: &Form, field: &Field, raw: Node, node: &mut Node) {
    let spec = form.spec;
    if raw.arguments.is_empty() && !context.poisoned(raw.span) {
        let d = Diagnostic::error(
            "missing-value",
            format!("`{}` has no value", field.name),
            raw.name.span,
            format!("{} expected", values::expected(&context.language, field)),
        );
        context.push(d);
    }
    if let Some(property) = raw.properties.first() {
        let shown = shorten(&property.name.value);
        let d =
            Diagnostic::error("unknown-property", format!("`{}` has no property `{shown}`", field.name), property.name.span, "not here");
        context.push(if form.field(&property.name.value).is_some() {
            d.help(format!("`{shown}` belongs to `{}`: write it before `{{` or as a line of its own", spec.name))
        } else {
            d
        });
    }
    if let Some(inner) = raw.children.first() {
        context.push(Diagnostic::error(
            "unknown-node",
            format!("`{}` has no block", field.name),
            inner.name.span,
            "nothing may stand here",
        ));
    }
    add(context, node, Property { name: raw.name, values: raw.arguments });
}

/// A property is written once, whichever way.
fn add(context: &mut Context, node: &mut Node, property: Property) {
    if let Some(first) = node.property(&property.name.value) {
        let message = format!("`{}` of `{}` is given twice", property.name.value, node.name.value);
        let span = property.name.span;
        return context.push(
            Diagnostic::error("given-twice", message, span, "again here")
                .also(first.name.span, "first here")
                .help("keep one: a value in its place, `name=value` and a line of that name are the same"),
        );
    }
    node.properties.push(property);
}

fn check(context: &mut Context, spec: &Spec, field: &Field, value: &Spanned<Value>) -> bool {
    if let Some(what) = field.later {
        context.push(not_yet(field.name, what, value.span));
        return false;
    }
    if let Value::Choice(label) = &value.value {
        let allowed = (field.count == Count::Choice && spec.name != "choice")
            || field.searched
            || field.types.iter().any(|t| matches!(t, Type::Label));
        if !allowed {
            let shown = shorten(label);
            let d = Diagnostic::error(
                "choice-here",
                format!("`{}` of `{}` cannot be chosen", field.name, spec.name),
                value.span,
                "no `(choice)` here",
            );
            let help = if spec.within == [""]
                || table::places(spec.name).iter().any(|p| matches!(*p, "train" | "sample" | "evaluate" | "select"))
            {
                "of a training the numbers of its recipe can be chosen, such as `optimizer sgd lr=(choice)\"lr\"`; write the value"
                    .to_string()
            } else {
                format!("write the value itself; `(choice)\"{shown}\"` stands for values of layers")
            };
            context.push(d.help(help));
        }
        return allowed;
    }
    if let Value::Expr(_) = &value.value {
        let allowed = (field.count == Count::Choice && spec.name != "choice") || field.types.iter().any(|t| matches!(t, Type::Expr));
        if !allowed {
            let message = format!("`{}` of `{}` cannot be worked out", field.name, spec.name);
            let d = Diagnostic::error("expression-here", message, value.span, "no `(expr)` here");
            context.push(d.help("expressions stand for values of layers, and in `when` and `require`; write the value"));
        }
        return allowed;
    }
    match values::check(&context.language, spec.name, field, value) {
        Some(diagnostic) => {
            context.push(diagnostic);
            false
        }
        None => true,
    }
}

/// One value where one is meant, and no value twice in a choice.
fn distinct(context: &mut Context, spec: &Spec, field: &Field, property: &Property) {
    if field.count == Count::One {
        if let [_, second, ..] = property.values.as_slice() {
            let d = Diagnostic::error(
                "several-values",
                format!("`{}` of `{}` takes one value", field.name, spec.name),
                second.span,
                "a second value",
            );
            context.push(d.help("several values are a choice only for the layers of a space"));
        }
        return;
    }
    // A layer may be read twice, two betas may be equal, and words of a command are whatever they are.
    if field.count == Count::List && matches!(field.types, [Type::Name("layer") | Type::Number(..) | Type::Argument]) {
        return;
    }
    for (i, value) in property.values.iter().enumerate().take(1000) {
        if let Some(first) = property.values[..i].iter().find(|v| same(&v.value, &value.value)) {
            let d = Diagnostic::error(
                "repeated-value",
                format!("{} stands twice in `{}`", shorten(&value.value.to_string()), values::name(spec.name, field)),
                value.span,
                "again here",
            );
            context.push(d.also(first.span, "first here").help("delete one of them"));
        }
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(i), Value::Float(x)) | (Value::Float(x), Value::Int(i)) => *i as f64 == *x,
        _ => a == b,
    }
}
