//! The lines of supernets: `init` of a `train`, `recalibrate` of an `evaluate`.

use crate::document::context::Context;
use crate::document::pipeline::{Init, Recalibrate};
use crate::document::{Diagnostic, Node, Spanned};

/// What a training starts from.
pub fn init(context: &mut Context, node: &Node) -> Init {
    let (kind, from, matching) = (node.text("kind"), node.text("from"), node.property("match"));
    match (&kind, &from) {
        (Some(kind), Some(from)) => {
            let d = Diagnostic::error("contradiction", "`init` says two things", from.span, "another training");
            context.push(d.also(kind.span, "a word").help("keep one of them"));
        }
        (None, None) if node.property("kind").is_none() && node.property("from").is_none() => {
            let d = Diagnostic::error("missing", "`init` does not say from what", node.name.span, "what does it start from?");
            context.missing(node, d.help("write `init scratch`, `init inherit`, `init continue` or `init from=\"NAME\" match=names`"));
        }
        (None, Some(from)) if matching.is_none() => {
            let d = Diagnostic::error("missing", "which weights are taken over?", from.span, "`match=names` is missing");
            context.missing(node, d.help("write `match=names`: those whose names and shapes are the same in both"));
        }
        _ => {}
    }
    if let (Some(matching), None, Some(kind)) = (matching, &from, &kind) {
        let d =
            Diagnostic::error("contradiction", "`match` belongs to `init from=`", matching.name.span, format!("not to `{}`", kind.value));
        context.push(d.help("delete it"));
    }
    match (kind.as_ref().map(|k| k.value.as_str()), from) {
        (Some("continue"), _) => Init::Continue,
        (Some("inherit"), _) => Init::Inherit,
        (None, Some(from)) => Init::From(from),
        _ => Init::Scratch,
    }
}

/// How subnets come to their statistics.
pub fn recalibrate(context: &mut Context, node: &Node) -> Option<Spanned<Recalibrate>> {
    let span = node.name.span;
    if let Some(kind) = node.text("kind") {
        for name in ["batches", "batch", "split"] {
            if let Some(p) = node.property(name) {
                let d = Diagnostic::error("contradiction", format!("`off` reads no `{name}`"), p.name.span, "nothing is recalibrated");
                context.push(d.also(kind.span, "said here").help("keep one of them"));
            }
        }
        return Some(Spanned { value: Recalibrate::Off, span });
    }
    for name in ["batches", "split"] {
        if node.property(name).is_none() {
            let d = Diagnostic::error("missing", format!("`recalibrate` needs `{name}`"), span, format!("`{name}` is missing"));
            context.missing(node, d.help("write `recalibrate batches=20 split=train`, or `recalibrate off`"));
        }
    }
    let (Some(batches), Some(split)) = (node.count("batches"), node.text("split")) else {
        // It was reported; nothing more is said of it.
        return Some(Spanned { value: Recalibrate::Off, span });
    };
    Some(Spanned { value: Recalibrate::Batches { batches, batch: node.count("batch"), split }, span })
}
