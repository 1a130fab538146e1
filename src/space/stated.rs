//! Sizes of images that a space states: every one must fit one of its networks.

use super::input::{Infeasible, InputSpec};
use super::resolve::resolve;
use super::sample::Sample;
use super::space::Space;
use super::structure::{DecisionId, Setting, Structure, as_count};
use crate::document::Diagnostic;

/// Random networks that are looked at for each size, where not all are.
const RANDOM: u64 = 64;
/// Neighbours of the reference that are looked at likewise.
const NEIGHBOURS: usize = 512;

impl Structure {
    /// What is written of the network as a whole.
    pub fn head(&self) -> impl Iterator<Item = &Setting> {
        self.size.iter().chain(&self.width).chain([&self.activation])
    }

    /// The sizes of images that samples have, ascending; `data` is the data's size.
    pub fn image_sizes(&self, data: usize) -> Vec<usize> {
        let mut sizes: Vec<usize> = self.size.as_ref().map_or(vec![data], |s| s.values.iter().map(|v| as_count(*v)).collect());
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// Why a size that is stated does not fit a network of this largest stride.
    pub(super) fn misfit(&self, size: usize, stride: usize) -> Option<Infeasible> {
        let stated = self.size.as_ref().filter(|_| !size.is_multiple_of(stride))?;
        let above = size.next_multiple_of(stride);
        let near = if above > stride { format!("{} or {above} px", above - stride) } else { format!("{above} px") };
        let reason = format!("images of {size} px do not fit a network whose largest stride is {stride}; {near} would");
        Some(Infeasible { reason, span: stated.span })
    }

    /// Both sides of an image in a sample; `data` is the data's size.
    pub fn image_size(&self, data: usize, choose: &mut dyn FnMut(DecisionId) -> usize) -> usize {
        self.size.as_ref().map_or(data, |size| as_count(size.pick(choose)))
    }
}

impl Space {
    /// Whether the space says at which size its networks read images; else they read them at the data's.
    pub fn states_size(&self) -> bool {
        self.structure.size.is_some()
    }

    /// The sizes at which its networks read images, ascending: those that it states, else the data's.
    pub fn image_sizes(&self) -> Vec<usize> {
        self.structure.image_sizes(self.input.image_size)
    }

    /// The size at which the reference reads images.
    pub fn image_size(&self) -> usize {
        self.structure.image_size(self.input.image_size, &mut |_| 0)
    }
}

/// Whether a sample cannot be built because its strides do not divide the size that it takes. Such a sample is no candidate,
/// and no error as long as others take the size.
pub(super) fn is_misfit(structure: &Structure, problem: &Infeasible) -> bool {
    structure.size.as_ref().is_some_and(|size| size.span == problem.span)
}

/// The sizes that fit none of the networks that take them: an error where `all` are looked at (these), else a warning.
pub(super) fn unfit(structure: &Structure, input: &InputSpec, all: Option<&[Sample]>) -> Option<Diagnostic> {
    let size = structure.size.as_ref()?;
    let decision = size.decision?;
    let mut why = None;
    let mut unfit = vec![];
    for (option, value) in size.values.iter().enumerate() {
        let few;
        let samples = match all {
            Some(all) => all,
            None => {
                few = with(structure, decision, option);
                &few[..]
            }
        };
        let mut taking = samples.iter().filter(|s| s.option(decision) == Some(option)).peekable();
        if taking.peek().is_none() {
            continue;
        }
        let reasons: Option<Vec<Infeasible>> = taking
            .map(|sample| {
                let problem = resolve(structure, input, &mut |d| sample.option(d).unwrap_or(0)).err();
                problem.filter(|p| is_misfit(structure, p))
            })
            .collect();
        if let Some(reason) = reasons.and_then(|all| all.into_iter().next()) {
            unfit.push(as_count(*value).to_string());
            why.get_or_insert(reason.reason);
        }
    }
    let sizes = format!("{} px", unfit.join(" and "));
    Some(match all {
        Some(_) => Diagnostic::error("image-size", format!("images of {sizes} fit no network of this space"), size.span, why?),
        None => {
            let message = format!("images of {sizes} fit none of the networks of this space that were looked at");
            Diagnostic::warning("image-size", message, size.span, why?)
        }
    })
}

/// Samples with one option of the size: the reference otherwise, its neighbours, and random ones.
fn with(structure: &Structure, size: DecisionId, option: usize) -> Vec<Sample> {
    let reference = Sample::collect(structure, |d| if d == size { option } else { 0 });
    let mut samples = vec![reference.clone()];
    for (d, decision) in structure.decisions.iter().enumerate().filter(|(d, _)| *d != size) {
        for other in 1..decision.options.len() {
            if samples.len() >= NEIGHBOURS {
                break;
            }
            samples.push(Sample::collect(structure, |asked| if asked == d { other } else { reference.option(asked).unwrap_or(0) }));
        }
    }
    samples.extend((0..RANDOM).map(|i| {
        let drawn = Sample::random(structure, 0, &[u64::MAX, i]);
        Sample::collect(structure, |d| if d == size { option } else { drawn.option(d).unwrap_or(0) })
    }));
    samples
}
