//! `prior` of a `sample`: what somebody takes for good before anything is known. Whether the space has it, the room `space` finds out.

use crate::document::context::Context;
use crate::document::pipeline::Prior;
use crate::document::shorten::shorten;
use crate::document::{Diagnostic, Node, Spanned};

/// The lines `prior`.
pub fn priors(context: &mut Context, node: &Node) -> Vec<Prior> {
    let mut found: Vec<Prior> = Vec::new();
    for line in node.children.iter().filter(|c| c.name.value == "prior") {
        let (Some(label), Some(option)) = (line.text("label"), line.value("option")) else { continue };
        let option = Spanned { value: option.value.clone(), span: option.span };
        if let (Some(confidence), Some(weight)) = (line.property("confidence"), line.property("weight")) {
            let d = Diagnostic::error("contradiction", "`prior` says twice how sure it is", weight.name.span, "a number");
            context.push(d.also(confidence.name.span, "and a word").help("keep one of them"));
        }
        if let Some(first) = found.iter().find(|p| p.label.value == label.value && p.option.value.datum() == option.value.datum()) {
            let message = format!("`{}` has two priors for one value", shorten(&label.value));
            context.push(Diagnostic::error("declared-twice", message, option.span, "again here").also(first.option.span, "first here"));
            continue;
        }
        let confidence = match line.text("confidence").as_ref().map(|c| c.value.as_str()) {
            Some("low") => 2.0,
            Some("high") => 8.0,
            _ => 4.0,
        };
        found.push(Prior { label, option, weight: line.number("weight").unwrap_or(confidence) });
    }
    found
}
