//! Compiling a space from end to end: names and choices, then shapes of the reference and of other samples, then bounds.

use super::blocks::{Block, Scalar};
use super::bounds::Bound;
use super::compile::Compiler;
use super::input::{Infeasible, InputSpec};
use super::resolve::resolve;
use super::sample::Sample;
use super::space::Space;
use super::stated;
use super::structure::{Item, Structure, What};
use crate::document::{Diagnostic, Node, Severity, SpaceNode};

/// Up to this many samples all are looked at; above, the neighbours of the reference and some random ones.
const FEW: usize = 256;
const RANDOM: u64 = 96;
const NEIGHBOURS: usize = 512;

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
    let choices: Vec<&Node> = children("choice").collect();
    let cells: Vec<&Node> = children("cell").collect();
    let structure = compiler.network(&choices, &cells, network);
    let Some(structure) = structure else { return Err(compiler.errors) };
    let mut warnings = vec![];

    let reference = Sample::reference(&structure);
    let mut choose = |d| reference.option(d).unwrap_or(0);
    let network = resolve(&structure, input, &mut choose).map_err(|e| vec![unbuilt(&structure, node, input, &e)])?;
    for span in network.dead {
        let d = Diagnostic::warning("unread-layer", "nothing reads this layer", span, "is left out of the network");
        warnings.push(d.help("name it by as= and read it, or delete it"));
    }
    let reference_cost = network
        .architecture
        .cost()
        .map_err(|reason| vec![Diagnostic::error("shape", reason, node.name.span, "the reference cannot be built")])?;
    warnings.extend(misfits(&structure, input)?);

    let mut bounds = vec![];
    let mut errors = vec![];
    for require in children("require") {
        match Bound::compile(require, &reference_cost) {
            Ok(bound) => {
                if !bound.admits(&reference_cost) {
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
    let levels = match network.architecture.layers.last().map(|l| &l.block) {
        Some(Block::Detect(detect)) if has_auto(&structure.items) => Some(detect.anchors.len()),
        _ => None,
    };
    let heads = structure.image_sizes(input.image_size).into_iter().flat_map(|size| levels.map(|n| (size, n))).collect();
    let size = structure.size();
    Ok((Space { name: node.name.value.clone(), structure, input: input.clone(), bounds, reference_cost, heads, size }, warnings))
}

/// Whether a `detect` asks for k-means.
fn has_auto(items: &[Item]) -> bool {
    items.iter().any(|item| match &item.what {
        What::Layer { kind, settings, .. } if kind.word == "detect" => {
            let anchors = settings.iter().find(|(n, _)| *n == "anchors");
            anchors.is_none_or(|(_, s)| s.values.contains(&Scalar::Word("auto")))
        }
        What::Choose { branches, .. } => has_auto(branches),
        What::Repeat { copies, .. } => copies.iter().any(|c| has_auto(c)),
        // A cell's layers have one input; a head is refused there.
        _ => false,
    })
}

/// Samples that cannot be built although the reference can: each distinct place once, with the choices that cause it. A warning
/// where sizes of images seem to fit no network.
fn misfits(structure: &Structure, input: &InputSpec) -> Result<Option<Diagnostic>, Vec<Diagnostic>> {
    let build = |sample: &Sample| {
        let problem = resolve(structure, input, &mut |d| sample.option(d).unwrap_or(0)).err();
        problem.filter(|p| !stated::is_misfit(structure, p))
    };
    let all = if structure.size() <= FEW as f64 { Sample::enumerate(structure, FEW + 1) } else { None };
    let unfit = stated::unfit(structure, input, all.as_deref());
    let samples = all.unwrap_or_else(|| some(structure));
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
