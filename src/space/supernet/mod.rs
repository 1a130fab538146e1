//! A supernet: one set of shared tensors that holds every network of a space.
//!
//! A *path* is one sample: its network compiled as it would be alone, and for each of its parameters a [`Slice`] of a
//! shared tensor. To run a path is to gather the slices, run the network, and add its gradients back; so a subnet inside
//! the supernet and the same subnet cut out of it are one computation, and a path costs what it costs alone.
//!
//! A tensor belongs to a place in the space: the entry of the network, the branch of a `choose`, the copy of a `repeat`,
//! the part inside the block. Branches have weights of their own; values of one property share by slicing: the first
//! channels (of each of the inputs that were joined), the middle of a kernel, the first copies. Stride, dilation, padding,
//! activation and pools have no weights and share everything. What does not nest is refused by [`Supernet::of`]: a
//! choice of `groups`, kernels of odd and even size, a linear layer over maps of different sizes.

mod decision;
mod mixed;
mod path;
mod probe;
mod samples;
mod slice;
mod track;

#[cfg(test)]
mod tests;

pub use decision::{Decision, DecisionKind};
pub use mixed::{Mixed, Mixture};
pub use path::Path;
pub use slice::Slice;
pub(super) use track::{Dim, Part, Tracker, Use};

use super::graph::{Head, ParamKind, ParamSpec, Program, Shape};
use super::resolve::{Tracked, track};
use super::{Infeasible, Sample, Space};
use crate::document::{Diagnostic, Span};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use track::Grouping;

/// The shared tensors of a space.
#[derive(Clone, Debug)]
pub struct Supernet {
    space: Space,
    tensors: Vec<ParamSpec>,
    index: HashMap<String, usize>,
    /// The most channels of every place.
    widths: HashMap<String, usize>,
    decisions: Vec<Decision>,
}

/// What is known of a tensor while samples are looked at.
struct Found {
    first: Use,
    kind: ParamKind,
    /// Sizes of the dimensions that are not channels.
    sizes: Vec<usize>,
    /// All lists of channels that were met, by dimension.
    parts: Vec<Vec<(track::Parts, usize)>>,
    fan_in: usize,
    shift: Vec<f32>,
}

impl Found {
    fn of(of: &Use, spec: &ParamSpec) -> Found {
        let (first, shift, n) = (of.clone(), spec.shift.clone(), of.dims.len());
        Found { first, kind: spec.kind, sizes: vec![0; n], parts: vec![vec![]; n], fan_in: 0, shift }
    }
}

impl Supernet {
    /// The supernet of a space, or what cannot share weights in it, each at its line. Looks at every option of every
    /// decision and at random samples: some ten milliseconds for each hundred of them.
    pub fn of(space: &Space) -> Result<Supernet, Vec<Diagnostic>> {
        // A step draws one size for all its networks.
        if let Some(size) = space.structure.size.as_ref().filter(|s| s.derived.is_some()) {
            let message = "in a supernet the size of images is a choice of its own";
            let d = Diagnostic::error("supernet-size", message, size.span, "worked out of several choices");
            return Err(vec![d.help("declare it, `choice \"px\" 96 64`, and write `image-size=(choice)\"px\"`")]);
        }
        let mut build = Build { space, found: HashMap::new(), widths: HashMap::new(), errors: vec![] };
        let options = probe::largest(&space.structure);
        let (wider, mut seen) = build.look(probe::everywhere(space, &options), options.clone());
        // Once more around the widest options: the widest branch is known only now.
        if wider != options {
            seen = build.look(probe::everywhere(space, &wider), wider).1;
        }
        build.look(probe::random(space), vec![]);
        if !build.errors.is_empty() {
            return Err(build.errors);
        }
        let mut supernet = build.finish();
        let index =
            |uses: HashMap<String, u64>| uses.into_iter().filter_map(|(name, of)| Some((*supernet.index.get(&name)?, of))).collect();
        let seen: decision::Seen = seen.into_iter().map(|options| options.into_iter().map(|uses| uses.map(index)).collect()).collect();
        supernet.decisions = decision::describe(&space.structure, &seen);
        Ok(supernet)
    }

    /// The space.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The shared tensors at their largest, in the order of their places. Names are places in the space: they hold none
    /// of the file's names.
    pub fn tensors(&self) -> &[ParamSpec] {
        &self.tensors
    }

    /// The shared tensors as the parameters of a program that computes nothing: what initialises, saves and restores
    /// parameters by their program does so for these.
    pub fn storage(&self) -> Program {
        let size = self.space.image_size();
        let image = Shape { h: size, w: size, c: self.space.input.channels };
        Program { values: vec![image], nodes: vec![], params: self.tensors.clone(), outputs: vec![], head: Head::Features }
    }

    /// The most channels of a place.
    pub(super) fn width(&self, place: &str) -> Option<usize> {
        self.widths.get(place).copied()
    }

    /// The slice that a use stands for; none where it reaches outside of the tensor.
    fn slice(&self, of: &Use) -> Option<Slice> {
        let tensor = *self.index.get(&of.tensor)?;
        let shared = self.tensors[tensor].shape.clone();
        let mut ranges = Vec::with_capacity(shared.len());
        for (dim, &size) in of.dims.iter().zip(&shared) {
            ranges.push(match dim {
                Dim::First(n) => vec![(0, *n)],
                Dim::Kernel(k) => vec![(size.checked_sub(*k)? / 2, *k)],
                Dim::Channels { parts, each } => {
                    let mut start = 0;
                    let mut ranges: Vec<(usize, usize)> = vec![];
                    for part in parts.iter() {
                        let width = *self.widths.get(&*part.place)?;
                        match ranges.last_mut() {
                            Some((first, n)) if *first + *n == start => *n += part.count * each,
                            _ => ranges.push((start, part.count * each)),
                        }
                        if part.count > width {
                            return None;
                        }
                        start += width * each;
                    }
                    ranges
                }
            });
        }
        let slice = Slice { tensor, shared, ranges };
        slice.fits().then_some(slice)
    }
}

/// A sample with its channels followed.
pub(super) fn follow(space: &Space, sample: &Sample) -> Result<Tracked, Infeasible> {
    track(&space.structure, &space.input, &mut |d| sample.option(d).unwrap_or(0))
}

/// By tensor, a number that tells uses apart.
fn prints(tracked: &Tracked) -> HashMap<String, u64> {
    let print = |of: &Use| {
        let mut hasher = DefaultHasher::new();
        of.dims.hash(&mut hasher);
        hasher.finish()
    };
    uses(tracked).map(|(_, _, of)| (of.tensor.clone(), print(of))).collect()
}

/// The parameters of the layers that are built: (where it is written, parameter of the expander, use).
pub(super) fn uses(tracked: &Tracked) -> impl Iterator<Item = (Span, usize, &Use)> {
    let all = tracked.expander.tracker.as_ref().map_or(&[][..], |t| t.uses());
    let each = tracked.order.iter().flat_map(move |&layer| {
        let (span, first) = tracked.layers[layer];
        let end = tracked.layers.get(layer + 1).map_or(tracked.expander.params.len(), |l| l.1);
        (first..end).map(move |id| (span, id))
    });
    each.filter_map(move |(span, id)| Some((span, id, all.get(id)?.as_ref()?)))
}

/// By decision and option: the prints of the tensors that a network with it uses.
type Prints = Vec<Vec<Option<HashMap<String, u64>>>>;

struct Build<'a> {
    space: &'a Space,
    found: HashMap<String, Found>,
    widths: HashMap<String, usize>,
    errors: Vec<Diagnostic>,
}

/// Names in the order of places: numbers as numbers.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name(Vec<(usize, String, usize)>);

impl Name {
    fn of(name: &str) -> Name {
        let step = |step: &str| {
            let digits = step.len() - step.trim_end_matches(|c: char| c.is_ascii_digit()).len();
            let (word, number) = step.split_at(step.len() - digits);
            (usize::from(!word.is_empty()), word.to_string(), number.parse().unwrap_or(0))
        };
        Name(name.split('.').map(step).collect())
    }
}

impl Build<'_> {
    /// Takes samples into account; answers the widest option of every decision (where none is wider, that of `options`),
    /// and what was seen.
    fn look(&mut self, probes: Vec<probe::Probe>, mut options: Vec<usize>) -> (Vec<usize>, Prints) {
        let decisions = &self.space.structure.decisions;
        let mut widest: HashMap<(usize, usize), usize> = HashMap::new();
        let mut seen: Prints = decisions.iter().map(|d| vec![None; d.options.len()]).collect();
        for probe in probes {
            let Ok(tracked) = follow(self.space, &probe.sample) else { continue };
            let width = self.note(&tracked, &probe.shows);
            for (d, o) in probe.shows {
                let largest = widest.entry((d, o)).or_default();
                *largest = width.max(*largest);
                seen[d][o].get_or_insert_with(|| prints(&tracked));
            }
        }
        for (d, taken) in options.iter_mut().enumerate() {
            let width = |o: usize| widest.get(&(d, o)).copied().unwrap_or(0);
            for o in 0..decisions[d].options.len() {
                *taken = if width(o) > width(*taken) { o } else { *taken };
            }
        }
        (options, seen)
    }

    /// Takes a sample into account; answers the channels of all its places together.
    fn note(&mut self, tracked: &Tracked, shows: &[(usize, usize)]) -> usize {
        let mut sum = 0;
        for (span, id, of) in uses(tracked) {
            let spec = &tracked.expander.params[id];
            for dim in &of.dims {
                let Dim::Channels { parts, .. } = dim else { continue };
                for part in parts.iter() {
                    sum += part.count;
                    match self.widths.get_mut(&*part.place) {
                        Some(width) => *width = part.count.max(*width),
                        None => drop(self.widths.insert(part.place.to_string(), part.count)),
                    }
                }
            }
            if !self.found.contains_key(&of.tensor) {
                self.found.insert(of.tensor.clone(), Found::of(of, spec));
            }
            let Some(found) = self.found.get_mut(&of.tensor) else { continue };
            found.fan_in = spec.fan_in.max(found.fan_in);
            if spec.shift.len() > found.shift.len() {
                found.shift = spec.shift.clone();
            }
            for (d, dim) in of.dims.iter().enumerate() {
                match dim {
                    Dim::Channels { parts, each } => {
                        let places = |p: &track::Parts| p.iter().map(|p| p.place.clone()).collect::<Vec<_>>();
                        if !found.parts[d].iter().any(|(p, e)| e == each && places(p) == places(parts)) {
                            found.parts[d].push((parts.clone(), *each));
                        }
                    }
                    Dim::Kernel(n) | Dim::First(n) => found.sizes[d] = found.sizes[d].max(*n),
                }
            }
            if let Some(problem) = clash(&found.first, of) {
                self.refuse(span, problem, shows);
            }
        }
        sum
    }

    fn refuse(&mut self, span: Span, (code, message, help): (&'static str, String, &str), shows: &[(usize, usize)]) {
        if self.errors.iter().any(|e| e.code == code && e.labels[0].0 == span) {
            return;
        }
        let mut error = Diagnostic::error(code, message, span, "cannot share its weights").help(help);
        if let Some(&(d, o)) = shows.first() {
            let decision = &self.space.structure.decisions[d];
            error = error.also(decision.span, format!("with {} = {}", decision.label, decision.options[o]));
        }
        self.errors.push(error);
    }

    fn finish(self) -> Supernet {
        let width = |place: &str| self.widths.get(place).copied().unwrap_or(0);
        let mut tensors = Vec::with_capacity(self.found.len());
        let mut all: Vec<(String, Found)> = self.found.into_iter().collect();
        all.sort_by_cached_key(|(name, _)| Name::of(name));
        for (name, found) in all {
            let size = |d: usize| {
                let lists = found.parts[d].iter().map(|(parts, each)| parts.iter().map(|p| width(&p.place)).sum::<usize>() * each);
                lists.max().unwrap_or(0).max(found.sizes[d])
            };
            let shape: Vec<usize> = (0..found.sizes.len()).map(size).collect();
            let mut shift = found.shift;
            if !shift.is_empty() {
                shift.resize(shape.iter().product(), 0.0);
            }
            tensors.push(ParamSpec { name, shape, kind: found.kind, fan_in: found.fan_in, shift });
        }
        let index = tensors.iter().enumerate().map(|(i, t)| (t.name.clone(), i)).collect();
        Supernet { space: self.space.clone(), tensors, index, widths: self.widths, decisions: vec![] }
    }
}

/// Why two uses of one tensor cannot share it.
fn clash(a: &Use, b: &Use) -> Option<(&'static str, String, &'static str)> {
    if a.grouping != b.grouping {
        let text = |g: Grouping| match g {
            Grouping::Plain => "one group".to_string(),
            Grouping::Depthwise => "a group for each channel".to_string(),
            Grouping::Groups(n) => format!("{n} groups"),
        };
        let message = format!("weights for {} do not contain those for {}", text(a.grouping), text(b.grouping));
        return Some(("supernet-groups", message, "write the kinds as branches of a `choose`: they have weights of their own"));
    }
    for (a, b) in a.dims.iter().zip(&b.dims) {
        match (a, b) {
            (Dim::Kernel(a), Dim::Kernel(b)) if a % 2 != b % 2 => {
                let message = format!("the middle of a kernel of {} is no kernel of {}", a.max(b), a.min(b));
                return Some(("supernet-kernel", message, "write kernels that are all odd or all even, or branches of a `choose`"));
            }
            (Dim::Channels { each: a, .. }, Dim::Channels { each: b, .. }) if a != b => {
                let message = format!("a linear layer over maps of {a} pixels shares no weights with one over {b}");
                return Some(("supernet-map", message, "write global-pool before it"));
            }
            _ => {}
        }
    }
    None
}
