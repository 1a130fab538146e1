//! The line of supernets: `recalibrate` of an `evaluate`.

use crate::document::context::Context;
use crate::document::pipeline::Recalibrate;
use crate::document::{Diagnostic, Node, Spanned};

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
