//! `teacher` of a `train`.

use super::data::resolve;
use crate::document::context::Context;
use crate::document::pipeline::{Distillation, Task, Teacher, TeacherFrom};
use crate::document::{Diagnostic, Node};

/// The usual numbers of distillation beside labels for classifiers (Zagoruyko and Komodakis 2017; Tian et al. 2020).
const CLASSIFY: Distillation = Distillation { temperature: 4.0, weight: 0.9 };
/// λ of Mehta and Ozturk 2018, who have no temperature.
const DETECT: Distillation = Distillation { temperature: 1.0, weight: 1.0 };

/// Its line, for networks of this task.
pub fn teacher(context: &mut Context, node: &Node, task: Task) -> Option<Teacher> {
    let usual = if task == Task::Classify { CLASSIFY } else { DETECT };
    let how = Distillation {
        temperature: node.number("temperature").unwrap_or(usual.temperature),
        weight: node.number("weight").unwrap_or(usual.weight),
    };
    if let (Task::Detect, Some(written)) = (task, node.property("temperature")) {
        let d = Diagnostic::error("contradiction", "only classifiers have a temperature", written.name.span, "not of detectors");
        context.push(d.help("delete it: what a detector says of each class, box and cell is compared as it is"));
    }
    if task == Task::Classify && how.weight > 1.0 {
        let d = Diagnostic::error("out-of-range", "the teacher's share of the loss is 1 at most", node.place("weight"), "more than all");
        context.push(d.help("of classifiers the labels have the rest: write `weight=0.9`, or 1 to leave the labels out"));
    }
    let who = match (node.text("from"), node.text("file")) {
        (Some(from), Some(file)) => {
            let d = Diagnostic::error("contradiction", "`teacher` says two things", file.span, "a file");
            context.push(d.also(from.span, "a stage").help("keep one of them"));
            return None;
        }
        (Some(stage), None) => TeacherFrom::Stage(stage),
        (None, Some(file)) => TeacherFrom::File(resolve(context, file)),
        (None, None) => {
            if node.property("from").is_none() && node.property("file").is_none() {
                let d = Diagnostic::error("missing", "`teacher` does not say who teaches", node.name.span, "who?");
                context.missing(
                    node,
                    d.help("name a stage that leaves one trained network, `teacher \"big\"`; or `file=\"big.safetensors\"`"),
                );
            }
            return None;
        }
    };
    Some(Teacher { who, how })
}
