//! `prune` of a `train`.

use crate::document::context::Context;
use crate::document::pipeline::{Importance, Prune};
use crate::document::{Diagnostic, Node};

/// Its line; beside it `init` has nothing to say, because the network goes on with its own weights.
pub fn prune(context: &mut Context, node: &Node, train: &Node) -> Option<Prune> {
    if let Some(init) = train.child("init").filter(|init| init.text("kind").is_none_or(|kind| kind.value != "continue")) {
        let message = "a pruned network goes on with its own weights";
        let d = Diagnostic::error("contradiction", message, init.name.span, "other weights").also(node.name.span, "prunes it");
        context.push(d.help("delete `init`"));
    }
    let (flops, params) = (node.number("flops"), node.number("params"));
    if flops.is_none() && params.is_none() {
        if node.property("flops").is_none() && node.property("params").is_none() {
            let d = Diagnostic::error("missing", "`prune` does not say how much is left", node.name.span, "how small?");
            context.missing(node, d.help("write `prune flops=0.5`: at most half of the network's FLOPs; or `params=`"));
        }
        return None;
    }
    Some(Prune {
        by: node.text("by").and_then(|by| Importance::named(&by.value)).unwrap_or(Importance::L1),
        flops: flops.unwrap_or(1.0),
        params: params.unwrap_or(1.0),
        multiple: node.count("multiple").unwrap_or(8),
        least: node.number("least").unwrap_or(0.1),
    })
}
