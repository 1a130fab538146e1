//! From a path to a pipeline: the order of this room's work.

use super::context::Context;
use super::include::{self, Files, Options};
use super::language::Language;
use super::params::{self, Params};
use super::raw::Convert;
use super::shorten::shorten;
use super::typed::{self, Draft};
use super::{Diagnostic, Diagnostics, Node, Pipeline, check, declare, decode, written};

/// Reads a pipeline and everything that it includes, in the words of this language. Errors are all errors of the files, with the warnings.
pub fn load(language: &Language, top: &str, files: &mut dyn Files, params: &Params, options: Options) -> Result<Pipeline, Diagnostics> {
    let mut context = Context::new(language);
    match pipeline(&mut context, top, files, params, options) {
        Some(pipeline) => Ok(pipeline),
        None => Err(context.finish()),
    }
}

/// The nodes of a text that stand inside a node called `place`, merged by the table. For texts that are shipped.
pub fn fragments(place: &str, text: &str) -> Result<Vec<Node>, Diagnostics> {
    struct One<'t>(&'t str);
    impl Files for One<'_> {
        fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
            Ok(self.0.into())
        }
    }
    let mut context = Context::default();
    let nodes = include::read(&mut context, "fragment.kdl", &mut One(text), Options::default()).unwrap_or_default();
    let raw = nodes.iter().map(|(file, node)| Convert { context: &mut context, params: &[], file: *file }.node(node)).collect();
    let nodes = decode::inside(&mut context, place, raw);
    if context.failed() { Err(context.finish()) } else { Ok(nodes) }
}

fn pipeline(context: &mut Context, top: &str, files: &mut dyn Files, given: &Params, options: Options) -> Option<Pipeline> {
    let nodes = include::read(context, top, files, options)?;
    let params = params::collect(context, &nodes, given);
    let mut raw: Vec<Node> = Vec::with_capacity(nodes.len());
    for (file, node) in &nodes {
        raw.push(Convert { context, params: &params, file: *file }.node(node));
    }
    declare::metrics(context, &raw);
    let nodes = decode::nodes(context, raw);
    for param in params.iter().filter(|p| !context.used.contains(&p.name.value)).collect::<Vec<_>>() {
        let shown = shorten(&param.name.value);
        let d = Diagnostic::warning("unused", format!("the param `{shown}` is never used"), param.name.span, "declared here");
        context.push(d.help(format!("use it where a value stands, as `(param)\"{shown}\"`, or delete it")));
    }
    let written = written::written(&nodes);
    let draft = draft(context, nodes);
    check::check(context, draft).map(|pipeline| Pipeline { written, ..pipeline })
}

/// What a text declares, before it is checked as a whole, and what was said of it.
#[cfg(test)]
pub(super) fn drafted(language: &Language, top: &str, files: &mut dyn Files) -> (Draft, Vec<Diagnostic>) {
    let mut context = Context::new(language);
    let nodes = include::read(&mut context, top, files, Options::default()).unwrap_or_default();
    let raw: Vec<Node> = nodes.iter().map(|(file, node)| Convert { context: &mut context, params: &[], file: *file }.node(node)).collect();
    declare::metrics(&mut context, &raw);
    let nodes = decode::nodes(&mut context, raw);
    let draft = draft(&mut context, nodes);
    (draft, context.found)
}

fn draft(context: &mut Context, nodes: Vec<Node>) -> Draft {
    let mut draft = Draft::default();
    let labelled = typed::data::labelled(&context.language, &nodes);
    let mut derived = Vec::new();
    for mut node in nodes {
        if node.name.value == "space" {
            typed::space::range::ranges(context, &mut node);
        }
        let typed = match node.name.value.as_str() {
            "pipeline" => {
                draft.pipelines.push(node);
                continue;
            }
            "data" => typed::data::data(context, &node).map(|d| draft.data.push(d)),
            "space" if typed::derived::is_derived(&node) => {
                derived.push(node);
                continue;
            }
            "space" => typed::space::space(context, &node).map(|s| draft.spaces.push(s)),
            "sample" => typed::stages::sample(context, &node).map(|s| draft.stages.push(s)),
            "train" => typed::train::train(context, &node, &labelled).map(|s| draft.stages.push(s)),
            "evaluate" => typed::stages::evaluate(context, &node).map(|s| draft.stages.push(s)),
            "select" => typed::stages::select(context, &node).map(|s| draft.stages.push(s)),
            "answer" => typed::stages::answer(context, &node).map(|a| draft.answers.push(a)),
            _ => continue,
        };
        if typed.is_none() {
            draft.broken.extend(node.text("name").map(|n| n.value));
        }
    }
    typed::derived::spaces(context, derived, &mut draft);
    draft
}
