//! `train` nodes: a recipe and the lines that override it.

use super::reads::{Reads, reads};
use super::supernet;
use crate::document::context::Context;
use crate::document::method::Named;
use crate::document::pipeline::{Init, Optimizer, Recipe, Schedule, Stage, StageKind, Task, Train};
use crate::document::unknown::missing;
use crate::document::{Diagnostic, Node, Property, Span, Spanned, recipes, table};

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
    lines(context, node, &mut recipe);
    foreign_lines(context, node, recipe.task);
    let over = node.child("schedule").and_then(|s| s.number("over"));
    recipe.over = over.unwrap_or(epochs as f64);
    let train = Train {
        data,
        split,
        folds,
        recipe,
        epochs,
        images: node.number("images").unwrap_or(1.0),
        over_is_epochs: over.is_none(),
        init: node.child("init").map_or(Init::Scratch, |init| supernet::init(context, init)),
        seed: node.count("seed").unwrap_or(0) as u64,
        seeds: node.count("seeds").unwrap_or(1),
        budget: node.child("budget").and_then(|b| Some(Spanned { value: b.count("epochs")?, span: b.place("epochs") })),
        init_written: node.child("init").is_some(),
        method: line.oneshot.is_some().then_some(line.method),
        oneshot: line.oneshot,
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
    set(&mut r.batch, node.count("batch"));
    set(&mut r.clip_norm, node.number("clip-norm"));
    set(&mut r.ema, node.number("ema"));
    set(&mut r.ema_ramp, node.number("ema-ramp"));
    set(&mut r.nominal_batch, node.count("nominal-batch"));
    if let Some(accumulate) = node.count("accumulate") {
        r.accumulate = accumulate;
        match node.property("nominal-batch") {
            Some(nominal) => {
                let d = Diagnostic::error(
                    "contradiction",
                    "`accumulate` and `nominal-batch` exclude each other",
                    node.place("accumulate"),
                    "batches a step",
                );
                context.push(d.also(nominal.name.span, "images a step").help("keep one of them"));
            }
            None => r.nominal_batch = 0,
        }
    }
    if let Some(n) = node.child("batch-norm") {
        set(&mut r.bn_momentum, n.number("momentum"));
        set(&mut r.bn_eps, n.number("eps"));
    }
    if let Some(n) = node.child("optimizer") {
        optimizer(context, n, r);
    }
    if let Some(n) = node.child("schedule") {
        schedule(n, r);
    }
    if let Some(n) = node.child("loss") {
        set(&mut r.loss.r#box, n.number("box"));
        set(&mut r.loss.obj, n.number("obj"));
        set(&mut r.loss.cls, n.number("cls"));
        set(&mut r.loss.obj_by_size, n.truth("obj-by-size"));
        set(&mut r.loss.cls_by_classes, n.truth("cls-by-classes"));
        set(&mut r.loss.label_smoothing, n.number("label-smoothing"));
    }
    if let Some(n) = node.child("augment") {
        let a = &mut r.augment;
        for (target, name) in [
            (&mut a.mosaic, "mosaic"),
            (&mut a.mixup, "mixup"),
            (&mut a.scale, "scale"),
            (&mut a.translate, "translate"),
            (&mut a.degrees, "degrees"),
            (&mut a.shear, "shear"),
            (&mut a.hsv_h, "hsv-h"),
            (&mut a.hsv_s, "hsv-s"),
            (&mut a.hsv_v, "hsv-v"),
            (&mut a.flip_lr, "flip-lr"),
            (&mut a.flip_ud, "flip-ud"),
        ] {
            set(target, n.number(name));
        }
        set(&mut a.crop, n.count("crop"));
        set(&mut a.area, n.number("area"));
        set(&mut a.cutout, n.count("cutout"));
    }
    set(&mut r.diverged_above, node.child("diverged").and_then(|n| n.number("loss-above")));
}

fn optimizer(context: &mut Context, node: &Node, r: &mut Recipe) {
    set(
        &mut r.optimizer,
        node.text("kind").map(|kind| match kind.value.as_str() {
            "adam" => Optimizer::Adam,
            "adamw" => Optimizer::AdamW,
            _ => Optimizer::Sgd,
        }),
    );
    set(&mut r.lr, node.number("lr"));
    set(&mut r.momentum, node.number("momentum"));
    set(&mut r.weight_decay, node.number("weight-decay"));
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
    set(&mut r.warmup, node.number("warmup"));
    set(&mut r.warmup_min_iterations, node.count("warmup-iterations"));
    set(&mut r.warmup_bias_lr, node.number("warmup-bias-lr"));
    set(&mut r.warmup_momentum, node.number("warmup-momentum"));
    set(&mut r.final_lr, node.number("final"));
}
