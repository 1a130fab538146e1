//! `train` nodes: a recipe and the lines that override it.

use super::init;
use super::own;
use super::prune;
use super::reads::{Reads, reads};
use super::teacher;
use crate::document::context::Context;
use crate::document::method::Named;
use crate::document::pipeline::{
    Init, Optimizer, RECIPE_FIELDS, Recipe, RecipeChoice, RecipeField, Schedule, Stage, StageKind, Task, Train,
};
use crate::document::unknown::missing;
use crate::document::{Diagnostic, Node, Property, Span, Spanned, Value, recipes, table};

/// Lines of `augment` and `loss` that only detectors read, and those that only classifiers read.
const DETECT: [&str; 11] =
    ["mosaic", "mixup", "scale", "translate", "degrees", "shear", "box", "obj", "cls", "obj-by-size", "cls-by-classes"];
const CLASSIFY: [&str; 4] = ["crop", "area", "cutout", "label-smoothing"];

/// A training. Missing lines were reported; harmless values stand for them. `labelled` names the data sets whose images are
/// of one class each: there the default recipe is `classify`.
pub fn train(context: &mut Context, node: &Node, labelled: &[String]) -> Option<Stage> {
    let name = node.text("name")?;
    let Reads { data, split, folds } = images(context, node)?;
    // A method that was refused: what it would need is not known.
    if node.child("method").is_some_and(|m| m.text("kind").is_none()) {
        return None;
    }
    let by_default = if labelled.contains(&data.value) { recipes::classify } else { recipes::yolov5 };
    let mut recipe = node.text("recipe").and_then(|r| recipes::named(&r.value)).unwrap_or_else(by_default);
    let line = super::method::line(context, node, node.count("epochs"))?;
    let epochs = epochs(context, node, line.method, line.epochs);
    let min_iterations = min_iterations(context, node, line.method);
    lines(context, node, &mut recipe);
    foreign_lines(context, node, recipe.task);
    let over = node.child("schedule").and_then(|s| s.number("over"));
    recipe.over = over.unwrap_or(epochs as f64);
    let task = recipe.task;
    let prune = node.child("prune").map(|n| prune::prune(context, n, node));
    let train = Train {
        data,
        split,
        folds,
        recipe,
        choices: choices(node),
        epochs,
        min_iterations,
        images: node.number("images").unwrap_or(1.0),
        over_is_epochs: over.is_none(),
        init: match (&prune, node.child("init")) {
            (Some(_), _) => Init::Continue,
            (None, init) => init.map_or(Init::Scratch, |node| init::init(context, node)),
        },
        seed: node.count("seed").unwrap_or(0) as u64,
        seeds: node.count("seeds").unwrap_or(1),
        budget: node.child("budget").and_then(|b| Some(Spanned { value: b.count("epochs")?, span: b.place("epochs") })),
        init_written: prune.is_some() || node.child("init").is_some(),
        prune: prune.flatten(),
        teacher: node.child("teacher").and_then(|n| teacher::teacher(context, n, task)),
        method: line.oneshot.is_some().then_some(line.method),
        oneshot: line.oneshot,
        runner: node.child("runner").map(|node| own::runner(context, node)),
    };
    Some(Stage { name, span: node.span, from: node.texts("from"), kind: StageKind::Train(Box::new(train)) })
}

/// `epochs`, or those of the phases, which then say it alone.
fn epochs(context: &mut Context, node: &Node, method: Named, own: Option<usize>) -> usize {
    match (node.property("epochs"), method.traits().own_epochs) {
        (Some(written), true) => {
            let d = Diagnostic::error("contradiction", "the phases say how long it takes", written.name.span, "not beside phases");
            context.push(d.help("delete `epochs`; `teacher` and each `phase` have their own"));
        }
        (None, false) => {
            let spec = table::node("", "train");
            if let Some((spec, field)) = spec.and_then(|s| Some((s, s.field("epochs")?))) {
                let d = missing(&context.language, spec, field, node);
                context.missing(node, d);
            }
        }
        _ => {}
    }
    own.or_else(|| node.count("epochs")).unwrap_or(1)
}

/// `min-iterations`: of trainings whose length is `epochs` alone.
fn min_iterations(context: &mut Context, node: &Node, method: Named) -> Option<Spanned<usize>> {
    let written = Spanned { value: node.count("min-iterations")?, span: node.place("min-iterations") };
    if method.traits().own_epochs {
        let d = Diagnostic::error("contradiction", "the phases say how long it takes", written.span, "not beside phases");
        context.push(d.help("delete it; `teacher` and each `phase` have their own epochs"));
    } else if let Some(budget) = node.child("budget") {
        let d =
            Diagnostic::error("contradiction", "a budget is counted in the epochs that are written", written.span, "may make them more");
        context.push(d.also(budget.name.span, "the budget").help("delete one of them"));
    }
    Some(written)
}

/// A line that the recipe's task does not read would change nothing: it is refused.
fn foreign_lines(context: &mut Context, node: &Node, task: Task) {
    let (foreign, readers) = match task {
        Task::Detect => (&CLASSIFY[..], "classifiers"),
        Task::Classify => (&DETECT[..], "detectors"),
    };
    for line in node.children.iter().filter(|c| matches!(c.name.value.as_str(), "augment" | "loss")) {
        for p in line.properties.iter().filter(|p| foreign.contains(&p.name.value.as_str())) {
            let name = &p.name.value;
            let d =
                Diagnostic::error("contradiction", format!("only the training of {readers} reads `{name}`"), p.name.span, "not read here");
            context.push(d.help("delete it, or name another `recipe`"));
        }
    }
}

/// Its line `data`, which a training always has.
fn images(context: &mut Context, node: &Node) -> Option<Reads> {
    let Some(line) = node.child("data") else {
        let d = Diagnostic::error("missing", "`train` needs `data`", node.name.span, "`data` is missing");
        context.missing(node, d.help("name the images and the split: `data \"shapes\" split=train`"));
        let nothing = Spanned { value: String::new(), span: Span::default() };
        return Some(Reads { data: nothing.clone(), split: nothing, folds: None });
    };
    reads(context, line)
}

fn set<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

fn lines(context: &mut Context, node: &Node, r: &mut Recipe) {
    if let Some(n) = node.child("optimizer") {
        kind_of_optimizer(n, r);
    }
    for field in RECIPE_FIELDS {
        if let Some(number) = field.written(node).and_then(|v| super::as_number(&v.value)) {
            (field.set)(r, number);
        }
    }
    if let (Some(accumulate), Some(nominal)) = (node.property("accumulate"), node.property("nominal-batch")) {
        let place = accumulate.values.first().map_or(accumulate.name.span, |v| v.span);
        let message = "`accumulate` and `nominal-batch` exclude each other";
        let d = Diagnostic::error("contradiction", message, place, "batches a step");
        context.push(d.also(nominal.name.span, "images a step").help("keep one of them"));
    }
    set(&mut r.bn_eps, node.child("batch-norm").and_then(|n| n.number("eps")));
    if let Some(n) = node.child("optimizer") {
        optimizer(context, n, r);
    }
    if let Some(n) = node.child("schedule") {
        schedule(n, r);
    }
    set(&mut r.loss.obj_by_size, node.child("loss").and_then(|n| n.truth("obj-by-size")));
    set(&mut r.loss.cls_by_classes, node.child("loss").and_then(|n| n.truth("cls-by-classes")));
    set(&mut r.diverged_above, node.child("diverged").and_then(|n| n.number("loss-above")));
}

/// The numbers that a space chooses. What they are is known when the file is read as a whole.
fn choices(node: &Node) -> Vec<RecipeChoice> {
    let chosen = |field: &'static RecipeField| {
        let Spanned { value: Value::Choice(label), span } = field.written(node)? else { return None };
        let label = Spanned { value: label.clone(), span: *span };
        Some(RecipeChoice { field, label, reference: f64::NAN, largest: f64::NAN })
    };
    RECIPE_FIELDS.iter().filter_map(chosen).collect()
}

fn kind_of_optimizer(node: &Node, r: &mut Recipe) {
    set(
        &mut r.optimizer,
        node.text("kind").map(|kind| match kind.value.as_str() {
            "adam" => Optimizer::Adam,
            "adamw" => Optimizer::AdamW,
            _ => Optimizer::Sgd,
        }),
    );
}

fn optimizer(context: &mut Context, node: &Node, r: &mut Recipe) {
    let Some(betas) = node.property("betas") else { return };
    let place = betas.name.span;
    if r.optimizer == Optimizer::Sgd {
        let d = Diagnostic::error("contradiction", "`sgd` has no betas", place, "belongs to `adam` and `adamw`");
        context.push(d.help("write `momentum=`, or another optimizer"));
    }
    if let Some(momentum) = node.property("momentum") {
        let d = Diagnostic::error("contradiction", "`momentum` is the first of the `betas`", place, "both betas");
        context.push(d.also(momentum.name.span, "the first beta").help("keep one of them"));
    }
    if let Some((first, second)) = self::betas(context, node, betas) {
        (r.momentum, r.beta2) = (first, second);
    }
}

/// Two numbers.
fn betas(context: &mut Context, node: &Node, betas: &Property) -> Option<(f64, f64)> {
    let values: Vec<f64> = betas.values.iter().filter_map(|v| super::as_number(&v.value)).collect();
    if let [first, second] = values.as_slice() {
        return Some((*first, *second));
    }
    let d = Diagnostic::error("several-values", "`betas` takes two numbers", betas.name.span, format!("{} given", betas.values.len()));
    context.missing(node, d.help("write `betas 0.9 0.999`"));
    None
}

fn schedule(node: &Node, r: &mut Recipe) {
    set(
        &mut r.schedule,
        node.text("kind").map(|kind| match kind.value.as_str() {
            "constant" => Schedule::Constant,
            "cosine" => Schedule::Cosine,
            _ => Schedule::Linear,
        }),
    );
}
