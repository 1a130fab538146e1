//! `init` of a `train`: what a training starts from.

use super::data::resolve;
use crate::document::context::Context;
use crate::document::pipeline::{Init, Matching};
use crate::document::{Diagnostic, Node, Spanned};

const WHICH: &str = "write `match=names` (tensors of one place and shape) or `match=overlap` (their common part, too)";

/// What a training starts from.
pub fn init(context: &mut Context, node: &Node) -> Init {
    let (kind, from, file, matching) = (node.text("kind"), node.text("from"), node.text("file"), node.property("match"));
    let place = |value: &Option<Spanned<String>>, what| value.as_ref().map(|v| (v.span, what));
    let said = [place(&kind, "a word"), place(&from, "another training"), place(&file, "a file")];
    let mut said = said.into_iter().flatten();
    let (first, second) = (said.next(), said.next());
    let written = ["kind", "from", "file"].iter().any(|name| node.property(name).is_some());
    match (first, second) {
        (Some((first, what)), Some((second, other))) => {
            let d = Diagnostic::error("contradiction", "`init` says two things", second, other);
            context.push(d.also(first, what).help("keep one of them"));
        }
        (None, _) if !written => {
            let d = Diagnostic::error("missing", "`init` does not say from what", node.name.span, "what does it start from?");
            let words = "write `init scratch`, `init inherit`, `init continue`, `init from=\"NAME\" match=overlap` or `init file=\"W.safetensors\" match=overlap`";
            context.missing(node, d.help(words));
        }
        (Some((first, _)), None) if kind.is_none() && matching.is_none() => {
            let d = Diagnostic::error("missing", "which weights are taken over?", first, "`match` is missing");
            context.missing(node, d.help(WHICH));
        }
        _ => {}
    }
    if let (Some(matching), None, None, Some(kind)) = (matching, &from, &file, &kind) {
        let message = "`match` belongs to `init from=` and `init file=`";
        let d = Diagnostic::error("contradiction", message, matching.name.span, format!("not to `{}`", kind.value));
        context.push(d.help("delete it"));
    }
    let matching = match node.text("match") {
        Some(word) if word.value == "overlap" => Matching::Overlap,
        _ => Matching::Names,
    };
    match (kind.as_ref().map(|k| k.value.as_str()), from, file) {
        (Some("continue"), ..) => Init::Continue,
        (Some("inherit"), ..) => Init::Inherit,
        (None, Some(from), _) => Init::From(from, matching),
        (None, None, Some(file)) => Init::File(resolve(context, file), matching),
        _ => Init::Scratch,
    }
}
