//! Compiling a space from end to end: names and choices, then shapes of the reference and of other samples, then bounds.

use super::blocks::{Block, Scalar};
use super::bounds::Bound;
use super::compile::Compiler;
use super::input::{Infeasible, InputSpec};
use super::resolve::{Network, resolve};
use super::sample::Sample;
use super::space::Space;
use super::stated;
use super::structure::{Item, Structure, What};
use super::zoo;
use crate::document::{Diagnostic, Node, Severity, SpaceNode, Value};
use std::sync::OnceLock;

/// Up to this many samples all are looked at; above, the neighbours of the reference and some random ones.
const FEW: usize = 256;
const RANDOM: u64 = 96;
const NEIGHBOURS: usize = 512;
/// Where layers come and go, all combinations of what decides it, up to so many.
const CASES: usize = 1024;
/// Levels of a head for which anchors are found where there are more.
const MOST_LEVELS: usize = 8;

impl Space {
    /// Compiles a space; with warnings, or with every error that there is.
    pub fn compile(node: &SpaceNode, input: &InputSpec) -> Result<(Space, Vec<Diagnostic>), Vec<Diagnostic>> {
        compile(node, input)
    }
}

fn compile(node: &SpaceNode, input: &InputSpec) -> Result<(Space, Vec<Diagnostic>), Vec<Diagnostic>> {
    if node.node.property("from").is_none() {
        return whole(node, input);
    }
    // What the layers of another space give rise to is said here only where it is an error, and in which space.
    let (at, own) = (node.name.span, node.node.span);
    let within = |d: &Diagnostic| {
        d.labels.first().is_some_and(|(s, _)| s.file == own.file && own.offset <= s.offset && s.offset < own.offset + own.len)
    };
    match whole(node, input) {
        Ok((space, warnings)) => Ok((space, warnings.into_iter().filter(within).collect())),
        Err(errors) => Err(errors.into_iter().map(|d| if within(&d) { d } else { d.also(at, "in this space over it") }).collect()),
    }
}

fn whole(node: &SpaceNode, input: &InputSpec) -> Result<(Space, Vec<Diagnostic>), Vec<Diagnostic>> {
    let children = |name: &'static str| node.node.children.iter().filter(move |c| c.name.value == name);
    let Some(network) = children("network").next() else {
        return Err(vec![Diagnostic::error("missing-network", "a space needs a network", node.name.span, "write network { … } inside")]);
    };
    if input.channels == 0 || input.image_size == 0 || input.classes == 0 {
        let what = format!("{} channels, {} px, {} classes", input.channels, input.image_size, input.classes);
        return Err(vec![Diagnostic::error("empty-input", format!("there is nothing to read: {what}"), node.input.span, "this data")]);
    }
    let mut compiler = Compiler::new();
    compiler.trained = node.recipe.keys().cloned().collect();
    compiler.narrow(&node.node.children.iter().filter(|c| matches!(c.name.value.as_str(), "fix" | "keep")).collect::<Vec<_>>());
    let shipped = zoo::brought(network);
    let own = |word: &'static str, shipped: &Node| children(word).any(|c| name_of(c) == name_of(shipped));
    let choices: Vec<&Node> = shipped.choices.iter().filter(|c| !own("choice", c)).chain(children("choice")).collect();
    let cells: Vec<&Node> = shipped.cells.iter().filter(|c| !own("cell", c)).chain(children("cell")).collect();
    let requires: Vec<&Node> = children("require").collect();
    let structure = compiler.network(&choices, &cells, &requires, network);
    let Some(structure) = structure else { return Err(compiler.errors) };
    let unmet = compiler.unmet_narrowings(&structure, node.node.span);
    if !unmet.is_empty() {
        return Err(unmet);
    }
    let mut warnings = vec![];
    // Where a network is shipped, only here is it known what it reads.
    for choice in children("choice").filter(|_| network.property("like").is_some()) {
        let Some(Value::Text(label)) = name_of(choice) else { continue };
        if node.recipe.contains_key(label) {
            continue;
        }
        if structure.decisions.iter().enumerate().any(|(d, of)| of.shared && of.label == *label && !compiler.used.contains(&d)) {
            let d = Diagnostic::warning("unused", format!("the choice `{label}` is never used"), choice.name.span, "declared here");
            warnings.push(d.help(format!("use it where a value stands, as `(choice)\"{label}\"`, or delete it")));
        }
    }

    let reference = Sample::reference(&structure);
    let mut choose = |d| reference.option(d).unwrap_or(0);
    let network = resolve(&structure, input, &mut choose).map_err(|e| vec![unbuilt(&structure, node, input, &e)])?;
    let cases = match structure.is_conditional() {
        true => structure.cases(CASES),
        false => None,
    };
    let cases: Vec<Sample> =
        cases.into_iter().flatten().map(|case| Sample::collect(&structure, |d| case.get(&d).copied().unwrap_or(0))).collect();
    let others: Vec<Network> = cases.iter().filter_map(|s| resolve(&structure, input, &mut |d| s.option(d).unwrap_or(0)).ok()).collect();
    // What nothing reads here, other samples may read.
    for span in network.dead.iter().copied().filter(|span| !others.iter().any(|o| o.live.contains(span))) {
        let d = Diagnostic::warning("unread-layer", "nothing reads this layer", span, "is left out of the network");
        warnings.push(d.help("name it by as= and read it, or delete it"));
    }
    let reference_cost = network
        .architecture
        .cost()
        .map_err(|reason| vec![Diagnostic::error("shape", reason, node.name.span, "the reference cannot be built")])?;
    warnings.extend(misfits(&structure, input, cases)?);

    let mut bounds = outer_bounds(node, input)?;
    warnings.extend(bounds.iter().filter(|b| !b.of(&network.architecture, Some(&reference_cost)).is_ok_and(|x| b.admits(x))).map(
        |bound| {
            let message = format!("the reference of `{}` does not meet {}", node.name.value, bound.text());
            let d = Diagnostic::warning("reference-refused", message, node.name.span, "no sample is the reference then");
            d.also(bound.span, "the bound, which holds here too")
        },
    ));
    let mut errors = vec![];
    let bounded = |r: &&Node| !matches!(r.property("metric").and_then(|p| p.values.first()).map(|v| &v.value), Some(Value::Expr(_)));
    if let Some(unmet) = structure.unmet(&reference) {
        let message = format!("the reference does not meet {}", unmet.text);
        warnings.push(Diagnostic::warning("reference-refused", message, unmet.span, "no sample is the reference then"));
    }
    for require in requires.iter().copied().filter(bounded) {
        match Bound::compile(require, &network.architecture) {
            Ok(bound) => {
                if !bound.of(&network.architecture, Some(&reference_cost)).is_ok_and(|x| bound.admits(x)) {
                    let message = format!("the reference does not meet {}", bound.text());
                    warnings.push(Diagnostic::warning("reference-refused", message, bound.span, "no sample is the reference then"));
                }
                bounds.push(bound);
            }
            Err(d) => errors.push(d),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut levels: Vec<usize> = match has_auto(&structure.items) {
        true => [&network].into_iter().chain(&others).filter_map(|n| n.levels()).collect(),
        false => vec![],
    };
    if !levels.is_empty() && structure.is_conditional() && others.is_empty() {
        levels.extend(1..=MOST_LEVELS); // too many cases to look at
    }
    levels.sort_unstable();
    levels.dedup();
    let sizes = structure.image_sizes(input.image_size);
    let heads = sizes.iter().flat_map(|&size| levels.iter().map(move |&n| (size, n))).collect();
    let size = structure.size();
    let (name, input, envelope) = (node.name.value.clone(), input.clone(), OnceLock::new());
    Ok((Space { name, structure, input, bounds, reference_cost, heads, size, envelope }, warnings))
}

/// The bounds of the space that this one narrows, as they are measured there.
fn outer_bounds(node: &SpaceNode, input: &InputSpec) -> Result<Vec<Bound>, Vec<Diagnostic>> {
    match &node.outer {
        Some(outer) => Ok(compile(outer, input)?.0.bounds),
        None => Ok(vec![]),
    }
}

impl Network {
    /// The levels of its head, where it has one.
    fn levels(&self) -> Option<usize> {
        match self.architecture.layers.last().map(|l| &l.block) {
            Some(Block::Detect(detect)) => Some(detect.anchors.len()),
            _ => None,
        }
    }
}

/// The label of a choice, or the name of a cell.
fn name_of(declared: &Node) -> Option<&Value> {
    declared.property("label").or(declared.property("name")).and_then(|p| p.values.first()).map(|v| &v.value)
}

/// Whether a `detect` asks for k-means.
fn has_auto(items: &[Item]) -> bool {
    items.iter().any(|item| match &item.what {
        What::Layer { kind, settings, .. } if kind.word == "detect" => {
            let anchors = settings.iter().find(|(n, _)| *n == "anchors");
            anchors.is_none_or(|(_, s)| s.values.contains(&Scalar::Word("auto")))
        }
        What::When { body, .. } => has_auto(body),
        What::Choose { branches, .. } => has_auto(branches),
        What::Repeat { copies, .. } => copies.iter().any(|c| has_auto(c)),
        // A cell's layers have one input; a head is refused there.
        _ => false,
    })
}

/// Samples that cannot be built although the reference can: each distinct place once, with the choices that cause it. A warning
/// where sizes of images seem to fit no network.
fn misfits(structure: &Structure, input: &InputSpec, cases: Vec<Sample>) -> Result<Option<Diagnostic>, Vec<Diagnostic>> {
    let build = |sample: &Sample| match structure.unmet(sample) {
        Some(_) => None,
        None => {
            let problem = resolve(structure, input, &mut |d| sample.option(d).unwrap_or(0)).err();
            problem.filter(|p| !stated::is_misfit(structure, p))
        }
    };
    let all = if structure.size() <= FEW as f64 { Sample::enumerate(structure, FEW + 1) } else { None };
    let unfit = stated::unfit(structure, input, all.as_deref());
    let samples = all.unwrap_or_else(|| cases.into_iter().chain(some(structure)).collect());
    let mut errors: Vec<Diagnostic> = vec![];
    for sample in samples {
        if let Some(problem) = build(&sample) {
            if errors.iter().any(|d| d.labels[0].0 == problem.span) || errors.len() >= 8 {
                continue;
            }
            errors.push(caused(structure, sample, problem, &build));
        }
    }
    let (warning, error) = unfit.into_iter().partition::<Vec<_>, _>(|d| d.severity == Severity::Warning);
    errors.extend(error);
    if errors.is_empty() { Ok(warning.into_iter().next()) } else { Err(errors) }
}

/// Each value of each decision once, beside the reference, and random samples.
fn some(structure: &Structure) -> Vec<Sample> {
    let reference = Sample::reference(structure);
    let mut samples = vec![];
    for (d, decision) in structure.decisions.iter().enumerate() {
        for option in 1..decision.options.len() {
            if samples.len() >= NEIGHBOURS {
                break;
            }
            samples.push(Sample::collect(structure, |asked| if asked == d { option } else { reference.option(asked).unwrap_or(0) }));
        }
    }
    samples.extend((0..RANDOM).map(|i| Sample::random(structure, 0, &[u64::MAX, i])));
    samples
}

/// The error of a sample, reduced to the fewest differences from the reference that keep it: they are the cause.
fn caused(structure: &Structure, mut sample: Sample, mut problem: Infeasible, build: &dyn Fn(&Sample) -> Option<Infeasible>) -> Diagnostic {
    for (d, option) in sample.clone().pairs() {
        if option == 0 || sample.option(d) != Some(option) {
            continue;
        }
        let undone = Sample::collect(structure, |asked| if asked == d { 0 } else { sample.option(asked).unwrap_or(0) });
        if let Some(same) = build(&undone) {
            (sample, problem) = (undone, same);
        }
    }
    let mut told = vec![];
    let mut spans = vec![];
    for (d, option) in sample.pairs().filter(|(_, option)| *option != 0) {
        let decision = &structure.decisions[d];
        told.push(format!("{} = {}", decision.label, decision.options[option]));
        spans.push((decision.span, format!("with {}", decision.options[option])));
    }
    let mut error = shape_error(&problem);
    error.message = format!("{}, where {}", error.message, told.join(", "));
    error.labels.extend(spans);
    error
}

/// Why the reference cannot be built. Where images of another size would do, that is the cause: it says which sizes do.
fn unbuilt(structure: &Structure, node: &SpaceNode, input: &InputSpec, problem: &Infeasible) -> Diagnostic {
    if stated::is_misfit(structure, problem) {
        let message = format!("the size of the images does not fit the network of `{}`", node.name.value);
        return Diagnostic::error("image-size", message, problem.span, problem.reason.clone());
    }
    let builds = |size: usize| {
        let input = InputSpec { image_size: size, ..input.clone() };
        size > 0 && resolve(structure, &input, &mut |_| 0).is_ok()
    };
    let size = input.image_size;
    if structure.size.is_some() {
        return shape_error(problem);
    }
    // A larger image of the same remainders would do: this one is too small, whatever divides it.
    if builds(size + 1024) {
        return shape_error(problem);
    }
    // Two sizes in a row, so that no size that fits by chance makes a rule.
    let multiple = (1..=8).map(|n| 1 << n).filter(|m| !size.is_multiple_of(*m)).find(|m| {
        let above = size.next_multiple_of(*m);
        builds(above) && builds(above + m)
    });
    let Some(multiple) = multiple else { return shape_error(problem) };
    let above = size.next_multiple_of(multiple);
    let sizes = if builds(above - multiple) { format!("`image-size={}` or ", above - multiple) } else { String::new() };
    let message = format!("images of {size} px do not fit the network of `{}`: it needs a multiple of {multiple}", node.name.value);
    Diagnostic::error("image-size", message, problem.span, problem.reason.clone())
        .also(node.input.span, format!("{size} px"))
        .help(format!("write {sizes}`image-size={above}` in its `data`"))
}

fn shape_error(problem: &Infeasible) -> Diagnostic {
    Diagnostic::error("shape", problem.reason.clone(), problem.span, "cannot be built")
}
