//! The line of untrained networks: `untrained` of an `evaluate`.

use crate::document::context::Context;
use crate::document::pipeline::{Fed, Metric, UntrainedBy};
use crate::document::{Diagnostic, Node, Spanned};

/// How untrained networks are measured; the defaults where nothing is written.
pub fn untrained(context: &mut Context, node: &Node, metrics: &[Spanned<Metric>]) -> UntrainedBy {
    let default = UntrainedBy::default();
    let Some(line) = node.child("untrained") else { return default };
    let mut nothing = |what: &str, span, label: &str, help: &str| {
        context.push(Diagnostic::error("contradiction", what.to_string(), span, label).help(help.to_string()));
    };
    let fed: Vec<Fed> = metrics.iter().filter_map(|m| m.value.fed()).collect();
    if fed.is_empty() {
        let help = "add a metric of untrained networks, such as `synflow`, or delete this line";
        nothing("no metric of this stage is of untrained networks", line.name.span, "nothing reads it", help);
    } else if let (Some(batch), true) = (line.property("batch"), fed.iter().all(|f| *f == Fed::Ones)) {
        nothing("one image of ones is all that is looked at here", batch.name.span, "no batch is read", "delete `batch`");
    }
    UntrainedBy {
        batch: line.count("batch").unwrap_or(default.batch),
        seed: line.count("seed").map_or(default.seed, |seed| seed as u64),
        seeds: line.count("seeds").unwrap_or(default.seeds),
    }
}
