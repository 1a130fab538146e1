//! Choices that trainings read: to which spaces they lead, whether their values fit, and which searches make them.

use super::Graph;
use crate::document::context::Context;
use crate::document::pipeline::{RecipeChoice, RecipeField, SpaceNode, StageKind, Train};
use crate::document::shorten::shorten;
use crate::document::typed::{Draft, as_number};
use crate::document::{Diagnostic, Field, Node, Span, Spanned, Value, nearest, table, values};
use std::collections::{BTreeMap, BTreeSet};

/// Looks at every choice that a training reads, and notes it where it is read and made.
pub fn check(context: &mut Context, draft: &mut Draft, graph: &Graph) {
    for index in 0..draft.stages.len() {
        let Some(train) = draft.stages[index].train().filter(|t| !t.choices.is_empty()).cloned() else { continue };
        if let Some(train) = training(context, draft, graph, index, train) {
            draft.stages[index].kind = StageKind::Train(Box::new(train));
        }
    }
    for index in 0..draft.stages.len() {
        made(context, draft, graph, index);
    }
    idle(context, draft);
}

/// A training with what its choices are for models that lack them; none where that cannot be said.
fn training(context: &mut Context, draft: &mut Draft, graph: &Graph, index: usize, mut train: Train) -> Option<Train> {
    if shared(context, draft, graph, index, &train.choices) {
        return None;
    }
    let spaces = spaces(draft, graph, index);
    let mut known = true;
    for choice in &mut train.choices {
        let label = &choice.label.value;
        let declaring: Vec<usize> = spaces.iter().copied().filter(|&s| draft.spaces[s].choice(label).is_some()).collect();
        if declaring.is_empty() {
            unknown(context, draft, &spaces, &choice.label);
            known = false;
        }
        for &space in declaring.iter().rev() {
            let values = left(&draft.spaces[space], label);
            misfits(context, &values, choice.field, choice.label.span);
            let numbers: Vec<f64> = values.iter().filter_map(|v| as_number(&v.value)).collect();
            choice.reference = numbers.first().copied().unwrap_or(choice.reference);
            choice.largest = numbers.iter().copied().fold(choice.largest, f64::max);
            let reads = draft.spaces[space].recipe.entry(label.clone()).or_default();
            reads.push(choice.field.path());
            reads.sort();
            reads.dedup();
        }
    }
    // What reads the recipe alone, sees the reference's.
    train.recipe = train.recipe_of(&[]);
    known.then_some(train)
}

/// Whether networks with shared weights are trained here, or come here, which is reported: all of them were trained in one way.
fn shared(context: &mut Context, draft: &Draft, graph: &Graph, index: usize, choices: &[RecipeChoice]) -> bool {
    let stage = &draft.stages[index];
    let supernet = draft.supernet(stage).map(|_| stage.name.span);
    let sampled = samples(draft, graph, index).into_iter().find(|&s| !graph.reads[s].is_empty()).map(|s| draft.stages[s].name.span);
    let Some(place) = supernet.or(sampled) else { return false };
    for choice in choices {
        let (message, label) = match supernet {
            Some(_) => ("the recipe of a supernet cannot be chosen", "all its networks are trained together, in one way"),
            None => {
                ("the recipe of a supernet's networks cannot be chosen", "they were ranked in a supernet, which was trained in one way")
            }
        };
        let d = Diagnostic::error("recipe-of-supernet", message, choice.label.span, label);
        let d = d.also(place, if supernet.is_some() { "trains a space" } else { "samples a supernet" });
        context.push(d.help("write the value; to search it, train the candidates of a space one by one"));
    }
    true
}

/// The samples that the models of a stage come from, in the order of `from`.
fn samples(draft: &Draft, graph: &Graph, index: usize) -> Vec<usize> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let mut open: Vec<usize> = graph.reads[index].iter().rev().copied().collect();
    while let Some(stage) = open.pop() {
        match draft.stages[stage].kind {
            _ if !seen.insert(stage) => {}
            StageKind::Sample(_) => found.push(stage),
            _ => open.extend(graph.reads[stage].iter().rev()),
        }
    }
    found
}

/// The spaces that the models of a stage come from.
fn spaces(draft: &Draft, graph: &Graph, index: usize) -> Vec<usize> {
    let mut spaces = Vec::new();
    for from in samples(draft, graph, index).iter().flat_map(|&s| &draft.stages[s].from) {
        spaces.extend(draft.spaces.iter().position(|s| s.name.value == from.value).filter(|s| !spaces.contains(s)));
    }
    spaces
}

fn unknown(context: &mut Context, draft: &Draft, spaces: &[usize], label: &Spanned<String>) {
    // What these models come from was not understood, and that was said.
    if spaces.is_empty() {
        return;
    }
    let declared =
        |node: &Node| node.children.iter().filter(|c| c.name.value == "choice").filter_map(|c| c.text("label")).collect::<Vec<_>>();
    let known: Vec<String> = spaces.iter().flat_map(|&s| declared(&draft.spaces[s].node)).map(|l| l.value).collect();
    let shown = shorten(&label.value);
    let names: Vec<String> = spaces.iter().map(|&s| format!("`{}`", shorten(&draft.spaces[s].name.value))).collect();
    let message = format!("there is no choice `{shown}` in {}", names.join(" or "));
    let d = Diagnostic::error("no-choice", message, label.span, "its models come from there");
    context.push(match nearest(&label.value, known.iter().map(String::as_str)) {
        Some(near) => d.help(format!("did you mean `(choice)\"{near}\"`?")),
        None => d.help(format!("declare it in the space: `choice \"{shown}\" … …`, or `range \"{shown}\" min=… max=… reference=…`")),
    });
}

/// The values of a declared choice that `fix` and `keep` leave.
fn left(space: &SpaceNode, label: &str) -> Vec<Spanned<Value>> {
    let mut values = space.choice(label).and_then(|c| c.property("values")).map_or(Vec::new(), |p| p.values.clone());
    for line in space.node.children.iter().filter(|c| c.text("label").is_some_and(|l| l.value == label)) {
        let kept = match line.name.value.as_str() {
            "fix" => line.property("value"),
            "keep" => line.property("values"),
            _ => None,
        };
        if let Some(kept) = kept {
            values.retain(|v| kept.values.iter().any(|k| k.value.datum() == v.value.datum()));
        }
    }
    values
}

/// Values of a choice that the number of a recipe cannot be. Of a range the bounds come first: they are what is written.
fn misfits(context: &mut Context, choice: &[Spanned<Value>], number: &RecipeField, read: Span) {
    let Some((spec, field)) = described(number) else { return };
    let mut said: Vec<Span> = Vec::new();
    for value in choice.iter().take(2).chain(choice.last()).chain(choice) {
        if let Some(d) = values::check(&context.language, spec, field, value).filter(|_| !said.contains(&value.span)) {
            said.push(value.span);
            context.push(d.also(read, "read here"));
        }
    }
}

/// What the table says of a number of a recipe, with the name of its node.
fn described(number: &RecipeField) -> Option<(&'static str, &'static Field)> {
    let spec = match number.line {
        "" => table::node("", "train"),
        line => table::node("train", line),
    }?;
    Some((spec.name, spec.field(number.name)?))
}

/// Which choices a sample of a space makes: those that a training reads before its objective, or behind it where it has none.
fn made(context: &mut Context, draft: &mut Draft, graph: &Graph, index: usize) {
    let stage = &draft.stages[index];
    let Some(sample) = stage.sample() else { return };
    let Some(space) = stage.from.first().and_then(|f| draft.spaces.iter().find(|s| s.name.value == f.value)) else { return };
    let objective = sample.objective.as_ref().and_then(|o| graph.index.get(&o.stage.value));
    let before = objective.map(|&target| graph.upstream(target));
    let mut recipe: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut late: Vec<&RecipeChoice> = Vec::new();
    for behind in graph.downstream(index) {
        let Some(train) = draft.stages[behind].train() else { continue };
        for choice in &train.choices {
            let Some(reads) = space.recipe.get(&choice.label.value) else { continue };
            match before.as_ref().is_none_or(|before| before.contains(&behind)) {
                true => drop(recipe.insert(choice.label.value.clone(), reads.clone())),
                false => late.push(choice),
            }
        }
    }
    for choice in late.into_iter().filter(|c| !recipe.contains_key(&c.label.value)) {
        let (name, label) = (shorten(&stage.name.value), shorten(&choice.label.value));
        let message = format!("`{name}` does not search `{label}`: no training before its objective reads it");
        let d = Diagnostic::warning("not-searched", message, choice.label.span, "its models have the reference's value here");
        context.push(d.help("read it in the training that the objective measures, too; or write the value"));
    }
    if let Some(sample) = draft.stages[index].sample_mut() {
        sample.recipe = recipe;
    }
}

/// Choices that neither a network nor a training reads.
fn idle(context: &mut Context, draft: &Draft) {
    let place = |node: &Node| node.text("label").map(|l| l.span);
    // A space over a space has its choices.
    let trained: BTreeSet<Span> =
        draft.spaces.iter().flat_map(|s| s.recipe.keys().filter_map(move |label| place(s.choice(label)?))).collect();
    for label in draft.spaces.iter().flat_map(|s| &s.idle).filter(|label| !trained.contains(&label.span)) {
        let shown = shorten(&label.value);
        let d = Diagnostic::warning("unused", format!("the choice `{shown}` is never used"), label.span, "declared here");
        context.push(d.help(format!("use it where a value stands, as `(choice)\"{shown}\"`, or delete it")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::RECIPE_FIELDS;

    #[test]
    fn what_the_table_lets_a_space_choose_has_its_place_in_the_recipe() {
        let marked: BTreeSet<String> = table::all()
            .filter(|spec| spec.within == ["train"] || (spec.within == [""] && spec.name == "train"))
            .flat_map(|spec| {
                let line = if spec.name == "train" { String::new() } else { format!("{}.", spec.name) };
                spec.all_fields().filter(|f| f.searched).map(move |f| format!("{line}{}", f.name))
            })
            .collect();
        assert_eq!(marked, RECIPE_FIELDS.iter().map(RecipeField::path).collect::<BTreeSet<_>>());
        assert!(RECIPE_FIELDS.iter().all(|f| described(f).is_some()));
    }
}
