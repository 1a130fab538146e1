//! `objective` of a `sample`: one metric, or several that are weighed against each other.

use super::as_number;
use super::metric::every_metric;
use crate::document::context::Context;
use crate::document::pipeline::{Goal, MOST_OBJECTIVES, Metric, Objective, Sample};
use crate::document::settings::Settings;
use crate::document::stopping::ChosenStop;
use crate::document::strategy::{Chosen, Objectives};
use crate::document::{Diagnostic, Node, Span, Spanned};

/// The objectives, in the order of the file.
pub fn objective(context: &mut Context, node: &Node) -> Option<Objective> {
    let stage = node.text("stage")?;
    if ["maximize", "minimize"].iter().all(|side| node.property(side).is_none()) {
        let d = Diagnostic::error("missing", "`objective` needs a metric", node.name.span, "`maximize=` or `minimize=` is missing");
        context.missing(node, d.help("such as `maximize=map50`"));
    }
    let mut goals: Vec<Goal> = Vec::new();
    for (side, maximize) in [("maximize", true), ("minimize", false)] {
        goals.extend(every_metric(context, node, side).into_iter().map(|metric| Goal { metric, maximize }));
    }
    goals.sort_by_key(|goal| goal.metric.span);
    for (i, goal) in goals.iter().enumerate() {
        sides(context, goal);
        // Within one line the table has said so.
        let same = goals[..i].iter().find(|g| g.metric.value == goal.metric.value && g.maximize != goal.maximize);
        if let Some(first) = same {
            let message = format!("`{}` cannot go up and down", goal.metric.value.name());
            let d = Diagnostic::error("contradiction", message, goal.metric.span, "the other way here");
            context.push(d.also(first.metric.span, "first here").help("delete one of them"));
        }
    }
    if let Some(beyond) = goals.get(MOST_OBJECTIVES) {
        let message = format!("{} objectives: at most {MOST_OBJECTIVES} are weighed against each other", goals.len());
        let d = Diagnostic::error("out-of-range", message, beyond.metric.span, "one too many");
        context.push(d.help("of so many nearly every candidate is on the front; bound some by `require` or `where`"));
    }
    let reference = node.property("reference").map_or(Vec::new(), |p| p.values.iter().filter_map(|v| as_number(&v.value)).collect());
    if !reference.is_empty() && reference.len() != goals.len() && !goals.is_empty() {
        let objectives = if goals.len() == 1 { "1 objective".to_string() } else { format!("{} objectives", goals.len()) };
        let message = format!("`reference` has {} for {objectives}", reference.len());
        let d = Diagnostic::error("contradiction", message, node.place("reference"), "one value for each objective");
        context.push(d.help("write them in the order of the objectives, or delete `reference`: then the worst values met are taken"));
    } else if let (false, [one]) = (reference.is_empty(), goals.as_slice()) {
        let d = Diagnostic::error("contradiction", "`reference` belongs to several objectives", node.place("reference"), "there is one");
        context.push(d.also(one.metric.span, "the only one").help("delete it: one objective has no hypervolume"));
    }
    let stop = node.child("stop-early").and_then(|line| {
        let kind = line.text("kind")?;
        let rule = context.language.stopping.find(&kind.value)?;
        Some(ChosenStop { rule, settings: Settings::of(rule.word(), Some(line), kind.span), span: line.name.span })
    });
    let mut goals = goals.into_iter();
    let Goal { metric, maximize } = goals.next()?;
    Some(Objective { stage, metric, maximize, also: goals.collect(), reference, stop })
}

/// Warns of a metric on its worse side.
fn sides(context: &mut Context, goal: &Goal) {
    let Goal { metric, maximize } = goal;
    if metric.value.higher_is_better() != *maximize {
        let (how, side) = if *maximize { ("minimised", "maximize") } else { ("maximised", "minimize") };
        let message = format!("`{}` is usually {how}", metric.value.name());
        context.push(Diagnostic::warning("odd-side", message, metric.span, format!("`{side}` here")));
    }
}

/// Every strategy has as many objectives as it reads.
pub fn reads(context: &mut Context, node: &Node, sample: &Sample) {
    let second = sample.objective.as_ref().and_then(|o| o.also.first()).map(|goal| goal.metric.clone());
    let all = std::iter::once((&sample.strategy, sample.strategy_span)).chain(sample.then.iter().map(|t| (&t.strategy, t.span)));
    for (chosen, place) in all {
        let (word, reads) = (chosen.name(), chosen.strategy.needs().objective);
        if reads != Objectives::Unread && node.child("objective").is_none() {
            let message = format!("`strategy {word}` needs an `objective`");
            let d = Diagnostic::error("missing", message, place, "learns from results: `objective` is missing");
            context.missing(node, d.help("name the stage that measures: `objective \"score\" maximize=map50`; or write `strategy random`"));
            return;
        }
        if let (Objectives::One, Some(second)) = (reads, &second) {
            return one_only(context, (chosen, place), second);
        }
    }
}

fn one_only(context: &mut Context, (chosen, place): (&Chosen, Span), second: &Spanned<Metric>) {
    let message = format!("`strategy {}` reads one objective", chosen.name());
    let d = Diagnostic::error("contradiction", message, place, "learns from one").also(second.span, "a second objective");
    let several = context.language.strategies.known.iter().filter(|s| s.needs().objective == Objectives::Several);
    let words: Vec<String> = several.map(|s| format!("`strategy {}`", s.word().name)).collect();
    context.push(d.help(match words.as_slice() {
        [] => "keep one here, and bound the other: `require` in the space, `where` in `select`".to_string(),
        words => {
            format!("write {}; or keep one here, and bound the other: `require` in the space, `where` in `select`", words.join(" or "))
        }
    }));
}
