//! What only the whole file can tell: names, what stands before what, and the rules of a fair comparison.

mod comparison;
mod folds;
mod graph;
mod kinds;
mod learned;
mod own;
mod racing;
mod replicate;
mod rules;
mod tasks;
mod teacher;
mod trust;
mod tuned;
mod weights;

use super::context::Context;
use super::pipeline::{Links, Pipeline, Stage};
use super::typed::Draft;
use super::{Diagnostic, Severity};

pub use graph::Graph;

/// Checks a draft as a whole; the pipeline, where nothing stands against it.
pub fn check(context: &mut Context, mut draft: Draft) -> Option<Pipeline> {
    let (name, seed) = pipeline(context, &draft);
    folds::resolve(context, &mut draft);
    kinds::namespace(context, &draft);
    kinds::references(context, &draft);
    kinds::supernets(context, &draft);
    tasks::check(context, &draft);
    let graph = Graph::new(&draft.stages, &draft.spaces);
    match graph.order() {
        Ok(order) => {
            rules::all(context, &draft, &graph);
            tuned::check(context, &mut draft, &graph);
            if context.failed() {
                return None;
            }
            let mut stages: Vec<Option<Stage>> = draft.stages.drain(..).map(Some).collect();
            let stages: Vec<Stage> = order.into_iter().filter_map(|i| stages[i].take()).collect();
            let answer = draft.answers.pop();
            let mut warnings: Vec<Diagnostic> = context.found.iter().filter(|d| d.severity == Severity::Warning).cloned().collect();
            super::context::sort(&mut warnings);
            let links = Links::of(&stages, &draft.spaces, answer.as_ref());
            Some(Pipeline {
                sources: std::mem::take(&mut context.sources),
                name,
                seed,
                data: draft.data,
                spaces: draft.spaces,
                links,
                stages,
                answer,
                written: Vec::new(),
                warnings,
            })
        }
        Err(cycle) => {
            rules::cycle(context, &draft, &cycle);
            None
        }
    }
}

fn pipeline(context: &mut Context, draft: &Draft) -> (String, u64) {
    if let [first, second, ..] = draft.pipelines.as_slice() {
        let d = Diagnostic::error("given-twice", "a file is one pipeline", second.name.span, "a second `pipeline`");
        context.push(d.also(first.name.span, "first here").help("write another file, or delete this line"));
    }
    match draft.pipelines.first() {
        Some(node) => (node.text("name").map_or(String::new(), |n| n.value), node.count("seed").unwrap_or(0) as u64),
        None => {
            // A misspelt `pipeline` was named where it stands.
            if !context.suspects("pipeline") {
                let span = super::Span { file: 0, offset: 0, len: 0 };
                context.push(
                    Diagnostic::error("missing", "this file names no pipeline", span, "`pipeline \"name\"` expected")
                        .help("begin the file with a line such as `pipeline \"yolov5\" seed=7`"),
                );
            }
            (String::new(), 0)
        }
    }
}
